import CaseStore
import Postgres
import Referral
import Testing

@Suite(.store) struct AwaitingTests {
    private func record(_ receipt: UUIDValue, _ referral: Referral, _ f: Fixture) -> IntakeRecord {
        IntakeRecord(
            receipt: receipt, sender: "uhdb", receivedAt: f.now, waitsUntil: f.now + .seconds(60),
            items: [IntakeItem(ordinal: 0, status: .accepted, referral: referral)])
    }

    private func store(
        _ receipt: UUIDValue, _ referral: Referral, after seconds: Int = 0, _ f: Fixture
    ) async throws -> IntakeResult {
        try await f.transaction(as: .worker) {
            try f.store.store([record(receipt, referral, f)], at: f.now + .seconds(seconds), in: $0)[0][0]
        }
    }

    @Test func `an answer waits for the message it answers, unfinished, and is no stranded submission`() async throws {
        try await Fixture.run { f in
            let answer = try await f.accept(f.submission("u-1"))
            let update = f.referral(id: "u-1", type: .update, inReplyTo: "r-1")
            #expect(try await store(answer, update, f) == .awaiting)
            let receipt = try await f.transaction(as: .console) { try f.store.receipt(answer, in: $0) }
            #expect(receipt?.state == .received)
            #expect(try await f.transaction { try CaseStore.stranded(in: $0) } == 0)
            #expect(try await f.transaction(as: .worker) { try f.store.resume(at: f.now, in: $0) }.isEmpty)
            #expect(try await f.value("SELECT count(*) FROM record.work_item") == 0)

            let person = try await f.person(f.referral(id: "r-1"))
            #expect(
                try await f.transaction(as: .worker) { try f.store.resume(at: f.now, in: $0) }.map(\.receipt) == [
                    answer
                ])
            #expect(try await f.transaction(as: .worker) { try f.store.resume(at: f.now, in: $0) }.isEmpty)
            guard case .stored(let stored) = try await store(answer, update, f) else { throw Unexpected() }
            #expect(stored.person == person)
            #expect(try await f.transaction(as: .console) { try f.store.receipt(answer, in: $0) }?.state == .accepted)
        }
    }

    @Test func `an answer that has waited long enough is shown to staff`() async throws {
        try await Fixture.run { f in
            let answer = try await f.accept(f.submission("w-1"))
            let withdrawal = f.referral(id: "w-1", type: .withdrawal, inReplyTo: "r-9")
            #expect(try await store(answer, withdrawal, f) == .awaiting)
            #expect(
                try await f.transaction(as: .worker) { try f.store.resume(at: f.now + .seconds(59), in: $0) }.isEmpty)
            let resumed = try await f.transaction(as: .worker) { try f.store.resume(at: f.now + .seconds(60), in: $0) }
            #expect(resumed.map(\.receipt) == [answer])
            #expect(try await store(answer, withdrawal, after: 60, f) == .unbound)
            let items = try await f.transaction(as: .console) { try f.store.workItems(in: $0) }
            #expect(items.map(\.item.kind) == [.unboundMessage])
            #expect(items.first?.item.submission == answer)
        }
    }

    @Test func `of a document only the parts that answer something wait`() async throws {
        try await Fixture.run { f in
            let receipt = try await f.accept(f.submission())
            let record = IntakeRecord(
                receipt: receipt, sender: "uhdb", receivedAt: f.now, waitsUntil: f.now + .seconds(60),
                items: [
                    IntakeItem(
                        ordinal: 0, status: .accepted, referral: f.referral(id: "u", type: .update, inReplyTo: "r-2")),
                    IntakeItem(ordinal: 1, status: .accepted, referral: f.referral(id: "r-1", nhs: nil)),
                    IntakeItem(ordinal: 2, status: .accepted, referral: f.referral(id: "r-2")),
                ])
            let first = try await f.transaction(as: .worker) { try f.store.store([record], at: f.now, in: $0)[0] }
            #expect(first[0] == .awaiting)
            #expect(try await f.value("SELECT count(*) FROM record.referral") == 2)
            #expect(try await f.transaction(as: .worker) { try f.store.resume(at: f.now, in: $0) }.count == 1)
            let second = try await f.transaction(as: .worker) { try f.store.store([record], at: f.now, in: $0)[0] }
            guard case .stored = second[0], case .stored(let again) = second[1] else { throw Unexpected() }
            #expect(again.isRepeat)
            #expect(try await f.value("SELECT count(*) FROM record.referral") == 3)
        }
    }
}
