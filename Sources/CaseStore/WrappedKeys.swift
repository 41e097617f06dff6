package import Postgres
import Vault

/// A table whose rows each hold a wrapped data key.
package enum WrappedKeys: String, CaseIterable, Sendable {
    case persons = "record.person_key"
    case documents = "record.document_key"
    case looks = "access.look"
    case pseudonyms = "record.pseudonym_key"
    case populations = "record.extract_population"
    case packages = "record.extract_sending"

    /// The column by which a row is known.
    var id: SQL {
        switch self {
        case .persons: "person"
        case .documents: "receipt"
        case .looks, .pseudonyms: "id"
        case .populations, .packages: "extract"
        }
    }

    var table: SQL {
        switch self {
        case .persons: "record.person_key"
        case .documents: "record.document_key"
        case .looks: "access.look"
        case .pseudonyms: "record.pseudonym_key"
        case .populations: "record.extract_population"
        case .packages: "record.extract_sending"
        }
    }
}

/// A wrapped data key and the row that holds it.
package struct WrappedKey: Sendable, Hashable {
    package var id: UUIDValue
    package var wrapped: [UInt8]

    package init(id: UUIDValue, wrapped: [UInt8]) {
        self.id = id
        self.wrapped = wrapped
    }
}

extension CaseStore {
    /// The mark that stands in a wrapped key (``Vault/newDataKey()``), in hexadecimal.
    private static let mark: SQL = "encode(substring(wrapped_key FROM 2 FOR 4), 'hex')"

    /// How many data keys each key of the installation wraps, by its mark in hexadecimal.
    package func countWrapped(in connection: Connection) throws -> [String: Int] {
        var counts: [String: Int] = [:]
        for keys in WrappedKeys.allCases {
            let rows = try connection.query(
                """
                SELECT \(Self.mark), count(*)
                FROM \(keys.table)
                WHERE wrapped_key IS NOT NULL
                GROUP BY 1
                """)
            for (mark, count) in try rows.decode(String.self, Int.self) { counts[mark, default: 0] += count }
        }
        return counts
    }

    /// Wraps anew what another key than the current one wraps, a batch in the order of the rows.
    ///
    /// Nobody is waited for: a row that somebody holds is left for the next round. What is sealed by the data key is not
    /// touched.
    ///
    /// - Parameter after: Where the batch before ended; nil for a round's first.
    /// - Returns: How many were wrapped anew, how many cannot be because no key of the ring opens them, and where the batch
    ///   ended; nil where nothing is left of the table in this round.
    package func rewrap(
        _ keys: WrappedKeys, after: UUIDValue?, limit: Int = 1000, in connection: Connection
    ) throws -> (rewrapped: Int, foreign: Int, last: UUIDValue)? {
        let current = hexadecimal(vault.keyMark)
        let rows = try connection.query(
            """
            SELECT \(keys.id), wrapped_key
            FROM \(keys.table)
            WHERE wrapped_key IS NOT NULL AND \(Self.mark) <> \(current)
                AND (\(after)::uuid IS NULL OR \(keys.id) > \(after))
            ORDER BY \(keys.id)
            LIMIT \(limit)
            FOR UPDATE SKIP LOCKED
            """
        ).decode(UUIDValue.self, [UInt8].self)
        guard let last = rows.last?.0 else { return nil }
        var new: [WrappedKey] = []
        for (id, wrapped) in rows {
            do throws(VaultError) {
                new.append(WrappedKey(id: id, wrapped: try vault.rewrap(wrapped)))
            } catch .otherInstallation {
                continue
            }
        }
        try connection.execute(
            """
            UPDATE \(keys.table)
            SET wrapped_key = new.wrapped
            FROM unnest(\(new.map(\.id)), \(new.map(\.wrapped))) AS new (holder, wrapped)
            WHERE \(keys.id) = new.holder
            """)
        return (new.count, rows.count - new.count, last)
    }

    /// Wrapped keys in the order of their rows.
    package func wrapped(
        _ keys: WrappedKeys, after: UUIDValue?, limit: Int = 5000, in connection: Connection
    ) throws -> [WrappedKey] {
        try connection.query(
            """
            SELECT \(keys.id), wrapped_key
            FROM \(keys.table)
            WHERE wrapped_key IS NOT NULL AND (\(after)::uuid IS NULL OR \(keys.id) > \(after))
            ORDER BY \(keys.id)
            LIMIT \(limit)
            """
        ).map { row in
            let (id, wrapped) = try row.decode(UUIDValue.self, [UInt8].self)
            return WrappedKey(id: id, wrapped: wrapped)
        }
    }

    /// Puts wrapped keys back where the database has the row and no form of its key that opens; a person's and a document's also
    /// where it has none. What the database can open stays as it is, and nobody who was erased gets a key.
    ///
    /// - Returns: How many were put back.
    package func restore(
        _ kept: [WrappedKey], of keys: WrappedKeys, at: Timestamp = .now(), in connection: Connection
    ) throws -> Int {
        let marks = vault.keyMarks.map(hexadecimal)
        let (ids, wrapped) = (kept.map(\.id), kept.map(\.wrapped))
        switch keys {
        case .persons:
            return try connection.execute(
                """
                INSERT INTO record.person_key (person, made_at, wrapped_key)
                SELECT person.id, person.created_at, kept.wrapped
                FROM unnest(\(ids), \(wrapped)) AS kept (id, wrapped)
                    JOIN record.person ON person.id = kept.id AND person.erased_at IS NULL
                ON CONFLICT (person) DO UPDATE
                SET wrapped_key = excluded.wrapped_key
                WHERE encode(substring(person_key.wrapped_key FROM 2 FOR 4), 'hex') <> ALL (\(marks))
                """)
        case .documents:
            return try connection.execute(
                """
                INSERT INTO record.document_key (receipt, wrapped_key)
                SELECT document.receipt, kept.wrapped
                FROM unnest(\(ids), \(wrapped)) AS kept (id, wrapped)
                    JOIN record.document ON document.receipt = kept.id
                ON CONFLICT (receipt) DO UPDATE
                SET wrapped_key = excluded.wrapped_key
                WHERE encode(substring(document_key.wrapped_key FROM 2 FOR 4), 'hex') <> ALL (\(marks))
                """)
        case .looks, .pseudonyms, .populations, .packages:
            return try connection.execute(
                """
                UPDATE \(keys.table)
                SET wrapped_key = kept.wrapped
                FROM unnest(\(ids), \(wrapped)) AS kept (holder, wrapped)
                WHERE \(keys.id) = kept.holder AND wrapped_key IS NOT NULL AND \(Self.mark) <> ALL (\(marks))
                """)
        }
    }
}
