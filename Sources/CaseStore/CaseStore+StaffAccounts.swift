import Crypto
import Ledger
package import Postgres
package import Rights
import Vault

extension CaseStore {
    /// How many wrong attempts in a row an account bears before it is left alone for a while.
    private static let bornFailures = 5

    private static let accountColumns: SQL = """
        id, roles::text[] AS roles, control_room, is_enabled, added_at, locked_until, signed_in_at,
        password_hash IS NOT NULL AS has_password, subject_hash IS NOT NULL AS has_provider
        """

    // MARK: Accounts

    /// Enters an account that nobody can sign in to yet.
    ///
    /// - Parameters:
    ///   - roles: At least one for the council's staff, none for somebody of a control room.
    ///   - controlRoom: Its id in the register.
    /// - Returns: Whether it is new; one of that name is left as it is.
    package func addStaff(
        _ id: String, roles: [Role], controlRoom: String? = nil, by actor: String, in connection: Connection
    ) throws -> Bool {
        let added = try connection.execute(
            """
            INSERT INTO record.staff_account (id, roles, control_room)
            VALUES (\(id), \(roles.map(\.rawValue))::record.staff_role[], \(controlRoom))
            ON CONFLICT DO NOTHING
            """, name: "record.add_staff")
        guard added > 0 else { return false }
        try noteStaff(id, "added", roles: roles, controlRoom: controlRoom, by: actor, in: connection)
        return true
    }

    /// All accounts, the disabled ones too, by name.
    package func staffAccounts(in connection: Connection) throws -> [StaffAccount] {
        try connection.query(
            "SELECT \(Self.accountColumns) FROM record.staff_account ORDER BY id", name: "record.staff_accounts"
        ).map(Self.account)
    }

    /// One account, also a disabled one.
    package func staffAccount(_ id: String, in connection: Connection) throws -> StaffAccount? {
        try connection.query(
            "SELECT \(Self.accountColumns) FROM record.staff_account WHERE id = \(id)", name: "record.staff_account"
        ).first.map(Self.account)
    }

    /// One account, which nobody else changes until the transaction ends, nor that of any enabled account with the role.
    ///
    /// Two who take the role from each other at once would both see the other still have it.
    package func lockedStaffAccount(
        _ id: String, andAllOf role: Role, in connection: Connection
    ) throws -> StaffAccount? {
        try connection.execute(
            """
            SELECT
            FROM record.staff_account
            WHERE id = \(id) OR is_enabled AND \(role.rawValue)::record.staff_role = ANY (roles)
            ORDER BY id
            FOR UPDATE
            """, name: "record.lock_staff")
        // A statement of its own: it sees what others had committed when the locks were had.
        return try staffAccount(id, in: connection)
    }

    /// Where accounts are signed in, by name; those that are nowhere and have no link are left out.
    ///
    /// - Parameters:
    ///   - idle: After which time without a page a session is over.
    ///   - longest: After which time it is over whatever happens.
    ///   - account: One account alone.
    package func staffPresence(
        of account: String? = nil, idle: Duration, longest: Duration, at: Timestamp = .now(), in connection: Connection
    ) throws -> [String: StaffPresence] {
        let rows = try connection.query(
            """
            SELECT account, count(open.account), max(seen_at), max(expires_at)
            FROM (
                SELECT account, seen_at
                FROM record.staff_session
                WHERE opened_at > \(at - longest) AND seen_at > \(at - idle)
            ) AS open
            FULL JOIN record.staff_invitation USING (account)
            WHERE account = coalesce(\(account), account)
            GROUP BY account
            """, name: "record.staff_presence")
        let known = try rows.map { row in
            let (id, sessions, seenAt, until) = try row.decode(
                String.self, Int.self, Timestamp?.self, Timestamp?.self)
            return (id, StaffPresence(sessions: sessions, seenAt: seenAt, invitedUntil: until))
        }
        return Dictionary(uniqueKeysWithValues: known)
    }

