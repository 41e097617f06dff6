import Postgres

/// Reads and writes the ``Gate`` of a queue.
///
/// Both under the queue's gate lock, until the end of the transaction. It is taken after the order locks of what the
/// transaction settles, and nothing that waits comes after it: claims skip rows that others have locked.
enum GateStatement {
    /// Takes the lock. A statement of its own, so that the next one sees what the last holder committed.
    static func lock(queue: String) -> (SQL, StaticString) {
        (
            "SELECT pg_advisory_xact_lock(\(raw: space), id::integer) FROM queue.queue WHERE name = \(queue)",
            "queue.gate.lock"
        )
    }

    /// Gives one row: the database's time, then the gate as it was left, if it was ever used.
    static func read(queue: String) -> (SQL, StaticString) {
        (
            """
            SELECT clock_timestamp(), g.revision, g.tokens, g.refilled_at, g.circuit::text, g.failures, g.window_from,
                g.window_failures, g.window_outcomes, g.openings, g.turns_at, g.prober, g.holders, g.held, g.held_until
            FROM queue.queue AS q
            LEFT JOIN LATERAL (
                SELECT * FROM queue.gate WHERE queue = q.id ORDER BY revision DESC LIMIT 1
            ) AS g ON true
            WHERE q.name = \(queue)
            """, "queue.gate.read"
        )
    }

    /// What ``read(queue:)`` found; a gate at rest where nothing was left. `nil` if there is no such queue.
    static func gate(
        _ result: QueryResult, policy: QueuePolicy
    ) throws -> (gate: Gate, revision: Int64, now: Timestamp)? {
        guard let row = result.first else { return nil }
        let (
            now, revision, tokens, refilledAt, circuit, failures, windowFrom, windowFailures, windowOutcomes, openings,
            turnsAt, prober, holders, held, heldUntil
        ) = try row.decode(
            Timestamp.self, Int64?.self, Double?.self, Timestamp?.self, String?.self, Int?.self, Timestamp?.self,
            Int?.self,
            Int?.self, Int?.self, Timestamp?.self, Int64?.self, [Int64]?.self, [Int32]?.self, [Timestamp]?.self)
        var gate = Gate(policy, now: now)
        guard let revision, let tokens, let refilledAt, let windowFrom, let holders, let held, let heldUntil else {
            return (gate, 0, now)
        }
        gate.tokens = tokens
        gate.refilledAt = refilledAt
        gate.circuit = circuit.flatMap(Circuit.init) ?? .closed
        gate.failures = failures ?? 0
        gate.windowFrom = windowFrom
        gate.windowFailures = windowFailures ?? 0
        gate.windowOutcomes = windowOutcomes ?? 0
        gate.openings = openings ?? 0
        gate.turnsAt = turnsAt
        gate.prober = prober
        gate.holdings = zip(holders, zip(held, heldUntil)).map {
            Gate.Holding(holder: $0, held: Int($1.0), until: $1.1)
        }
        return (gate, revision, now)
    }

    /// Leaves the gate for the next, and takes away what was left before.
    static func write(_ gate: Gate, queue: String, after revision: Int64) -> (SQL, StaticString) {
        (
            """
            WITH left_behind AS (
                INSERT INTO queue.gate (
                    queue, revision, tokens, refilled_at, circuit, failures, window_from, window_failures,
                    window_outcomes, openings, turns_at, prober, holders, held, held_until
                )
                SELECT id, \(revision + 1), \(gate.tokens), \(gate.refilledAt), \(gate.circuit.rawValue)::queue.circuit,
                    \(Int32(clamping: gate.failures)), \(gate.windowFrom), \(Int32(clamping: gate.windowFailures)),
                    \(Int32(clamping: gate.windowOutcomes)), \(Int32(clamping: gate.openings)), \(gate.turnsAt as Timestamp?),
                    \(gate.prober as Int64?), \(gate.holdings.map(\.holder)), \(gate.holdings.map { Int32(clamping: $0.held) }),
                    \(gate.holdings.map(\.until))
                FROM queue.queue
                WHERE name = \(queue)
            )
            DELETE FROM queue.gate
            WHERE queue = (SELECT id FROM queue.queue WHERE name = \(queue)) AND revision = \(revision)
            """, "queue.gate.write"
        )
    }

    /// Sets the gates' locks apart from other advisory locks of two numbers: the letters GATE.
    private static let space: StaticString = "1195463749"
}
