import Crypto
package import Postgres

extension CaseStore {
    // MARK: Certificates

    /// Enters by which certificate a partner is known from now on, beside those by which it is already. A key that it is known
    /// by gets another end.
    ///
    /// - Returns: Its id; nil where there is no such partner, the key is another's or was revoked, or the name is known.
    package func add(
        _ mark: CertificateMark, of partner: String, expiresAt: Timestamp? = nil, by actor: String,
        in connection: Connection
    ) throws -> UUIDValue? {
        let id = UUIDValue.v7()
        let (keyHash, name) = Self.columns(mark)
        let rows = try connection.query(
            """
            INSERT INTO record.client_certificate (id, partner, expires_at, key_hash, name)
            SELECT \(id), partner.id, \(expiresAt), \(keyHash), \(name)
            FROM record.partner
            WHERE partner.id = \(partner)
                AND NOT EXISTS (
                    SELECT FROM record.client_certificate AS known
                    WHERE known.name = \(name) AND known.revoked_at IS NULL
                )
            ON CONFLICT (key_hash) WHERE key_hash IS NOT NULL DO UPDATE
            SET expires_at = excluded.expires_at
            WHERE client_certificate.partner = excluded.partner AND client_certificate.revoked_at IS NULL
            RETURNING id
            """, name: "record.add_client_certificate")
        guard let known = try rows.first?.decode(UUIDValue.self) else { return nil }
        let state = known == id ? "certificate_added" : "certificate_renewed"
        try note(partner, state, credential: known.description, by: actor, in: connection)
        return known
    }

    /// Revokes a certificate from now on.
    ///
    /// - Returns: Whether it was live.
    package func revokeCertificate(
        _ id: UUIDValue, at: Timestamp = .now(), by actor: String, in connection: Connection
    ) throws -> Bool {
        let rows = try connection.query(
            """
            UPDATE record.client_certificate
            SET revoked_at = \(at)
            WHERE id = \(id) AND revoked_at IS NULL
            RETURNING partner
            """, name: "record.revoke_client_certificate")
        guard let partner = try rows.first?.decode(String.self) else { return false }
        try note(partner, "certificate_revoked", credential: id.description, by: actor, in: connection)
        return true
    }

    /// Certificates, also those that open nothing any more; of one partner, or all.
    package func certificates(of partner: String? = nil, in connection: Connection) throws -> [KnownCertificate] {
        try connection.query(
            """
            SELECT id, partner, key_hash, name, added_at, expires_at, revoked_at
            FROM record.client_certificate
            WHERE partner = coalesce(\(partner), partner)
            ORDER BY partner, added_at
            """, name: "record.client_certificates"
        ).map { row in
            let keyHash = try row.value("key_hash", as: [UInt8]?.self)
            let mark = try keyHash.map(CertificateMark.key) ?? .name(row.value("name"))
            return KnownCertificate(
                id: try row.value("id"), partner: try row.value("partner"), mark: mark,
                addedAt: try row.value("added_at"), expiresAt: try row.value("expires_at"),
                revokedAt: try row.value("revoked_at"))
        }
    }

    /// Who shows a certificate whose private key it holds: the partner that is known by its key, else by one of its names.
    ///
    /// - Parameter names: Those that an authority of the installation vouches for.
    package func holder(
        ofKey keyHash: [UInt8], names: [String], in connection: Connection
    ) throws -> CertificateHolder {
        let rows = try connection.query(
            """
            SELECT
                \(Self.partnerColumns), key_hash IS NOT NULL AS is_key,
                revoked_at IS NULL AS is_live
            FROM record.client_certificate JOIN record.partner ON partner.id = client_certificate.partner
            WHERE key_hash = \(keyHash)
                OR client_certificate.name = ANY (\(names)) AND revoked_at IS NULL
            """, name: "record.holder_of_certificate")
        let known = try rows.map { row in
            (
                partner: try Self.partner(row), isKey: try row.value("is_key", as: Bool.self),
                isLive: try row.value("is_live", as: Bool.self)
            )
        }
        if let byKey = known.first(where: \.isKey) {
            return byKey.isLive && byKey.partner.isEnabled ? .partner(byKey.partner) : .refused
        }
        let byName = Set(known.map(\.partner))
        guard let one = byName.first else { return .nobody }
        return byName.count == 1 && one.isEnabled ? .partner(one) : .refused
    }

