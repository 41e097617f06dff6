import Disclosure
import Referral
import Testing

@testable import EmergencyAccess

@Suite struct CardIndexTests {
    private static let today = CalendarDate(iso: "2026-11-22")!
    private static let birth = CalendarDate(iso: "1947-05-03")!
    private static let otherBirth = CalendarDate(iso: "1980-12-31")!

    /// An address with everything that a card can be found by.
    private static let cottage: Value = [
        "house": "Rose Cottage", "lines": ["12A Example Street"], "postcode": "DE1 2FS", "uprn": "000100030329987",
    ]

    private func card(
        _ person: String, _ address: Value, family: String? = "O'Neil", dob: CalendarDate? = birth,
        nhsNumber: String? = nil
    ) throws -> IndexedCard {
        IndexedCard(
            person: person, given: "Anne", family: family, dob: dob, nhsNumber: nhsNumber,
            card: try AccessCard(["address": address, "verified_on": "2026-11-20"], today: Self.today),
            subject: Subject(age: 79))
    }

    private func found(_ query: LookQuery, in index: CardIndex) -> [String] {
        index.find(query).map { $0.person }
    }

    private func houses(_ names: String...) -> [LookQuery] { names.map { .house(postcode: "DE1 2FS", house: $0) } }

    // MARK: Keys

    @Test func `a card has a key for everything that it is found by, and no other`() throws {
        let indexed = try card("p1", Self.cottage, nhsNumber: "9434765919")
        let queries: [LookQuery] =
            [.uprn("100030329987"), .person(family: "O'Neil", dob: Self.birth), .nhsNumber("9434765919")]
            + houses("Rose Cottage", "12A Example Street", "12A")
        #expect(indexed.keys == Set(queries.compactMap { $0.keys.first }))
        #expect(indexed.keys.count == 6)
    }

    @Test func `what a card lacks gives no key`() throws {
        let address: Value = ["uprn": "7", "house": "12"]
        let number = try #require(LookQuery.uprn("7").keys.first)
        #expect(try card("p1", address, family: nil).keys == [number])
        #expect(try card("p1", address, dob: nil).keys == [number])
        #expect(try card("p1", address, family: "--").keys == [number])
    }

    @Test(
        arguments: [
            .uprn("100030329987"), .uprn("000100030329987"), .house(postcode: "DE12FS", house: "rose cottage"),
            .house(postcode: "DE1 2FS", house: "12a"), .house(postcode: "DE1 2FS", house: "12 A"),
            .house(postcode: "DE1 2FS", house: "12A Example Street"),
            .house(postcode: "DE12FS", house: "12a, EXAMPLE STREET"),
            .person(family: "ONeil", dob: CalendarDate(iso: "1947-05-03")!),
            .person(family: "ó neil", dob: CalendarDate(iso: "1947-05-03")!), .nhsNumber("9434765919"),
        ] as [LookQuery])
    func `a card is found by what it says, however it is spelt`(_ query: LookQuery) throws {
        var index = CardIndex()
        index.insert(try card("p1", Self.cottage, nhsNumber: "9434765919"))
        index.insert(try card("p2", ["uprn": "8"], family: "Testcase", dob: Self.otherBirth, nhsNumber: "9990000018"))
        #expect(found(query, in: index) == ["p1"])
    }

    @Test(
        arguments: [
            .uprn("10003032998"), .uprn("0"), .uprn(""), .house(postcode: "DE1 2FT", house: "12A"),
            .house(postcode: "DE1 2FS", house: "12"), .house(postcode: "DE1 2FS", house: "A"),
            .house(postcode: "DE1 2FS", house: ""), .house(postcode: "DE1 2FS", house: "-"),
            .person(family: "ONeill", dob: CalendarDate(iso: "1947-05-03")!),
            .person(family: "O'Neil", dob: CalendarDate(iso: "1947-05-04")!),
            .person(family: "'", dob: CalendarDate(iso: "1947-05-03")!), .nhsNumber("9990000018"), .nhsNumber(""),
            .candidate("p1"),
        ] as [LookQuery])
    func `nothing else finds it`(_ query: LookQuery) throws {
        var index = CardIndex()
        index.insert(try card("p1", Self.cottage, nhsNumber: "9434765919"))
        #expect(found(query, in: index) == [])
    }

    @Test func `a line is found by the number that it begins with and as a whole`() throws {
        var index = CardIndex()
        index.insert(try card("p1", ["lines": ["12 Example Street"], "postcode": "DE1 2FS"]))
        index.insert(try card("p2", ["lines": ["Flat 3", "14b, Example Street"], "postcode": "DE1 2FS"]))
        for query in houses("12", "12 Example Street", "12 EXAMPLE STREET.") {
            #expect(found(query, in: index) == ["p1"])
        }
        for query in houses("Flat 3", "flat-3", "14b", "14 B", "14B Example Street") {
            #expect(found(query, in: index) == ["p2"])
        }
        for query in houses("1", "2", "12A", "112", "Street", "Example Street", "3", "14", "Flat") {
            #expect(found(query, in: index) == [])
        }
    }

    @Test func `where it is, is said as the house or else as the first line`() throws {
        #expect(try card("p1", Self.cottage).house == "Rose Cottage")
        #expect(try card("p1", ["lines": ["12 Example Street", "Derby"], "uprn": "7"]).house == "12 Example Street")
        #expect(try card("p1", ["uprn": "7"]).house == nil)
    }

    // MARK: Putting in and taking out

