import Ledger
package import Postgres
import Vault

/// A key of the installation as the database knows it.
package struct WrappingKeyRecord: Sendable, Hashable {
    /// In hexadecimal.
    package var mark: String
    package var addedAt: Timestamp
    package var currentSince: Timestamp?
    package var retiredAt: Timestamp?
    package var isCurrent: Bool
}

/// A process of the hub, and the keys it has.
package struct KeyProcess: Sendable, Hashable {
    package var id: UUIDValue
    package var node: String
    /// By which it wraps, in hexadecimal.
    package var mark: String
    package var marks: [String]
    /// By which its own files are wrapped.
    package var held: [String]
    /// Where those are.
    package var path: String?
    package var seenAt: Timestamp

    package init(
        id: UUIDValue, node: String, mark: String, marks: [String], held: [String] = [], path: String? = nil,
        seenAt: Timestamp = .now()
    ) {
        self.id = id
        self.node = node
        self.mark = mark
        self.marks = marks
        self.held = held
        self.path = path
        self.seenAt = seenAt
    }
}

extension CaseStore {
    /// The mark of the key that wraps, in hexadecimal.
    package var currentMark: String { hexadecimal(vault.keyMark) }

    /// The keys of the installation that the database knows: none until the key is changed for the first time.
    package func wrappingKeys(in connection: Connection) throws -> [WrappingKeyRecord] {
        try connection.query(
            """
            SELECT mark, added_at, current_since, retired_at, is_current
            FROM record.wrapping_key
            ORDER BY added_at, mark
            """, name: "keys.list"
        ).map { row in
            let (mark, addedAt, currentSince, retiredAt, isCurrent) = try row.decode(
                String.self, Timestamp.self, Timestamp?.self, Timestamp?.self, Bool.self)
            return WrappingKeyRecord(
                mark: mark, addedAt: addedAt, currentSince: currentSince, retiredAt: retiredAt, isCurrent: isCurrent)
        }
    }

    /// The mark of the key by which everybody is to wrap; nil while there was only one.
    package func wrappingMark(in connection: Connection) throws -> String? {
        try connection.query("SELECT mark FROM record.wrapping_key WHERE is_current", name: "keys.current").first
            .map { try $0.decode(String.self) }
    }

    /// Enters a key that nobody wraps by yet, and before the first of them the one that everybody does. Holds the list until
    /// the transaction ends.
    package func add(wrappingKey mark: String, at: Timestamp = .now(), in connection: Connection) throws {
        try connection.execute(
            """
            INSERT INTO record.wrapping_key (mark, added_at, current_since, is_current)
            SELECT \(currentMark), \(at), \(at), true
            WHERE NOT EXISTS (SELECT FROM record.wrapping_key)
            """, name: "keys.add_first")
        try connection.execute(
            "INSERT INTO record.wrapping_key (mark, added_at) VALUES (\(mark), \(at)) ON CONFLICT DO NOTHING",
            name: "keys.add")
    }

    /// Keeps others from changing the list of keys until the transaction ends.
    package func lockWrappingKeys(in connection: Connection) throws {
        try connection.execute("SELECT pg_advisory_xact_lock(hashtext('record.wrapping_key'))", name: "keys.lock")
    }

    /// Has everybody wrap by a key from now on, and enters that in the ledger.
    package func use(
        wrappingKey mark: String, by actor: String, at: Timestamp = .now(), in connection: Connection
    ) throws {
        try connection.execute(
            "UPDATE record.wrapping_key SET is_current = false WHERE is_current AND mark <> \(mark)", name: "keys.leave"
        )
        let changed = try connection.execute(
            """
            UPDATE record.wrapping_key
            SET is_current = true, current_since = \(at)
            WHERE mark = \(mark) AND NOT is_current AND retired_at IS NULL
            """, name: "keys.use")
        guard changed > 0 else { return }
        try append([entry(.keyMade, at: at, [.installationKey: mark, .actor: actor])], in: connection)
    }

