import CaseStore
import Logging
import MessageQueue
import Postgres
import TestSupport
import Testing

/// Documents that were stored before whole files had an end, and before keys stood apart.
@Suite(.database) struct FilesMigrationTests {
    private static let logger = Logger(label: "silent", factory: { _ in SwiftLogNoOpLogHandler() })

    private static func lines(recordUpTo last: Int) -> [MigrationLine] {
        let record = RecordSchema.migrations.migrations.filter { $0.number <= last }
        return [
            RoleSchema.migrations, QueueSchema.migrations, MigrationLine(name: "record", migrations: record),
            LedgerSchema.migrations, AccessSchema.migrations, GrantSchema.migrations,
        ]
    }

    @Test func `files of before have no end of their own, and every key is kept`()
        async throws
    {
        let database = TestDatabase.current.database
        try await Migrator(lines: Self.lines(recordUpTo: 26)).migrate(database, logger: Self.logger)
        let (file, single, waiting) = (UUIDValue.v7(), UUIDValue.v7(), UUIDValue.v7())
        let came = Timestamp(rfc3339: "2026-03-02T10:00:00Z")!
        for (receipt, state) in [(file, "accepted"), (single, "incomplete"), (waiting, "received")] {
            try await database.execute(
                """
                INSERT INTO record.submission (receipt, received_at, finished_at, size, state, sender, channel, format)
                VALUES (
                    \(receipt), \(came), CASE WHEN \(state) <> 'received' THEN \(came) END, 1,
                    \(state)::record.submission_state, 'uhdb', 'https', 'csv'
                )
                """)
            try await database.execute(
                """
                INSERT INTO record.document (receipt, wrapped_key, sealed) VALUES (\(receipt), \(receipt.bytes), '')
                """)
        }
        let person = UUIDValue.v7()
        try await database.execute(
            """
            INSERT INTO record.person (id, created_at, profile_at, sealed_profile, sealed_fingerprint)
            VALUES (\(person), \(came), \(came), '', '')
            """)
        for (receipt, ordinal) in [(file, 0), (file, 1), (single, 0), (waiting, 1)] {
            let id = UUIDValue.v7()
            try await database.execute(
                """
                INSERT INTO record.referral (
                    id, person, submission, thread, received_at, sent_at, ordinal, type, state, sender, sealed
                )
                VALUES (
                    \(id), \(person), \(receipt), \(id), \(came), \(came), \(Int32(ordinal)), 'referral', 'accepted', 'uhdb', ''
                )
                """)
        }
        try await Migrator(lines: Self.lines(recordUpTo: .max)).migrate(database, logger: Self.logger)
        let kept = try await database.query(
            """
            SELECT receipt, file_since, wrapped_key
            FROM record.document JOIN record.document_key USING (receipt)
            ORDER BY receipt
            """
        ).decode(UUIDValue.self, Timestamp?.self, [UInt8].self)
        #expect(kept.map(\.0) == [file, single, waiting].sorted())
        for (receipt, since, wrapped) in kept {
            #expect(wrapped == Array(receipt.bytes))
            #expect(since == nil)
        }
    }
}