    /// Enables or disables an account; its sessions end.
    ///
    /// - Returns: Whether there is such an account.
    package func setStaffEnabled(
        _ isEnabled: Bool, _ id: String, by actor: String, in connection: Connection
    ) throws -> Bool {
        let changed = try connection.execute(
            "UPDATE record.staff_account SET is_enabled = \(isEnabled) WHERE id = \(id)", name: "record.enable_staff")
        guard changed > 0 else { return false }
        try endSessions(of: id, in: connection)
        try noteStaff(id, isEnabled ? "enabled" : "disabled", by: actor, in: connection)
        return true
    }

    /// Gives an account of the council's staff other roles; its sessions end.
    ///
    /// - Returns: Whether there is such an account.
    package func setStaffRoles(
        _ roles: [Role], of id: String, by actor: String, in connection: Connection
    ) throws -> Bool {
        let changed = try connection.execute(
            """
            UPDATE record.staff_account
            SET roles = \(roles.map(\.rawValue))::record.staff_role[]
            WHERE id = \(id) AND control_room IS NULL
            """, name: "record.set_staff_roles")
        guard changed > 0 else { return false }
        try endSessions(of: id, in: connection)
        try noteStaff(id, "roles_set", roles: roles, by: actor, in: connection)
        return true
    }

    // MARK: Setting up

    /// Keeps a link's token for an account, in place of any before; what it had to sign in with is void, and its sessions end.
    ///
    /// - Returns: False where there is no such account, or it is the provider's.
    package func inviteStaff(
        _ id: String, token: String, until: Timestamp, by actor: String, in connection: Connection
    ) throws -> Bool {
        let changed = try connection.execute(
            """
            UPDATE record.staff_account
            SET password_hash = NULL, sealed_code_key = NULL, code_step = NULL, failures = 0, locked_until = NULL
            WHERE id = \(id) AND subject_hash IS NULL
            """, name: "record.void_staff_secrets")
        guard changed > 0 else { return false }
        let hash = Array(SHA256.hash(data: Array(token.utf8)))
        try connection.execute(
            """
            INSERT INTO record.staff_invitation (account, expires_at, token_hash)
            VALUES (\(id), \(until), \(hash))
            ON CONFLICT (account) DO UPDATE SET expires_at = excluded.expires_at, token_hash = excluded.token_hash
            """, name: "record.invite_staff")
        try endSessions(of: id, in: connection)
        try noteStaff(id, "invited", by: actor, in: connection)
        return true
    }

    /// Whose a link is that has not been used and has not ended; nil for all else.
    package func invitedStaff(
        by token: String, at: Timestamp = .now(), in connection: Connection
    ) throws -> String? {
        let hash = Array(SHA256.hash(data: Array(token.utf8)))
        return try connection.query(
            """
            SELECT account
            FROM record.staff_invitation JOIN record.staff_account ON staff_account.id = account
            WHERE token_hash = \(hash) AND expires_at > \(at) AND is_enabled
            """, name: "record.invited_staff"
        ).first.map { try $0.decode(String.self) }
    }

    /// Keeps what somebody signs in with from now on, and uses up the link.
    ///
    /// - Returns: Whose it was; nil where the link is good no more.
    package func setUpStaff(
        by token: String, _ secrets: StaffSecrets, at: Timestamp = .now(), in connection: Connection
    ) throws -> String? {
        guard let id = try invitedStaff(by: token, at: at, in: connection) else { return nil }
        let used = try connection.execute(
            """
            DELETE FROM record.staff_invitation
            WHERE account = \(id) AND token_hash = \(Array(SHA256.hash(data: Array(token.utf8))))
            """, name: "record.use_staff_invitation")
        guard used > 0 else { return nil }
        let sealed = vault.sealApart(secrets.codeKey, context: Self.place(ofCodeKey: id))
        try connection.execute(
            """
            UPDATE record.staff_account
            SET password_hash = \(secrets.passwordHash), sealed_code_key = \(sealed), code_step = \(secrets.codeStep),
                failures = 0, locked_until = NULL
            WHERE id = \(id)
            """, name: "record.set_up_staff")
        try noteStaff(id, "set_up", by: id, in: connection)
        return id
    }

