import CaseStore
import Postgres
import Referral
import TestSupport
import Testing

@Suite(.store) struct TraceTests {
    @Test func `every id leads to what happened, in order`() async throws {
        try await Fixture.run { f in
            let receipt = try await f.accept(f.submission())
            let items = [IntakeItem(ordinal: 0, status: .incomplete, referral: f.referral())]
            guard case .stored(let stored) = try await f.take(items, receipt)[0] else { throw Unexpected() }
            let agreement = try await f.agree(stored.person)
            let share = try await f.share(stored.person)
            func kinds(_ id: UUIDValue) async throws -> Set<String> {
                Set(try await f.transaction(as: .audit) { try f.store.trace(id, in: $0).map(\.kind) })
            }
            let submission: Set = ["submission_received", "referral_stored", "submission_finished", "work_item"]
            #expect(try await kinds(receipt) == submission)
            #expect(try await kinds(stored.id).isSuperset(of: submission))
            let person: Set = [
                "key_made", "referral_stored", "agreement_added", "share_requested", "share_decided", "work_item",
            ]
            #expect(try await kinds(stored.person) == person)
            #expect(try await kinds(try #require(stored.caseFile)).isSuperset(of: person.subtracting(["work_item"])))
            #expect(try await kinds(agreement.id) == ["agreement_added", "share_decided"])
            #expect(try await kinds(share.id) == ["share_requested", "share_decided"])
            #expect(try await kinds(.v7()) == [])
            let lines = try await f.transaction(as: .audit) { try f.store.trace(stored.person, in: $0) }
            #expect(lines.map(\.at) == lines.map(\.at).sorted())
            let decided = try #require(lines.first { $0.kind == "share_decided" })
            #expect(decided.text.contains("recipient=derby_homes"))
            #expect(
                decided.text.contains("outcome=PERMIT reason=permitted") || decided.text.contains("outcome=PERMIT "))
            #expect(try await kinds(decided.id) == ["share_decided"])
        }
    }
}
