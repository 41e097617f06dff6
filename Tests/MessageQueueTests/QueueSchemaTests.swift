import Postgres
import TestSupport
import Testing

@testable import MessageQueue

@Suite(.queue) struct QueueSchemaTests {
    @Test(arguments: [
        "UPDATE queue.message SET payload = ''", "UPDATE queue.history SET attempt = 0", "TRUNCATE queue.state",
        "UPDATE queue.dead_letter SET cause_code = ''", "DELETE FROM queue.queue", "DELETE FROM queue.node",
        "UPDATE queue.queue SET name = 'x'", "SELECT setval('queue.position', 1)", "DROP TABLE queue.history",
    ])
    func `the hub's role may not do what the queue never does`(statement: String) async throws {
        try await withQueue { queue in
            let error = try await #require(throws: PostgresError.self) {
                try await queue.database.execute(SQL(trusting: statement))
            }
            #expect(error.state == .insufficientPrivilege)
        }
    }

    @Test(arguments: [
        ("shelf = 3", "waiting_has_time"), ("wait_until = now()", "time_only_waiting"), ("shelf = 9", "shelf_known"),
        ("lease_until = now()", "lease_whole"), ("lost = 1", "suspect_was_lost"), ("shelf = 5", "behind_has_key"),
        ("shelf = 3, wait_until = now(), lease_until = now(), leased_at = now(), node = 1", "lease_on_claimable"),
    ])
    func `the table refuses states that make no sense`(change: String, constraint: String) async throws {
        try await withQueue { queue in
            _ = try await queue.enqueue(NewMessage("intake", "x"))
            let error = try await #require(throws: PostgresError.self) {
                try await queue.database.execute(SQL(trusting: "UPDATE queue.state SET " + change))
            }
            #expect(error.constraint == constraint)
        }
    }

    @Test func `taking a lease moves no index entry`() async throws {
        try await withQueue(connections: 1) { queue in
            _ = try await queue.enqueue((0..<200).map { NewMessage("intake", "x", key: "k\($0)") })
            _ = try await queue.claim("intake", limit: 200)
            try await queue.database.execute("SELECT pg_stat_force_next_flush()")
            let (updates, inPlace) = try await TestDatabase.current.database.query(
                "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_all_tables WHERE relid = 'queue.state'::regclass"
            )[0].decode(Int.self, Int.self)
            #expect(updates == 200)
            #expect(inPlace == updates)
        }
    }
}