    /// Seals the keys of codes anew by the installation's key of now, so that they open when an older one is retired.
    package func sealStaffAnew(in connection: Connection) throws {
        let rows = try connection.query(
            "SELECT id, sealed_code_key FROM record.staff_account WHERE sealed_code_key IS NOT NULL FOR UPDATE",
            name: "record.staff_to_seal"
        ).decode(String.self, [UInt8].self)
        for (id, sealed) in rows {
            let place = Self.place(ofCodeKey: id)
            let anew = vault.sealApart(try vault.openApart(sealed, context: place), context: place)
            try connection.execute(
                "UPDATE record.staff_account SET sealed_code_key = \(anew) WHERE id = \(id)",
                name: "record.seal_staff_anew")
        }
    }

    /// Changes a password; every other session of the account ends.
    ///
    /// - Returns: False where the one of before is not what it was held against any more.
    package func setPassword(
        _ hash: String, of id: String, insteadOf before: String, except session: [UInt8], in connection: Connection
    ) throws -> Bool {
        let changed = try connection.execute(
            "UPDATE record.staff_account SET password_hash = \(hash) WHERE id = \(id) AND password_hash = \(before)",
            name: "record.set_password")
        guard changed > 0 else { return false }
        try connection.execute(
            "DELETE FROM record.staff_session WHERE account = \(id) AND id_hash <> \(session)",
            name: "record.end_other_staff_sessions")
        try noteStaff(id, "password_changed", by: id, in: connection)
        return true
    }

    // MARK: Signing in

    /// What a password and a code of an account are held against; nil where nobody can sign in to it with one now.
    package func staffSecrets(
        of id: String, at: Timestamp = .now(), in connection: Connection
    ) throws -> StaffSecrets? {
        let rows = try connection.query(
            """
            SELECT password_hash, sealed_code_key, code_step, control_room
            FROM record.staff_account
            WHERE id = \(id)
                AND is_enabled
                AND password_hash IS NOT NULL
                AND (locked_until IS NULL OR locked_until <= \(at))
            """, name: "record.staff_secrets")
        guard let row = rows.first else { return nil }
        let (hash, sealed, step, room) = try row.decode(String.self, [UInt8].self, Int64?.self, String?.self)
        let key = try vault.openApart(sealed, context: Self.place(ofCodeKey: id))
        return StaffSecrets(passwordHash: hash, codeKey: key, codeStep: step, controlRoom: room)
    }

    /// Counts a wrong attempt. After the fifth in a row the account is left alone for half a minute, after each further one
    /// for twice as long, at most a quarter of an hour.
    ///
    /// - Returns: Whether it is left alone from now on.
    @discardableResult
    package func noteFailedSignIn(
        of id: String, at: Timestamp = .now(), in connection: Connection
    ) throws -> Bool {
        let rows = try connection.query(
            """
            UPDATE record.staff_account
            SET failures = failures + 1,
                locked_until = CASE
                    WHEN failures + 1 >= \(Int32(Self.bornFailures))
                    THEN \(at)::timestamptz
                        + least(interval '15 minutes', interval '30 seconds' * 2 ^ least(failures + 1 - \(Int32(Self.bornFailures)), 5))
                END
            WHERE id = \(id)
            RETURNING locked_until IS NOT NULL
            """, name: "record.failed_sign_in")
        guard let row = rows.first, try row.decode(Bool.self) else { return false }
        try noteStaff(id, "left_alone", by: "hub", in: connection)
        return true
    }

    /// Takes a code, once, and holds the account until the transaction ends: so that whoever voids what it signs in with finds
    /// the session that is opened by it.
    ///
    /// - Parameters:
    ///   - step: The code's time step.
    ///   - passwordHash: That which the password was held against.
    /// - Returns: False where it, or a later one, was taken before, or the account was disabled, given another password or
    ///   left alone meanwhile.
    package func takeCode(
        _ step: Int64, of id: String, passwordHash: String, at: Timestamp = .now(), in connection: Connection
    ) throws -> Bool {
        try connection.execute(
            """
            UPDATE record.staff_account
            SET code_step = \(step), failures = 0, locked_until = NULL
            WHERE id = \(id)
                AND is_enabled
                AND password_hash = \(passwordHash)
                AND (locked_until IS NULL OR locked_until <= \(at))
                AND (code_step IS NULL OR code_step < \(step))
            """, name: "record.take_code") > 0
    }

