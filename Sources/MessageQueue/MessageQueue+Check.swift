import Postgres

/// Something in the queue's tables that its statements never leave behind.
package struct QueueViolation: Sendable, Equatable, CustomStringConvertible {
    /// What should hold and does not.
    package enum Rule: String, Sendable, CaseIterable {
        /// Of a key's live messages exactly the oldest stands where claims look.
        case oneHeadPerKey = "of a key's live messages exactly the oldest can be claimed"
        /// Every live message and dead letter has its document.
        case documentKept = "a live message or dead letter has its document"
        /// No message is alive twice, or alive and dead.
        case oneLife = "a message is alive once or dead, not both"
    }

    /// The rule.
    package let rule: Rule
    /// A message by which the violation can be found.
    package let messageID: MessageID

    /// Rule and message.
    package var description: String { "message \(messageID): it does not hold that \(rule.rawValue)" }
}

extension MessageQueue {
    /// Looks for violations of the invariants, for `hub doctor` and for tests; empty is good. Reads all live rows.
    ///
    /// - Parameter limit: of each rule, so many violations at most
    package func check(limit: Int = 10) async throws -> [QueueViolation] {
        let rows = try await database.query(
            """
            (
                SELECT 'oneHeadPerKey', min(id)
                FROM queue.state
                WHERE key_hash IS NOT NULL
                GROUP BY key_hash
                HAVING count(*) FILTER (WHERE shelf <> 5) <> 1
                    OR min(position) <> min(position) FILTER (WHERE shelf <> 5)
                LIMIT \(limit)
            ) UNION ALL (
                SELECT 'documentKept', l.id
                FROM (SELECT id, era FROM queue.state UNION ALL SELECT id, era FROM queue.dead_letter) AS l
                WHERE NOT EXISTS (SELECT FROM queue.message AS m WHERE m.era = l.era AND m.id = l.id)
                LIMIT \(limit)
            ) UNION ALL (
                SELECT 'oneLife', l.id
                FROM (SELECT id FROM queue.state UNION ALL SELECT id FROM queue.dead_letter) AS l
                GROUP BY l.id
                HAVING count(*) > 1
                LIMIT \(limit)
            )
            """, name: "queue.check")
        return try rows.map { row in
            let (name, id) = try row.decode(String.self, Int64.self)
            let rule: QueueViolation.Rule =
                switch name {
                case "oneHeadPerKey": .oneHeadPerKey
                case "documentKept": .documentKept
                default: .oneLife
                }
            return QueueViolation(rule: rule, messageID: MessageID(rawValue: id))
        }
    }
}
