import CaseStore
import Postgres
import Rights

/// Accounts of staff as administrators see and change them in the console.
///
/// Nobody changes their own account here, and whoever changes another is still signed in and allowed to when it is done: so there is
/// always somebody left who can. What even the last administrator cannot undo is undone with `hub staff`.
struct StaffDirectory: Sendable {
    /// An account, and where it is signed in.
    struct Sheet: Sendable {
        var account: StaffAccount
        var presence: StaffPresence

        /// What stands for how it is, in a form: who sends it decided by that.
        var seen: String {
            let words = [
                account.isEnabled ? "enabled" : "disabled", account.proof.rawValue,
                account.roles.sorted().map(\.rawValue).joined(separator: "+"),
                presence.invitedUntil.map { String($0.microseconds) } ?? "",
            ]
            return words.joined(separator: " ")
        }
    }

    enum Change: Sendable, Equatable {
        case roles([Role])
        case enable
        case disable
        case invite
        case signOut
    }

    enum Outcome: Sendable, Equatable {
        case done
        /// The address by which its owner sets it up; shown once.
        case invited(String)
        /// It is not as somebody saw it any more: nothing was changed.
        case overtaken
        case unknown
        case refused(Refusal)
    }

    /// Why somebody may not make a change.
    enum Refusal: Sendable, Equatable {
        case ownAccount
        /// The council's identity provider says what it may do and how it signs in.
        case ofProvider
        /// An account of a control room has no roles.
        case ofControlRoom
        /// An account without a role could sign in to nothing.
        case noRoles
        /// A link for an account that is shut out would not work, and what it signed in with would be void for nothing.
        case shutOut
    }

    private let database: Database
    private let store: CaseStore
    private let accounts: StaffAccounts

    init(_ installation: Installation) {
        database = installation.acting(as: .console).database
        store = installation.store
        accounts = StaffAccounts(installation)
    }

    /// All of them, by name.
    func sheets() async throws -> [Sheet] {
        try await database.read { [store] connection in
            let presence = try store.staffPresence(
                idle: StaffSessions.idle, longest: StaffSessions.longest, in: connection)
            return try store.staffAccounts(in: connection).map {
                Sheet(account: $0, presence: presence[$0.id] ?? StaffPresence())
            }
        }
    }

    func sheet(of id: String) async throws -> Sheet? {
        try await database.read { [store] connection in
            try store.staffAccount(id, in: connection).map { try Self.sheet($0, store, in: connection) }
        }
    }

    /// Adds an account of the council's staff.
    ///
    /// - Returns: The address by which its owner sets it up, to be shown once; nil where the name is taken.
    /// - Throws: ``StaffSessions/Ended``.
    func add(_ name: String, roles: [Role], by actor: StaffSessions.Open) async throws -> String? {
        let token = try await accounts.add(name, roles: roles, by: SettingsActor(actor))
        return token.map(accounts.address)
    }

    /// Changes an account.
    ///
    /// - Parameter seen: As ``Sheet/seen`` was when somebody decided this.
    /// - Throws: ``StaffSessions/Ended``.
    func make(
        _ change: Change, to id: String, seen: String, by actor: StaffSessions.Open
    ) async throws -> Outcome {
        guard id != actor.account else { return .refused(.ownAccount) }
        let token = StaffAccounts.newToken()
        let outcome = try await database.transaction { [store] connection -> Outcome in
            guard let account = try store.lockedStaffAccount(id, andAllOf: .administrator, in: connection) else {
                return .unknown
            }
            // After the lock: of two who end each other's sessions, the second finds that its own is over.
            try actor.hold(for: .manageStaff, store, in: connection)
            guard try Self.sheet(account, store, in: connection).seen == seen else { return .overtaken }
            if let refusal = Self.refusal(of: change, to: account) { return .refused(refusal) }
            let by = actor.principal.id
            if let access = Self.access(by: change, to: account) {
                try store.tell(of: access, to: id, by: by, in: connection)
            }
            switch change {
            case .roles(let roles): _ = try store.setStaffRoles(roles, of: id, by: by, in: connection)
            case .enable: _ = try store.setStaffEnabled(true, id, by: by, in: connection)
            case .disable: _ = try store.setStaffEnabled(false, id, by: by, in: connection)
            case .signOut: _ = try store.signOutStaff(id, by: by, in: connection)
            case .invite:
                _ = try store.inviteStaff(
                    id, token: token, until: .now() + StaffAccounts.invitation, by: by, in: connection)
            }
            return .done
        }
        guard outcome == .done, change == .invite else { return outcome }
        return .invited(accounts.address(ofInvitation: token))
    }

    /// Whether somebody is let in to what is known of persons by a change of an account.
    private static func access(by change: Change, to account: StaffAccount) -> GivenAccess? {
        switch change {
        case .roles(let roles):
            Set(roles).subtracting(account.roles).contains(where: Rights.seesPersons) ? .roleGiven : nil
        case .invite: account.roles.contains(where: Rights.seesPersons) ? .linkMade : nil
        case .enable, .disable, .signOut: nil
        }
    }

    /// Why a change cannot be made to an account, whoever asks.
    static func refusal(of change: Change, to account: StaffAccount) -> Refusal? {
        switch change {
        case .roles(let roles):
            if account.controlRoom != nil { return .ofControlRoom }
            if account.proof == .provider { return .ofProvider }
            return roles.isEmpty ? .noRoles : nil
        case .invite: return account.proof == .provider ? .ofProvider : account.isEnabled ? nil : .shutOut
        case .enable, .disable, .signOut: return nil
        }
    }

    private static func sheet(
        _ account: StaffAccount, _ store: CaseStore, in connection: Connection
    ) throws -> Sheet {
        let presence = try store.staffPresence(
            of: account.id, idle: StaffSessions.idle, longest: StaffSessions.longest, in: connection)
        return Sheet(account: account, presence: presence[account.id] ?? StaffPresence())
    }
}
