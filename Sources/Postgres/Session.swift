/// A connection on a thread of its own, which it never leaves.
///
/// The pool lends a session to one caller at a time; the caller's closure runs on the session's thread.
actor Session {
    nonisolated let thread: ConnectionThread
    nonisolated let canceller: Canceller
    private var connection: Connection?

    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    init() throws(PostgresError) {
        thread = try ConnectionThread()
        canceller = try Canceller()
    }

    deinit { thread.stop() }

    /// Connects; takes as long as libpq takes.
    static func open(_ configuration: DatabaseConfiguration) async throws -> Session {
        let session = try Session()
        try await session.connect(configuration)
        return session
    }

    private func connect(_ configuration: DatabaseConfiguration) throws {
        connection = try Connection(configuration, canceller: canceller)
    }

    func close() {
        connection = nil
    }

    /// What became of a turn at the connection.
    enum Outcome<T: Sendable>: Sendable {
        /// The connection had died while idle; the closure has not run.
        case stale
        case finished(Result<T, any Error>, isReusable: Bool)
    }

    /// Runs `body` on the session's thread, as a role. Cancelling the task cancels its statement.
    nonisolated func turn<T: Sendable>(
        as role: DatabaseRole?, _ body: @Sendable (Connection) throws -> T
    ) async -> Outcome<T> {
        let turn = canceller.beginTurn()
        defer { canceller.endTurn() }
        return await withTaskCancellationHandler {
            await perform(as: role, body)
        } onCancel: {
            canceller.cancel(turn: turn)
        }
    }

    /// Runs `body` on the session's thread, as a role and in nobody's task, so that no cancellation reaches it; then tells
    /// `end` on the same thread whether the session may serve another, or why `body` has not run: the session was stale, or
    /// could not take the role. Returns at once.
    nonisolated func post(
        as role: DatabaseRole?, _ body: @escaping @Sendable (Connection) -> Void,
        end: @escaping @Sendable (Outcome<Void>) -> Void
    ) {
        thread.post {
            _ = self.canceller.beginTurn()
            let outcome = self.assumeIsolated { $0.perform(as: role, body) }
            self.canceller.endTurn()
            end(outcome)
        }
    }

    private func perform<T: Sendable>(
        as role: DatabaseRole?, _ body: @Sendable (Connection) throws -> T
    ) -> Outcome<T> {
        guard let connection, connection.isAlive() else { return .stale }
        do { try connection.act(as: role) } catch { return .finished(.failure(error), isReusable: false) }
        let result = Result { try body(connection) }
        return .finished(result, isReusable: !connection.isBroken && connection.transactionStatus == .idle)
    }
}
