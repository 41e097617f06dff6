package import Postgres

/// Somebody who refers people.
package struct KnownSender: Sendable, Hashable {
    package var id: String
    package var name: String
}

/// Open work items of one kind.
package struct WaitingWork: Sendable, Hashable {
    package var kind: WorkItemKind
    package var count: Int
    /// When the oldest was made.
    package var since: Timestamp
}

extension CaseStore {
    /// The partners that may refer, and of others those of which something came, by id.
    package func senders(and others: Set<String>, in connection: Connection) throws -> [KnownSender] {
        try connection.query(
            """
            SELECT id, name FROM record.partner
            WHERE kind = 'partner' AND is_enabled OR id = ANY (\(others.sorted()))
            ORDER BY id
            """, name: "record.senders"
        ).map { row in
            let (id, name) = try row.decode(String.self, String.self)
            return KnownSender(id: id, name: name)
        }
    }

    /// The open work items by kind.
    package func waitingWork(in connection: Connection) throws -> [WaitingWork] {
        try connection.query(
            "SELECT kind::text, count(*), min(created_at) FROM record.work_item WHERE state = 'open' GROUP BY kind",
            name: "record.waiting_work"
        ).compactMap { row in
            let (kind, count, since) = try row.decode(String.self, Int.self, Timestamp.self)
            return WorkItemKind(rawValue: kind).map { WaitingWork(kind: $0, count: count, since: since) }
        }
    }
}