    private static func columns(_ mark: CertificateMark) -> (keyHash: [UInt8]?, name: String?) {
        switch mark {
        case .key(let hash): (hash, nil)
        case .name(let name): (nil, name)
        }
    }

    // MARK: Keys of clients

    /// Enters a partner's public key.
    ///
    /// - Parameter kid: Its name, 1–200 bytes. One that was used before is never taken again.
    /// - Returns: False where there is no such partner, or it has or had a key of that name.
    package func addClientKey(
        _ pem: String, kid: String, of partner: String, expiresAt: Timestamp? = nil, by actor: String,
        in connection: Connection
    ) throws -> Bool {
        let added = try connection.execute(
            """
            INSERT INTO record.client_key (partner, kid, expires_at, pem)
            SELECT partner.id, \(kid), \(expiresAt), \(pem)
            FROM record.partner
            WHERE partner.id = \(partner)
            ON CONFLICT DO NOTHING
            """, name: "record.add_client_key")
        guard added > 0 else { return false }
        try note(partner, "client_key_added", credential: kid, by: actor, in: connection)
        return true
    }

    /// Revokes a partner's public key, and with it the access tokens that were given for it.
    ///
    /// - Returns: Whether it was live.
    package func revokeClientKey(
        kid: String, of partner: String, at: Timestamp = .now(), by actor: String, in connection: Connection
    ) throws -> Bool {
        let revoked = try connection.execute(
            """
            UPDATE record.client_key
            SET revoked_at = \(at)
            WHERE partner = \(partner) AND kid = \(kid) AND revoked_at IS NULL
            """, name: "record.revoke_client_key")
        guard revoked > 0 else { return false }
        try note(partner, "client_key_revoked", credential: kid, by: actor, in: connection)
        return true
    }

    /// Public keys, also those that open nothing any more; of one partner, or all.
    package func clientKeys(of partner: String? = nil, in connection: Connection) throws -> [KnownClientKey] {
        try connection.query(
            """
            SELECT partner, kid, pem, added_at, expires_at, revoked_at
            FROM record.client_key
            WHERE partner = coalesce(\(partner), partner)
            ORDER BY partner, added_at
            """, name: "record.client_keys"
        ).map { row in
            KnownClientKey(
                partner: try row.value("partner"), kid: try row.value("kid"), pem: try row.value("pem"),
                addedAt: try row.value("added_at"), expiresAt: try row.value("expires_at"),
                revokedAt: try row.value("revoked_at"))
        }
    }

    /// An enabled partner and the live public key that it calls by this name; nil for all else.
    package func clientKey(
        kid: String, of partner: String, at: Timestamp = .now(), in connection: Connection
    ) throws -> (partner: Partner, pem: String)? {
        let rows = try connection.query(
            """
            SELECT \(Self.partnerColumns), pem
            FROM record.client_key JOIN record.partner ON partner.id = client_key.partner
            WHERE client_key.partner = \(partner)
                AND kid = \(kid)
                AND is_enabled
                AND revoked_at IS NULL
                AND (expires_at IS NULL OR expires_at > \(at))
            """, name: "record.client_key")
        return try rows.first.map { (try Self.partner($0), try $0.value("pem")) }
    }

    /// Takes what a partner signed for an access token, by its own id of it.
    ///
    /// - Returns: False where it was taken before.
    package func useAssertion(
        _ id: String, of partner: String, expiresAt: Timestamp, in connection: Connection
    ) throws -> Bool {
        let hash = Array(SHA256.hash(data: Array(id.utf8)))
        return try connection.execute(
            """
            INSERT INTO record.used_assertion (partner, expires_at, id_hash)
            VALUES (\(partner), \(expiresAt), \(hash))
            ON CONFLICT DO NOTHING
            """, name: "record.use_assertion") > 0
    }

    /// Forgets what would be refused as too old by now.
    ///
    /// - Returns: How many there were.
    @discardableResult
    package func clearAssertions(at: Timestamp = .now(), in connection: Connection) throws -> Int {
        try connection.execute(
            "DELETE FROM record.used_assertion WHERE expires_at < \(at)", name: "record.clear_assertions")
    }
}
