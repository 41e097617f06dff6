package import Postgres

/// How a queue has fared of late.
package struct QueuePace: Sendable, Equatable {
    /// An attempt that did not succeed.
    package struct Failure: Sendable, Equatable {
        package let at: Timestamp
        /// `retried`, `dead_lettered` or `lost`.
        package let event: HistoryEntry.Event
        /// The cause's code; nil for a lost lease.
        package let cause: String?
    }

    /// How long something took: half of the messages no longer than the one, nineteen of twenty no longer than the other.
    package struct Times: Sendable, Equatable {
        package let median: Duration
        package let p95: Duration
    }

    /// Messages that were acknowledged at one moment.
    struct Line: Sendable {
        var endedAt: Timestamp
        /// When the attempt began.
        var beganAt: Timestamp
        /// When the first of them was enqueued, or due; nil where it is not kept any more.
        var dueAt: Timestamp?
        var count: Int
    }

    /// The last acknowledgement that is kept.
    package let lastSuccess: Timestamp?
    package let lastFailure: Failure?
    /// Messages acknowledged in a second, over ``window``; nil where there were none.
    package let perSecond: Double?
    /// From when messages were enqueued, or due, until they were acknowledged; nil where none were.
    package let whole: Times?
    /// Of the attempts alone.
    package let attempt: Times?

    /// Times are those of this long.
    package static let period: Duration = .seconds(3_600)
    /// The rate is that of this long.
    package static let window: Duration = .seconds(600)
    /// Lines that are looked at, the newest: of a queue on which more happens, the times and the rate are those of a shorter
    /// while.
    static let lines = 1_000

    /// - Parameter lines: Of the last ``period``, the newest first, ``lines`` at most.
    init(_ lines: [Line], lastSuccess: Timestamp?, lastFailure: Failure?, at now: Timestamp) {
        self.lastSuccess = lastSuccess
        self.lastFailure = lastFailure
        let recent = lines.filter { now - $0.endedAt <= Self.window }
        let whole = recent.count == Self.lines ? now - recent[recent.count - 1].endedAt : Self.window
        let count = recent.map(\.count).reduce(0, +)
        perSecond = count == 0 ? nil : Double(count) / max(whole / .seconds(1), 0.001)
        self.whole = Self.times(lines.compactMap { line in line.dueAt.map { (line.endedAt - $0, line.count) } })
        attempt = Self.times(lines.map { ($0.endedAt - $0.beganAt, $0.count) })
    }

    /// By nearest rank: the shortest time that so many of the messages did not exceed.
    private static func times(_ taken: [(time: Duration, count: Int)]) -> Times? {
        let sorted = taken.sorted { $0.time < $1.time }
        let all = sorted.map(\.count).reduce(0, +)
        func rank(_ part: Double) -> Duration? {
            var left = max(1, Int((part * Double(all)).rounded(.up)))
            return sorted.first { line in
                left -= line.count
                return left <= 0
            }?.time
        }
        guard let median = rank(0.5), let p95 = rank(0.95) else { return nil }
        return Times(median: max(median, .zero), p95: max(p95, .zero))
    }
}

extension MessageQueue {
    /// How a queue has fared of late, from its newest lines in the history: what it takes does not grow with what is kept.
    package func pace(of queue: String, at now: Timestamp = .now()) async throws -> QueuePace {
        let (lines, last) = try await database.read { connection in
            (
                try connection.query(
                    """
                    WITH line AS MATERIALIZED (
                        SELECT h.ended_at, h.began_at, h.messages
                        FROM queue.history AS h
                        WHERE h.queue = (SELECT id FROM queue.queue WHERE name = \(queue)) AND h.outcome = 'acknowledged'
                          AND h.ended_at > \(now - QueuePace.period)
                        ORDER BY h.ended_at DESC
                        LIMIT \(QueuePace.lines)
                    )
                    SELECT line.ended_at, line.began_at, greatest(m.enqueued_at, m.not_before), cardinality(line.messages)
                    FROM line
                    LEFT JOIN LATERAL (
                        SELECT enqueued_at, not_before FROM queue.message WHERE id = line.messages[1] LIMIT 1
                    ) AS m ON true
                    ORDER BY line.ended_at DESC
                    """, name: "queue.pace"),
                try connection.query(
                    """
                    SELECT k.outcome::text, last.ended_at, last.cause
                    FROM unnest('{acknowledged,retried,dead_lettered,lost}'::queue.outcome[]) AS k(outcome)
                    CROSS JOIN LATERAL (
                        SELECT h.ended_at, h.cause
                        FROM queue.history AS h
                        WHERE h.queue = (SELECT id FROM queue.queue WHERE name = \(queue)) AND h.outcome = k.outcome
                        ORDER BY h.ended_at DESC
                        LIMIT 1
                    ) AS last
                    """, name: "queue.last_outcomes")
            )
        }
        var lastSuccess: Timestamp?
        var lastFailure: QueuePace.Failure?
        for (outcome, at, cause) in try last.decode(String.self, Timestamp.self, String?.self) {
            guard let event = HistoryEntry.Event(rawValue: outcome) else { continue }
            if event == .acknowledged {
                lastSuccess = at
            } else if lastFailure.map({ $0.at < at }) ?? true {
                lastFailure = QueuePace.Failure(at: at, event: event, cause: cause)
            }
        }
        return QueuePace(
            try lines.decode(Timestamp.self, Timestamp?.self, Timestamp?.self, Int.self).map {
                // An acknowledgement ends an attempt, so that it has a beginning.
                QueuePace.Line(endedAt: $0.0, beganAt: $0.1 ?? $0.0, dueAt: $0.2, count: $0.3)
            }, lastSuccess: lastSuccess, lastFailure: lastFailure, at: now)
    }
}
