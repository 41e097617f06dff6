import FoundationEssentials
package import Ledger
package import Postgres

/// An entry with what the tree needs of it.
struct CommittedEntry: Sendable {
    let id: UUIDValue
    let entry: LedgerEntry
    let bytes: [UInt8]
    let commitment: Commitment

    init(_ entry: LedgerEntry) {
        guard let id = UUIDValue(entry.id) else { preconditionFailure("an entry's id is a UUID") }
        self.id = id
        self.entry = entry
        self.bytes = entry.canonicalBytes
        self.commitment = Commitment(to: bytes)
    }

    /// The id in a field, for the column beside the bytes.
    func reference(_ field: LedgerField) -> UUIDValue? {
        entry.fields[field].flatMap(UUIDValue.init)
    }
}

/// An entry as it is exported: everything that somebody needs to recompute the tree without trusting the hub.
package struct LedgerLine: Sendable, Hashable {
    /// The place in the tree, from 0.
    package let position: Int
    package let id: UUIDValue
    package let at: Timestamp
    package let kind: String
    /// The ids in the columns beside the bytes, by which the hub finds an entry: what it would show must be what is proved.
    package let ids: [LedgerField: UUIDValue]
    package let commitment: [UInt8]
    package let leaf: Digest32
    /// None when the entry was erased.
    package let salt: [UInt8]?
    /// The canonical bytes; none when the entry was erased.
    package let bytes: [UInt8]?

    /// The members that have a column beside the bytes.
    static let references: [LedgerField] = [.submission, .referral, .person, .agreement, .share]
}

extension CaseStore {
    /// A new entry with an id of its own.
    package func entry(
        _ kind: LedgerKind, at: Timestamp = .now(), _ fields: [LedgerField: String]
    ) -> LedgerEntry {
        LedgerEntry(id: UUIDValue.v7().description, at: at.microseconds, kind: kind, fields: fields)
    }

    /// Enters entries, in one statement. They get their places in the tree when ``sequence(in:)`` next runs.
    package func append(_ entries: [LedgerEntry], in connection: Connection) throws {
        guard !entries.isEmpty else { return }
        try connection.execute(appending(entries), name: "ledger.append")
    }

    /// The statement of ``append(_:in:)``, for a pipeline.
    func appending(_ entries: [LedgerEntry]) -> SQL {
        let entries = entries.map(CommittedEntry.init)
        return """
            INSERT INTO ledger.entry (
                id, at, kind, submission, referral, person, agreement, share, commitment, leaf, salt, bytes
            )
            SELECT id, at, kind::ledger.kind, submission, referral, person, agreement, share, commitment, leaf, salt, bytes
            FROM unnest(
                \(entries.map(\.id)), \(entries.map { Timestamp(microseconds: $0.entry.at) }),
                \(entries.map(\.entry.kind.rawValue)), \(entries.map { $0.reference(.submission) }),
                \(entries.map { $0.reference(.referral) }), \(entries.map { $0.reference(.person) }),
                \(entries.map { $0.reference(.agreement) }), \(entries.map { $0.reference(.share) }),
                \(entries.map(\.commitment.digest)), \(entries.map(\.commitment.leaf)),
                \(entries.map(\.commitment.salt)), \(entries.map(\.bytes))
            ) AS added (id, at, kind, submission, referral, person, agreement, share, commitment, leaf, salt, bytes)
            """
    }

    /// Enters that somebody read the ledger, or what it tells of one id.
    package func enterLook(
        at part: LedgerPart, about id: String? = nil, by actor: String, in connection: Connection
    ) throws {
        var fields: [LedgerField: String] = [.part: part.rawValue, .actor: actor]
        fields[.about] = id
        try append([entry(.view, fields)], in: connection)
    }

    /// From when on which version of the disclosure policy was in use, the latest first, as the ledger has it.
    package func policyChanges(limit: Int, in connection: Connection) throws -> [(version: String, at: Timestamp)] {
        try connection.query(
            "SELECT at, bytes FROM ledger.entry WHERE kind = 'policy_changed' ORDER BY at DESC LIMIT \(limit)",
            name: "ledger.policy_changes"
        ).compactMap { row in
            let (at, bytes) = try row.decode(Timestamp.self, [UInt8]?.self)
            let said = bytes.flatMap { try? JSONDecoder().decode([String: String].self, from: Data($0)) }
            return said?[LedgerField.policyVersion.rawValue].map { ($0, at) }
        }
    }

