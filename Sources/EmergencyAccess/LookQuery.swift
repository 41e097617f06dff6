import Matching
package import Referral

/// What a control room knows of whom it asks about: one of four, or a candidate that it was shown before.
package enum LookQuery: Sendable, Hashable {
    case uprn(String)
    /// A postcode, and a house's number or name.
    case house(postcode: String, house: String)
    /// A family name and a birth date, both exactly.
    case person(family: String, dob: CalendarDate)
    case nhsNumber(String)
    /// What an earlier answer gave for one of several.
    case candidate(String)

    /// What it asks by, for the record.
    package var kind: String {
        switch self {
        case .uprn: "uprn"
        case .house: "postcode_house"
        case .person: "name_dob"
        case .nhsNumber: "nhs_number"
        case .candidate: "candidate"
        }
    }
}

/// Under which a card is found: what a query and a card have in common, folded, so that spacing, case and punctuation
/// do not part them.
package struct CardKey: Hashable, Sendable {
    private let text: String

    static func uprn(_ number: String) -> CardKey { CardKey(text: "u" + number.drop { $0 == "0" }) }

    static func nhsNumber(_ number: String) -> CardKey { CardKey(text: "n" + number) }

    static func house(_ postcode: String, _ house: some Collection<String>) -> CardKey? {
        guard !house.isEmpty, let postcode = Postcode.normalise(postcode).normal else { return nil }
        return CardKey(text: "h\(postcode) \(house.joined(separator: "-"))")
    }

    static func person(_ family: String, _ dob: CalendarDate) -> CardKey? {
        let words = Folding.words(family).map { String(decoding: $0, as: UTF8.self) }
        guard !words.isEmpty else { return nil }
        return CardKey(text: "p" + dob.iso + words.joined())
    }
}

extension LookQuery {
    /// The keys that it finds cards by, to be tried in this order until one finds any; none for a candidate, and for text in
    /// which nothing can be found.
    package var keys: [CardKey] {
        switch self {
        case .uprn(let number): return [.uprn(number)]
        case .house(let postcode, let house):
            let words = HouseWords(house)
            return [words.words[...], words.upToNumber].compactMap { .house(postcode, $0) }
        case .person(let family, let dob): return [CardKey.person(family, dob)].compactMap { $0 }
        case .nhsNumber(let number): return [.nhsNumber(number)]
        case .candidate: return []
        }
    }
}

/// How a house is written in an address, in folded words: a number and the letter after it are one, `12 A` as `12a`.
struct HouseWords {
    let words: [String]

    private static let parts: Set<String> = ["flat", "apartment", "apt", "unit", "room", "floor", "no", "number"]

    init(_ text: String) {
        var words: [String] = []
        for word in Folding.words(text).map({ String(decoding: $0, as: UTF8.self) }) {
            let isLetter = word.utf8.count == 1 && word.first?.isLetter == true
            if isLetter, let last = words.last, last.allSatisfy(\.isNumber) {
                words[words.count - 1] = last + word
            } else {
                words.append(word)
            }
        }
        self.words = words
    }

    /// Where numbers stand that are a house's, and not that of a part of it, as in `Flat 3`.
    private var numbers: [Int] {
        words.indices.filter { index in
            words[index].first?.isNumber == true && (index == 0 || !Self.parts.contains(words[index - 1]))
        }
    }

    /// What a street's name may follow: the words up to the house's number; none where there is no number.
    var upToNumber: ArraySlice<String> { numbers.first.map { words[...$0] } ?? [] }

    /// Everything by which somebody may name the house, in the first line of an address.
    var names: [ArraySlice<String>] {
        guard let first = numbers.first else { return [words[...]] }
        // The number alone: of a flat, all that are in the house.
        return [words[...], words[...first], words[first...first]]
    }
}
