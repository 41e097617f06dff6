import Postgres

/// Writes lines of `queue.history`.
///
/// Messages that began and ended together share a line, which names them all: an acknowledged batch of a hundred is one
/// or two rows, not a hundred.
enum HistoryStatement {
    /// A CTE `noted` that writes the outcome of the messages in the CTE `source`, which has the columns `id`,
    /// `queue`, `leased_at`, `node`, `attempt` and, where there are causes, `cause`.
    ///
    /// The grouping by `id >> 7` keeps a line's ids in one block of 128, by which the index finds them.
    static func noted(_ outcome: HistoryEntry.Event, of source: SQL, cause: SQL = "NULL::text") -> SQL {
        """
        noted AS (
            INSERT INTO queue.history (era, queue, began_at, node, outcome, attempt, cause, messages)
            SELECT (\(EnqueueStatement.currentEra)), e.queue, e.leased_at, e.node, \(SQL(trusting: "'\(outcome.rawValue)'")), e.attempt,
                e.cause, array_agg(e.id)
            FROM (SELECT id, queue, leased_at, node, attempt, \(cause) AS cause FROM \(source)) AS e
            GROUP BY e.queue, e.leased_at, e.node, e.attempt, e.cause, e.id >> 7
        )
        """
    }

    /// The lines about a row `m` of messages, as a condition on a row `h` of `queue.history`.
    static let isAbout: SQL = "h.messages[1] >> 7 = m.id >> 7 AND m.id = ANY (h.messages)"
}
