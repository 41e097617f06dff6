import Logging
import Postgres
import TestSupport
import Testing

@testable import Hub

/// Findings about the database's roles; what else the doctor says of a test's installation is not looked at.
@Suite(.installation) struct DoctorTests {
    private func findings(_ hub: Installation, about word: String) async -> [String] {
        await Doctor(hub.configuration, logger: hub.logger).examine().map(\.what).filter { $0.contains(word) }
    }

    @Test func `roles that are as they should be are no finding`() async throws {
        try await TestInstallation.run { hub in
            #expect(await findings(hub, about: "hub_").isEmpty)
            // Nor does one who reads figures alone lack what the doctor asks as such.
            #expect(await findings(hub, about: "42501").isEmpty)
        }
    }

    @Test(arguments: [
        ("GRANT DELETE ON ledger.entry TO hub_worker", "hub_worker may change the ledger: DELETE ON ledger.entry"),
        ("GRANT UPDATE (bytes) ON ledger.entry TO hub_app", "hub_app may change the ledger: UPDATE ON ledger.entry"),
        ("GRANT TRUNCATE ON ledger.checkpoint TO hub_audit", "hub_audit may change the ledger: TRUNCATE ON"),
        ("GRANT CREATE ON SCHEMA record TO hub_console", "hub_console may make objects in the schema record"),
        ("DROP POLICY own_partners ON record.submission", "hub_ingest sees the submissions of every partner"),
        (
            "ALTER TABLE record.submission_id DISABLE ROW LEVEL SECURITY",
            "hub_ingest sees the submissions of every partner"
        ),
        (
            "CREATE POLICY open ON record.submission TO PUBLIC USING (true)",
            "hub_ingest sees the submissions of every partner"
        ),
    ])
    func `a right too many is a finding`(change: String, finding: String) async throws {
        try await TestInstallation.run { hub in
            try await TestDatabase.current.database.execute(SQL(trusting: change))
            #expect(await findings(hub, about: finding).count == 1)
        }
    }
}
