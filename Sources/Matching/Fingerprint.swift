package import Referral

/// What a person is recognised by, folded and ready to be compared.
///
/// It gathers what all messages about the person said, the newest first: a name from before a marriage and an address
/// from before a move still recognise. Each list is bounded.
package struct Fingerprint: Sendable, Hashable {
    /// A name as its words, in the order written.
    typealias Name = [[UInt8]]

    struct Home: Sendable, Hashable {
        var uprn: [UInt8] = []
        /// Without a space.
        var postcode: [UInt8] = []
        var town: [UInt8] = []
        /// The first number of the lines, with the letter that stands at it.
        var number: [UInt8] = []
        /// The lines without that number.
        var street: [UInt8] = []
    }

    struct Number: Sendable, Hashable {
        var type: IdentifierType
        /// Within what it is unique; empty for a register of the whole country.
        var scope: [UInt8]
        var value: [UInt8]
    }

    var givens: [Name] = []
    var families: [Name] = []
    var birthDates: [CalendarDate] = []
    /// Female or male; anything else tells nothing.
    var sex: Sex?
    var homes: [Home] = []
    var phones: [[UInt8]] = []
    var emails: [[UInt8]] = []
    /// The NHS number that is verified.
    var verifiedNHSNumber: [UInt8] = []
    /// NHS numbers of every kind.
    var nhsNumbers: [[UInt8]] = []
    /// Other numbers that name a person.
    var numbers: [Number] = []

    /// At most so many of each.
    static let most = 6

    init() {}

    /// What a message tells of its person.
    ///
    /// - Parameter sender: Who sent it, within whom hospital and local numbers are unique.
    package init(_ referral: Referral, sender: String) {
        let person = referral.person
        if let given = person.given { Self.keep(Folding.words(given), in: &givens) }
        if let family = person.family { Self.keep(Folding.words(family), in: &families) }
        for name in person.alsoKnownAs {
            let words = Folding.words(name)
            guard words.count > 1, let family = words.last else {
                Self.keep(words, in: &givens)
                continue
            }
            Self.keep(Array(words.dropLast()), in: &givens)
            Self.keep([family], in: &families)
        }
        if let born = person.dob { birthDates = [born] }
        sex = person.sex?.code.flatMap { $0 == .female || $0 == .male ? $0 : nil }
        if let address = referral.address { home(address) }
        for phone in person.phone.prefix(Self.most) {
            let digits = phone.utf8.filter { (0x30...0x39).contains($0) }
            if digits.count >= 6 { Self.keep(Array(digits.suffix(12)), in: &phones) }
        }
        if let email = person.email { Self.keep(Array(email.lowercased().utf8.prefix(100)), in: &emails) }
        for identifier in person.identifiers {
            guard let type = identifier.type.code, let scope = type.scope(sender: sender) else { continue }
            let value = Array(identifier.value.utf8.prefix(64))
            if type == .nhsNumber {
                Self.keep(value, in: &nhsNumbers)
            } else {
                Self.keep(Number(type: type, scope: Array(scope.utf8), value: value), in: &numbers)
            }
        }
        verifiedNHSNumber = referral.verifiedNHSNumber.map { Array($0.utf8) } ?? []
    }

    private mutating func home(_ address: Address) {
        var home = Home()
        home.uprn = address.uprn.map { Array($0.utf8) } ?? []
        // What stands for no fixed abode is nobody's home.
        if let postcode = address.postcode, !Postcode.isPseudo(postcode) {
            home.postcode = Array(postcode.lowercased().utf8.filter { $0 != 0x20 })
        }
        home.town = Array(Folding.words(address.town ?? "").joined())
        var words = address.lines.flatMap(Folding.words)
        if let place = words.firstIndex(where: { $0.first.map { (0x30...0x39).contains($0) } ?? false }) {
            home.number = words.remove(at: place)
        }
        home.street = Array(words.joined().prefix(100))
        if home != Home() { homes = [home] }
    }

    /// This together with what a newer message tells.
    package func adding(_ newer: Fingerprint) -> Fingerprint {
        var result = newer
        for given in givens { Self.keep(given, in: &result.givens) }
        for family in families { Self.keep(family, in: &result.families) }
        for date in birthDates { Self.keep(date, in: &result.birthDates) }
        for home in homes { Self.keep(home, in: &result.homes) }
        for phone in phones { Self.keep(phone, in: &result.phones) }
        for email in emails { Self.keep(email, in: &result.emails) }
        for number in nhsNumbers { Self.keep(number, in: &result.nhsNumbers) }
        for number in numbers { Self.keep(number, in: &result.numbers) }
        result.sex = newer.sex ?? sex
        if result.verifiedNHSNumber.isEmpty { result.verifiedNHSNumber = verifiedNHSNumber }
        return result
    }

    private static func keep<Element: Equatable>(_ element: Element, in list: inout [Element]) {
        guard list.count < most, !list.contains(element) else { return }
        list.append(element)
    }

    private static func keep(_ words: Name, in list: inout [Name]) {
        guard !words.isEmpty, list.count < most, !list.contains(words) else { return }
        list.append(words)
    }
}
