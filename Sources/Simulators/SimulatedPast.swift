/// The documents that an installation got over some time, one after the other: each of the invented persons in turn, told about
/// now by one kind of partner and now by another. Some are broken off, as some always are.
package struct SimulatedPast: Sendable {
    private let count: Int
    private let persons: [InventedPerson]
    private let partner: @Sendable (SimulatedDocument.Kind) -> String
    /// Begins the ids: no other run may have them.
    private let run: String
    private let start: Int64
    private let seconds: Int64

    /// Of so many one is broken off in the middle.
    private static let whole = 1_999

    /// - Parameters:
    ///   - persons: The first of the first seed.
    ///   - end: When the last came, in seconds since 1970.
    ///   - run: A few letters and digits that no other run begins its ids with.
    package init(
        count: Int, persons: Int, days: Int, until end: Int64, run: String,
        partner: @escaping @Sendable (SimulatedDocument.Kind) -> String = \.partner
    ) {
        self.count = count
        self.persons = InventedPerson.distinct(seed: 1, count: persons)
        self.partner = partner
        self.run = run
        seconds = Int64(days) * 86_400
        start = end - seconds
    }

    /// Some of the persons as CSV, with what they can be found by.
    package func people(_ most: Int) -> String {
        let lines = stride(from: 0, to: persons.count, by: max(1, persons.count / most)).map { index in
            let person = persons[index]
            return "\(person.nhsNumber),\(person.family),\(person.born),\(person.postcode)\n"
        }
        return "nhs_number,family_name,birth_date,postcode\n" + lines.prefix(most).joined()
    }

    /// Mostly those that know the NHS number: others leave open whether it is the same person, which nobody here decides.
    private static func kind(_ number: Int) -> SimulatedDocument.Kind {
        switch number % 200 {
        case 50: .police
        case 100: .voluntary
        case 150: .school
        case let rest: rest % 3 == 0 ? .bars : .hospital
        }
    }

    /// A document and when it came, in seconds since 1970.
    package struct Entry: Sendable {
        package var document: SimulatedDocument
        package var at: Int64
    }

    /// Documents by their numbers, the earliest first.
    package subscript(numbers: Range<Int>) -> [Entry] {
        numbers.map { number in
            let at = start + Int64(number) * seconds / Int64(count)
            let kind = Self.kind(number + number / persons.count)
            let digits = String(number, radix: 36).uppercased()
            var document = SimulatedDocument(
                kind: kind, partner: partner(kind), person: persons[number % persons.count],
                id: run + String(repeating: "0", count: max(0, 6 - digits.count)) + digits, at: at)
            if number % Self.whole == Self.whole - 1 { document.bytes.removeLast(document.bytes.count / 2) }
            return Entry(document: document, at: at)
        }
    }
}
