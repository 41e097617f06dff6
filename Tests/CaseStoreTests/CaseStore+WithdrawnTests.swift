import CaseStore
import Disclosure
import Postgres
import Referral
import TestSupport
import Testing

@Suite(.store) struct WithdrawnTests {
    private func caseStates(_ f: Fixture) async throws -> [String] {
        try await TestDatabase.current.database.query("SELECT state::text FROM record.case_file ORDER BY opened_at")
            .decode(String.self)
    }

    private func withdraw(_ f: Fixture, _ id: String = "r-1") async throws {
        guard case .stored = try await f.take(f.referral(id: "w-\(id)", type: .withdrawal, inReplyTo: id)) else {
            throw Unexpected()
        }
    }

    @Test func `a withdrawal ends a case that nobody took on`() async throws {
        try await Fixture.run { f in
            _ = try await f.person(f.referral(id: "r-1"))
            try await withdraw(f)
            #expect(try await caseStates(f) == ["not_taken_on"])
            // Who is referred again has a new case.
            _ = try await f.person(f.referral(id: "r-2"))
            #expect(try await caseStates(f).sorted() == ["not_taken_on", "open"])
        }
    }

    @Test func `a case that another referral brought too goes on until that is withdrawn`() async throws {
        try await Fixture.run { f in
            _ = try await f.person(f.referral(id: "r-1"))
            _ = try await f.person(f.referral(id: "r-2"))
            try await withdraw(f, "r-1")
            #expect(try await caseStates(f) == ["open"])
            try await withdraw(f, "r-2")
            #expect(try await caseStates(f) == ["not_taken_on"])
        }
    }

    @Test func `a case that somebody works with goes on, and staff are shown the withdrawal`() async throws {
        try await Fixture.run { f in
            _ = try await f.person(f.referral(id: "r-1"))
            _ = try await TestDatabase.current.database.query("UPDATE record.case_file SET state = 'taken_on'")
            try await withdraw(f)
            #expect(try await caseStates(f) == ["taken_on"])
            #expect(
                try await f.transaction(as: .console) { try f.store.workItems(in: $0).map(\.item.kind) } == [
                    .withdrawal
                ])
        }
    }

    @Test func `a withdrawal that answers an update takes back the referral`() async throws {
        try await Fixture.run { f in
            _ = try await f.person(f.referral(id: "r-1"))
            _ = try await f.take(f.referral(id: "u-1", type: .update, inReplyTo: "r-1"))
            try await withdraw(f, "u-1")
            let states = try await TestDatabase.current.database.query(
                "SELECT type || ' ' || state FROM record.referral ORDER BY type"
            ).decode(String.self)
            #expect(states == ["referral withdrawn", "update accepted", "withdrawal accepted"])
        }
    }

    @Test func `shares asked for on the strength of a referral stop with it, others do not`() async throws {
        try await Fixture.run { f in
            guard case .stored(let stored) = try await f.take(f.referral(id: "r-1")) else { throw Unexpected() }
            _ = try await f.agree(stored.person)
            let resting = try await f.share(stored.person)
            let other = try await f.share(stored.person, recipient: "uhdb", purpose: "care_support", groups: ["NAME"])
            _ = try await TestDatabase.current.database.query(
                "UPDATE record.share SET referral = \(stored.id) WHERE id = \(resting.id)")
            try await withdraw(f)
            let states = try await f.transaction(as: .console) { connection in
                try [resting, other].map { try f.store.share($0.id, in: connection)?.state }
            }
            #expect(states == [.cancelled, .queued])
            #expect(try await f.begin(resting.id) == nil)
            let decided: Int = try await f.value(
                """
                SELECT count(*) FROM ledger.entry
                WHERE kind = 'share_decided' AND share = \(resting.id)
                    AND convert_from(bytes, 'UTF8') LIKE '%referral_withdrawn%'
                """)
            #expect(decided == 1)
        }
    }
}
