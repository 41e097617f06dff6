import Crypto
package import Disclosure
import Ledger
package import Postgres
import Vault

extension CaseStore {
    /// The key of a project, the newest version; made when there is none yet.
    package func pseudonymKey(
        of project: ExtractProject, at: Timestamp = .now(), in connection: Connection
    ) throws -> PseudonymKey {
        let rows = try connection.query(
            """
            SELECT id, version, wrapped_key, sealed_secret
            FROM record.pseudonym_key
            WHERE recipient = \(project.recipient) AND project = \(project.id) AND extract IS NULL
            ORDER BY version DESC
            LIMIT 1
            """, name: "record.pseudonym_key")
        guard let row = rows.first else { return try makeKey(of: project, extract: nil, at: at, in: connection) }
        let (id, version, wrapped, sealed) = try row.decode(UUIDValue.self, Int.self, [UInt8].self, [UInt8].self)
        let secret = try vault.open(sealed, with: vault.unwrap(wrapped), context: Place.pseudonymKey(id))
        guard secret.count == 32 else { throw CaseStoreError.unreadable(Place.pseudonymKey(id)) }
        return PseudonymKey(id: id.description, version: version, secret: SymmetricKey(data: secret))
    }

    /// A fresh key for one extract alone: nobody can join its pseudonyms with those of another.
    package func makePseudonymKey(
        of project: ExtractProject, forExtract extract: UUIDValue, at: Timestamp = .now(), in connection: Connection
    ) throws -> PseudonymKey {
        try makeKey(of: project, extract: extract, at: at, in: connection)
    }

    private func makeKey(
        of project: ExtractProject, extract: UUIDValue?, at: Timestamp, in connection: Connection
    ) throws -> PseudonymKey {
        let id = UUIDValue.v7()
        let secret = SymmetricKey(size: .bits256)
        let (key, wrapped) = vault.newDataKey()
        let sealed = secret.withUnsafeBytes { vault.seal(Array($0), with: key, context: Place.pseudonymKey(id)) }
        try connection.execute(
            """
            INSERT INTO record.pseudonym_key (
                id, made_at, version, recipient, project, extract, wrapped_key, sealed_secret
            )
            VALUES (\(id), \(at), 1, \(project.recipient), \(project.id), \(extract), \(wrapped), \(sealed))
            """, name: "record.make_pseudonym_key")
        var fields: [LedgerField: String] = [
            .pseudonymKey: id.description, .recipient: project.recipient, .project: project.id, .actor: "hub",
        ]
        fields[.extract] = extract?.description
        try append([entry(.keyMade, at: at, fields)], in: connection)
        return PseudonymKey(id: id.description, version: 1, secret: secret)
    }
}