    /// Enters that a version of the disclosure policy is in use from now on, unless it was already.
    package func enterPolicy(version: String, in connection: Connection) throws {
        // Of two nodes that start at once, the second sees what the first entered.
        try connection.execute(
            "SELECT pg_advisory_xact_lock(hashtext('ledger.policy'))", name: "ledger.lock_policy")
        let rows = try connection.query(
            "SELECT bytes FROM ledger.entry WHERE kind = 'policy_changed' ORDER BY at DESC LIMIT 1",
            name: "ledger.last_policy")
        let last = try rows.first?.decode([UInt8]?.self).flatMap {
            try? JSONDecoder().decode([String: String].self, from: Data($0))
        }
        guard last?[LedgerField.policyVersion.rawValue] != version else { return }
        try append([entry(.policyChanged, [.policyVersion: version, .actor: "hub"])], in: connection)
    }

    /// Gives the next places in the tree to all entries committed since the last call, and tells how many.
    ///
    /// Meant for a short transaction of its own, each second: it waits for another caller, and holds back the next.
    package func sequence(in connection: Connection) throws -> Int {
        try connection.query("SELECT ledger.sequence()", name: "ledger.sequence").first?.decode(Int.self) ?? 0
    }

    /// Computes and stores the root of the tree as it stands; nothing when it has not grown since the last one.
    ///
    /// Sign the result and append it to the ``CheckpointFile`` once the transaction has committed: the file must never
    /// hold a checkpoint that the database does not.
    ///
    /// - Throws: ``CaseStoreError/unreadable(_:)`` when the last checkpoint in the database was altered.
    package func checkpoint(at: Timestamp = .now(), in connection: Connection) throws -> Checkpoint? {
        // The sequencer's lock: of two nodes that compute at once, the second finds nothing new.
        try connection.execute(
            "SELECT pg_advisory_xact_lock(hashtext('ledger.sequence'))", name: "ledger.lock")
        let last = try connection.query(
            "SELECT size, peaks, root FROM ledger.checkpoint ORDER BY size DESC LIMIT 1",
            name: "ledger.last_checkpoint")
        var frontier = MerkleFrontier()
        if let row = last.first {
            let (size, peaks, root) = try row.decode(Int.self, [[UInt8]].self, [UInt8].self)
            // Nothing is built, and signed, on an edge that is not the one of the checkpoint it stands with.
            guard let kept = MerkleFrontier(size: size, peaks: peaks), kept.root == root else {
                throw CaseStoreError.unreadable("ledger.checkpoint")
            }
            frontier = kept
        }
        let start = frontier.size
        while true {
            let rows = try connection.query(
                """
                SELECT entry.leaf
                FROM ledger.position JOIN ledger.entry ON entry.id = position.entry
                WHERE position.sequence >= \(frontier.size)
                ORDER BY position.sequence
                LIMIT 10000
                """, name: "ledger.leaves")
            for row in rows { frontier.append(try row.decode([UInt8].self)) }
            if rows.count < 10_000 { break }
        }
        guard frontier.size > start else { return nil }
        try connection.execute(
            """
            INSERT INTO ledger.checkpoint (size, at, root, peaks)
            VALUES (\(frontier.size), \(at), \(frontier.root), \(frontier.peaks))
            """, name: "ledger.checkpoint")
        return Checkpoint(origin: ledgerOrigin, size: frontier.size, root: frontier.root)
    }

    /// The last checkpoint that the database holds; nothing while there is none.
    package func lastCheckpoint(in connection: Connection) throws -> Checkpoint? {
        try connection.query(
            "SELECT size, root FROM ledger.checkpoint ORDER BY size DESC LIMIT 1", name: "ledger.newest_checkpoint"
        ).first.map { row in
            let (size, root) = try row.decode(Int.self, [UInt8].self)
            return Checkpoint(origin: ledgerOrigin, size: size, root: root)
        }
    }

    /// Entries in the order of the tree, from a position on.
    package func ledgerPage(from position: Int, limit: Int = 1000, in connection: Connection) throws -> [LedgerLine] {
        let rows = try connection.query(
            """
            SELECT
                position.sequence, entry.id, entry.at, entry.kind, entry.commitment, entry.leaf, entry.salt, entry.bytes,
                entry.submission, entry.referral, entry.person, entry.agreement, entry.share
            FROM ledger.position JOIN ledger.entry ON entry.id = position.entry
            WHERE position.sequence >= \(position)
            ORDER BY position.sequence
            LIMIT \(limit)
            """, name: "ledger.page")
        return try rows.map { row in
            var ids: [LedgerField: UUIDValue] = [:]
            for field in LedgerLine.references {
                ids[field] = try row.value(field.rawValue, as: UUIDValue?.self)
            }
            return LedgerLine(
                position: try row.value("sequence"), id: try row.value("id"), at: try row.value("at"),
                kind: try row.value("kind"), ids: ids, commitment: try row.value("commitment"),
                leaf: try row.value("leaf"), salt: try row.value("salt"), bytes: try row.value("bytes"))
        }
    }
}
