import CaseStore
import Disclosure
import Postgres
import Referral
import TestSupport
import Testing

@Suite(.store) struct AgreementsTests {
    @Test func `an agreement is read back as it was entered, with the next version`() async throws {
        try await Fixture.run { f in
            let person = try await f.person()
            let first = try await f.agree(person)
            let new = NewAgreement(
                person: person, signedOn: f.now, signedBy: .attorney, authorityEvidence: "Power of attorney 17",
                starts: f.now + .seconds(60), expires: f.now + .seconds(600), supplements: first.id,
                scope: [
                    .init(recipient: "gp", purposes: [.careSupport], groups: [.name, .needs]),
                    .init(recipient: "council_insight", purposes: [.researchEvaluation], about: .dependants),
                ], scanDigest: Array(repeating: 7, count: 32), witness: "staff:2")
            let second = try #require(
                try await f.transaction { try f.store.add(new, by: "staff:1", in: $0) }
            ).agreement
            #expect(second.version == 2)
            #expect(second.signedBy == .attorney)
            #expect(second.authorityEvidence == "Power of attorney 17")
            #expect(second.starts == Instant(microseconds: f.now.microseconds + 60_000_000))
            #expect(second.expires == Instant(microseconds: f.now.microseconds + 600_000_000))
            #expect(second.supplements == first.id.description)
            #expect(second.scope == new.scope)
            let all = try await f.transaction(as: .console) { try f.store.agreements(of: person, in: $0) }
            #expect(all.map(\.agreement) == [first.agreement, second])
        }
    }

    @Test func `an agreement needs its person, and a supplement an agreement of the same person`() async throws {
        try await Fixture.run { f in
            let person = try await f.person()
            let other = try await f.agree(try await f.person(f.referral(id: "r-2", nhs: nil)))
            let added = try await f.transaction { connection in
                [
                    try f.store.add(
                        NewAgreement(person: .v7(), signedOn: f.now, scope: []), by: "staff:1", in: connection),
                    try f.store.add(
                        NewAgreement(person: person, signedOn: f.now, supplements: other.id, scope: []), by: "staff:1",
                        in: connection),
                ]
            }
            #expect(added == [nil, nil])
        }
    }

    @Test func `withdrawing cancels the waiting shares that rest on it, and no others`() async throws {
        try await Fixture.run { f in
            let person = try await f.person()
            let agreement = try await f.agree(person)
            let stranger = try await f.person(f.referral(id: "r-2", nhs: nil))
            _ = try await f.agree(stranger)
            let waiting = try await f.share(person)
            let delivered = try await f.share(person)
            #expect(try await f.begin(delivered.id) == 1)
            try await f.transaction(as: .worker) {
                try f.store.finishRelease(of: delivered.id, attempt: 1, outcome: .delivered(reference: nil), in: $0)
            }
            let others = try await f.share(stranger)
            let withdrawal = try #require(
                try await f.transaction(as: .console) {
                    try f.store.withdraw(agreement: agreement.id, receivedAt: f.now, by: "staff:1", in: $0)
                })
            #expect(withdrawal.shares == [waiting.id])
            #expect(withdrawal.messages == [waiting.message])
            #expect(!withdrawal.isRepeat)
            #expect(try await f.begin(waiting.id) == nil)
            let states = try await f.transaction(as: .console) { connection in
                try [waiting, delivered, others].map { try f.store.share($0.id, in: connection)?.state }
            }
            #expect(states == [.cancelled, .delivered, .queued])
            let again = try await f.transaction(as: .console) {
                try f.store.withdraw(agreement: agreement.id, receivedAt: f.now, by: "staff:1", in: $0)
            }
            #expect(again?.isRepeat == true)
            #expect(try await f.share(person).reason == "agreement_revoked")
        }
    }

    @Test func `withdrawing a line stops its recipient only`() async throws {
        try await Fixture.run { f in
            let person = try await f.person()
            let agreement = try await f.agree(person)
            let homes = try await f.share(person)
            let trust = try await f.share(person, recipient: "uhdb", purpose: "care_support")
            #expect(trust.state == .queued)
            let withdrawal = try await f.transaction(as: .console) {
                try f.store.withdraw(
                    agreement: agreement.id, scopeLine: 0, receivedAt: f.now, by: "staff:1", in: $0)
            }
            #expect(withdrawal?.shares == [homes.id])
            #expect(try await f.begin(trust.id) == 1)
            #expect(try await f.share(person).reason == "recipient_withdrawn")
        }
    }

    @Test func `withdrawing a supplement stops what it permitted, though the decision names its base`() async throws {
        try await Fixture.run { f in
            let person = try await f.person()
            let base = try await f.agree(person, scope: [.init(recipient: "uhdb", purposes: [.careSupport])])
            let supplement = try #require(
                try await f.transaction {
                    try f.store.add(
                        NewAgreement(
                            person: person, signedOn: f.now, supplements: base.id,
                            scope: [.init(recipient: "derby_homes", purposes: [.housingSupport])]), by: "staff:1",
                        in: $0)
                })
            let homes = try await f.share(person)
            #expect(homes.state == .queued)
            let trust = try await f.share(person, recipient: "uhdb", purpose: "care_support")
            let withdrawal = try await f.transaction(as: .console) {
                try f.store.withdraw(agreement: supplement.id, receivedAt: f.now, by: "staff:1", in: $0)
            }
            #expect(withdrawal?.shares == [homes.id])
            #expect(try await f.begin(trust.id) == 1)
        }
    }

    @Test func `a withdrawal that is dated ahead counts from now, by the database's clock`() async throws {
        try await Fixture.run { f in
            let person = try await f.person()
            let agreement = try await f.agree(person)
            let share = try await f.share(person)
            #expect(try await f.begin(share.id) == 1)
            _ = try await f.transaction(as: .console) {
                try f.store.withdraw(
                    agreement: agreement.id, receivedAt: .now() + .seconds(3600), by: "staff:1", in: $0)
            }
            let facts = try await f.transaction(as: .worker) {
                try f.store.prepareSending(of: share.id, recipient: f.setup, in: $0)?.facts
            }
            #expect(Policy.decide(try #require(facts)).reason == .agreementRevoked)
        }
    }

    @Test func `a withdrawal of something unknown is told`() async throws {
        try await Fixture.run { f in
            let agreement = try await f.agree(try await f.person())
            let answers = try await f.transaction(as: .console) { connection in
                [
                    try f.store.withdraw(agreement: .v7(), receivedAt: f.now, by: "staff:1", in: connection),
                    try f.store.withdraw(
                        agreement: agreement.id, scopeLine: 9, receivedAt: f.now, by: "staff:1", in: connection),
                ]
            }
            #expect(answers == [nil, nil])
        }
    }
}
