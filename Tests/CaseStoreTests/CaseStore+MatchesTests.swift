import CaseStore
import Disclosure
import Postgres
import Referral
import Testing

/// What staff decide about two persons who may be one.
@Suite(.store) struct MatchesTests {
    /// Two persons who look alike, and their match.
    private func pair(_ f: Fixture) async throws -> (known: UUIDValue, person: UUIDValue, match: UUIDValue) {
        let known = try await f.person(f.referral(id: "r-1", nhs: nil))
        let person = try await f.person(f.referral(id: "r-2", family: "Kanary"))
        let match = try #require(
            try await f.transaction(as: .console) { try f.store.waitingMatches(of: person, in: $0) }.first {
                $0.known == known
            })
        return (known, person, match.id)
    }

    @discardableResult
    private func decide(
        _ match: UUIDValue, _ verdict: MatchVerdict, at: Timestamp? = nil, _ f: Fixture
    ) async throws -> MatchState? {
        let outcome = try await f.transaction(as: .console) {
            try f.store.decide(match, verdict, by: "staff:1", reason: "Seen both", at: at ?? f.now, in: $0)
        }
        if case .decided(let match, _) = outcome { return match.state } else { return nil }
    }

    /// All that is kept of the persons but what the ledger says, row by row.
    private func records(_ f: Fixture) async throws -> String {
        try await f.value(
            """
            SELECT md5(string_agg(line, '|' ORDER BY line)) FROM (
                SELECT person::text AS line FROM record.person
                UNION ALL SELECT referral::text FROM record.referral
                UNION ALL SELECT case_file::text FROM record.case_file
                UNION ALL SELECT agreement::text FROM record.agreement
                UNION ALL SELECT person_identifier::text FROM record.person_identifier
                UNION ALL SELECT match_key::text FROM record.match_key
                UNION ALL SELECT work_item::text FROM record.work_item WHERE kind = 'match_review'
            ) AS lines
            """)
    }

    @Test func `the same person is read as one under the older id`() async throws {
        try await Fixture.run { f in
            let (known, person, match) = try await pair(f)
            #expect(try await decide(match, .same, f) == .same)
            let summaries = try await f.transaction(as: .console) { connection in
                try [known, person].map { try #require(try f.store.person($0, in: connection)) }
            }
            #expect(summaries[0].merged == [person])
            #expect(summaries[0].referrals == 2)
            #expect(summaries[1].mergedInto == known)
            let referrals = try await f.transaction(as: .console) { try f.store.referrals(of: known, in: $0) }
            #expect(referrals.map(\.person) == [known, known])
            #expect(try await f.transaction(as: .console) { try f.store.workItems(.matchReview, in: $0).isEmpty })
            #expect(try await f.transaction(as: .console) { try f.store.waitingMatches(in: $0).isEmpty })
        }
    }

    @Test func `an agreement that was entered while a merge waited was signed before it, and does not count`()
        async throws
    {
        try await Fixture.run(connections: 4) { f in
            let (known, _, match) = try await pair(f)
            let gate = Gate()
            async let entered = f.transaction(as: .console) { connection -> StoredAgreement? in
                _ = try f.store.subject(of: known, isLocked: true, in: connection)
                gate.arriveAndWait()
                let new = NewAgreement(
                    person: known, signedOn: f.now, scope: [.init(recipient: "uhdb", purposes: [.careSupport])])
                return try f.store.add(new, by: "staff:1", in: connection)
            }
            try await gate.arrival()
            async let merged = f.transaction(as: .console) {
                try f.store.decide(match, .same, by: "staff:1", in: $0)
            }
            try await f.open(gate)
            #expect(try await entered != nil)
            _ = try await merged
            let counting = try await f.transaction(as: .console) {
                try f.store.agreements(of: known, isCounting: true, in: $0)
            }
            #expect(counting == [])
        }
    }

    @Test func `a merge, a new referral, and taking the merge back restore both, each with what came for it`()
        async throws
    {
        try await Fixture.run { f in
            let (known, person, match) = try await pair(f)
            let before = try await records(f)
            try await decide(match, .same, f)
            #expect(try await records(f) != before)
            try await decide(match, .undo, f)
            #expect(try await records(f) == before)
            try await decide(match, .same, f)
            // The verified number is that of the merged person.
            let later = try await f.person(f.referral(id: "r-3", family: "Kanary", sentAt: f.now + .seconds(60)))
            #expect(later == person)
            #expect(try await f.transaction(as: .console) { try f.store.referrals(of: known, in: $0).count } == 3)
            try await decide(match, .undo, f)
            let counts = try await f.transaction(as: .console) { connection in
                try [known, person].map { try f.store.person($0, in: connection)?.referrals }
            }
            #expect(counts == [1, 2])
            #expect(try await f.transaction(as: .console) { try f.store.person(known, in: $0)?.merged } == [])
            #expect(try await f.transaction(as: .console) { try f.store.person(person, in: $0)?.mergedInto } == nil)
            #expect(try await f.transaction(as: .console) { try f.store.workItems(.matchReview, in: $0).count } == 1)
            #expect(
                try await f.transaction(as: .console) { try f.store.waitingMatches(of: known, in: $0).map(\.id) } == [
                    match
                ])
        }
    }

    @Test func `merges of merged persons are taken back in any order`() async throws {
        try await Fixture.run { f in
            let persons = try await [1, 2, 3].asyncMap { try await f.person(f.referral(id: "r-\($0)", nhs: nil)) }
            let before: String = try await f.value(
                "SELECT md5(string_agg(p::text, '|' ORDER BY id)) FROM record.person p")
            func match(_ a: Int, _ b: Int) async throws -> UUIDValue {
                try await f.value(
                    """
                    SELECT id FROM record.match
                    WHERE person IN (\(persons[a]), \(persons[b])) AND known IN (\(persons[a]), \(persons[b]))
                    """)
            }
            let (last, first) = (try await match(1, 2), try await match(0, 1))
            try await decide(last, .same, f)
            try await decide(first, .same, f)
            #expect(
                try await f.transaction(as: .console) { try f.store.person(persons[2], in: $0)?.mergedInto }
                    == persons[0])
            // They are one already: nothing more is merged, and nothing by taking that back.
            try await decide(try await match(0, 2), .same, f)
            try await decide(try await match(0, 2), .undo, f)
            #expect(
                try await f.transaction(as: .console) { try f.store.person(persons[2], in: $0)?.mergedInto }
                    == persons[0])
            try await decide(last, .undo, f)
            #expect(try await f.transaction(as: .console) { try f.store.person(persons[2], in: $0)?.mergedInto } == nil)
            #expect(
                try await f.transaction(as: .console) { try f.store.person(persons[1], in: $0)?.mergedInto }
                    == persons[0])
            try await decide(first, .undo, f)
            #expect(
                try await f.value("SELECT md5(string_agg(p::text, '|' ORDER BY id)) FROM record.person p") == before)
        }
    }

    @Test func `a new referral that looks like a merged person asks about the one who it is now`() async throws {
        try await Fixture.run { f in
            let (known, _, match) = try await pair(f)
            try await decide(match, .same, f)
            let asked = try await f.person(f.referral(id: "r-3", nhs: nil, family: "Kanary"))
            let matches = try await f.transaction(as: .console) { try f.store.waitingMatches(of: asked, in: $0) }
            #expect(matches.map(\.known) == [known])
        }
    }

    @Test func `two whom staff call different stay two, are not asked about again, and may be thought over`()
        async throws
    {
        try await Fixture.run { f in
            let (known, person, match) = try await pair(f)
            #expect(try await decide(match, .later, f) == .later)
            #expect(try await f.transaction(as: .console) { try f.store.workItems(.matchReview, in: $0).count } == 1)
            #expect(try await decide(match, .different, f) == .different)
            #expect(try await f.transaction(as: .console) { try f.store.workItems(.matchReview, in: $0).isEmpty })
            // The pair is kept once: asking again stores nothing.
            _ = try await f.person(f.referral(id: "r-3", family: "Kanary"))
            #expect(try await f.transaction(as: .console) { try f.store.waitingMatches(of: person, in: $0).isEmpty })
            #expect(try await decide(match, .same, f) == nil)
            #expect(try await decide(match, .undo, f) == .open)
            #expect(try await decide(match, .same, f) == .same)
            #expect(try await f.transaction(as: .console) { try f.store.person(person, in: $0)?.mergedInto } == known)
        }
    }

    @Test func `every decision is kept with its reason, sealed, and is on the ledger from both sides`() async throws {
        try await Fixture.run { f in
            let (known, person, match) = try await pair(f)
            for verdict in [MatchVerdict.later, .same, .undo] { try await decide(match, verdict, f) }
            let detail = try #require(try await f.transaction(as: .console) { try f.store.match(match, in: $0) })
            #expect(detail.decisions.map(\.verdict) == [.later, .same, .undo])
            #expect(detail.decisions.map(\.reason) == ["Seen both", "Seen both", "Seen both"])
            #expect(detail.decisions[1].merged == person)
            for id in [known, person] {
                let lines = try await f.transaction(as: .audit) { try f.store.trace(id, in: $0) }
                #expect(lines.filter { $0.kind == "match_decided" }.count == 3)
            }
            let nobody: UUIDValue = .v7()
            #expect(try await decide(nobody, .same, f) == nil)
        }
    }

    // MARK: Disclosure

    @Test func `what was queued about either is parked, and neither's agreement permits anything any more`()
        async throws
    {
        try await Fixture.run { f in
            let (known, person, match) = try await pair(f)
            var shares: [UUIDValue] = []
            for one in [known, person] {
                _ = try await f.agree(one)
                shares.append(try await f.share(one).id)
            }
            try await decide(match, .same, at: .now(), f)
            for id in shares {
                let share = try #require(try await f.transaction(as: .console) { try f.store.share(id, in: $0) })
                #expect(share.state == .parked)
                #expect(share.failure == "person_merged")
                #expect(try await f.begin(id) == nil)
            }
            let items = try await f.transaction(as: .console) { try f.store.workItems(.parkedShare, in: $0) }
            #expect(items.map(\.item.code) == ["person_merged", "person_merged"])
            for one in [known, person] {
                let share = try await f.share(one)
                #expect(share.state == .refused)
                #expect(share.reason == "no_agreement")
            }
        }
    }

    @Test func `an agreement that is entered after the merge permits again, for the survivor alone`() async throws {
        try await Fixture.run { f in
            let (known, person, match) = try await pair(f)
            try await decide(match, .same, at: f.now, f)
            _ = try await f.agree(known)
            _ = try await f.agree(person)
            #expect(try await f.share(known).state == .queued)
            #expect(try await f.share(person).state == .refused)
        }
    }

    @Test func `taking the merge back gives each their own agreement back`() async throws {
        try await Fixture.run { f in
            let (known, person, match) = try await pair(f)
            _ = try await f.agree(known)
            try await decide(match, .same, at: .now(), f)
            #expect(try await f.share(known).state == .refused)
            try await decide(match, .undo, f)
            #expect(try await f.share(known).state == .queued)
            #expect(try await f.share(person).state == .refused)
        }
    }

    @Test func `what forbids something to the merged person forbids it for the survivor`() async throws {
        try await Fixture.run { f in
            let (known, person, match) = try await pair(f)
            var circumstances = Subject()
            circumstances.restrictedOn = Instant(microseconds: f.now.microseconds)
            _ = try await f.transaction(as: .console) { [circumstances] in
                try f.store.setCircumstances(circumstances, of: person, changing: [], by: "test", in: $0)
            }
            try await decide(match, .same, at: f.now, f)
            _ = try await f.agree(known)
            #expect(try await f.share(known).state != .queued)
            try await decide(match, .undo, f)
            #expect(try await f.share(known).state == .queued)
        }
    }

    @Test func `what forbids something to the survivor forbids it for the merged person, of two moments the earlier`()
        async throws
    {
        try await Fixture.run { f in
            let (known, person, match) = try await pair(f)
            try await decide(match, .same, at: f.now - .seconds(60), f)
            func restrict(_ person: UUIDValue, on moment: Timestamp?) async throws {
                var circumstances = Subject()
                circumstances.restrictedOn = moment.map { Instant(microseconds: $0.microseconds) }
                try await f.transaction(as: .console) { [circumstances] in
                    try f.store.setCircumstances(circumstances, of: person, changing: [], by: "test", in: $0)
                }
            }
            // A concern about the record that was laid into another: what is entered of the other counts.
            #expect(try await f.concern(person).reason == "officer_approval_required")
            try await restrict(known, on: f.now)
            let waiting = try await f.concern(person)
            #expect(waiting.reason == "restricted_dpo_review")
            try await restrict(person, on: f.now + .seconds(86_400))
            #expect(try await f.concern(known).reason == "restricted_dpo_review")
            let found = try await f.transaction(as: .console) {
                try f.store.waitingShares(about: known, in: $0).map(\.id)
            }
            #expect(found.contains(waiting.id))
        }
    }

    @Test func `an approval that is waited for is not given for another picture of the person`() async throws {
        try await Fixture.run { f in
            let (_, person, match) = try await pair(f)
            let waiting = try await f.concern(person)
            #expect(waiting.awaits == .officer)
            try await decide(match, .same, f)
            let parked = try #require(try await f.transaction(as: .console) { try f.store.share(waiting.id, in: $0) })
            #expect((parked.state, parked.failure, parked.awaits) == (.parked, "person_merged", nil))
            let items = try await f.transaction(as: .console) { try f.store.workItems(.parkedShare, in: $0) }
            #expect(items.map(\.item.code) == ["person_merged"])
        }
    }

    @Test func `a share that is already on its way when the merge comes is judged anew before its next attempt`()
        async throws
    {
        try await Fixture.run { f in
            let (known, _, match) = try await pair(f)
            _ = try await f.agree(known)
            let share = try await f.share(known)
            let attempt = try #require(try await f.begin(share.id))
            try await decide(match, .same, at: .now(), f)
            try await f.transaction(as: .worker) {
                try f.store.finishRelease(of: share.id, attempt: attempt, outcome: .retry(code: "503"), in: $0)
            }
            #expect(try await f.begin(share.id) == nil)
        }
    }
}

extension Sequence {
    fileprivate func asyncMap<T>(_ transform: (Element) async throws -> T) async throws -> [T] {
        var results: [T] = []
        for element in self { results.append(try await transform(element)) }
        return results
    }
}
