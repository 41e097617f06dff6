import Matching
import Referral

/// A person as a message describes them; every value is made up.
struct Described {
    var given: String? = "Elsie"
    var family: String? = "Canary"
    var born: String? = "1950-04-30"
    var lines: [String] = ["12 Example Street"]
    var town: String? = "Derby"
    var postcode: String? = "DE1 2FS"
    var uprn: String?
    var phone: String? = "+441632960001"
    var email: String?
    var nhs: String?
    var isVerified = true
    var local: String?
    var sex: Sex?
    var alsoKnownAs: [String] = []

    var referral: Referral {
        var person = Person()
        person.given = given
        person.family = family
        person.alsoKnownAs = alsoKnownAs
        person.dob = born.flatMap(CalendarDate.init(iso:))
        person.phone = phone.map { [$0] } ?? []
        person.email = email
        person.sex = sex.map { .known($0) }
        if let nhs {
            person.identifiers.append(Identifier(type: .known(.nhsNumber), value: nhs, verified: isVerified))
        }
        if let local { person.identifiers.append(Identifier(type: .known(.local), value: local)) }
        var address = Address()
        address.lines = lines
        address.town = town
        address.postcode = postcode
        address.uprn = uprn
        return Referral(person: person, address: address)
    }

    func fingerprint(sender: String = "uhdb") -> Fingerprint { Fingerprint(referral, sender: sender) }

    func with(_ change: (inout Described) -> Void) -> Described {
        var copy = self
        change(&copy)
        return copy
    }
}

extension Matcher {
    /// Among as many people as a city has.
    static let ofCity = Matcher(MatchPopulation(size: 260_000))

    func compare(_ a: Described, _ b: Described) -> MatchScore { compare(a.fingerprint(), b.fingerprint()) }
}