    /// The account of somebody whom the provider has just vouched for, with the roles that it gives; made where there is none.
    ///
    /// - Parameters:
    ///   - subject: The provider's address and its own id for somebody.
    ///   - name: The user name for a new account.
    /// - Returns: Nil where the account is disabled, or the name is another's.
    package func staffAccount(
        ofSubject subject: String, name: String, roles: [Role], in connection: Connection
    ) throws -> String? {
        let hash = vault.keyedHash(.staffSubject, Array(subject.utf8))
        let words = roles.map(\.rawValue)
        let rows = try connection.query(
            "SELECT id, is_enabled, roles::text[] FROM record.staff_account WHERE subject_hash = \(hash) FOR UPDATE",
            name: "record.staff_of_subject")
        guard let row = rows.first else {
            let added = try connection.execute(
                """
                INSERT INTO record.staff_account (id, roles, subject_hash)
                VALUES (\(name), \(words)::record.staff_role[], \(hash))
                ON CONFLICT DO NOTHING
                """, name: "record.add_provided_staff")
            guard added > 0 else { return nil }
            try noteStaff(name, "added", roles: roles, by: "provider", in: connection)
            return name
        }
        let (id, isEnabled, before) = try row.decode(String.self, Bool.self, [String].self)
        guard isEnabled else { return nil }
        if Set(before) != Set(words) { _ = try setStaffRoles(roles, of: id, by: "provider", in: connection) }
        return id
    }

    /// Ends the sessions of somebody to whom the provider gives no role any more.
    package func endSessions(ofSubject subject: String, in connection: Connection) throws {
        let hash = vault.keyedHash(.staffSubject, Array(subject.utf8))
        try connection.execute(
            """
            DELETE FROM record.staff_session
            WHERE account IN (SELECT id FROM record.staff_account WHERE subject_hash = \(hash))
            """, name: "record.end_provided_sessions")
    }

    // MARK: Sessions

    /// Opens a session.
    ///
    /// - Parameter cookie: What the browser holds; only its SHA-256 is kept.
    package func openSession(
        _ cookie: [UInt8], of id: String, at: Timestamp = .now(), in connection: Connection
    ) throws {
        let hash = Self.sessionHash(cookie)
        try connection.execute(
            """
            INSERT INTO record.staff_session (id_hash, opened_at, seen_at, account)
            VALUES (\(hash), \(at), \(at), \(id))
            """, name: "record.open_staff_session")
        try connection.execute(
            "UPDATE record.staff_account SET signed_in_at = \(at) WHERE id = \(id)", name: "record.note_staff_sign_in")
        try noteStaff(id, "signed_in", by: id, in: connection)
    }

    /// The session of a cookie, which goes on from now; nil where it has ended, or its account is disabled.
    ///
    /// - Parameters:
    ///   - idle: After which time without a page it ends.
    ///   - longest: After which time it ends whatever happens.
    package func resumeSession(
        _ cookie: [UInt8], idle: Duration, longest: Duration, at: Timestamp = .now(), in connection: Connection
    ) throws -> StaffSession? {
        let rows = try connection.query(
            """
            UPDATE record.staff_session AS session
            SET seen_at = greatest(seen_at, \(at))
            FROM record.staff_account AS account
            WHERE id_hash = \(Self.sessionHash(cookie))
                AND opened_at > \(at - longest)
                AND seen_at > \(at - idle)
                AND account.id = session.account
                AND is_enabled
            RETURNING account.id, roles::text[], control_room
            """, name: "record.resume_staff_session")
        return try rows.first.map(Self.staffSession)
    }

    /// The session that ``resumeSession(_:idle:longest:at:in:)`` would resume; it goes on no longer for that.
    package func staffSession(
        _ cookie: [UInt8], idle: Duration, longest: Duration, at: Timestamp = .now(), in connection: Connection
    ) throws -> StaffSession? {
        try connection.query(
            """
            SELECT account.id, roles::text[], control_room
            FROM record.staff_session AS session JOIN record.staff_account AS account ON account.id = session.account
            WHERE id_hash = \(Self.sessionHash(cookie))
                AND opened_at > \(at - longest)
                AND seen_at > \(at - idle)
                AND is_enabled
            """, name: "record.staff_session"
        ).first.map(Self.staffSession)
    }

