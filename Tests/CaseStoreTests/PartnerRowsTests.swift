import CaseStore
import Postgres
import TestSupport
import Testing
import Vault

/// Row-level security: before the answer a transaction sees and stores its senders' submissions alone.
@Suite(.store) struct PartnerRowsTests {
    private static let tables = ["record.submission", "record.submission_id"]

    /// As the role that stores what arrives, on one connection.
    private func run(_ body: (Fixture, Database) async throws -> Void) async throws {
        try await Fixture.run(connections: 1) { f in try await body(f, f.database.acting(as: .ingest)) }
    }

    private func admit(_ partners: [String], _ connection: Connection) throws {
        try connection.execute("SELECT set_config('hub.partners', \(partners)::text[]::text, true)")
    }

    private func senders(of table: String, _ connection: Connection) throws -> Set<String> {
        Set(try connection.query(SQL(trusting: "SELECT sender FROM \(table)")).map { try $0.decode(String.self) })
    }

    @Test(arguments: tables)
    func `rows of the partners named are seen, of others none`(table: String) async throws {
        try await run { f, ingest in
            for sender in ["uhdb", "derby_homes", "o'neill, \"x\""] {
                _ = try await f.accept(f.submission(sender: sender))
            }
            for named in [["uhdb"], ["derby_homes", "uhdb"], ["o'neill, \"x\""], ["nobody"], []] {
                let seen = try await ingest.transaction {
                    try admit(named, $0)
                    return try senders(of: table, $0)
                }
                #expect(seen == Set(named).subtracting(["nobody"]))
            }
        }
    }

    @Test(arguments: tables)
    func `unset nothing is seen, also after a transaction that named somebody`(table: String) async throws {
        try await run { f, ingest in
            let fresh = try await ingest.read { try senders(of: table, $0) }
            _ = try await f.accept(f.submission())
            let before = try await ingest.transaction { try senders(of: table, $0) }
            let named = try await ingest.transaction {
                try admit(["uhdb"], $0)
                return try senders(of: table, $0)
            }
            let after = try await ingest.transaction { try senders(of: table, $0) }
            #expect((fresh, before, named, after) == ([], [], ["uhdb"], []))
        }
    }

    @Test func `another partner's submission can be neither stored, nor changed, nor taken away`() async throws {
        try await run { f, ingest in
            let other = try await f.accept(f.submission(sender: "derby_homes"))
            let (id, bytes) = ([UInt8](repeating: 1, count: 16), [UInt8](repeating: 1, count: 32))
            for statement in [
                "INSERT INTO record.submission_id VALUES (\(other), 'derby_homes', \(id), \(bytes))",
                "UPDATE record.submission SET state = 'rejected' WHERE receipt = \(other)",
                "DELETE FROM record.submission WHERE receipt = \(other)",
                "SELECT sealed FROM record.document WHERE receipt = \(other)",
            ] as [SQL] {
                let error = try await #require(throws: PostgresError.self) {
                    try await ingest.transaction {
                        try admit(["uhdb"], $0)
                        try $0.execute(statement)
                    }
                }
                #expect(error.state == .insufficientPrivilege)
            }
            #expect(try await f.value("SELECT state::text FROM record.submission", as: String.self) == "received")
        }
    }

    @Test func `documents of several senders are stored together, and their repeats known`() async throws {
        try await run { f, ingest in
            let batch = ["uhdb", "derby_homes", "uhdb"].map { f.store.seal(f.submission(sender: $0)) }
            let first = try await ingest.transaction { try f.store.accept(batch, in: $0) }
            let isFirst = first.map { if case .received = $0 { true } else { false } }
            #expect(isFirst == [true, true, false])
            let again = try await ingest.transaction { try f.store.accept(batch, in: $0) }
            let isKnown = again.map { if case .duplicate = $0 { true } else { false } }
            #expect(isKnown == [true, true, true])
        }
    }

    @Test func `a receipt is its sender's alone`() async throws {
        try await run { f, ingest in
            let id = try await f.accept(f.submission())
            #expect(try await ingest.transaction { try f.store.receipt(id, sender: "uhdb", in: $0) }?.id == id)
            #expect(try await ingest.transaction { try f.store.receipt(id, sender: "derby_homes", in: $0) } == nil)
            // Without a sender nothing is named, and so nothing seen, whatever a caller forgot to ask.
            #expect(try await ingest.transaction { try f.store.receipt(id, in: $0) } == nil)
            #expect(try await ingest.transaction { try f.store.receipts([id], in: $0) }.isEmpty)
        }
    }

    @Test(arguments: [DatabaseRole.worker, .console, .audit, .app])
    func `the functions behind the queue see every partner's`(role: DatabaseRole) async throws {
        try await Fixture.run { f in
            for sender in ["uhdb", "derby_homes"] { _ = try await f.accept(f.submission(sender: sender)) }
            let seen = try await f.database.acting(as: role).read { try senders(of: Self.tables[0], $0) }
            #expect(seen == ["uhdb", "derby_homes"])
        }
    }

    /// The planner left as it is: a condition that may not go below the policy would make it read the whole table.
    @Test(arguments: [
        "SELECT * FROM record.submission WHERE receipt = '00000000-0000-0000-0000-000000000007'",
        "SELECT * FROM record.submission WHERE receipt = ANY ('{00000000-0000-0000-0000-000000000007}'::uuid[])",
        """
        SELECT submission.*
        FROM unnest(ARRAY['p7'], ARRAY[decode(lpad('7', 32, '0'), 'hex')]) AS arrived (sender, id_hash)
        JOIN record.submission_id first USING (sender, id_hash)
        JOIN record.submission ON submission.receipt = first.receipt
        """,
    ])
    func `a look-up by id goes by the index under the policy too`(statement: String) async throws {
        try await Fixture.run(connections: 1) { f in
            try await TestDatabase.current.database.transaction {
                try $0.executeScript(
                    """
                    INSERT INTO record.submission (receipt, received_at, size, state, sender, channel, format)
                    SELECT lpad(n::text, 32, '0')::uuid, now(), 0, 'received', 'p' || n % 50, 'https', 'json'
                    FROM generate_series(1, 20000) AS n;
                    INSERT INTO record.submission_id (receipt, sender, id_hash, bytes_hash)
                    SELECT lpad(n::text, 32, '0')::uuid, 'p' || n % 50, decode(lpad(n::text, 32, '0'), 'hex'),
                        decode(lpad(n::text, 64, '0'), 'hex')
                    FROM generate_series(1, 20000) AS n;
                    """)
            }
            try await TestDatabase.current.database.execute("ANALYZE record.submission, record.submission_id")
            let pool = TestDatabase.current.pool(connections: 1) { $0.role = .ingest }
            let (plan, rows) = try await pool.transaction { connection in
                try admit(["p7"], connection)
                let plan = try connection.query("EXPLAIN \(SQL(trusting: statement))").map {
                    try $0.decode(String.self)
                }
                return (plan, try connection.query(SQL(trusting: statement)).count)
            }
            #expect(rows == 1)
            #expect(!plan.contains { $0.contains("Seq Scan") }, "\(plan.joined(separator: "\n"))")
            #expect(plan.contains { $0.contains("Index Scan") || $0.contains("Bitmap Index Scan") })
            await pool.close()
        }
    }
}
