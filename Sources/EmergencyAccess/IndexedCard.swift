package import Disclosure
package import Referral

/// A card with whom it is about: everything that an answer to a control room needs.
package struct IndexedCard: Sendable, Hashable {
    /// The person's id.
    package var person: String
    package var given: String?
    package var family: String?
    package var dob: CalendarDate?
    /// The person's verified NHS number.
    package var nhsNumber: String?
    package var card: AccessCard
    /// What the disclosure policy must know.
    package var subject: Subject

    package init(
        person: String, given: String?, family: String?, dob: CalendarDate?, nhsNumber: String?, card: AccessCard,
        subject: Subject
    ) {
        self.person = person
        self.given = given
        self.family = family
        self.dob = dob
        self.nhsNumber = nhsNumber
        self.card = card
        self.subject = subject
    }

    /// Where it is, in the shortest words: the house as it is written, else the first line.
    package var house: String? {
        let address = card.value["address"]
        return address?["house"]?.stringValue ?? address?["lines"]?[0]?.stringValue
    }

    /// Everything it is found under.
    package var keys: Set<CardKey> {
        var keys: Set<CardKey> = []
        let address = card.value["address"]
        if let uprn = address?["uprn"]?.stringValue { keys.insert(.uprn(uprn)) }
        if let postcode = address?["postcode"]?.stringValue {
            let house = address?["house"]?.stringValue.map { HouseWords($0).names }
            let lines = address?["lines"]?.arrayValue?.compactMap(\.stringValue) ?? []
            // A street's name is not a house's: where the house is named, the lines count only with a number.
            let named = Self.houses(in: lines).filter { name in
                house == nil || name.contains { $0.first?.isNumber == true }
            }
            keys.formUnion(((house ?? []) + named).compactMap { .house(postcode, $0) })
        }
        if let family, let dob, let key = CardKey.person(family, dob) { keys.insert(key) }
        if let nhsNumber { keys.insert(.nhsNumber(nhsNumber)) }
        return keys
    }
}

extension IndexedCard {
    /// By what the lines of an address name the house: the first, with the second where that has the number.
    private static func houses(in lines: [String]) -> [ArraySlice<String>] {
        guard let first = lines.first.map(HouseWords.init) else { return [] }
        guard first.upToNumber.isEmpty, lines.count > 1 else { return first.names }
        return first.names + HouseWords(lines[0] + " " + lines[1]).names
    }
}

/// The cards in memory, found in constant time however many there are.
package struct CardIndex: Sendable {
    private var cards: [String: IndexedCard] = [:]
    private var persons: [CardKey: [String]] = [:]

    package init() {}

    package var count: Int { cards.count }

    package var all: some Collection<IndexedCard> { cards.values }

    /// Puts a card in, in place of the person's last.
    package mutating func insert(_ card: IndexedCard) {
        remove(person: card.person)
        cards[card.person] = card
        for key in card.keys { persons[key, default: []].append(card.person) }
    }

    package mutating func remove(person: String) {
        guard let card = cards.removeValue(forKey: person) else { return }
        for key in card.keys {
            persons[key]?.removeAll { $0 == person }
            if persons[key]?.isEmpty == true { persons[key] = nil }
        }
    }

    package subscript(person: String) -> IndexedCard? { cards[person] }

    /// The cards that a query finds, in the order of their persons.
    package func find(_ query: LookQuery) -> [IndexedCard] {
        for key in query.keys where persons[key] != nil { return find(key) }
        return []
    }

    func find(_ key: CardKey) -> [IndexedCard] { (persons[key] ?? []).sorted().compactMap { cards[$0] } }
}