    @Test func `a new card takes the place of the person's last`() throws {
        let last = try card("p1", Self.cottage, nhsNumber: "9434765919")
        let next = try card("p1", ["uprn": "7"], family: "Testcase", dob: Self.otherBirth)
        var index = CardIndex()
        index.insert(last)
        index.insert(next)
        #expect(index.count == 1)
        #expect(index["p1"] == next)
        #expect(Array(index.all) == [next])
        for key in last.keys { #expect(index.find(key) == []) }
        for key in next.keys { #expect(index.find(key) == [next]) }
        #expect(next.keys.count == 2)

        index.insert(next)
        #expect(index.count == 1)
        #expect(found(.uprn("7"), in: index) == ["p1"])
    }

    @Test func `a person who is taken out is found by nothing any more`() throws {
        let gone = try card("p1", Self.cottage, nhsNumber: "9434765919")
        let other = try card("p2", Self.cottage, nhsNumber: "9990000018")
        var index = CardIndex()
        index.insert(gone)
        index.insert(other)
        index.remove(person: "nobody")
        #expect(index.count == 2)

        index.remove(person: "p1")
        #expect(index.count == 1)
        #expect(index["p1"] == nil && index["p2"] == other)
        #expect(found(.nhsNumber("9434765919"), in: index) == [])
        // What the two had in common finds the other only.
        #expect(found(.uprn("100030329987"), in: index) == ["p2"])
        #expect(found(.house(postcode: "DE1 2FS", house: "12A"), in: index) == ["p2"])
        #expect(found(.person(family: "O'Neil", dob: Self.birth), in: index) == ["p2"])

        index.remove(person: "p2")
        #expect(index.count == 0)
        #expect(index.all.isEmpty)
        for key in gone.keys.union(other.keys) { #expect(index.find(key) == []) }
    }

    @Test func `an empty index finds nothing`() {
        let index = CardIndex()
        #expect(index.count == 0)
        #expect(index["p1"] == nil)
        #expect(found(.uprn("7"), in: index) == [])
    }

    // MARK: Many

    @Test(
        arguments: [["p1", "p10", "p2"], ["p2", "p10", "p1"], ["p10", "p1", "p2"], ["p2", "p1", "p10"]] as [[String]])
    func `all who live in a house are found, in the order of their ids`(_ persons: [String]) throws {
        let addresses: [String: Value] = [
            "p1": ["house": "12A", "postcode": "DE1 2FS"], "p10": ["house": "12 a", "postcode": "de12fs"],
            "p2": ["lines": ["12a Example Street"], "postcode": "DE1 2FS"],
        ]
        var index = CardIndex()
        for person in persons {
            index.insert(try card(person, #require(addresses[person]), family: "Family \(person)"))
        }
        index.insert(try card("p3", ["house": "12", "postcode": "DE1 2FS"]))
        #expect(found(.house(postcode: "DE1 2FS", house: "12 A"), in: index) == ["p1", "p10", "p2"])
        #expect(found(.house(postcode: "DE1 2FS", house: "12"), in: index) == ["p3"])
    }

    @Test func `another person's birth date finds nothing`() throws {
        var index = CardIndex()
        index.insert(try card("p1", ["uprn": "7"], family: "Example", dob: Self.birth))
        index.insert(try card("p2", ["uprn": "7"], family: "Testcase", dob: Self.otherBirth))
        #expect(found(.person(family: "Example", dob: Self.birth), in: index) == ["p1"])
        #expect(found(.person(family: "Testcase", dob: Self.otherBirth), in: index) == ["p2"])
        #expect(found(.person(family: "Example", dob: Self.otherBirth), in: index) == [])
        #expect(found(.person(family: "Testcase", dob: Self.birth), in: index) == [])
    }

    @Test func `two of one name are told apart by their birth dates`() throws {
        var index = CardIndex()
        index.insert(try card("p1", ["uprn": "7"], dob: Self.birth))
        index.insert(try card("p2", ["uprn": "7"], dob: Self.otherBirth))
        #expect(found(.person(family: "ONeil", dob: Self.birth), in: index) == ["p1"])
        #expect(found(.person(family: "ONeil", dob: Self.otherBirth), in: index) == ["p2"])
        #expect(found(.uprn("7"), in: index) == ["p1", "p2"])
    }

    @Test func `twenty thousand cards are each found by each of their keys, and all forgotten`() throws {
        let count = 20_000
        func postcode(_ number: Int) -> String { "DE\(1 + number % 9) \(number / 9 % 10)AA" }
        func dob(_ number: Int) -> CalendarDate { CalendarDate(daysSince1970: number % 9_000)! }
        func queries(_ number: Int) -> [LookQuery] {
            [
                .uprn("0\(100_000_000 + number)"), .house(postcode: postcode(number), house: "\(number)"),
                .person(family: "EXAMPLE-\(number)", dob: dob(number)), .nhsNumber("\(9_000_000_000 + number)"),
            ]
        }
        var index = CardIndex()
        for number in 0..<count {
            let address: Value = [
                "house": .string("\(number)"), "postcode": .string(postcode(number)),
                "uprn": .string("\(100_000_000 + number)"),
            ]
            index.insert(
                try card(
                    "p\(number)", address, family: "Example \(number)", dob: dob(number),
                    nhsNumber: "\(9_000_000_000 + number)"))
        }
        #expect(index.count == count)
        var missed: [Int] = []
        for number in 0..<count where queries(number).contains(where: { found($0, in: index) != ["p\(number)"] }) {
            missed.append(number)
        }
        #expect(missed.count == 0)

        for number in 0..<count { index.remove(person: "p\(number)") }
        #expect(index.count == 0)
        var kept: [Int] = []
        for number in 0..<count where queries(number).contains(where: { !found($0, in: index).isEmpty }) {
            kept.append(number)
        }
        #expect(kept.count == 0)
    }
}
