import CaseStore
import Disclosure
import Postgres
import Referral
import TestSupport
import Testing

@Suite(.store) struct SendingTests {
    @Test func `the release holds what the decision releases, and nothing else`() async throws {
        try await Fixture.run { f in
            let person = try await f.person()
            let agreement = try await f.agree(person)
            let share = try await f.share(person, groups: ["NAME", "DOB", "NEEDS", "NHSNO", "NOTES"])
            #expect(share.outcome == "PERMIT_REDUCED")
            let release = try #require(
                try await f.transaction(as: .worker) { connection -> Value? in
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

    @Test func `what left of a share that was stopped later is what the ledger says of its last release`() async throws
    {
        try await Fixture.run { f in
            let person = try await f.person()
            _ = try await f.agree(person)
            let share = try await f.share(person).id
            #expect(
                try await f.transaction(as: .audit) { try f.store.lastReleaseEntry(of: share, in: $0)?.digest } == nil)
            #expect(try await f.begin(share) == 1)
            try await f.transaction(as: .worker) {
                try f.store.finishRelease(of: share, attempt: 1, outcome: .unknown(code: "timeout"), in: $0)
            }
            // Nothing more may leave: the decision that stops it releases nothing.
            try await f.transaction {
                try $0.execute("UPDATE record.person SET restricted_at = \(f.now - .seconds(1)) WHERE id = \(person)")
            }
            #expect(try await f.begin(share) == nil)
            let stopped = try #require(try await f.transaction(as: .console) { try f.store.share(share, in: $0) })
            #expect(stopped.released == [] && stopped.attempts == 1)
            let left = try #require(
                try await f.transaction(as: .audit) { try f.store.lastReleaseEntry(of: share, in: $0) })
            #expect(Set(left.released) == ["NAME", "ADDRESS", "NEEDS"] && left.digest.count == 64)
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
                try await f.transaction(as: .worker) {
                    try f.store.finishRelease(of: share, attempt: attempt, outcome: outcome, in: $0)
                }
                #expect(try await f.transaction(as: .console) { try f.store.share(share, in: $0)?.state } == .queued)
            }
            #expect(try await f.begin(share) == 3)
            try await f.transaction(as: .worker) { connection in
                for _ in 0..<2 {
                    try f.store.finishRelease(
                        of: share, attempt: 3, outcome: .rejected(code: "schema"), in: connection)
                }
            }
            let failed = try #require(try await f.transaction(as: .console) { try f.store.share(share, in: $0) })
            #expect(failed.state == .failed)
            #expect(failed.failure == "schema")
            #expect(failed.attempts == 3)
            let items = try await f.transaction(as: .console) { try f.store.workItems(in: $0) }
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
            try await f.transaction(as: .worker) {
                // The answer to the lost attempt comes late: it is kept, and decides nothing.
                try f.store.finishRelease(of: share, attempt: 1, outcome: .rejected(code: "late"), in: $0)
            }
            #expect(try await f.transaction(as: .console) { try f.store.share(share, in: $0)?.state } == .sending)
        }
    }

    @Test func `an attempt whose hub vanished ends as unknown, also when the share was cancelled since`() async throws {
        try await Fixture.run { f in
            let person = try await f.person()
            let agreement = try await f.agree(person)
            let (lost, other) = (try await f.share(person).id, try await f.share(person).id)
            #expect(try await f.begin(lost, at: .now()) == 1)
            #expect(try await f.begin(other, at: .now()) == 1)
            try await f.transaction(as: .worker) {
                try f.store.finishRelease(of: other, attempt: 1, outcome: .retry(code: "unavailable"), in: $0)
            }
            _ = try await f.transaction(as: .console) {
                try f.store.withdraw(agreement: agreement.id, receivedAt: f.now, by: "staff:1", in: $0)
            }
            func end(after: Duration) async throws -> Int {
                try await f.transaction(as: .worker) { try f.store.endAbandonedReleases(after: after, in: $0) }
            }
            #expect(try await end(after: .seconds(900)) == 0)
            #expect(try await end(after: .zero) == 1)
            #expect(try await end(after: .zero) == 0)
            let open: Int = try await f.value("SELECT count(*) FROM record.share_attempt WHERE outcome IS NULL")
            #expect(open == 0)
            #expect(try await f.transaction(as: .console) { try f.store.share(lost, in: $0)?.state } == .queued)
            #expect(try await f.transaction(as: .console) { try f.store.share(other, in: $0)?.state } == .cancelled)
            #expect(try await f.value("SELECT count(*) FROM ledger.entry WHERE kind = 'release_outcome'") == 2)
        }
    }

