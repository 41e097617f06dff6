import CLibpq
import Glibc

/// One connection to PostgreSQL, used by one thread, each call returning when the server has answered.
///
/// Not `Sendable` on purpose: it lives in a ``Session`` and is lent to a synchronous closure, so nobody can `await`, and
/// so call a partner, while a transaction holds its locks. libpq runs non-blocking; the only place that waits is
/// `wait(for:)`.
package final class Connection {
    let handle: OpaquePointer
    let canceller: Canceller

    var cache: StatementCache

    /// How long the client waits for a sign of life: the server's own limit and `grace`. Nil waits for ever.
    private let patience: Duration?

    /// By when the running statement must have answered.
    private var deadline = Deadline.never

    /// Whether each answer of the server gives it `patience` anew: so unless the caller named a limit for the whole.
    private var isPatienceRenewed = true

    /// Why the client asked the server to cancel the running statement.
    private var interruption: PostgresError.Reason?

    /// When to ask again.
    private var nextRequest = Deadline.never

    /// Set when the connection is of no further use.
    package internal(set) var isBroken = false

    /// The statement that begins the transaction asked for, until it is sent with the first statement.
    var unsentBegin: SQL?

    /// How much the transaction asked for sees of others; nil outside one.
    package internal(set) var isolation: Isolation?

    /// Whether ``DatabaseConfiguration/plansByIndex`` is set for the session.
    package let plansByIndex: Bool

    /// The role that statements run as; nil for the one that logged in. Not known of one that was asked for as the connection
    /// was made: a pooler may have left that out.
    private var role: (known: DatabaseRole?, isKnown: Bool)

    /// How long the server may take to obey a cancellation before the connection is given up.
    private let grace: Duration

    /// Connects; blocks for as long as libpq takes to try every host, `connect_timeout` for each.
    init(_ configuration: DatabaseConfiguration, canceller: Canceller) throws(PostgresError) {
        let parameters = try configuration.parameters()
        let keys = parameters.map { strdup($0.0) } + [nil]
        let values = parameters.map { strdup($0.1) } + [nil]
        defer { for text in keys + values { free(text) } }
        guard
            let handle = PQconnectdbParams(keys.map { UnsafePointer($0) }, values.map { UnsafePointer($0) }, 1)
        else { throw PostgresError(.connectionFailed, note: "out of memory") }
        guard PQstatus(handle) == CONNECTION_OK, PQsetnonblocking(handle, 1) == 0 else {
            defer { PQfinish(handle) }
            throw PostgresError(.connectionFailed, note: Self.message(of: handle))
        }
        self.handle = handle
        self.canceller = canceller
        plansByIndex = configuration.plansByIndex
        role = (configuration.role, isKnown: configuration.role == nil)
        canceller.attach(to: handle)
        cache = StatementCache(capacity: configuration.statementCacheCapacity)
        grace = configuration.grace
        patience = configuration.statementTimeout > .zero ? configuration.statementTimeout + configuration.grace : nil
        watchNotices()
    }

    /// Keeps libpq from printing notices, which may quote rows, and hears the server's farewell.
    ///
    /// To an idle connection the server says why it goes before it closes, and libpq hands that on as a notice.
    private func watchNotices() {
        PQsetNoticeReceiver(
            handle,
            { connection, notice in
                guard let connection, let severity = PQresultErrorField(notice, ServerReport.Field.severity.code),
                    strcmp(severity, "FATAL") == 0 || strcmp(severity, "PANIC") == 0
                else { return }
                Unmanaged<Connection>.fromOpaque(connection).takeUnretainedValue().isBroken = true
            }, Unmanaged.passUnretained(self).toOpaque())
    }

    deinit { PQfinish(handle) }

    /// Has everything that follows run as this role; costs a round trip where it is another than before.
    ///
    /// Only outside a transaction, whose end could take it back. Where it fails the connection is of no further use: it
    /// must never work on as somebody else.
    func act(as wanted: DatabaseRole?) throws(PostgresError) {
        guard !role.isKnown || wanted != role.known else { return }
        do {
            if let wanted {
                try execute("SET ROLE \(identifier: wanted.rawValue)", name: "role")
            } else {
                try execute("SET ROLE NONE", name: "role")
            }
        } catch {
            isBroken = true
            throw error
        }
        role = (wanted, isKnown: true)
    }

    // MARK: Statements

    /// Runs one statement and returns its rows.
    ///
    /// - Parameters:
    ///   - name: for errors and metrics, `room.verb`, such as `queue.claim`.
    ///   - deadline: how long it may take; nil leaves the limit to `statementTimeout`.
    package func query(
        _ sql: SQL, name: StaticString? = nil, deadline: Duration? = nil
    ) throws(PostgresError) -> QueryResult {
        if unsentBegin != nil {
            var pipeline = Pipeline()
            pipeline.add(sql, name: name)
            return try self.pipeline(pipeline, deadline: deadline)[0]
        }
        let key = StatementCache.Key(text: sql.text, types: sql.binds.types)
        do {
            return try run(sql, key, name: name, deadline: deadline)
        } catch {
            // The plan is outdated, or another session's DISCARD or a pooler took it away. The failed attempt had no
            // effect; in a transaction, though, it has ended the transaction, and the caller must begin again.
            guard error.state == .featureNotSupported || error.state == .unknownPreparedStatement,
                cache.forget(key), transactionStatus == .idle
            else { throw error }
            return try run(sql, key, name: name, deadline: deadline)
        }
    }

    /// Runs one statement and returns how many rows it touched.
    @discardableResult
    package func execute(
        _ sql: SQL, name: StaticString? = nil, deadline: Duration? = nil
    ) throws(PostgresError) -> Int {
        try query(sql, name: name, deadline: deadline).affectedRows
    }

    /// Runs several statements in one text without binds; any rows are dropped. All of them take effect or none, unless
    /// the text itself begins and ends transactions.
    package func executeScript(
        _ text: String, name: StaticString? = nil, deadline: Duration? = nil
    ) throws(PostgresError) {
        try begin()
        try statement(name, deadline) { () throws(PostgresError) in
            try sent(PQsendQuery(handle, text))
            _ = try results()
        }
    }

    private func run(
        _ sql: SQL, _ key: StatementCache.Key, name: StaticString?, deadline: Duration?
    ) throws(PostgresError) -> QueryResult {
        try deallocateEvicted()
        return try statement(name, deadline) { () throws(PostgresError) in
            switch cache.use(key) {
            case .unprepared:
                try sent(sendQuery(sql))
            case .prepare(let prepared):
                try sent(sendPrepare(sql, as: prepared))
                _ = try results()
                cache.prepared(key, as: prepared)
                try sent(sendPrepared(sql, as: prepared))
            case .prepared(let prepared):
                try sent(sendPrepared(sql, as: prepared))
            }
            guard let result = try results().last else { throw lost() }
            guard result.status == PGRES_TUPLES_OK || result.status == PGRES_COMMAND_OK else {
                throw PostgresError(.misuse, note: "no statement, or a COPY")
            }
            return QueryResult(result)
        }
    }

    func deallocateEvicted() throws(PostgresError) {
        guard !cache.evicted.isEmpty, transactionStatus == .idle, unsentBegin == nil else { return }
        for name in cache.takeEvicted() {
            do { try executeScript("DEALLOCATE \(name)") } catch {
                guard error.state == .unknownPreparedStatement else { throw error }
            }
        }
    }

    // MARK: The bracket around each call

    /// Lets one thing happen on the connection, under its deadline, and settles what is left of a cancellation.
    func statement<T>(
        _ name: StaticString?, _ limit: Duration?, ignoringCancellation: Bool = false,
        _ body: () throws(PostgresError) -> T
    ) throws(PostgresError) -> T {
        guard ignoringCancellation || !canceller.isRequested else { throw PostgresError(.cancelled, query: name) }
        guard !isBroken else { throw PostgresError(.connectionLost, query: name) }
        interruption = ignoringCancellation ? .cancelled : nil  // what has happened cannot happen again
        isPatienceRenewed = limit == nil
        deadline = Deadline(after: limit ?? patience)
        nextRequest = .never
        canceller.beginStatement()
        defer {
            if !canceller.endStatement(patience: grace) { isBroken = true }
        }
        do {
            return try body()
        } catch {
            if PQstatus(handle) == CONNECTION_BAD || error.state?.endsConnection == true { isBroken = true }
            var error = error
            if error.state == .queryCanceled, let interruption {
                error = PostgresError(interruption, report: error.report)
            }
            if error.query == nil { error.query = name }
            throw error
        }
    }

    // MARK: libpq

    /// The next result, or nil at the end of the statement's results.
    func nextResult() throws(PostgresError) -> ResultHandle? {
        if isPatienceRenewed, interruption == nil { deadline = Deadline(after: patience) }
        while true {
            let flushing = PQflush(handle)
            guard flushing >= 0 else { throw lost() }
            if flushing == 0, PQisBusy(handle) == 0 { return PQgetResult(handle).map(ResultHandle.init) }
            // While flushing also read: a server that cannot write its answers stops reading our statements.
            try wait(for: Int16(POLLIN) | (flushing == 1 ? Int16(POLLOUT) : 0))
        }
    }

    /// All results of what was sent; throws the first error among them after the last has arrived.
    func results() throws(PostgresError) -> [ResultHandle] {
        var results: [ResultHandle] = []
        var failure: PostgresError?
        while let result = try nextResult() {
            switch result.status {
            case PGRES_FATAL_ERROR, PGRES_BAD_RESPONSE, PGRES_NONFATAL_ERROR:
                failure = failure ?? error(from: result, nil)
            case PGRES_COPY_IN, PGRES_COPY_OUT, PGRES_COPY_BOTH:
                // Only the COPY methods know what to do now.
                return results + [result]
            default:
                results.append(result)
            }
        }
        if let failure { throw failure }
        return results
    }

    /// Sends all that is buffered, reading meanwhile.
    func flush() throws(PostgresError) {
        while true {
            let flushing = PQflush(handle)
            guard flushing >= 0 else { throw lost() }
            guard flushing == 1 else { return }
            try wait(for: Int16(POLLIN | POLLOUT))
        }
    }

    /// The one place where this process waits for PostgreSQL: until the socket is ready, within the deadline.
    ///
    /// At the deadline, or when the task is cancelled, the server is asked to cancel and gets a little longer to say so;
    /// after that the connection is given up.
    func wait(for events: Int16) throws(PostgresError) {
        while true {
            guard PQstatus(handle) == CONNECTION_OK else { throw lost() }
            var watched = (
                pollfd(fd: PQsocket(handle), events: events, revents: 0),
                pollfd(fd: canceller.wakeup.descriptor, events: Int16(POLLIN), revents: 0)
            )
            let ready = withUnsafeMutableBytes(of: &watched) {
                poll($0.baseAddress!.assumingMemoryBound(to: pollfd.self), 2, min(deadline, nextRequest).pollTimeout)
            }
            if ready < 0 {
                guard errno == EINTR else { throw lost() }
                continue
            }
            if watched.1.revents != 0 {
                canceller.wakeup.clear()
                if canceller.isRequested, interruption == nil { interrupt(.cancelled) }
            }
            if watched.0.revents != 0 {
                // Also on a hang-up or an error of the socket: reading is how libpq learns of it.
                if watched.0.revents & ~Int16(POLLOUT) != 0, PQconsumeInput(handle) == 0 { throw lost() }
                return
            }
            guard ready == 0 else { continue }
            if deadline.pollTimeout > 0 || deadline == .never {
                requestCancellation()
            } else if let interruption {
                isBroken = true
                throw PostgresError(interruption)
            } else {
                interrupt(.deadlineExceeded)
            }
        }
    }

    private func interrupt(_ reason: PostgresError.Reason) {
        interruption = reason
        deadline = Deadline(after: grace)
        requestCancellation()
    }

    /// Asks the server to cancel, and again from time to time: a request that comes before the server has begun to read
    /// the statement is ignored.
    private func requestCancellation() {
        canceller.send()
        nextRequest = Deadline(after: .milliseconds(100))
    }

    /// Gives up on rows still to come, in the middle of a COPY.
    func abandon() {
        interrupt(.cancelled)
    }

    /// Whether an idle connection is still there and has not been told that the server is going. Does not wait.
    func isAlive() -> Bool {
        var watched = pollfd(fd: PQsocket(handle), events: Int16(POLLIN), revents: 0)
        guard !isBroken, poll(&watched, 1, 0) >= 0 else { return false }
        // An idle connection has nothing to read but bad news and, now and then, a changed setting.
        while watched.revents != 0 {
            guard PQconsumeInput(handle) == 1, PQisBusy(handle) == 0 else { return false }
            watched.revents = 0
            poll(&watched, 1, 0)
        }
        return !isBroken && PQstatus(handle) == CONNECTION_OK && transactionStatus == .idle
    }

    func sent(_ status: Int32) throws(PostgresError) {
        guard status == 1 else { throw lost() }
    }

    /// Reports the loss of the connection, and makes it so when libpq merely lost its way.
    func lost() -> PostgresError {
        isBroken = true
        return PostgresError(.connectionLost, note: Self.message(of: handle))
    }

    func error(from result: ResultHandle, _ name: StaticString?) -> PostgresError {
        let report = result.report
        // libpq makes up a result without a state when the server has gone.
        let isLost = report.state == nil || PQstatus(handle) == CONNECTION_BAD
        return PostgresError(isLost ? .connectionLost : .server, report: report, query: name)
    }

    private static func message(of handle: OpaquePointer) -> String {
        String(cString: PQerrorMessage(handle)).split(whereSeparator: \.isNewline).joined(separator: " ")
    }

    func sendQuery(_ sql: SQL) -> Int32 {
        sql.binds.withParameters { binds in
            PQsendQueryParams(
                handle, sql.text, binds.count, binds.types, binds.values, binds.lengths, binds.formats, 1)
        }
    }

    func sendPrepare(_ sql: SQL, as name: String) -> Int32 {
        sql.binds.withParameters { binds in PQsendPrepare(handle, name, sql.text, binds.count, binds.types) }
    }

    func sendPrepared(_ sql: SQL, as name: String) -> Int32 {
        sql.binds.withParameters { binds in
            PQsendQueryPrepared(handle, name, binds.count, binds.values, binds.lengths, binds.formats, 1)
        }
    }
}
