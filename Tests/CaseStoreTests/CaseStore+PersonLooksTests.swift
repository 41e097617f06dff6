import CaseStore
import Disclosure
import Postgres
import Referral
import TestSupport
import Testing

/// What staff read of one person alone, with the rights of staff.
@Suite(.store) struct PersonLooksTests {
    private func look(
        _ found: [EmergencyLook.Found], kind: EmergencyLook.Kind = .look, outcome: EmergencyLook.Outcome = .card,
        isUnproved: Bool = false, minute: Int64, details: Value = ["incident_ref": "INC-1", "caller_id": "desk 4"],
        _ f: Fixture
    ) -> EmergencyLook {
        EmergencyLook(
            id: .v7(), at: f.now + .seconds(60 * minute), kind: kind, outcome: outcome, caller: "emas",
            incident: "INC-1",
            isOffline: false, isUnproved: isUnproved, policyVersion: "notice-1.rules-1", found: found, details: details)
    }

    private func enter(_ looks: [EmergencyLook], _ f: Fixture) async throws {
        let new = try await f.transaction(as: .emergency) {
            try f.store.enter(looks, node: "n1", reviewed: .seconds(86_400), in: $0)
        }
        #expect(new.count == looks.count)
    }

    private func looks(
        at person: UUIDValue, before: UUIDValue? = nil, limit: Int = 100, _ f: Fixture
    ) async throws -> [PersonLook]? {
        try await f.transaction(as: .console) {
            try f.store.looks(at: person, before: before, limit: limit, viewedBy: "staff:1", in: $0)
        }
    }

    @Test func `each look at a person is given, the latest first, and none at others`() async throws {
        try await Fixture.run { f in
            let person = try await f.person()
            let other = try await f.person(f.referral(id: "r-2", nhs: "9990000026", dob: "1950-05-01", family: "Other"))
            let card = look([.init(person: person, released: [.name, .address])], minute: 1, f)
            let candidates = look(
                [.init(person: person, released: [.name, .address]), .init(person: other, released: [.name])],
                outcome: .candidates, isUnproved: true, minute: 2,
                details: ["incident_ref": "INC-2", "call": ["answered_by": "x"]], f)
            let refused = look(
                [
                    .init(person: other, released: [.name]),
                    .init(person: person, released: [], refusal: .deceasedReview),
                ],
                minute: 3, f)
            try await enter(
                [card, candidates, refused, look([.init(person: other, released: [.name])], minute: 4, f)], f)
            let reviewed = try await f.transaction(as: .console) {
                try f.store.review(look: card.id, note: "In order", by: "officer", in: $0)
            }
            #expect(reviewed)
            let found = try #require(try await looks(at: person, f))
            #expect(found.map(\.id) == [refused.id, candidates.id, card.id])
            #expect(found.map(\.released) == [[], [.name, .address], [.name, .address]])
            #expect(found.map(\.outcome) == [.card, .candidates, .card])
            #expect(found.map(\.incident) == ["INC-1", "INC-2", "INC-1"])
            #expect(found.map(\.isByPhone) == [false, true, false])
            #expect(found.map(\.isUnproved) == [false, true, false])
            #expect(found.map(\.isReviewed) == [false, false, true])
            #expect(found.allSatisfy { $0.caller == "emas" && $0.kind == .look })

            #expect(try await looks(at: person, limit: 2, f)?.map(\.id) == [refused.id, candidates.id])
            #expect(try await looks(at: person, before: candidates.id, f)?.map(\.id) == [card.id])
            func isLook(_ look: UUIDValue, _ at: UUIDValue) async throws -> Bool {
                try await f.transaction(as: .console) { try f.store.isLook(look, at: at, in: $0) }
            }
            #expect(try await isLook(card.id, person))
            #expect(try await isLook(candidates.id, other))
            #expect(try await !isLook(card.id, other))
            #expect(try await !isLook(.v7(), person))
            #expect(try await !isLook(card.id, .v7()))
            #expect(try await looks(at: .v7(), f) == nil)
        }
    }

    @Test func `one look is read with what was told of each, and reading it is on the ledger`() async throws {
        try await Fixture.run { f in
            let person = try await f.person()
            let other = try await f.person(f.referral(id: "r-2", nhs: "9990000026", dob: "1950-05-01", family: "Other"))
            let found = [
                EmergencyLook.Found(person: person, released: [.name, .address]),
                .init(person: other, released: [], refusal: .deceasedReview),
            ]
            let entered = look(found, outcome: .card, minute: 1, details: ["reason": "No answer"], f)
            try await enter([entered], f)
            func read(_ id: UUIDValue) async throws -> (look: ReviewedLook, found: [EmergencyLook.Found])? {
                try await f.transaction(as: .console) { try f.store.look(id, viewedBy: "officer", in: $0) }
            }
            let before: Int = try await f.value("SELECT count(*) FROM ledger.entry WHERE kind = 'view'")
            let shown = try #require(try await read(entered.id))
            #expect(shown.look.id == entered.id && shown.look.details["reason"]?.stringValue == "No answer")
            #expect(shown.found == found.sorted { $0.person < $1.person })
            #expect(try await f.value("SELECT count(*) FROM ledger.entry WHERE kind = 'view'") == before + 2)
            #expect(try await read(.v7()) == nil)
        }
    }

    @Test func `a look at one who was found to be another is a look at that one`() async throws {
        try await Fixture.run { f in
            let survivor = try await f.person()
            let member = try await f.person(f.referral(id: "r-2", nhs: nil))
            try #require(survivor != member)
            let both = look(
                [.init(person: survivor, released: [.name]), .init(person: member, released: [.address])],
                outcome: .candidates, minute: 1, f)
            let before = look([.init(person: member, released: [.name])], minute: 0, f)
            try await enter([both, before], f)
            #expect(try await looks(at: survivor, f)?.map(\.id) == [both.id])
            try await TestDatabase.current.database.execute(
                "UPDATE record.person SET merged_into = \(survivor), merged_at = now() WHERE id = \(member)")
            for person in [survivor, member] {
                let found = try #require(try await looks(at: person, f))
                #expect(found.map(\.id) == [both.id, before.id])
                #expect(found.first?.released == [.name, .address])
            }
        }
    }

    @Test func `reading them is on the ledger, of that person alone`() async throws {
        try await Fixture.run { f in
            let person = try await f.person()
            let other = try await f.person(f.referral(id: "r-2", nhs: "9990000026", dob: "1950-05-01", family: "Other"))
            func views(_ of: UUIDValue) async throws -> Int {
                try await f.value(
                    "SELECT count(*) FROM ledger.entry WHERE kind = 'view' AND person = \(of)", as: Int.self)
            }
            _ = try await looks(at: person, f)
            #expect(try await views(person) == 1)
            try await enter(
                [
                    look(
                        [.init(person: person, released: [.name]), .init(person: other, released: [.name])],
                        outcome: .candidates, minute: 1, f)
                ], f)
            _ = try await looks(at: person, f)
            #expect(try await views(person) == 2)
            #expect(try await views(other) == 0)
        }
    }
}
