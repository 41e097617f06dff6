import CaseStore
import Disclosure
import Postgres
import Referral
import TestSupport
import Testing

@Suite(.store) struct OutcomesTests {
    /// A referral of the trust, which is a partner; its receipt.
    private func referred(_ f: Fixture, id: String = "r-1") async throws -> (id: UUIDValue, receipt: UUIDValue) {
        try await f.transaction {
            _ = try f.store.add(Partner(id: "uhdb", name: "A trust", kind: .partner, adapter: "uhdb"), by: "t", in: $0)
        }
        guard case .stored(let stored) = try await f.take(f.referral(id: id)) else { throw Unexpected() }
        let receipt = try await f.value(
            "SELECT submission FROM record.referral WHERE id = \(stored.id)", as: UUIDValue.self)
        return (stored.id, receipt)
    }

    private func set(
        _ f: Fixture, _ referral: UUIDValue, _ outcome: ReferralOutcomeWord, _ ending: EndingCode? = nil,
        isAgreed: Bool = true
    ) async throws -> ReferralOutcome? {
        let new = NewReferralOutcome(outcome, ending: ending, agreedAt: isAgreed ? f.now : nil)
        return try await f.transaction(as: .console) {
            try f.store.setOutcome(new, of: referral, by: "workers", in: $0)
        }
    }

    private func caseState(_ f: Fixture, _ referral: UUIDValue) async throws -> String {
        try await f.value(
            """
            SELECT case_file.state || ' ' || coalesce(ending_code, '')
            FROM record.case_file JOIN record.referral ON referral.case_file = case_file.id
            WHERE referral.id = \(referral)
            """, as: String.self)
    }

    private func entries(_ f: Fixture, _ referral: UUIDValue) async throws -> [String] {
        try await f.transaction(as: .audit) { try f.store.trace(referral, in: $0) }.filter {
            $0.kind == "referral_outcome"
        }
        .compactMap { line in line.text.split(separator: " ").first { $0.hasPrefix("state=") }.map(String.init) }
    }

    @Test func `what became of a referral is set, moves its case, and is told once`() async throws {
        try await Fixture.run { f in
            let referral = try await referred(f)
            for _ in 0..<2 {
                let taken = try #require(try await set(f, referral.id, .takenOn))
                #expect(taken.refusal == nil && taken.toldAt == nil && taken.sender == "uhdb")
            }
            #expect(try await caseState(f, referral.id) == "taken_on ")
            let read = try await f.transaction(as: .worker) {
                try f.store.outcomes(ofSubmission: referral.receipt, in: $0)
            }
            let outcome = try #require(read.first)
            for _ in 0..<2 {
                try await f.transaction(as: .worker) { try f.store.noteTold([outcome], in: $0) }
            }
            #expect(try await entries(f, referral.id) == ["state=may_be_told", "state=told"])
            _ = try await set(f, referral.id, .closed, .completed)
            #expect(try await caseState(f, referral.id) == "closed CMP")
            let closed = try await f.transaction(as: .worker) {
                try f.store.outcomes(ofSubmission: referral.receipt, in: $0)
            }
            #expect(closed.first?.toldAt == nil && closed.first?.set.ending == .completed)
        }
    }

    @Test func `a case with another referral goes on`() async throws {
        try await Fixture.run { f in
            let first = try await referred(f)
            let second = try await referred(f, id: "r-2")
            _ = try await set(f, first.id, .notTakenOn, .duplicate)
            #expect(try await caseState(f, first.id) == "open ")
            _ = try await set(f, second.id, .closed, .metElsewhere)
            #expect(try await caseState(f, first.id) == "closed NEE")
        }
    }

    @Test func `it is withheld without the person's agreement, and by what forbids it since`() async throws {
        try await Fixture.run { f in
            let referral = try await referred(f)
            #expect(try await set(f, referral.id, .takenOn, isAgreed: false)?.refusal == .noAgreement)
            #expect(try await set(f, referral.id, .takenOn)?.refusal == nil)
            try await f.transaction {
                let person = try $0.query("SELECT person FROM record.referral WHERE id = \(referral.id)")[0].decode(
                    UUIDValue.self)
                var subject = try #require(try f.store.subject(of: person, isLocked: true, in: $0))
                subject.objections = [.all]
                try f.store.setCircumstances(subject, of: person, changing: ["objections"], by: "t", in: $0)
            }
            let judged = try await f.transaction(as: .worker) {
                try f.store.outcomes(ofSubmission: referral.receipt, in: $0)
            }
            #expect(judged.map(\.refusal) == [.objectionAll])
            try await f.transaction {
                _ = try f.store.setEnabled(false, partner: "uhdb", by: "t", in: $0)
            }
            let suspended = try await f.transaction(as: .worker) {
                try f.store.outcomes(ofSubmission: referral.receipt, in: $0)
            }
            #expect(suspended.map(\.refusal) == [.recipientSuspended])
        }
    }

    @Test func `a status file is taken when it is due, by one, later and later, until it is written`() async throws {
        try await Fixture.run { f in
            let dropped = try await referred(f)
            let posted = try await referred(f, id: "r-2")
            _ = try await f.transaction {
                try $0.execute("UPDATE record.submission SET channel = 'file' WHERE receipt = \(dropped.receipt)")
            }
            _ = try await set(f, posted.id, .takenOn)
            _ = try await set(f, dropped.id, .takenOn, isAgreed: false)
            let start = Timestamp.now()
            func taken(after seconds: Int64) async throws -> Set<UUIDValue> {
                try await f.transaction(as: .worker) {
                    try f.store.takeUnwrittenStatus(
                        shortest: .seconds(2), longest: .seconds(300), limit: 10,
                        at: start + .seconds(seconds), in: $0)
                }
            }
            #expect(try await taken(after: 10) == [])
            let outcome = try #require(try await set(f, dropped.id, .takenOn))
            #expect(try await taken(after: 10) == [dropped.receipt])
            #expect(try await taken(after: 11) == [])
            #expect(try await taken(after: 1000) == [dropped.receipt])
            #expect(try await taken(after: 1240) == [])
            #expect(try await taken(after: 1260) == [dropped.receipt])
            try await f.transaction(as: .worker) { try f.store.noteWritten([outcome], in: $0) }
            #expect(try await taken(after: 9000) == [])
        }
    }

    @Test func `nothing is set about what is no referral`() async throws {
        try await Fixture.run { f in
            #expect(try await set(f, .v7(), .takenOn) == nil)
            let referral = try await referred(f)
            let update = f.referral(id: "u-1", type: .update, inReplyTo: "r-1")
            guard case .stored(let stored) = try await f.take(update) else { throw Unexpected() }
            #expect(try await set(f, stored.id, .takenOn) == nil)
            #expect(try await set(f, referral.id, .takenOn) != nil)
        }
    }
}
