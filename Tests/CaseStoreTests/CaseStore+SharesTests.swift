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
            try await f.transaction(as: .worker) {
                try f.store.finishRelease(of: share.id, attempt: 1, outcome: .delivered(reference: "DH-1"), in: $0)
            }
            let delivered = try #require(try await f.transaction(as: .console) { try f.store.share(share.id, in: $0) })
            #expect(delivered.state == .delivered)
            #expect(delivered.reference == "DH-1")
            #expect(delivered.finishedAt != nil)
            let kinds = try await f.transaction(as: .audit) { try f.store.trace(share.id, in: $0).map(\.kind) }
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
            try await f.transaction(as: .console) { [subject] in
                try f.store.setCircumstances(subject, of: person, changing: [], by: "test", in: $0)
            }
            let share = try await f.share(person)
            #expect(share.state == .parked)
            let items = try await f.transaction(as: .console) { try f.store.workItems(.parkedShare, in: $0) }
            #expect(items.map(\.item.code) == ["erasure_pending"])
        }
    }

    @Test func `a share that waits is taken back once, and not sent`() async throws {
        try await Fixture.run { f in
            let person = try await f.person()
            _ = try await f.agree(person)
            let share = try await f.share(person)
            for _ in 1...2 {
                let cancelled = try await f.transaction(as: .console) {
                    try f.store.cancel(share: share.id, by: "staff:2", in: $0)
                }
                guard case .cancelled(let cancelled)? = cancelled else {
                    Issue.record("it was queued")
                    return
                }
                #expect(cancelled.state == .cancelled)
                #expect(cancelled.message == share.message)
            }
            #expect(try await f.begin(share.id) == nil)
            let stored = try #require(try await f.transaction(as: .console) { try f.store.share(share.id, in: $0) })
            #expect(stored.state == .cancelled)
            #expect(stored.failure == "taken_back")
            let trace = try await f.transaction(as: .audit) { try f.store.trace(share.id, in: $0) }
            #expect(trace.map(\.kind) == ["share_requested", "share_decided", "share_decided"])
        }
    }

    @Test func `a share that is on its way, has arrived or does not exist is not taken back`() async throws {
        try await Fixture.run { f in
            let person = try await f.person()
            _ = try await f.agree(person)
            let share = try await f.share(person).id
            #expect(try await f.begin(share) == 1)
            let sending = try await f.transaction(as: .console) {
                try f.store.cancel(share: share, by: "staff:2", in: $0)
            }
            guard case .tooLate? = sending else {
                Issue.record("its release entry is committed")
                return
            }
            try await f.transaction(as: .worker) {
                try f.store.finishRelease(of: share, attempt: 1, outcome: .retry(code: "timeout"), in: $0)
            }
            let waiting = try await f.transaction(as: .console) {
                try f.store.cancel(share: share, by: "staff:2", in: $0)
            }
            guard case .cancelled? = waiting else {
                Issue.record("it waits for its retry")
                return
            }
            let refused = try await f.share(person, purpose: "advice").id
            guard case .tooLate? = try await f.transaction({ try f.store.cancel(share: refused, by: "s", in: $0) })
            else {
                Issue.record("it had been refused")
                return
            }
            #expect(try await f.transaction(as: .console) { try f.store.cancel(share: .v7(), by: "s", in: $0) } == nil)
        }
    }

    @Test func `a share that was taken back, and is found to have arrived before, is delivered`() async throws {
        try await Fixture.run { f in
            let person = try await f.person()
            _ = try await f.agree(person)
            let share = try await f.share(person).id
            #expect(try await f.begin(share) == 1)
            let stored = try await f.transaction { connection -> Share? in
                try f.store.finishRelease(of: share, attempt: 1, outcome: .unknown(code: "not_told"), in: connection)
                _ = try f.store.cancel(share: share, by: "staff:2", in: connection)
                try f.store.finishRelease(
                    of: share, attempt: 1, outcome: .delivered(reference: "DH-1"), in: connection)
                return try f.store.share(share, in: connection)
            }
            #expect(stored?.state == .delivered)
            #expect(stored?.reference == "DH-1")
            #expect(stored?.failure == nil)
        }
    }

    @Test func `a parked share that is taken back leaves nobody anything to decide`() async throws {
        try await Fixture.run { f in
            let person = try await f.person()
            _ = try await f.agree(person)
            var subject = Subject()
            subject.erasure = .requested
            try await f.transaction(as: .console) { [subject] in
                try f.store.setCircumstances(subject, of: person, changing: [], by: "test", in: $0)
            }
            let share = try await f.share(person).id
            _ = try await f.transaction(as: .console) { try f.store.cancel(share: share, by: "staff:2", in: $0) }
            let (items, stored) = try await f.transaction(as: .console) {
                (try f.store.workItems(.parkedShare, in: $0), try f.store.share(share, in: $0))
            }
            #expect(items.isEmpty)
            #expect(stored?.state == .refused)
        }
    }

    @Test func `a share whose message was dead-lettered fails once`() async throws {
        try await Fixture.run { f in
            let person = try await f.person()
            _ = try await f.agree(person)
            let share = try await f.share(person).id
            let failed = try await f.transaction(as: .worker) { connection in
                [
                    try f.store.fail(share, code: "attempts_used_up", in: connection),
                    try f.store.fail(share, code: "attempts_used_up", in: connection),
                ]
            }
            #expect(failed == [true, false])
            #expect(try await f.transaction(as: .console) { try f.store.workItems(.failedShare, in: $0).count } == 1)
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
            let asked = try await f.transaction(as: .console) { connection in
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
