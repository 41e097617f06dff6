package import Postgres

/// What has come from a partner lately.
package struct RecentSubmissions: Sendable, Hashable {
    package var sender: String
    package var name: String
    package var count: Int
    package var lastAt: Timestamp?
}

/// Open work items of one kind.
package struct WaitingWork: Sendable, Hashable {
    package var kind: WorkItemKind
    package var count: Int
    /// When the oldest was made.
    package var since: Timestamp
}

extension CaseStore {
    /// What has come since a time from each partner that may refer, and from each that did, by id. Reads what came since then
    /// and no more: receipts grow with time.
    package func recentSubmissions(since: Timestamp, in connection: Connection) throws -> [RecentSubmissions] {
        try connection.query(
            """
            WITH recent AS (
                SELECT sender, count(*) AS count, max(received_at) AS last_at
                FROM record.submission
                WHERE receipt >= \(UUIDValue.leastV7(at: since))
                GROUP BY sender
            )
            SELECT coalesce(partner.id, recent.sender), coalesce(partner.name, recent.sender), coalesce(recent.count, 0),
                recent.last_at
            FROM record.partner FULL JOIN recent ON recent.sender = partner.id
            WHERE recent.count > 0 OR partner.kind = 'partner' AND partner.is_enabled
            ORDER BY 1
            """, name: "record.recent_submissions"
        ).map { row in
            let (sender, name, count, lastAt) = try row.decode(String.self, String.self, Int.self, Timestamp?.self)
            return RecentSubmissions(sender: sender, name: name, count: count, lastAt: lastAt)
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
