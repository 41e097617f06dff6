package import Postgres

extension MessageQueue {
    /// Ends the messages' lives and returns the leases that were refused because they had been lost.
    package func acknowledge(_ leases: [Lease]) async throws -> [Lease] {
        try await settle(leases.map { Settlement($0, .acknowledge) })
    }

    /// Ends the message's life in the caller's transaction, together with what the message asked for.
    ///
    /// - Returns: `false` if the lease was lost; the caller must roll back, because another holder does or did the same
    ///   work
    package func acknowledge(_ lease: Lease, in connection: Connection) throws -> Bool {
        try settle([Settlement(lease, .acknowledge)], in: connection).isEmpty
    }

    /// Ends the messages' lives in the caller's transaction and returns the leases that were refused; if there are any,
    /// the caller must roll back.
    package func acknowledge(_ leases: [Lease], in connection: Connection) throws -> [Lease] {
        try settle(leases.map { Settlement($0, .acknowledge) }, in: connection)
    }

    /// Ends the attempt as failed: the message waits for its next attempt, or is dead-lettered if this was its last.
    ///
    /// - Parameter delay: how long it waits; `nil` draws from the queue's back-off
    /// - Returns: `false` if the lease was lost
    @discardableResult
    package func retry(_ lease: Lease, cause: Cause, after delay: Duration? = nil) async throws -> Bool {
        guard let settlement = Settlement(lease, .retry(cause, after: delay), policy: policy(of: lease.queue)) else {
            return true
        }
        return try await settle([settlement]).isEmpty
    }

    /// ``retry(_:cause:after:)`` in the caller's transaction.
    @discardableResult
    package func retry(
        _ lease: Lease, cause: Cause, after delay: Duration? = nil, in connection: Connection
    ) throws -> Bool {
        guard let settlement = Settlement(lease, .retry(cause, after: delay), policy: policy(of: lease.queue)) else {
            return true
        }
        return try settle([settlement], in: connection).isEmpty
    }

    /// Sets the message aside with its cause, until it is replayed or cancelled; its key goes on without it.
    ///
    /// - Returns: `false` if the lease was lost
    @discardableResult
    package func deadLetter(_ lease: Lease, cause: Cause) async throws -> Bool {
        try await settle([Settlement(lease, .deadLetter(cause))]).isEmpty
    }

    /// ``deadLetter(_:cause:)`` in the caller's transaction.
    @discardableResult
    package func deadLetter(_ lease: Lease, cause: Cause, in connection: Connection) throws -> Bool {
        try settle([Settlement(lease, .deadLetter(cause))], in: connection).isEmpty
    }

    /// Gives back messages that nobody has begun to work on: they are claimable at once and the attempt does not count.
    @discardableResult
    package func release(_ leases: [Lease]) async throws -> [Lease] {
        try await settle(leases.map { Settlement($0, .release) })
    }

    func settle(_ settlements: [Settlement]) async throws -> [Lease] {
        let statements = SettleStatement.statements(settlements)
        guard !statements.isEmpty else { return [] }
        let results = try await PlannerSettings.run(statements.map(\.statement), on: database)
        // The next message of the key may go now.
        for queue in Set(settlements.map(\.lease.queue)) { board.wakeHere(queue) }
        let refused = try zip(statements, results).flatMap { try $0.columns.missing(from: $1) }
        shared.meters.noteSettled(settlements, refused: refused)
        return refused
    }

    private func settle(_ settlements: [Settlement], in connection: Connection) throws -> [Lease] {
        let statements = SettleStatement.statements(settlements)
        guard !statements.isEmpty else { return [] }
        let results = try PlannerSettings.run(statements.map(\.statement), in: connection)
        let refused = try zip(statements, results).flatMap { try $0.columns.missing(from: $1) }
        shared.meters.noteSettled(settlements, refused: refused)
        return refused
    }
}
