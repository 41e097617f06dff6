package import Postgres
import Vault

/// A document that waits in the portal, without its content.
package struct PortalDocument: Sendable, Hashable {
    package let share: UUIDValue
    package let recipient: String
    package let purpose: String
    package let laidAt: Timestamp
}

/// A document as it was fetched from the portal.
package struct FetchedDocument: Sendable, Hashable {
    package let bytes: [UInt8]
    package let fileName: String
    package let mediaType: String
}

/// Where a document stands that was laid into the portal.
package enum PortalState: Sendable, Hashable {
    case waiting
    case fetched
    case takenBack
}

extension CaseStore {
    /// Lays the document of a share into the portal, sealed under the key of the person it is about; in place of an earlier
    /// attempt's that waits there.
    ///
    /// - Returns: Whether it waits there now; not when somebody has fetched it already.
    /// - Throws: ``CaseStoreError/keyDestroyed(person:)``.
    package func layInPortal(
        _ bytes: [UInt8], of share: UUIDValue, fileName: String, mediaType: String, at: Timestamp = .now(),
        in connection: Connection
    ) throws -> Bool {
        let rows = try connection.query(
            """
            SELECT share.person, person_key.wrapped_key
            FROM record.share LEFT JOIN record.person_key ON person_key.person = share.person
            WHERE share.id = \(share)
            """, name: "record.key_of_share")
        guard let (person, wrapped) = try rows.first?.decode(UUIDValue.self, [UInt8]?.self) else { return false }
        guard let wrapped else { throw CaseStoreError.keyDestroyed(person: person) }
        let sealed = vault.seal(bytes, with: try vault.unwrap(wrapped), context: Place.portal(share))
        let laid = try connection.execute(
            """
            INSERT INTO record.portal_document (share, laid_at, file_name, media_type, sealed)
            VALUES (\(share), \(at), \(fileName), \(mediaType), \(sealed))
            ON CONFLICT (share) DO UPDATE
            SET laid_at = excluded.laid_at, file_name = excluded.file_name, media_type = excluded.media_type,
                sealed = excluded.sealed
            WHERE portal_document.fetched_at IS NULL
            """, name: "record.lay_in_portal")
        return laid == 1
    }

    /// The documents that wait in the portal, the oldest first.
    package func portalDocuments(limit: Int = 200, in connection: Connection) throws -> [PortalDocument] {
        try connection.query(
            """
            SELECT share.id, share.recipient, share.purpose, portal_document.laid_at
            FROM record.portal_document JOIN record.share ON share.id = portal_document.share
            WHERE portal_document.sealed IS NOT NULL AND share.state = 'delivered'
            ORDER BY portal_document.laid_at, share.id
            LIMIT \(limit)
            """, name: "record.portal_documents"
        ).map { row in
            let (share, recipient, purpose, laidAt) = try row.decode(
                UUIDValue.self, String.self, String.self, Timestamp.self)
            return PortalDocument(share: share, recipient: recipient, purpose: purpose, laidAt: laidAt)
        }
    }

    /// Takes a document out of the portal for whoever fetches it, and enters that they have it: it is there no longer. The
    /// bytes may leave once the transaction has committed.
    ///
    /// - Parameter actor: Who fetches it: an id.
    /// - Returns: Nil when it does not wait there.
    package func fetchFromPortal(
        _ share: UUIDValue, by actor: String, at: Timestamp = .now(), in connection: Connection
    ) throws -> FetchedDocument? {
        let rows = try connection.query(
            """
            SELECT portal_document.sealed, file_name, media_type, share.person, person_key.wrapped_key
            FROM record.portal_document JOIN record.share ON share.id = portal_document.share
                LEFT JOIN record.person_key ON person_key.person = share.person
            WHERE portal_document.share = \(share) AND portal_document.sealed IS NOT NULL AND share.state = 'delivered'
            FOR UPDATE OF portal_document
            """, name: "record.hold_portal_document")
        guard
            let (sealed, fileName, mediaType, person, wrapped) = try rows.first?.decode(
                [UInt8].self, String.self, String.self, UUIDValue.self, [UInt8]?.self)
        else { return nil }
        guard let wrapped else { throw CaseStoreError.keyDestroyed(person: person) }
        let bytes = try vault.open(sealed, with: vault.unwrap(wrapped), context: Place.portal(share))
        try connection.execute(
            """
            UPDATE record.portal_document
            SET sealed = NULL, fetched_at = \(at), fetched_by = \(actor)
            WHERE share = \(share)
            """, name: "record.fetch_from_portal")
        guard try acknowledge(share, AcknowledgementTold(.taken, by: actor), at: at, in: connection) else {
            throw CaseStoreError.wrongState(share: share)
        }
        return FetchedDocument(bytes: bytes, fileName: fileName, mediaType: mediaType)
    }

    /// Where the document of a share stands; nil when it was never laid into the portal.
    package func portalState(of share: UUIDValue, in connection: Connection) throws -> PortalState? {
        try connection.query(
            "SELECT sealed IS NOT NULL, fetched_at IS NOT NULL FROM record.portal_document WHERE share = \(share)",
            name: "record.portal_state"
        ).first.map { row in
            let (isWaiting, isFetched) = try row.decode(Bool.self, Bool.self)
            return isWaiting ? .waiting : isFetched ? .fetched : .takenBack
        }
    }

    /// Destroys the documents of shares that ended otherwise: of which a hub broke off before it could enter that they wait.
    package func emptyPortal(in connection: Connection) throws {
        try connection.execute(
            """
            UPDATE record.portal_document
            SET sealed = NULL
            FROM record.share
            WHERE share.id = portal_document.share AND sealed IS NOT NULL
                AND share.state IN ('refused', 'cancelled', 'failed')
            """, name: "record.empty_portal")
    }

    /// How many documents wait in the portal.
    package func portalCount(in connection: Connection) throws -> Int {
        try connection.query(
            """
            SELECT count(*)
            FROM record.portal_document JOIN record.share ON share.id = portal_document.share
            WHERE portal_document.sealed IS NOT NULL AND share.state = 'delivered'
            """, name: "record.count_portal"
        ).first?.decode(Int.self) ?? 0
    }

    /// Destroys a document that nobody has fetched.
    ///
    /// - Returns: Where it stands now; nil when it was never laid into the portal.
    package func takeOutOfPortal(_ share: UUIDValue, in connection: Connection) throws -> PortalState? {
        try connection.execute(
            "UPDATE record.portal_document SET sealed = NULL WHERE share = \(share) AND sealed IS NOT NULL",
            name: "record.take_out_of_portal")
        return try portalState(of: share, in: connection)
    }
}
