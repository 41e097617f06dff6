/// A person who does not exist, from harmless test values only: NHS numbers of the synthetic range 999, telephone numbers
/// of Ofcom's ranges for drama, `example.org`, and streets and postcodes that Derby does not have.
///
/// The same seed and number give the same person, on every machine.
package struct InventedPerson: Sendable, Hashable {
    package var given: String
    package var family: String
    /// `yyyy-mm-dd`.
    package var born: String
    /// `F` or `M`.
    package var sex: String
    package var nhsNumber: String
    package var phone: String
    package var mobile: String
    package var email: String
    package var street: String
    package var postcode: String
    /// A code of the hub's list of needs, and the words in which a referrer would say it.
    package var need: String
    package var reason: String

    package init(seed: UInt64, number: Int) {
        var random = SplitMix64(state: seed &+ UInt64(truncatingIfNeeded: number) &* 0x9E37_79B9_7F4A_7C15)
        sex = Bool.random(using: &random) ? "F" : "M"
        given = (sex == "F" ? Self.women : Self.men).randomElement(using: &random)!
        family = Self.families.randomElement(using: &random)!
        let year = Int.random(in: 1932...2003, using: &random)
        born =
            "\(year)-\(Self.pad(.random(in: 1...12, using: &random), 2))-\(Self.pad(.random(in: 1...28, using: &random), 2))"
        nhsNumber = Self.nhsNumber(using: &random)
        phone = "01632 960\(Self.pad(.random(in: 0...999, using: &random), 3))"
        mobile = "07700 900\(Self.pad(.random(in: 0...999, using: &random), 3))"
        // Each has one of their own, as most people do: names alone are soon used up.
        email =
            "\(given).\(family)".lowercased().filter { $0.isASCII && ($0.isLetter || $0 == ".") }
            + "\(number)@example.org"
        street = "\(Int.random(in: 1...140, using: &random)) \(Self.streets.randomElement(using: &random)!)"
        // Derby's DE1 has no sectors 4 to 8.
        let letters = Array("ABDEFGHJLNPQRSTUWXYZ")
        postcode =
            "DE1 \(Int.random(in: 4...8, using: &random))"
            + String((0..<2).map { _ in letters.randomElement(using: &random)! })
        (need, reason) = Self.reasons.randomElement(using: &random)!
    }

    /// The first persons of a seed who all have different NHS numbers: drawn ones meet among ten thousand.
    static func distinct(seed: UInt64, count: Int) -> [InventedPerson] {
        var numbers: Set<String> = []
        var persons: [InventedPerson] = []
        var number = 0
        while persons.count < count {
            let person = InventedPerson(seed: seed, number: number)
            number += 1
            if numbers.insert(person.nhsNumber).inserted { persons.append(person) }
        }
        return persons
    }

    /// Ten digits beginning with 999, the last being the check digit (weights 10 to 2, modulo 11).
    private static func nhsNumber(using random: inout SplitMix64) -> String {
        while true {
            let digits = [9, 9, 9] + (0..<6).map { _ in Int.random(in: 0...9, using: &random) }
            let check = 11 - zip(digits, (2...10).reversed()).map { $0 * $1 }.reduce(0, +) % 11
            if check != 10 { return digits.map(String.init).joined() + String(check % 11) }
        }
    }

    static func pad(_ number: Int, _ width: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, width - text.count)) + text
    }

    private static let women = [
        "Anne", "Beryl", "Chidinma", "Dorothy", "Edna", "Fatima", "Gwen", "Harpreet", "Irena", "Joan", "Katarzyna",
        "Lily", "Maureen", "Nasreen", "Olive", "Priya", "Rosemary", "Siân", "Thi", "Zoë",
    ]
    private static let men = [
        "Arthur", "Bogdan", "Cyril", "Derek", "Emeka", "Frank", "Gurdeep", "Howard", "Imran", "Jack", "Kenneth",
        "Liam", "Mohammed", "Norman", "Owen", "Pavel", "Raymond", "Seán", "Trevor", "Walter",
    ]
    private static let families = [
        "Ashdown", "Brightwater", "Coldharbour", "Dawnay", "Elmhurst", "Fernyhough", "Greenhalgh", "Hollybush",
        "Inglewood", "Jessop", "Kirkbride", "Longbottom", "Mistry", "Nightingale", "O'Dowd", "Pendlebury", "Quarmby",
        "Ravenscroft", "Sandiford", "Thistlewood", "Underhill", "Varley", "Wójcik", "Yardley",
    ]
    private static let streets = [
        "Ramswater Road", "Bobbin Row", "Little Derwent Close", "Peacock Yard", "Silk Throwster Lane",
        "Old Foundry Street",
        "Crown Porcelain Walk", "Lock Keeper Terrace", "Mundy Orchard", "Weir Meadow Drive", "Signal Box Court",
        "Florence Lamp Avenue",
    ]
    private static let reasons = [
        ("isolation", "Has not left the house since the spring and would like company on some days of the week."),
        ("falls", "Two falls in the kitchen this month; is now afraid of the stairs."),
        ("money_debt", "Letters are left unopened and the meter is often empty by the weekend."),
        ("bereavement", "Lost a partner of forty years in August and has stopped cooking."),
        ("carer_support", "Cares for a brother day and night and says that there is nobody to take over."),
        ("housing_condition", "Damp in the bedroom; the boiler has not worked for three weeks."),
        ("community_connection", "New to the area, used to keep an allotment, would like to join in again."),
        ("hoarding", "Rooms can hardly be entered; worried about what the landlord will say."),
        ("digital", "Appointments are only offered online and there is no one to show how."),
        ("food_fuel", "Skips meals towards the end of the month."),
    ]
}

/// A small generator of which every version gives the same numbers (Steele, Lea and Flood, 2014).
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