    /// Has everybody wrap by the newest key of the ring, where the database names one that the ring does not have: after the
    /// data were restored from before it was retired.
    package func adoptWrappingKey(at: Timestamp = .now(), in connection: Connection) throws {
        let marks = vault.keyMarks.map(hexadecimal)
        guard let named = try wrappingMark(in: connection), !marks.contains(named), let newest = marks.last else {
            return
        }
        try connection.execute(
            "UPDATE record.wrapping_key SET is_current = false WHERE is_current", name: "keys.leave_all")
        try connection.execute(
            """
            INSERT INTO record.wrapping_key (mark, added_at, current_since, is_current)
            VALUES (\(newest), \(at), \(at), true)
            ON CONFLICT (mark) DO UPDATE
            SET current_since = coalesce(wrapping_key.current_since, excluded.current_since), is_current = true,
                retired_at = NULL
            """, name: "keys.adopt")
    }

    /// Enters that a key is gone.
    package func retire(
        wrappingKey mark: String, by actor: String, at: Timestamp = .now(), in connection: Connection
    ) throws {
        try connection.execute(
            "UPDATE record.wrapping_key SET retired_at = \(at) WHERE mark = \(mark) AND NOT is_current",
            name: "keys.retire")
        try append([entry(.keyDestroyed, at: at, [.installationKey: mark, .actor: actor])], in: connection)
    }

    /// Keeps everybody from storing a wrapped key until the transaction ends, once those who are about to have. By the owner of
    /// the tables.
    package static func holdWrapped(in connection: Connection) throws {
        for keys in WrappedKeys.allCases {
            try connection.execute("LOCK TABLE \(keys.table) IN SHARE MODE")
        }
    }

    /// Enters which keys a process has.
    package func report(_ process: KeyProcess, in connection: Connection) throws {
        // The same files, opened by an earlier process.
        try connection.execute(
            """
            DELETE FROM record.key_process
            WHERE node = \(process.node) AND path = \(process.path) AND id <> \(process.id)
            """, name: "keys.succeed")
        try connection.execute(
            """
            INSERT INTO record.key_process (id, seen_at, node, mark, marks, held, path)
            VALUES (
                \(process.id), now(), \(process.node), \(process.mark), \(process.marks), \(process.held),
                \(process.path)
            )
            ON CONFLICT (id) DO UPDATE
            SET seen_at = excluded.seen_at, mark = excluded.mark, marks = excluded.marks, held = excluded.held
            """, name: "keys.report")
    }

    /// Forgets a process that ends, unless files stay behind that need keys; and those that ended without a word.
    package func forget(process id: UUIDValue?, in connection: Connection) throws {
        try connection.execute(
            """
            DELETE FROM record.key_process
            WHERE path IS NULL AND (id = \(id) OR seen_at < now() - interval '1 day')
            """, name: "keys.forget_process")
    }

    /// Forgets what a node that is no more held on its disk.
    package func forget(node: String, in connection: Connection) throws {
        try connection.execute("DELETE FROM record.key_process WHERE node = \(node)", name: "keys.forget_node")
    }

    /// The machines on which a process of the hub was seen within so long, each with when it was seen last.
    package func nodes(
        seenWithin patience: Duration, in connection: Connection
    ) throws -> [(node: String, seenAt: Timestamp)] {
        try connection.query(
            """
            SELECT node, max(seen_at)
            FROM record.key_process
            WHERE seen_at > now() - \(patience)::interval
            GROUP BY node
            ORDER BY node
            """, name: "keys.nodes"
        ).map { try $0.decode(String.self, Timestamp.self) }
    }

    /// All processes that were seen within so long, and those that are gone and left files.
    package func keyProcesses(
        seenWithin patience: Duration, in connection: Connection
    ) throws -> (running: [KeyProcess], gone: [KeyProcess]) {
        let rows = try connection.query(
            """
            SELECT id, node, mark, marks, held, path, seen_at, seen_at > now() - \(patience)::interval
            FROM record.key_process
            ORDER BY node, id
            """, name: "keys.processes")
        var (running, gone): ([KeyProcess], [KeyProcess]) = ([], [])
        for row in rows {
            let (id, node, mark, marks, held, path, seenAt, isRunning) = try row.decode(
                UUIDValue.self, String.self, String.self, [String].self, [String].self, String?.self, Timestamp.self,
                Bool.self)
            let process = KeyProcess(
                id: id, node: node, mark: mark, marks: marks, held: held, path: path, seenAt: seenAt)
            if isRunning { running.append(process) } else if path != nil { gone.append(process) }
        }
        return (running, gone)
    }
}
