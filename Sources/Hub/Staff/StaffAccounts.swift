import CaseStore
import Channels
import Crypto
import Logging
import Postgres
package import Rights
import Vault

/// Accounts that are kept here: how they are set up, signed in to, and given another password.
package struct StaffAccounts: Sendable {
    /// How long a link to set up an account is good.
    package static let invitation: Duration = .seconds(24 * 3_600)

    private let database: Database
    private let store: CaseStore
    private let vault: Vault
    private let metrics: Metrics
    private let logger: Logger
    private let configuration: Configuration

    /// - Parameter database: As whoever it acts; here it acts for the pages of staff.
    init(
        _ database: Database, _ store: CaseStore, _ vault: Vault, _ configuration: Configuration, metrics: Metrics,
        logger: Logger
    ) {
        self.database = database.acting(as: .console)
        self.store = store
        self.vault = vault
        self.metrics = metrics
        self.logger = logger
        self.configuration = configuration
    }

    package init(_ installation: Installation) {
        self.init(
            installation.database, installation.store, installation.vault, installation.configuration,
            metrics: installation.metrics, logger: installation.logger)
    }

    /// Adds an account, with a link.
    ///
    /// - Parameter controlRoom: As ``CaseStore/addStaff(_:roles:controlRoom:by:in:)`` has it.
    /// - Returns: The link's token; nil where there is an account of that name, which is left as it is.
    package func add(
        _ account: String, roles: [Role], controlRoom: String? = nil, by actor: SettingsActor
    ) async throws -> String? {
        let token = Self.newToken()
        let isNew = try await database.transaction { [store] connection in
            try actor.hold(for: .manageStaff, store, in: connection)
            let isNew = try store.addStaff(
                account, roles: Set(roles).sorted(), controlRoom: controlRoom, by: actor.id, in: connection)
            guard isNew else { return false }
            // Whoever runs commands on the machine is not told on: they reach all that is there.
            if actor.isSignedIn, roles.contains(where: Rights.seesPersons) {
                try store.tell(of: .accountAdded, to: account, by: actor.id, in: connection)
            }
            return try store.inviteStaff(
                account, token: token, until: .now() + Self.invitation, by: actor.id, in: connection)
        }
        return isNew ? token : nil
    }

    static func newToken() -> String {
        Base64URL.text(SymmetricKey(size: .bits256).withUnsafeBytes { Array($0) })
    }

    /// A link's token for an account, in place of any before: what it had to sign in with is void.
    ///
    /// - Returns: Nil where there is no such account, or it is the provider's.
    package func invite(_ account: String, by actor: String) async throws -> String? {
        let token = Self.newToken()
        let isKnown = try await database.transaction { [store] connection in
            try store.inviteStaff(
                account, token: token, until: .now() + Self.invitation, by: actor, in: connection)
        }
        return isKnown ? token : nil
    }

    /// The address that a token is handed over as.
    package func address(ofInvitation token: String) -> String {
        let listener = configuration.partnerListener
        let scheme = listener.certificate == nil ? "http" : "https"
        let base = listener.url ?? "\(scheme)://\(listener.host):\(listener.port)"
        return "\(base)\(StaffRoutes.setUpPath)?invitation=\(token)"
    }

    /// Opens a session of the account whose password and code these are; nil for all else, with nothing said of why.
    ///
    /// A password is worked on as long for a name that nobody has as for one that somebody has.
    ///
    /// - Parameter room: The control room at whose computer it is. An account of a control room is nobody's elsewhere, so that
    ///   nobody from elsewhere can have it left alone.
    func signIn(
        _ name: String, password: String, code: String, at room: String?, in sessions: StaffSessions,
        insteadOf before: StaffSessions.Open?
    ) async throws -> StaffSessions.Open? {
        let isName = StaffAccount.isName(name)
        let secrets = try await database.read { [store] connection in
            guard isName, let secrets = try store.staffSecrets(of: name, in: connection) else {
                return nil as StaffSecrets?
            }
            return secrets.controlRoom == nil || secrets.controlRoom == room ? secrets : nil
        }
        let isRight = try await PasswordHash.isRight(password, secrets?.passwordHash)
        let step = secrets.flatMap { OneTimeCode.step(of: code, key: $0.codeKey, at: WallClock.now()) }
        guard let secrets else {
            refuse("nobody_or_left_alone")
            return nil
        }
        guard isRight, let step else {
            try await fail(name)
            return nil
        }
        // Right, but seen before: whoever looked over a shoulder is one attempt further, as with any other.
        let open = try await sessions.open(name, insteadOf: before) { [store] connection in
            try store.takeCode(step, of: name, passwordHash: secrets.passwordHash, in: connection)
        }
        if open == nil { try await fail(name) }
        return open
    }

    /// Whether an account has a password here.
    func hasPassword(_ account: String) async throws -> Bool {
        try await database.read { [store] in try store.staffAccount(account, in: $0)?.proof == .password }
    }

    private func fail(_ name: String) async throws {
        refuse("wrong")
        logger.warning("a password or a code was wrong", metadata: ["account": "\(name)"])
        let isLeftAlone = try await database.transaction { [store] connection in
            try store.noteFailedSignIn(of: name, in: connection)
        }
        if isLeftAlone {
            logger.warning("an account is left alone after wrong attempts", metadata: ["account": "\(name)"])
        }
    }

    /// What was typed as a name is not told: it may be a password in the wrong field.
    private func refuse(_ why: String) { metrics.count(.refusedRequests, "sign_in_\(why)") }

    // MARK: Setting up

    /// What the page for setting up an account shows.
    struct SettingUp: Sendable {
        var account: String
        var codeKey: [UInt8]
        /// The key, sealed for the page to bring back.
        var sealedKey: String
    }

    /// - Parameter sealedKey: What the page brought back; a new key is made where it brought none.
    /// - Returns: Nil where the link is good no more.
    func settingUp(by token: String, sealedKey: String? = nil) async throws -> SettingUp? {
        let account = try await database.read { [store] in try store.invitedStaff(by: token, in: $0) }
        guard let account else { return nil }
        let place = "staff set-up \(account)"
        if let sealedKey, let sealed = Base64URL.bytes(sealedKey[...]),
            let key = try? vault.openApart(sealed, context: place)
        {
            return SettingUp(account: account, codeKey: key, sealedKey: sealedKey)
        }
        let key = OneTimeCode.newKey()
        return SettingUp(
            account: account, codeKey: key, sealedKey: Base64URL.text(vault.sealApart(key, context: place)))
    }

    /// What came of a password that somebody chose.
    enum Chosen: Sendable, Equatable {
        case kept
        case badPassword(String)
        case badCode
        /// The password of before is not the one that was given.
        case badCurrent
        /// The link is good no more.
        case gone
    }

    /// Keeps the password and the key of the codes, once a code shows that somebody's app has it.
    func setUp(_ settingUp: SettingUp, by token: String, password: String, code: String) async throws -> Chosen {
        if let fault = fault(of: password, account: settingUp.account) { return .badPassword(fault) }
        guard let step = OneTimeCode.step(of: code, key: settingUp.codeKey, at: WallClock.now()) else {
            return .badCode
        }
        let secrets = StaffSecrets(
            passwordHash: try await PasswordHash.hash(password), codeKey: settingUp.codeKey, codeStep: step)
        let account = try await database.transaction { [store] in try store.setUpStaff(by: token, secrets, in: $0) }
        return account == nil ? .gone : .kept
    }

    /// Gives somebody who is signed in another password, against the one of before.
    func changePassword(
        in open: StaffSessions.Open, _ sessions: StaffSessions, from current: String, to password: String
    ) async throws -> Chosen {
        let secrets = try await database.read { [store] in try store.staffSecrets(of: open.account, in: $0) }
        guard let secrets else { return .badCurrent }
        guard try await PasswordHash.isRight(current, secrets.passwordHash) else {
            try await fail(open.account)
            return .badCurrent
        }
        if let fault = fault(of: password, account: open.account) { return .badPassword(fault) }
        let hash = try await PasswordHash.hash(password)
        return try await sessions.setPassword(hash, insteadOf: secrets.passwordHash, in: open) ? .kept : .badCurrent
    }

    private func fault(of password: String, account: String) -> String? {
        let names = account.split { ".-_".contains($0) }.map(String.init)
        return PasswordRule.fault(
            of: password, names: names + configuration.organisation.name.split(separator: " ").map(String.init))
    }
}
