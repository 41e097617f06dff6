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

    @Test func `the release holds what the decision releases, and nothing else`() async throws {
        try await Fixture.run { f in
            let person = try await f.person()
            let agreement = try await f.agree(person)
            let share = try await f.share(person, groups: ["NAME", "DOB", "NEEDS", "NHSNO", "NOTES"])
            #expect(share.outcome == "PERMIT_REDUCED")
            let release = try #require(
                try await f.transaction { connection -> Value? in
                    let prepared = try f.store.prepareSending(
                        of: share.id, recipient: f.setup, at: f.now, in: connection)
                    return prepared.map {
                        $0.release(Policy.decide($0.facts), from: ReleaseSender(id: "derby_lac", name: "Derby"))
                    }
                })
            #expect(release["person"]?["family"] == .string("Canary"))
            #expect(release["person"]?["dob"] == .string("1950-04-30"))
            #expect(release["person"]?["identifiers"] == nil)
            #expect(release["reason"] == nil)
            #expect(release["address"] == nil)
            #expect(release["groups"] == ["DOB", "NAME", "NEEDS"])
            #expect(release["share"]?["id"] == .string(share.id.description))
            #expect(release["share"]?["purpose"] == "housing_support")
            #expect(release["agreement"]?["id"] == .string(agreement.id.description))
            #expect(release["agreement"]?["signed_on"] == "2026-01-10")
            #expect(release["sender"] == ["id": "derby_lac", "name": "Derby"])
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

    @Test func `an attempt that failed goes back to the queue, one that was rejected fails with a work item`()
        async throws
    {
        try await Fixture.run { f in
            let person = try await f.person()
            _ = try await f.agree(person)
            let share = try await f.share(person).id
            for (attempt, outcome) in [(1, ReleaseOutcome.retry(code: "unavailable")), (2, .unknown(code: "timeout"))] {
                #expect(try await f.begin(share) == attempt)
                try await f.transaction {
                    try f.store.finishRelease(of: share, attempt: attempt, outcome: outcome, in: $0)
                }
                #expect(try await f.transaction { try f.store.share(share, in: $0)?.state } == .queued)
            }
            #expect(try await f.begin(share) == 3)
            try await f.transaction { connection in
                for _ in 0..<2 {
                    try f.store.finishRelease(
                        of: share, attempt: 3, outcome: .rejected(code: "schema"), in: connection)
                }
            }
            let failed = try #require(try await f.transaction { try f.store.share(share, in: $0) })
            #expect(failed.state == .failed)
            #expect(failed.failure == "schema")
            #expect(failed.attempts == 3)
            let items = try await f.transaction { try f.store.workItems(in: $0) }
            #expect(items.map(\.item.kind) == [.failedShare])
            #expect(items.first?.item.share == share)
        }
    }

    @Test func `after a crash in the middle of an attempt the share is sent again`() async throws {
        try await Fixture.run { f in
            let person = try await f.person()
            _ = try await f.agree(person)
            let share = try await f.share(person).id
            #expect(try await f.begin(share) == 1)
            #expect(try await f.begin(share) == 2)
            try await f.transaction {
                // The answer to the lost attempt comes late: it is kept, and decides nothing.
                try f.store.finishRelease(of: share, attempt: 1, outcome: .rejected(code: "late"), in: $0)
            }
            #expect(try await f.transaction { try f.store.share(share, in: $0)?.state } == .sending)
        }
    }

    @Test func `what changed since it was queued counts at send`() async throws {
        try await Fixture.run { f in
            let person = try await f.person()
            _ = try await f.agree(person)
            let share = try await f.share(person).id
            var subject = Subject()
            subject.supportEndedOn = Instant(microseconds: f.now.microseconds)
            try await f.transaction { [subject] in _ = try f.store.setCircumstances(subject, of: person, in: $0) }
            #expect(try await f.begin(share) == nil)
            let stopped = try #require(try await f.transaction { try f.store.share(share, in: $0) })
            #expect(stopped.state == .cancelled)
            #expect(stopped.reason == "support_ended")
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
            let facts = try #require(
                try await f.transaction { try f.store.facts(for: request, recipient: f.setup, at: f.now, in: $0) })
            #expect(facts.subject.age == 75)
            let (read, unknown) = DisclosureFacts.read(facts.value)
            #expect(read == facts)
            #expect(unknown.isEmpty)
            #expect(Policy.decide(read) == Policy.decide(facts))
            #expect(Policy.decide(facts).released == [.name, .needs])
        }
    }
}
