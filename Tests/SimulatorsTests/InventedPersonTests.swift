import EmergencyAccess
import Referral
import Simulators
import Testing

@Suite struct InventedPersonTests {
    private let persons = (0..<500).map { InventedPerson(seed: 7, number: $0) }

    @Test func `the same seed and number give the same person`() {
        #expect(persons == (0..<500).map { InventedPerson(seed: 7, number: $0) })
        #expect(persons[0] != InventedPerson(seed: 8, number: 0))
        #expect(Set(persons).count == 500)
    }

    @Test func `nobody real can be met`() {
        for person in persons {
            let digits = person.nhsNumber.compactMap(\.wholeNumberValue)
            #expect(digits.count == 10 && digits.starts(with: [9, 9, 9]))
            #expect(zip(digits, [10, 9, 8, 7, 6, 5, 4, 3, 2, 1]).map { $0 * $1 }.reduce(0, +) % 11 == 0)
            #expect(person.phone.hasPrefix("01632 960") && person.phone.count == 12)
            #expect(person.mobile.hasPrefix("07700 900") && person.mobile.count == 12)
            #expect(person.email.hasSuffix("@example.org"))
            #expect(person.postcode.wholeMatch(of: /DE1 [4-8][ABD-HJLNP-UW-Z]{2}/) != nil)
        }
    }

    @Test func `an access card has all sections, and is as long as cards are`() throws {
        let today = try #require(CalendarDate(iso: "2026-11-22"))
        for person in persons.prefix(20) {
            let document = person.accessCard(uprn: "100000007", verifiedOn: "2026-11-22")
            let card = try AccessCard(document, today: today)
            for section in AccessCard.sections { #expect(card.value[section.name] != nil, "\(section.name)") }
            #expect((1_400...1_600).contains(StrictJSON.write(document).count))
        }
    }
}