    /// Whose the session of a cookie is and what their roles are, and that nobody ends it until the transaction is over; nil where
    /// it has ended. It goes on no longer for that.
    package func heldSession(
        _ cookie: [UInt8], idle: Duration, longest: Duration, at: Timestamp = .now(), in connection: Connection
    ) throws -> (account: String, roles: Set<Role>)? {
        let rows = try connection.query(
            "SELECT id, roles FROM record.hold_session(\(Self.sessionHash(cookie)), \(at - longest), \(at - idle))",
            name: "record.hold_staff_session"
        ).decode(String.self, [String].self)
        return rows.first.map { (account: $0.0, roles: Set($0.1.compactMap { Role(rawValue: $0) })) }
    }

    private static func staffSession(_ row: Row) throws -> StaffSession {
        let (id, words, room) = try row.decode(String.self, [String].self, String?.self)
        return StaffSession(account: id, roles: words.compactMap { Role(rawValue: $0) }, controlRoom: room)
    }

    /// Reads what ``resumeSession(_:idle:longest:at:in:)`` would, of nobody: throws or waits where it would.
    package func trySessions(in connection: Connection) throws {
        _ = try resumeSession([], idle: .zero, longest: .zero, in: connection)
    }

    /// Ends the session of a cookie.
    package func endSession(_ cookie: [UInt8], in connection: Connection) throws {
        let rows = try connection.query(
            "DELETE FROM record.staff_session WHERE id_hash = \(Self.sessionHash(cookie)) RETURNING account",
            name: "record.end_staff_session")
        if let id = try rows.first?.decode(String.self) { try noteStaff(id, "signed_out", by: id, in: connection) }
    }

    /// Ends every session of an account.
    ///
    /// - Returns: How many there were.
    @discardableResult
    package func endSessions(of id: String, in connection: Connection) throws -> Int {
        try connection.execute(
            "DELETE FROM record.staff_session WHERE account = \(id)", name: "record.end_staff_sessions")
    }

    /// Signs an account out everywhere.
    ///
    /// - Returns: Whether it was signed in anywhere.
    package func signOutStaff(_ id: String, by actor: String, in connection: Connection) throws -> Bool {
        guard try endSessions(of: id, in: connection) > 0 else { return false }
        try noteStaff(id, "sessions_ended", by: actor, in: connection)
        return true
    }

    /// Forgets sessions and links that have ended by themselves.
    ///
    /// - Returns: How many there were.
    @discardableResult
    package func clearSessions(seenBefore: Timestamp, at: Timestamp = .now(), in connection: Connection) throws -> Int {
        try connection.execute(
            "DELETE FROM record.staff_session WHERE seen_at < \(seenBefore)", name: "record.clear_staff_sessions")
            + connection.execute(
                "DELETE FROM record.staff_invitation WHERE expires_at < \(at)", name: "record.clear_staff_invitations")
    }

    /// What stands for a cookie in the table.
    package static func sessionHash(_ cookie: [UInt8]) -> [UInt8] { Array(SHA256.hash(data: cookie)) }

    private static func place(ofCodeKey id: String) -> String { "record.staff_account/\(id)/code" }

    private static func account(_ row: Row) throws -> StaffAccount {
        let hasPassword = try row.value("has_password", as: Bool.self)
        let hasProvider = try row.value("has_provider", as: Bool.self)
        return StaffAccount(
            id: try row.value("id"),
            roles: try row.value("roles", as: [String].self).compactMap { Role(rawValue: $0) },
            controlRoom: try row.value("control_room"),
            isEnabled: try row.value("is_enabled"),
            proof: hasPassword ? .password : hasProvider ? .provider : .none,
            addedAt: try row.value("added_at"), lockedUntil: try row.value("locked_until"),
            signedInAt: try row.value("signed_in_at"))
    }

    private func noteStaff(
        _ id: String, _ state: String, roles: [Role]? = nil, controlRoom: String? = nil, by actor: String,
        in connection: Connection
    ) throws {
        var fields: [LedgerField: String] = [.account: id, .state: state, .actor: actor]
        fields[.partner] = controlRoom
        fields[.role] = roles.map { $0.sorted().map(\.rawValue).joined(separator: " ") }
        try append([entry(.staffChanged, fields)], in: connection)
    }
}
