import CaseStore
import Ledger
import Postgres
import Referral
import TestSupport
import Testing

@Suite(.store) struct ReferralRecordTests {
    @Test func `a referral is shown with its origins, its thread and what that tells together`() async throws {
        try await Fixture.run { f in
            let provenance = Provenance(
                origins: ["person.family": .init(sources: ["PID-5.1"], steps: ["upper"])], isOfEnvelope: false)
            let receipt = try await f.accept(f.submission())
            let item = IntakeItem(
                ordinal: 0, status: .accepted, referral: f.referral(id: "r-1"), provenance: provenance)
            guard case .stored(let first) = try await f.take([item], receipt)[0] else { throw Unexpected() }
            let update = f.referral(
                id: "u-1", family: "Newname", type: .update, inReplyTo: "r-1", sentAt: f.now + .seconds(60))
            guard case .stored(let second) = try await f.take(update) else { throw Unexpected() }

            let record = try #require(
                try await f.transaction(as: .console) { try f.store.referral(first.id, viewedBy: "staff:1", in: $0) })
            #expect(record.referral.person.family == "Canary")
            #expect(record.provenance == provenance)
            #expect(record.thread.map(\.id) == [first.id, second.id])
            #expect(record.current.person.family == "Newname")
            let told = provenance.told(of: record.referral)
            #expect(told["person.family"] == ["from": ["PID-5.1"], "steps": ["upper"]])

            let other = try #require(
                try await f.transaction(as: .console) { try f.store.referral(second.id, viewedBy: "staff:1", in: $0) })
            #expect(other.thread.map(\.id) == [first.id, second.id])
            #expect(other.provenance == nil)
            #expect(try await f.value("SELECT count(*) FROM ledger.entry WHERE kind = 'view'") == 2)
            #expect(
                try await f.transaction(as: .console) { try f.store.referral(.v7(), viewedBy: "staff:1", in: $0) }
                    == nil)
        }
    }

    @Test func `a document is shown as it came, each look entered, but not while it is held`() async throws {
        try await Fixture.run { f in
            let bytes = "\u{0}any\r\nbytes é"
            let receipt = try await f.accept(f.submission("m-1", bytes))
            let document = try await f.transaction(as: .console) {
                try f.store.document(receipt, viewedBy: "staff:1", in: $0)
            }
            #expect(document?.bytes == Array(bytes.utf8))
            #expect(try await f.value("SELECT count(*) FROM ledger.entry WHERE kind = 'view'") == 1)
            var child = f.submission("m-2")
            child.state = .held
            let held = try await f.accept(child)
            #expect(
                try await f.transaction(as: .console) { try f.store.document(held, viewedBy: "staff:1", in: $0) } == nil
            )
            #expect(try await f.value("SELECT count(*) FROM ledger.entry WHERE kind = 'view'") == 1)
        }
    }
}
