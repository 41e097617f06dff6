import CaseStore
import Disclosure
import Postgres
import Referral
import TestSupport
import Testing

@Suite(.store) struct SharesTests {
    @Test func `a share with an agreement is queued, sent, delivered, and told to the ledger`() async throws {
        try await Fixture.run { f in
            let person = try await f.person()
            let agreement = try await f.agree(person)
            let share = try await f.share(person)
            #expect(share.state == .queued)
            #expect(share.agreement == agreement.id)
            #expect(share.agreementVersion == 1)
            #expect(share.released == ["ADDRESS", "NAME", "NEEDS"])
            #expect(try await f.begin(share.id) == 1)
            try await f.transaction {
                try f.store.finishRelease(of: share.id, attempt: 1, outcome: .delivered(reference: "DH-1"), in: $0)
            }
            let delivered = try #require(try await f.transaction { try f.store.share(share.id, in: $0) })
            #expect(delivered.state == .delivered)
            #expect(delivered.reference == "DH-1")
            #expect(delivered.finishedAt != nil)
            let kinds = try await f.transaction { try f.store.trace(share.id, in: $0).map(\.kind) }
            #expect(kinds == ["share_requested", "share_decided", "release", "release_outcome"])
        }
    }

    @Test func `without an agreement a share is refused with its reason, and nothing is queued`() async throws {
        try await Fixture.run { f in
            let share = try await f.share(try await f.person())
            #expect(share.state == .refused)
            #expect(share.reason == "no_agreement")
            #expect(try await f.begin(share.id) == nil)
        }
    }

    @Test func `a word that is no code, and a group that nobody knows, are refused and not stored`() async throws {
        try await Fixture.run { f in
            let person = try await f.person()
            _ = try await f.agree(person)
            let share = try await f.share(person, purpose: "for Elsie Canary", groups: ["NAME"])
            #expect(share.state == .refused)
            #expect(share.request.purpose == "unreadable")
            #expect(try await f.share(person, groups: ["NAME", "SHOE_SIZE"]).state == .refused)
        }
    }

    @Test func `a share that a named person must decide is parked with a work item`() async throws {
        try await Fixture.run { f in
            let person = try await f.person()
            _ = try await f.agree(person)
            var subject = Subject()
            subject.erasure = .requested
            try await f.transaction { [subject] in _ = try f.store.setCircumstances(subject, of: person, in: $0) }
            let share = try await f.share(person)
            #expect(share.state == .parked)
            let items = try await f.transaction { try f.store.workItems(.parkedShare, in: $0) }
            #expect(items.map(\.item.code) == ["erasure_pending"])
        }
    }

    @Test func `a share whose message was dead-lettered fails once`() async throws {
        try await Fixture.run { f in
            let person = try await f.person()
            _ = try await f.agree(person)
            let share = try await f.share(person).id
            let failed = try await f.transaction { connection in
                [
                    try f.store.fail(share, code: "attempts_used_up", in: connection),
                    try f.store.fail(share, code: "attempts_used_up", in: connection),
                ]
            }
            #expect(failed == [true, false])
            #expect(try await f.transaction { try f.store.workItems(.failedShare, in: $0).count } == 1)
        }
    }

    @Test func `the facts kept with a decision give the same decision again`() async throws {
        try await Fixture.run { f in
            let person = try await f.person()
            _ = try await f.agree(
                person,
                scope: [.init(recipient: "derby_homes", purposes: [.housingSupport], groups: [.name, .needs])])
            let request = ShareRequest(
                person: person, recipient: "derby_homes", purpose: "housing_support", groups: ["NAME", "DOB", "NEEDS"],
                channel: "https_mtls", requestedBy: "staff:1")
            let asked = try await f.transaction { connection in
                try f.store.ask([request], at: f.now, in: connection) { _ in f.setup }
            }
            let facts = try #require(asked[0]).facts
            #expect(facts.subject.age == 75)
            let (read, unknown) = DisclosureFacts.read(facts.value)
            #expect(read == facts)
            #expect(unknown.isEmpty)
            #expect(Policy.decide(read) == Policy.decide(facts))
            #expect(Policy.decide(facts).released == [.name, .needs])
        }
    }
}
