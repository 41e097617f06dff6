import CaseStore
import Disclosure
import Postgres
import Referral
import TestSupport
import Testing

/// Cards as nodes that answer control rooms read them, with the rights of no more than that.
@Suite(.store) struct AccessCardsTests {
    private func save(_ text: String, of person: UUIDValue, _ f: Fixture) async throws {
        let version = try await f.transaction(as: .console) {
            try f.store.saveAccessCard(
                Array(text.utf8), of: person, verifiedOn: CalendarDate(iso: "2026-03-01")!,
                validUntil: CalendarDate(iso: "2027-03-01")!, by: "staff:1", in: $0)
        }
        #expect(version != nil)
    }

    private func changes(_ f: Fixture, since mark: AccessCardMark? = nil) async throws -> AccessCardChanges {
        try await f.database.acting(as: .emergency).read { try f.store.accessCardChanges(since: mark, in: $0) }
    }

    /// As the role of control rooms, straight: how many rows a function of the owner gives.
    private func told(_ persons: [UUIDValue], _ f: Fixture) async throws -> [Int] {
        try await f.database.acting(as: .emergency).read { connection in
            [
                try connection.query("SELECT * FROM access.told_cards(\(persons))").count,
                try connection.query("SELECT * FROM access.told_persons(\(persons))").count,
            ]
        }
    }

    @Test func `a card is told with its person's profile, of persons with a card alone`() async throws {
        try await Fixture.run { f in
            let with = try await f.person()
            let without = try await f.person(
                f.referral(id: "r-2", nhs: "9990000026", dob: "1950-05-01", family: "Other"))
            #expect(try await told([with, without], f) == [0, 0])
            try await save("card", of: with, f)
            let changes = try await changes(f)
            #expect(changes.cards.map(\.person) == [with])
            #expect(changes.cards.first?.bytes == Array("card".utf8))
            #expect(changes.cards.first?.profile.person.family == "Canary")
            #expect(try await told([with, without], f) == [1, 1])

            let removed = try await f.transaction(as: .console) {
                try f.store.removeAccessCard(of: with, by: "staff:1", in: $0)
            }
            #expect(removed)
            #expect(try await told([with, without], f) == [0, 0])
            #expect(try await self.changes(f, since: changes.mark).gone == [with])
        }
    }

    @Test func `of one who was found to be another, the other's circumstances count and the card is told`() async throws
    {
        try await Fixture.run { f in
            let survivor = try await f.person()
            let member = try await f.person(
                f.referral(id: "r-2", nhs: nil, dob: "1950-04-30", family: "Canary"))
            try #require(survivor != member)
            try await save("card", of: member, f)
            try await TestDatabase.current.database.execute(
                "UPDATE record.person SET merged_into = \(survivor), merged_at = now(), restricted_at = now() WHERE id = \(member)"
            )
            let card = try #require(try await changes(f).cards.first)
            #expect(card.person == survivor)
            #expect(card.subject.restrictedOn != nil)
        }
    }

    @Test func `whoever changes a person has the card read again, without a right in it`() async throws {
        try await Fixture.run { f in
            let person = try await f.person()
            try await save("card", of: person, f)
            let mark = try await changes(f).mark
            _ = try await f.transaction(as: .worker) {
                try $0.execute("UPDATE record.person SET sealed_profile = sealed_profile WHERE id = \(person)")
            }
            #expect(try await changes(f, since: mark).cards.map(\.person) == [person])
            let next = try await changes(f).mark
            _ = try await f.transaction(as: .console) {
                try $0.execute("UPDATE record.person SET has_legal_hold = true WHERE id = \(person)")
            }
            #expect(try await changes(f, since: next).cards.first?.subject.hasLegalHold == true)
            let last = try await changes(f).mark
            _ = try await f.transaction(as: .retention) {
                try $0.execute("DELETE FROM record.person_key WHERE person = \(person)")
            }
            #expect(try await changes(f, since: last).gone == [person])
        }
    }

    @Test func `looks are entered, their reviews asked for and many of them warned of`() async throws {
        try await Fixture.run { f in
            let person = try await f.person()
            let looks = (0..<30).map { number in
                EmergencyLook(
                    id: .v7(), at: f.now, kind: number < 2 ? .reveal : .look, outcome: .card, caller: "control_room",
                    incident: "INC-1", isOffline: false, policyVersion: "notice-1.rules-1",
                    found: [.init(person: number < 2 ? person : .v7(), released: [.name])], details: [:])
            }
            let entered = try await f.transaction(as: .emergency) {
                try f.store.enter(looks, node: "n1", reviewed: .seconds(86_400), in: $0)
            }
            #expect(entered.count == 30)
            let again = try await f.transaction(as: .emergency) {
                try f.store.enter(looks, node: "n1", reviewed: .seconds(86_400), in: $0)
            }
            #expect(again.isEmpty)
            #expect(
                try await f.value("SELECT count(*) FROM record.work_item WHERE kind = 'emergency_look'", as: Int.self)
                    == 30)
            #expect(try await f.value("SELECT count(*) FROM access.look WHERE is_repeated", as: Int.self) == 1)
            #expect(
                try await f.value("SELECT count(*) FROM record.work_item WHERE kind = 'emergency_alarm'", as: Int.self)
                    == 0)
            var more = looks[29]
            more.id = .v7()
            more.found = [.init(person: .v7(), released: [.name])]
            let last = more
            _ = try await f.transaction(as: .emergency) {
                try f.store.enter([last], node: "n1", reviewed: .seconds(86_400), in: $0)
            }
            #expect(
                try await f.value("SELECT count(*) FROM record.work_item WHERE kind = 'emergency_alarm'", as: Int.self)
                    == 1)

            let shown = try await f.transaction(as: .console) {
                try f.store.looks(unreviewed: true, limit: 100, viewedBy: "staff:1", in: $0)
            }
            #expect(shown.count == 31)
            let reviewed = try await f.transaction(as: .console) {
                try f.store.review(look: looks[0].id, note: "as it should be", by: "staff:1", in: $0)
            }
            #expect(reviewed)
        }
    }
}
