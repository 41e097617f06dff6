import CaseStore
import Crypto
import Forms
import Logging
import Postgres
import Rights

/// Sessions of staff at the hub's own pages.
///
/// The cookie is 256 random bits, of which PostgreSQL keeps the SHA-256: any node takes it, and a session ends on all of them
/// with its account, with its account's roles, or by signing out.
struct StaffSessions: Sendable {
    /// A session ends after so much time without a page, and after ``longest`` whatever happens.
    static let idle: Duration = .seconds(900)
    static let longest: Duration = .seconds(8 * 3_600)
    /// What these pages are called where a system speaks for a person: it stands before the account's name.
    static let system = "staff"

    private let database: Database
    private let store: CaseStore
    private let logger: Logger

    /// - Parameter database: As whoever it acts; here it acts for the pages of staff.
    init(_ database: Database, _ store: CaseStore, logger: Logger) {
        self.logger = logger
        self.database = database.acting(as: .console)
        self.store = store
    }

    init(_ installation: Installation) {
        self.init(installation.database, installation.store, logger: installation.logger)
    }

    /// An open session.
    struct Open: Sendable {
        /// The account's name.
        var account: String
        /// The account as a caller of the hub: `staff/` and its name is its id, which no partner can have.
        var principal: Principal
        /// The control room whose page it opens; nil for the council's staff.
        var controlRoom: String?
        fileprivate var secret: [UInt8]

        /// What the browser holds.
        var cookie: String { Base64URL.text(secret) }

        /// Brought back by every form, so that no other site can send one.
        var token: String {
            Base64URL.text(
                Array(HMAC<SHA256>.authenticationCode(for: Array("form".utf8), using: SymmetricKey(data: secret))))
        }

        var session: StaffForm.Session {
            .init(
                staff: account, token: token, signOutPath: StaffRoutes.signOutPath,
                accountPath: StaffRoutes.accountPath)
        }

        fileprivate init(_ account: String, roles: [Role], controlRoom: String?, secret: [UInt8]) {
            self.account = account
            self.controlRoom = controlRoom
            self.secret = secret
            principal = Principal(
                id: "\(StaffSessions.system)/\(account)", kind: .staff, adapter: nil, name: account, roles: Set(roles))
        }

        /// Whether a form that was sent is of this session.
        func owns(_ fields: [String: String]) -> Bool { fields["token"] == token }

        /// Whether it may do something that is nobody's own.
        func may(_ operation: Operation) -> Bool { principal.reach(operation) == .any }

        /// Keeps the session from being ended until the transaction is over, and with it the account from being shut out or
        /// given other roles.
        ///
        /// - Throws: ``StaffSessions/Ended`` where it has ended, or may not do the operation.
        func hold(for operation: Operation, _ store: CaseStore, in connection: Connection) throws {
            let held = try store.heldSession(
                secret, idle: StaffSessions.idle, longest: StaffSessions.longest, in: connection)
            guard let held, held.account == account, Rights.reach(of: held.roles, for: operation) == .any else {
                throw Ended()
            }
        }
    }

    /// A session was over, or its account might not do it any more, when what its form asked for was to be done: nothing was.
    struct Ended: Error {}

    /// Opens a session for somebody who has proved to be the one; any that the browser had before ends.
    ///
    /// - Parameter isProved: The last step of the proof, in the transaction that opens the session.
    /// - Returns: Nil where it is not, or the account is disabled.
    func open(
        _ account: String, insteadOf before: Open?,
        if isProved: @escaping @Sendable (Connection) throws -> Bool = { _ in true }
    ) async throws -> Open? {
        let secret = SymmetricKey(size: .bits256).withUnsafeBytes { Array($0) }
        let open = try await database.transaction { [store] connection -> Open? in
            guard try isProved(connection) else { return nil }
            if let before { try store.endSession(before.secret, in: connection) }
            guard let known = try store.staffAccount(account, in: connection), known.isEnabled else { return nil }
            try store.openSession(secret, of: account, in: connection)
            return Open(account, roles: known.roles, controlRoom: known.controlRoom, secret: secret)
        }
        if open != nil { logger.info("somebody signed in", metadata: ["account": "\(account)"]) }
        return open
    }

    /// The session of a cookie; nil when it is none of ours, or has ended.
    func resume(_ cookie: String) async throws -> Open? {
        guard let secret = Base64URL.bytes(cookie[...]), secret.count == 32 else { return nil }
        let session = try await database.read { [store] connection in
            try store.resumeSession(secret, idle: Self.idle, longest: Self.longest, in: connection)
        }
        return session.map { Open($0.account, roles: $0.roles, controlRoom: $0.controlRoom, secret: secret) }
    }

    /// As ``resume(_:)``, of a session that does not go on for that: what a page asks by itself keeps nobody signed in.
    func peek(_ cookie: String) async throws -> Open? {
        guard let secret = Base64URL.bytes(cookie[...]), secret.count == 32 else { return nil }
        let session = try await database.read { [store] connection in
            try store.staffSession(secret, idle: Self.idle, longest: Self.longest, in: connection)
        }
        return session.map { Open($0.account, roles: $0.roles, controlRoom: $0.controlRoom, secret: secret) }
    }

    /// Throws, or waits, where nobody's session can be read now.
    func attempt() async throws { try await database.read { [store] in try store.trySessions(in: $0) } }

    func end(_ open: Open) async throws {
        try await database.transaction { [store] connection in try store.endSession(open.secret, in: connection) }
    }

    /// Gives somebody another password; their other sessions end.
    ///
    /// - Returns: False where the one of before was changed meanwhile.
    func setPassword(_ hash: String, insteadOf before: String, in open: Open) async throws -> Bool {
        try await database.transaction { [store] connection in
            try store.setPassword(
                hash, of: open.account, insteadOf: before, except: CaseStore.sessionHash(open.secret), in: connection)
        }
    }
}