    @Test func `an attempt whose message somebody holds is not given up, and an answer that comes late stands`()
        async throws
    {
        try await Fixture.run { f in
            let person = try await f.person()
            _ = try await f.agree(person)
            let share = try await f.share(person)
            let message = try #require(share.message)
            #expect(try await f.begin(share.id) == 1)
            let owner = TestDatabase.current.database
            _ = try await owner.query(
                """
                INSERT INTO queue.state (position, id, queue, shelf, priority, era, node, leased_at, lease_until)
                VALUES (\(message), \(message), 1, 2, 2, 1, 1, now(), now() + interval '30 s')
                """)
            func end() async throws -> Int {
                try await f.transaction(as: .worker) { try f.store.endAbandonedReleases(after: .zero, in: $0) }
            }
            #expect(try await end() == 0)
            _ = try await owner.query("UPDATE queue.state SET lease_until = now() - interval '1 s'")
            #expect(try await end() == 1)
            try await f.transaction(as: .worker) { connection in
                for outcome in [ReleaseOutcome.unknown(code: "timeout"), .delivered(reference: "REF")] {
                    try f.store.finishRelease(of: share.id, attempt: 1, outcome: outcome, in: connection)
                }
            }
            let ended = try #require(try await f.transaction(as: .console) { try f.store.share(share.id, in: $0) })
            #expect(ended.state == .delivered)
            #expect(ended.reference == "REF")
        }
    }

    @Test func `what changed since it was queued counts at send`() async throws {
        try await Fixture.run { f in
            let person = try await f.person()
            _ = try await f.agree(person)
            let share = try await f.share(person).id
            var subject = Subject()
            subject.supportEndedOn = Instant(microseconds: f.now.microseconds)
            try await f.transaction(as: .console) { [subject] in
                try f.store.setCircumstances(subject, of: person, changing: [], by: "test", in: $0)
            }
            #expect(try await f.begin(share) == nil)
            let stopped = try #require(try await f.transaction(as: .console) { try f.store.share(share, in: $0) })
            #expect(stopped.state == .cancelled)
            #expect(stopped.reason == "support_ended")
        }
    }

    @Test func `several shares are sent and ended together, each as it is due`() async throws {
        try await Fixture.run { f in
            var shares: [UUIDValue] = []
            for number in 0..<4 {
                let person = try await f.person(f.referral(id: "r-\(number)", nhs: nil))
                if number < 3 { _ = try await f.agree(person) }
                shares.append(try await f.share(person).id)
            }
            let begun = try await f.transaction(as: .worker) { [shares] connection -> [EndedRelease] in
                let prepared = try f.store.prepareSending(of: shares + [.v7()], at: f.now, in: connection) { share in
                    // The last one's recipient has been suspended since.
                    RecipientSetup(channels: [.httpsMutualTLS], isSuspended: share.id == shares[2])
                }
                #expect(prepared.map(\.share.id) == Array(shares[..<3]))
                let decisions = prepared.map { Policy.decide($0.facts) }
                #expect(decisions.map(\.outcome) == [.permit, .permit, .deny])
                let releases = zip(prepared, decisions).prefix(2).map {
                    NewRelease(prepared: $0, decision: $1, bytesHash: [])
                }
                try f.store.beginReleases(releases, in: connection)
                try f.store.judge(prepared[2], decision: decisions[2], in: connection)
                return zip(releases, [.delivered(reference: "A"), .rejected(code: "schema")]).map {
                    EndedRelease(share: $0.prepared.share.id, attempt: $0.attempt, outcome: $1)
                }
            }
            try await f.transaction(as: .worker) { try f.store.finishReleases(begun, in: $0) }
            let states = try await f.transaction(as: .console) { [shares] connection in
                try shares.map { try f.store.share($0, in: connection)?.state }
            }
            #expect(states == [.delivered, .failed, .cancelled, .refused])
            #expect(try await f.value("SELECT count(*) FROM ledger.entry WHERE kind = 'release'") == 2)
            #expect(try await f.value("SELECT count(*) FROM ledger.entry WHERE kind = 'release_outcome'") == 2)
            #expect(try await f.transaction(as: .console) { try f.store.workItems(.failedShare, in: $0).count } == 1)
        }
    }

    @Test func `a day of signing in summer is that day in London`() async throws {
        try await Fixture.run { f in
            let person = try await f.person()
            let signedOn = try #require(Timestamp(rfc3339: "2025-06-30T23:00:00Z"))
            let scope = [Agreement.ScopeLine(recipient: "derby_homes", purposes: [.housingSupport])]
            _ = try await f.transaction {
                try f.store.add(NewAgreement(person: person, signedOn: signedOn, scope: scope), by: "staff:1", in: $0)
            }
            let share = try await f.share(person).id
            let release = try await f.transaction(as: .worker) { connection in
                try f.store.prepareSending(of: share, recipient: f.setup, at: f.now, in: connection).map {
                    $0.release(Policy.decide($0.facts), from: ReleaseSender(id: "derby_lac", name: "Derby"))
                }
            }
            #expect(release?["agreement"]?["signed_on"] == "2025-07-01")
        }
    }
}
