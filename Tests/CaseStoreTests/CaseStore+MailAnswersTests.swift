import CaseStore
import Postgres
import TestSupport
import Testing

@Suite(.store) struct MailAnswersTests {
    @Test func `a writer is answered once a day, however the address is written`() async throws {
        try await Fixture.run { f in
            let day = Duration.seconds(86_400)
            let asked = try await f.transaction(as: .ingest) { connection in
                try [
                    ("a@example.org", .zero), ("A@Example.org", .seconds(60)), ("b@example.org", .seconds(60)),
                    ("a@example.org", day),
                ].map { (address: String, later: Duration) in
                    try f.store.claimMailAnswer(to: address, perHour: 10, at: f.now + later, in: connection)
                }
            }
            #expect(asked == [true, false, true, true])
        }
    }

    @Test func `so many are answered in an hour, and what could not be sent does not count`() async throws {
        try await Fixture.run { f in
            let asked = try await f.transaction(as: .ingest) { connection in
                func ask(_ address: String, _ later: Duration = .zero) throws -> Bool {
                    try f.store.claimMailAnswer(to: address, perHour: 2, at: f.now + later, in: connection)
                }
                var asked = try [ask("a@example.org"), ask("b@example.org"), ask("c@example.org")]
                try f.store.releaseMailAnswer(to: "B@example.org", in: connection)
                asked += try [ask("c@example.org"), ask("d@example.org"), ask("d@example.org", .seconds(3601))]
                return asked
            }
            #expect(asked == [true, true, false, true, false, true])
        }
    }
}
