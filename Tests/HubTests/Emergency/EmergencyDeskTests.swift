import CaseStore
import Disclosure
import EmergencyAccess
import Foundation
import Logging
import Postgres
import Referral
import Testing
import Vault

@testable import Hub

/// Nobody in these exists.
@Suite struct EmergencyDeskTests {
    private static let person = UUIDValue.v7()
    private static let room = EmergencyCallers.Caller(id: "emas", isControlRoom: true, isEnabled: true)

    private let vault = Vault(key: InstallationKey())
    private let path = FileManager.default.temporaryDirectory.appending(path: "desk-\(UUID().uuidString)").path

    private static func card(_ keySafe: Value?, deceased: Bool = false) throws -> IndexedCard {
        var card: Value = [
            "address": ["uprn": "100030300001"], "verified_on": "2026-11-01", "confirmed_by": "person",
        ]
        card["key_safe"] = keySafe
        var subject = Subject()
        if deceased { subject.deceasedOn = Instant(seconds: 1_790_000_000) }
        return IndexedCard(
            person: person.description, given: "ANNE", family: "TESTER", dob: nil, nhsNumber: nil,
            card: try AccessCard(card, today: CalendarDate(iso: "2026-11-22")!), subject: subject)
    }

    /// What a control room is answered that brings back what the card of an earlier answer gave it, and the look on record.
    private func reveal(_ card: IndexedCard) async throws -> (answer: Value, look: EmergencyLook) {
        defer { try? FileManager.default.removeItem(atPath: path) }
        let journal = try LookJournal(path, capacity: 1 << 20, vault: vault)
        let desk = EmergencyDesk(
            rules: .notice, vault: vault, journal: journal, metrics: Metrics(), logger: Logger(label: "test")
        ) { _ in Issue.record("The journal can be written") }
        let now = Timestamp.now()
        desk.show(changed: [card], gone: [], callers: EmergencyCallers(), asOf: now)
        let token = LookToken(
            person: card.person, caller: Self.room.id, incident: "INC-1", ends: now.microseconds / 1_000_000 + 3_600)
        let body: Value = ["reveal": .string(token.text(.keySafe, sealedBy: vault)), "caller_id": "desk 4"]
        let answer = try await desk.reveal(RevealRequest(StrictJSON.write(body)), by: Self.room)
        let (looks, _, _) = try #require(try journal.unmerged(limit: 10))
        #expect(looks.count == 1)
        return (answer, try #require(EmergencyLook(StrictJSON.parse(looks[0]))))
    }

    @Test func `a code that is on the card is told, and that it was is on record`() async throws {
        let safe: Value = ["present": true, "location": "Porch", "code": "K4711Q"]
        let (answer, look) = try await reveal(Self.card(safe))
        #expect(answer["key_safe"] == safe)
        #expect(look.outcome == .card)
        #expect(look.found == [.init(person: Self.person, released: [.access])])
    }

    @Test(arguments: [nil, ["present": false], ["present": true, "location": "Porch"]] as [Value?])
    func `where the card has no code any more nothing is told, and so it is on record`(_ safe: Value?) async throws {
        let (answer, look) = try await reveal(Self.card(safe))
        #expect(answer["key_safe"] == nil)
        #expect(look.outcome == .none)
        #expect(look.found == [.init(person: Self.person, released: [])])
    }

    @Test func `what is refused is on record with why`() async throws {
        let safe: Value = ["present": true, "location": "Porch", "code": "K4711Q"]
        let (answer, look) = try await reveal(Self.card(safe, deceased: true))
        #expect(answer["key_safe"] == nil)
        #expect(look.outcome == .none)
        #expect(look.found == [.init(person: Self.person, released: [], refusal: .deceasedReview)])
    }
}
