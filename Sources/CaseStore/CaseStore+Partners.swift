import Ledger
package import Postgres
package import Rights

extension CaseStore {
    /// Enters a partner.
    ///
    /// - Returns: Whether it is new; one with that id is left as it is.
    package func add(_ partner: Partner, by actor: String, in connection: Connection) throws -> Bool {
        let added = try connection.execute(
            """
            INSERT INTO record.partner (id, kind, is_enabled, name, adapter, ods, roles)
            VALUES (
                \(partner.id), \(partner.kind)::record.partner_kind, \(partner.isEnabled), \(partner.name),
                \(partner.adapter), \(partner.ods), \(partner.roles.map(\.rawValue))::record.staff_role[]
            )
            ON CONFLICT DO NOTHING
            """, name: "record.add_partner")
        guard added > 0 else { return false }
        try note(partner.id, "added", by: actor, in: connection)
        return true
    }

    /// All partners, the disabled ones too, by id.
    package func partners(in connection: Connection) throws -> [Partner] {
        try connection.query(
            "SELECT \(Self.partnerColumns) FROM record.partner ORDER BY id", name: "record.partners"
        ).map(Self.partner)
    }

    /// One partner, also a disabled one.
    package func partner(_ id: String, in connection: Connection) throws -> Partner? {
        try connection.query(
            "SELECT \(Self.partnerColumns) FROM record.partner WHERE id = \(id)",
            name: "record.partner"
        ).first.map(Self.partner)
    }

    /// As ``partner(_:in:)``, and keeps others from changing it and its credentials by way of this until the transaction ends.
    package func lockedPartner(_ id: String, in connection: Connection) throws -> Partner? {
        try connection.query(
            "SELECT \(Self.partnerColumns) FROM record.partner WHERE id = \(id) FOR UPDATE", name: "record.lock_partner"
        ).first.map(Self.partner)
    }

    /// Enables or disables a partner: a disabled one's keys open nothing.
    ///
    /// - Returns: Whether there is such a partner.
    package func setEnabled(
        _ isEnabled: Bool, partner: String, by actor: String, in connection: Connection
    ) throws -> Bool {
        let changed = try connection.execute(
            "UPDATE record.partner SET is_enabled = \(isEnabled) WHERE id = \(partner)", name: "record.enable_partner")
        guard changed > 0 else { return false }
        try note(partner, isEnabled ? "enabled" : "disabled", by: actor, in: connection)
        return true
    }

    /// Gives a staff system other roles than it had.
    ///
    /// - Returns: Whether there is such a staff system.
    package func setRoles(
        _ roles: [Role], ofStaff id: String, by actor: String, in connection: Connection
    ) throws -> Bool {
        let changed = try connection.execute(
            """
            UPDATE record.partner
            SET roles = \(roles.map(\.rawValue))::record.staff_role[]
            WHERE id = \(id) AND kind = 'staff'
            """, name: "record.set_roles")
        guard changed > 0 else { return false }
        let words = roles.sorted().map(\.rawValue).joined(separator: " ")
        try note(id, "roles_set", roles: words, by: actor, in: connection)
        return true
    }

    /// Makes a credential for a partner; nothing when there is no such partner.
    ///
    /// - Parameter isLowRisk: Whether somebody has judged that little can come of it in wrong hands.
    package func issueKey(
        for partner: String, expiresAt: Timestamp? = nil, isLowRisk: Bool = false, by actor: String,
        in connection: Connection
    ) throws -> IssuedKey? {
        let key = APIKey()
        let made = try connection.execute(
            """
            INSERT INTO record.api_key (prefix, partner, expires_at, is_low_risk, secret_hash)
            SELECT \(key.prefix), id, \(expiresAt), \(isLowRisk), \(key.secretHash)
            FROM record.partner
            WHERE id = \(partner)
            """, name: "record.issue_key")
        guard made > 0 else { return nil }
        try note(partner, isLowRisk ? "low_risk_key_issued" : "key_issued", key: key.prefix, by: actor, in: connection)
        return IssuedKey(prefix: key.prefix, text: key.text)
    }

    /// Revokes a credential from now on.
    ///
    /// - Returns: Whether it was live.
    package func revokeKey(
        prefix: String, at: Timestamp = .now(), by actor: String, in connection: Connection
    ) throws -> Bool {
        let rows = try connection.query(
            """
            UPDATE record.api_key
            SET revoked_at = \(at)
            WHERE prefix = \(prefix) AND revoked_at IS NULL
            RETURNING partner
            """, name: "record.revoke_key")
        guard let partner = try rows.first?.decode(String.self) else { return false }
        try note(partner, "key_revoked", key: prefix, by: actor, in: connection)
        return true
    }

    /// Credentials without their secrets, also those that open nothing any more; of one partner, or all.
    package func keys(of partner: String? = nil, in connection: Connection) throws -> [KeySummary] {
        let rows = try connection.query(
            """
            SELECT prefix, partner, created_at, expires_at, revoked_at, is_low_risk
            FROM record.api_key
            WHERE partner = coalesce(\(partner), partner)
            ORDER BY partner, created_at
            """, name: "record.keys")
        return try rows.map { row in
            let (prefix, partner, createdAt, expiresAt, revokedAt, isLowRisk) = try row.decode(
                String.self, String.self, Timestamp.self, Timestamp?.self, Timestamp?.self, Bool.self)
            return KeySummary(
                prefix: prefix, partner: partner, createdAt: createdAt, expiresAt: expiresAt, revokedAt: revokedAt,
                isLowRisk: isLowRisk)
        }
    }

    /// Who presents a credential: the enabled partner of a live key, or nobody, without saying why.
    package func authenticate(
        _ text: String, at: Timestamp = .now(), in connection: Connection
    ) throws -> Partner? {
        guard let key = APIKey(text) else { return nil }
        let rows = try connection.query(
            """
            SELECT \(Self.partnerColumns), secret_hash
            FROM record.api_key JOIN record.partner ON partner.id = api_key.partner
            WHERE prefix = \(key.prefix)
                AND is_enabled
                AND revoked_at IS NULL
                AND (expires_at IS NULL OR expires_at > \(at))
            """, name: "record.authenticate")
        guard let row = rows.first, key.matches(try row.value("secret_hash")) else { return nil }
        return try Self.partner(row)
    }

    /// What ``partner(_:)`` reads.
    static let partnerColumns: SQL =
        "partner.id, partner.name, kind, adapter, ods, is_enabled, partner.roles::text[] AS roles"

    static func partner(_ row: Row) throws -> Partner {
        Partner(
            id: try row.value("id"), name: try row.value("name"), kind: try row.value("kind"),
            adapter: try row.value("adapter"), ods: try row.value("ods"), isEnabled: try row.value("is_enabled"),
            roles: try row.value("roles", as: [String].self).compactMap { Role(rawValue: $0) })
    }

    func note(
        _ partner: String, _ state: String, key: String? = nil, credential: String? = nil, roles: String? = nil,
        by actor: String, in connection: Connection
    ) throws {
        var fields: [LedgerField: String] = [.partner: partner, .state: state, .actor: actor]
        fields[.apiKey] = key
        fields[.credential] = credential
        fields[.role] = roles
        try append([entry(.partnerChanged, fields)], in: connection)
    }
}
