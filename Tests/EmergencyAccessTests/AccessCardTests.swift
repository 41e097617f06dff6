import Referral
import Testing

@testable import EmergencyAccess

@Suite struct AccessCardTests {
    private static let today = CalendarDate(iso: "2026-11-22")!

    /// Every field of a card, in the form in which it is kept. Nobody in it exists.
    private static let full: Value = [
        "address": [
            "house": "12A", "lines": ["12A Example Street", "Littleover"], "postcode": "DE1 2FS",
            "uprn": "100030329987", "latitude": .number("52.9219"), "longitude": .number("-1.4758"),
            "directions": "Green gate behind the shop.",
        ],
        "key_safe": ["present": true, "location": "Left of the back door", "code": "C8264X"],
        "entry": [
            "door": "Side door", "floor": "1", "lift": false, "alarm_code_holder": "Example Careline",
            "dog": "Small and friendly", "parking": "Bay 4",
        ],
        "occupants": ["adults": 2, "children": 0],
        "hazards": [
            ["kind": "oxygen", "text": "Concentrator in the bedroom."],
            [
                "kind": "violence_marker", "text": "Two to attend.", "source": "Example Homes",
                "review_by": "2027-01-31",
            ],
        ],
        "crit": [
            ["kind": "allergy", "text": "Penicillin."],
            ["kind": "respect_or_dnacpr_exists", "kept_at": "Fridge door"],
        ],
        "contacts": [
            ["name": "Tom Testcase", "relation": "son", "phone": "+441632960123", "key_holder": true],
            ["name": "Sam Testcase"],
        ],
        "verified_on": "2026-11-20", "valid_until": "2027-05-20",
    ]

    /// The full card with another value at a place of one or two steps; nil takes the member out.
    private func changed(_ place: String, _ value: Value?) -> Value {
        var document = Self.full
        let keys = place.split(separator: ".").map(String.init)
        if keys.count == 1 {
            document[keys[0]] = value
        } else {
            document[keys[0]]?[keys[1]] = value
        }
        return document
    }

    private func findings(_ document: Value) -> [Finding] {
        do throws(AccessCard.Mistaken) {
            _ = try AccessCard(document, today: Self.today)
            return []
        } catch {
            return error.findings
        }
    }

    private func places(_ document: Value) -> [String] {
        findings(document).map { "\($0.code.rawValue) \($0.path)" }
    }

    /// Every text and number in a value.
    private func leaves(_ value: Value) -> [String] {
        switch value {
        case .null, .bool: return []
        case .number(let text), .string(let text): return [text]
        case .array(let elements): return elements.flatMap { leaves($0) }
        case .object(let object): return object.values.flatMap { leaves($0) }
        }
    }

    /// Expects these findings and no others when a value stands at a place of the full card, and none that quotes it.
    private func expect(_ expected: [String], for value: Value, at place: String) {
        let found = findings(changed(place, value))
        #expect(found.map { "\($0.code.rawValue) \($0.path)" } == expected)
        let secrets = leaves(value).filter { $0.utf8.count > 3 }
        for finding in found {
            #expect(!finding.text.isEmpty)
            for secret in secrets { #expect(!finding.text.contains(secret) && !finding.path.contains(secret)) }
        }
    }

    // MARK: What is right

    @Test func `a full card is read and given back unchanged`() throws {
        let card = try AccessCard(Self.full, today: Self.today)
        #expect(card.document == Self.full)
        #expect(card.verifiedOn.iso == "2026-11-20" && card.validUntil.iso == "2027-05-20")
        #expect(card.keySafeCode == "C8264X")
        #expect(try AccessCard(card.document, today: Self.today) == card)
    }

    @Test func `what is kept is the sections and the two days, and reads as the same card`() throws {
        let card = try AccessCard(Self.full, today: Self.today)
        var sections = Self.full
        sections["verified_on"] = nil
        sections["valid_until"] = nil
        #expect(card.value == sections)
        #expect(card.stored == ["card": sections, "verified_on": "2026-11-20", "valid_until": "2027-05-20"])
        #expect(AccessCard(stored: card.stored) == card)
    }

    @Test(arguments: AccessCard.Confirmer.allCases)
    func `who confirmed it is kept, and no control room is told`(_ confirmer: AccessCard.Confirmer) throws {
        let card = try AccessCard(changed("confirmed_by", .string(confirmer.rawValue)), today: Self.today)
        #expect(card.confirmedBy == confirmer)
        #expect(card.document["confirmed_by"] == .string(confirmer.rawValue))
        #expect(AccessCard(stored: card.stored) == card)
        #expect(card.told(Set(FieldGroup.allCases), on: Self.today)["confirmed_by"] == nil)
    }

    @Test(
        arguments: [
            .null, "card", [:], ["card": [:]], ["card": [:], "verified_on": "2026-11-20"],
            ["card": [:], "valid_until": "2027-11-20"], ["verified_on": "2026-11-20", "valid_until": "2027-11-20"],
            ["card": [:], "verified_on": "2026-11-20", "valid_until": "soon"],
            ["card": [:], "verified_on": 20_261_120, "valid_until": "2027-11-20"],
        ] as [Value])
    func `what nobody kept does not read as a card`(_ stored: Value) {
        #expect(AccessCard(stored: stored) == nil)
    }

    @Test(
        arguments: [
            ["uprn": "100030329987"], ["postcode": "DE1 2FS", "house": "12A"],
            ["postcode": "DE1 2FS", "lines": ["12A Example Street"]],
        ] as [Value])
    func `an address and the day are enough`(_ address: Value) throws {
        let card = try AccessCard(["address": address, "verified_on": "2026-11-22"], today: Self.today)
        #expect(
            card.document == ["address": address, "verified_on": "2026-11-22", "valid_until": "2027-11-22"] as Value)
        #expect(card.keySafeCode == nil)
    }

    @Test(arguments: [
        ("2026-11-20", "2027-11-20"), ("2024-02-28", "2025-02-27"), ("2024-02-29", "2025-02-28"),
        ("2023-03-01", "2024-02-29"),
    ])
    func `a card that does not say is valid for 365 days`(_ verified: String, _ until: String) throws {
        var document = changed("valid_until", nil)
        document["verified_on"] = .string(verified)
        let card = try AccessCard(document, today: Self.today)
        #expect(card.validUntil.iso == until)
        #expect(card.document["valid_until"] == .string(until))
        #expect(card.stored["valid_until"] == .string(until))
    }

    @Test func `at the end of the calendar a card is valid for its day`() throws {
        let document: Value = ["address": ["uprn": "1"], "verified_on": "9999-12-31"]
        #expect(try AccessCard(document, today: .last).validUntil == .last)
    }

    @Test func `numbers are brought into their normal form, and what is empty is left out`() throws {
        let document: Value = [
            "address": [
                "house": "12", "lines": nil, "postcode": " de1-2fs", "uprn": "000100030329", "latitude": nil,
                "longitude": nil,
            ],
            "key_safe": nil, "entry": [:], "occupants": ["adults": .number("02"), "children": nil],
            "hazards": [], "crit": nil,
            "contacts": [["name": "Tom Testcase", "phone": "01632 960123", "key_holder": nil]],
            "verified_on": "2026-11-20", "valid_until": nil,
        ]
        let expected: Value = [
            "address": ["house": "12", "postcode": "DE1 2FS", "uprn": "100030329"], "occupants": ["adults": 2],
            "contacts": [["name": "Tom Testcase", "phone": "+441632960123"]],
            "verified_on": "2026-11-20", "valid_until": "2027-11-20",
        ]
        #expect(try AccessCard(document, today: Self.today).document == expected)
    }

    @Test(
        arguments: [
            ("address.house", .string(String(repeating: "x", count: 60))),
            ("address.lines", ["1", "2", "3", "4", "5"]),
            ("address.lines", [.string(String(repeating: "x", count: 200))]),
            ("address.uprn", "1"), ("address.uprn", "123456789012"),
            ("address.latitude", 49), ("address.latitude", 61),
            ("address.longitude", .number("-9")), ("address.longitude", 2),
            ("address.directions", .string(String(repeating: "x", count: 1_000))),
            ("key_safe", ["present": false]), ("key_safe", ["present": true]),
            ("key_safe.location", .string(String(repeating: "x", count: 500))),
            ("key_safe.code", .string(String(repeating: "x", count: 40))),
            ("entry.door", .string(String(repeating: "x", count: 200))), ("entry.lift", true),
            ("occupants.adults", 0), ("occupants.children", 50),
            ("hazards", .array([Value](repeating: ["kind": "oxygen"], count: 20))),
            ("hazards", [["kind": "dog", "text": .string(String(repeating: "x", count: 500))]]),
            ("contacts", [["name": .string(String(repeating: "x", count: 120))]]),
            ("verified_on", "2026-11-22"), ("valid_until", "2026-11-20"), ("valid_until", "2029-12-31"),
        ] as [(String, Value)])
    func `what is just within bounds is kept as it is`(_ place: String, _ value: Value) throws {
        let card = try AccessCard(changed(place, value), today: Self.today)
        #expect(card.document == changed(place, value))
    }

    @Test func `the kinds are those of the partner interfaces, and each is read`() throws {
        let hazards = AccessCard.Hazard.allCases.map { $0.rawValue }
        let critical = AccessCard.Critical.allCases.map { $0.rawValue }
        #expect(
            hazards == [
                "oxygen", "hoarding", "structural", "dog", "chemical", "smoking_in_bed", "violence_marker",
            ])
        #expect(
            critical == [
                "mobility", "communication", "allergy", "equipment", "medicine_critical", "respect_or_dnacpr_exists",
                "capacity",
            ])
        var document = Self.full
        document["hazards"] = .array(
            hazards.map { ["kind": .string($0), "source": "Example Homes", "review_by": "2027-01-31"] })
        document["crit"] = .array(critical.map { ["kind": .string($0)] })
        #expect(try AccessCard(document, today: Self.today).document == document)
    }

    // MARK: What is wrong

    @Test(arguments: [.null, true, 7, "text", []] as [Value])
    func `what is no object is no card`(_ document: Value) {
        #expect(places(document) == ["schema ", "missing verified_on"])
    }

    @Test func `everything that is wrong is said at once`() {
        #expect(places([:]) == ["missing address", "missing verified_on"])
        let document: Value = [
            "pets": 1, "address": ["postcode": "DERBY", "town": "Derby"], "key_safe": ["present": false, "code": "1"],
            "hazards": [["kind": "fire"]], "verified_on": "2026-11-23",
        ]
        #expect(
            places(document) == [
                "schema pets", "invalid_identifier address.postcode", "missing address", "schema address.town",
                "schema key_safe", "unknown_code hazards[0].kind", "invalid_date verified_on",
            ])
    }

    @Test(
        arguments: [
            ("nickname", "Zebedee", ["schema nickname"]),
            ("notes", "Zebedee", ["schema notes"]),
            ("finance", ["debt": "Zebedee"], ["schema finance"]),
            ("verified_on", .null, ["missing verified_on"]),
            ("verified_on", "", ["schema verified_on"]),
            ("verified_on", 20_261_120, ["schema verified_on"]),
            ("verified_on", "2026-11-20T09:00:00Z", ["schema verified_on"]),
            ("verified_on", "20/11/2026", ["invalid_date verified_on"]),
            ("verified_on", "2026-02-30", ["invalid_date verified_on"]),
            // The future, then the future past the day until which it is valid.
            ("verified_on", "2026-11-23", ["invalid_date verified_on"]),
            ("verified_on", "2027-06-01", ["invalid_date verified_on", "invalid_date valid_until"]),
            ("valid_until", "", ["schema valid_until"]),
            ("valid_until", true, ["schema valid_until"]),
            ("valid_until", "soon", ["invalid_date valid_until"]),
            ("valid_until", "2026-11-19", ["invalid_date valid_until"]),
            ("confirmed_by", "Zebedee", ["unknown_code confirmed_by"]),
            ("confirmed_by", true, ["unknown_code confirmed_by"]),
        ] as [(String, Value, [String])])
    func `a mistake in the card itself is found at its place`(_ place: String, _ value: Value, _ expected: [String]) {
        expect(expected, for: value, at: place)
    }

    @Test func `a card without an address is refused`() {
        #expect(places(changed("address", nil)) == ["missing address"])
    }

    @Test func `an address that is null is no address`() {
        #expect(places(changed("address", .null)) == ["missing address"])
    }

    @Test(
        arguments: [
            ("address", "12 Example Street", ["schema address"]),
            ("address", ["12 Example Street"], ["schema address"]),
            ("address", [:], ["missing address"]),
            ("address", ["postcode": "DE1 2FS"], ["missing address"]),
            ("address", ["house": "12", "lines": ["Example Street"]], ["missing address"]),
            ("address.town", "Zebedee", ["schema address.town"]),
            ("address.house", "", ["schema address.house"]),
            ("address.house", 12, ["schema address.house"]),
            ("address.house", .string(String(repeating: "x", count: 61)), ["schema address.house"]),
            ("address.house", .string(String(repeating: "é", count: 31)), ["schema address.house"]),
            ("address.lines", "12 Example Street", ["schema address.lines"]),
            ("address.lines", [], ["schema address.lines"]),
            ("address.lines", ["1", "2", "3", "4", "5", "6"], ["schema address.lines"]),
            ("address.lines", ["12 Example Street", ""], ["schema address.lines"]),
            ("address.lines", ["12 Example Street", 7], ["schema address.lines"]),
            ("address.lines", [.string(String(repeating: "x", count: 201))], ["schema address.lines"]),
            ("address.directions", "", ["schema address.directions"]),
            ("address.directions", .string(String(repeating: "x", count: 1_001)), ["schema address.directions"]),
        ] as [(String, Value, [String])])
    func `a mistake in the words of the address is found at its place`(
        _ place: String, _ value: Value, _ expected: [String]
    ) {
        expect(expected, for: value, at: place)
    }

    @Test(
        arguments: [
            ("address.postcode", "", ["schema address.postcode"]),
            ("address.postcode", ["DE1 2FS"], ["schema address.postcode"]),
            ("address.postcode", "DERBY", ["invalid_identifier address.postcode"]),
            ("address.postcode", "D123 4AA", ["invalid_identifier address.postcode"]),
            ("address.uprn", 100_030_329_987, ["schema address.uprn"]),
            ("address.uprn", "", ["schema address.uprn"]),
            ("address.uprn", "0000", ["invalid_identifier address.uprn"]),
            ("address.uprn", "12a45", ["invalid_identifier address.uprn"]),
            ("address.uprn", "1234567890123", ["invalid_identifier address.uprn"]),
            ("address.latitude", .null, ["missing address"]),
            ("address.longitude", .null, ["missing address"]),
            ("address.latitude", "52.9219", ["schema address.latitude", "missing address"]),
            ("address.latitude", .number("48.99"), ["schema address.latitude", "missing address"]),
            ("address.latitude", .number("61.01"), ["schema address.latitude", "missing address"]),
            ("address.latitude", .number("1e400"), ["schema address.latitude", "missing address"]),
            ("address.longitude", .number("-9.01"), ["schema address.longitude", "missing address"]),
            ("address.longitude", .number("2.01"), ["schema address.longitude", "missing address"]),
            ("address.longitude", true, ["schema address.longitude", "missing address"]),
        ] as [(String, Value, [String])])
    func `a mistake in the numbers of the address is found at its place`(
        _ place: String, _ value: Value, _ expected: [String]
    ) {
        expect(expected, for: value, at: place)
    }

    @Test(
        arguments: [
            ("key_safe", "Zebedee", ["schema key_safe"]),
            ("key_safe", [:], ["missing key_safe.present"]),
            ("key_safe", ["location": "By the door"], ["missing key_safe.present"]),
            ("key_safe", ["present": false, "location": "By the door"], ["schema key_safe"]),
            ("key_safe", ["present": false, "code": "4711"], ["schema key_safe"]),
            ("key_safe.present", "yes", ["schema key_safe.present", "missing key_safe.present"]),
            ("key_safe.location", "", ["schema key_safe.location"]),
            ("key_safe.location", .string(String(repeating: "x", count: 501)), ["schema key_safe.location"]),
            ("key_safe.code", 4711, ["schema key_safe.code"]),
            ("key_safe.code", .string(String(repeating: "x", count: 41)), ["schema key_safe.code"]),
            ("key_safe.colour", "Zebedee", ["schema key_safe.colour"]),
            ("entry", ["Zebedee"], ["schema entry"]),
            ("entry.lift", "none", ["schema entry.lift"]),
            ("entry.lift", 0, ["schema entry.lift"]),
            ("entry.floor", 1, ["schema entry.floor"]),
            ("entry.door", "", ["schema entry.door"]),
            ("entry.parking", .string(String(repeating: "x", count: 201)), ["schema entry.parking"]),
            ("entry.alarm_code", "Zebedee", ["schema entry.alarm_code"]),
            ("occupants", 2, ["schema occupants"]),
            ("occupants.adults", "2", ["schema occupants.adults"]),
            ("occupants.adults", 51, ["schema occupants.adults"]),
            ("occupants.children", .number("-1"), ["schema occupants.children"]),
            ("occupants.children", .number("1.5"), ["schema occupants.children"]),
            ("occupants.names", "Zebedee", ["schema occupants.names"]),
        ] as [(String, Value, [String])])
    func `a mistake in how to come in is found at its place`(_ place: String, _ value: Value, _ expected: [String]) {
        expect(expected, for: value, at: place)
    }

    @Test(
        arguments: [
            ("hazards", "Zebedee", ["schema hazards"]),
            ("hazards", ["kind": "oxygen"], ["schema hazards"]),
            ("hazards", ["oxygen"], ["schema hazards[0]"]),
            ("hazards", .array([Value](repeating: ["kind": "oxygen"], count: 21)), ["schema hazards"]),
            ("hazards", [["text": "Zebedee"]], ["missing hazards[0].kind"]),
            ("hazards", [["kind": "dog"], ["kind": "Zebedee"]], ["unknown_code hazards[1].kind"]),
            ("hazards", [["kind": "allergy"]], ["unknown_code hazards[0].kind"]),
            ("hazards", [["kind": 7_000]], ["schema hazards[0].kind"]),
            ("hazards", [["kind": ""]], ["schema hazards[0].kind"]),
            ("hazards", [["kind": "dog", "text": ""]], ["schema hazards[0].text"]),
            (
                "hazards", [["kind": "dog", "text": .string(String(repeating: "x", count: 501))]],
                ["schema hazards[0].text"]
            ),
            ("hazards", [["kind": "dog", "kept_at": "Zebedee"]], ["schema hazards[0].kept_at"]),
            ("hazards", [["kind": "dog", "source": ["Zebedee"]]], ["schema hazards[0].source"]),
            ("hazards", [["kind": "dog", "review_by": "Zebedee"]], ["invalid_date hazards[0].review_by"]),
            ("hazards", [["kind": "violence_marker"]], ["missing hazards[0]"]),
            ("hazards", [["kind": "violence_marker", "source": "Zebedee"]], ["missing hazards[0]"]),
            ("hazards", [["kind": "violence_marker", "review_by": "2027-01-31"]], ["missing hazards[0]"]),
            (
                "hazards", [["kind": "dog"], ["kind": "violence_marker", "source": "Zebedee", "review_by": "soon"]],
                ["invalid_date hazards[1].review_by", "missing hazards[1]"]
            ),
        ] as [(String, Value, [String])])
    func `a mistake in the hazards is found at its place`(_ place: String, _ value: Value, _ expected: [String]) {
        expect(expected, for: value, at: place)
    }

    @Test(
        arguments: [
            ("crit", true, ["schema crit"]),
            ("crit", [7], ["schema crit[0]"]),
            ("crit", .array([Value](repeating: ["kind": "capacity"], count: 21)), ["schema crit"]),
            ("crit", [["text": "Zebedee"]], ["missing crit[0].kind"]),
            ("crit", [["kind": "violence_marker"]], ["unknown_code crit[0].kind"]),
            ("crit", [["kind": "capacity"], ["kind": "mobility", "text": 7_000]], ["schema crit[1].text"]),
            ("crit", [["kind": "capacity", "kept_at": ""]], ["schema crit[0].kept_at"]),
            ("crit", [["kind": "capacity", "review_by": "2027-01-31"]], ["schema crit[0].review_by"]),
            ("contacts", "Zebedee", ["schema contacts"]),
            ("contacts", ["name": "Zebedee"], ["schema contacts"]),
            ("contacts", [.null], ["schema contacts[0]"]),
            ("contacts", .array([Value](repeating: ["name": "Zebedee"], count: 21)), ["schema contacts"]),
            ("contacts", [["relation": "Zebedee"]], ["missing contacts[0].name"]),
            ("contacts", [["name": ""]], ["schema contacts[0].name"]),
            ("contacts", [["name": .string(String(repeating: "x", count: 121))]], ["schema contacts[0].name"]),
            ("contacts", [["name": "Zebedee", "relation": ""]], ["schema contacts[0].relation"]),
            ("contacts", [["name": "Zebedee", "phone": "99999"]], ["invalid_identifier contacts[0].phone"]),
            ("contacts", [["name": "Zebedee", "phone": "ask Pat"]], ["invalid_identifier contacts[0].phone"]),
            ("contacts", [["name": "Zebedee", "phone": 1_632_960_123]], ["schema contacts[0].phone"]),
            ("contacts", [["name": "Zebedee", "key_holder": "yes"]], ["schema contacts[0].key_holder"]),
            ("contacts", [["name": "Zebedee"], ["name": "Zebedee", "dob": "Zebedee"]], ["schema contacts[1].dob"]),
        ] as [(String, Value, [String])])
    func `a mistake in what a crew must know or in a contact is found at its place`(
        _ place: String, _ value: Value, _ expected: [String]
    ) {
        expect(expected, for: value, at: place)
    }

    @Test(arguments: [.null, true, 7, .number("1e999"), "", "7", "\u{0}", [], [:], [[]], [[:]]] as [Value])
    func `whatever stands anywhere is refused, or given back as a card that reads alike`(_ odd: Value) throws {
        let members = try #require(Self.full.objectValue)
        var everywhere: [String] = []
        for (name, section) in members {
            everywhere.append(name)
            for key in section.objectValue?.keys ?? [] { everywhere.append("\(name).\(key)") }
        }
        #expect(everywhere.count == 27)
        for place in everywhere {
            guard let card = try? AccessCard(changed(place, odd), today: Self.today) else { continue }
            let again = try? AccessCard(card.document, today: Self.today)
            #expect(again == card, "\(place)")
        }
    }

    // MARK: What is told

    @Test(
        arguments: [
            ([], []),
            ([.name, .dob, .contact, .health, .notes, .finance, .offence, .risk, .thirdParty], []),
            ([.address], ["address"]),
            ([.access], ["key_safe", "entry", "occupants"]),
            ([.hazard], ["hazards"]),
            ([.critical], ["crit"]),
            ([.family], ["contacts"]),
            ([.family, .address], ["address", "contacts"]),
            (FieldGroup.allCases, ["address", "key_safe", "entry", "occupants", "hazards", "crit", "contacts"]),
        ] as [([FieldGroup], [String])])
    func `the sections of the released groups are told, and no others`(
        _ groups: [FieldGroup], _ names: [String]
    ) throws {
        let told = try AccessCard(Self.full, today: Self.today).told(Set(groups), on: Self.today)
        #expect(told.keys == names + ["verified_on", "valid_until", "stale"])
        for name in names where name != "key_safe" { #expect(told[name] == Self.full[name]) }
        #expect(told["verified_on"] == "2026-11-20")
        #expect(told["valid_until"] == "2027-05-20")
        #expect(told["stale"] == false)
    }

    @Test func `a section that a card does not have is not told`() throws {
        let card = try AccessCard(["address": ["uprn": "1"], "verified_on": "2026-11-20"], today: Self.today)
        let told = card.told(Set(FieldGroup.allCases), on: Self.today)
        let expected: Object = [
            "address": ["uprn": "1"], "verified_on": "2026-11-20", "valid_until": "2027-11-20", "stale": false,
        ]
        #expect(told == expected)
    }

    @Test func `that the key safe has a code is told, and never the code`() throws {
        let card = try AccessCard(Self.full, today: Self.today)
        let told = card.told(Set(FieldGroup.allCases), on: Self.today)
        let safe: Value = ["present": true, "location": "Left of the back door", "has_code": true]
        #expect(told["key_safe"] == safe)
        #expect(leaves(card.document).contains("C8264X"))
        #expect(!leaves(.object(told)).contains { $0.contains("8264") })
    }

    @Test(
        arguments: [
            (["present": true, "location": "Porch"], ["present": true, "location": "Porch", "has_code": false]),
            (["present": false], ["present": false, "has_code": false]),
            (["present": true, "code": "1"], ["present": true, "has_code": true]),
        ] as [(Value, Value)])
    func `a key safe is told with whether it has a code`(_ safe: Value, _ told: Value) throws {
        let card = try AccessCard(changed("key_safe", safe), today: Self.today)
        #expect(card.told([.access], on: Self.today)["key_safe"] == told)
    }

    @Test(arguments: [("2026-11-22", true), ("2027-01-31", true), ("2027-02-01", false), ("2030-01-01", false)])
    func `a violence marker is told up to the day of its review`(_ on: String, _ isTold: Bool) throws {
        let day = try #require(CalendarDate(iso: on))
        let oxygen: Value = ["kind": "oxygen", "text": "Concentrator in the bedroom."]
        let marker: Value = [
            "kind": "violence_marker", "text": "Two to attend.", "source": "Example Homes", "review_by": "2027-01-31",
        ]
        let card = try AccessCard(Self.full, today: Self.today)
        #expect(card.told([.hazard], on: day)["hazards"] == .array(isTold ? [oxygen, marker] : [oxygen]))
        #expect(card.document["hazards"] == .array([oxygen, marker]))

        let marked = try AccessCard(changed("hazards", [marker]), today: Self.today)
        let names = marked.told([.hazard], on: day).keys
        #expect(names == (isTold ? ["hazards"] : []) + ["verified_on", "valid_until", "stale"])
    }

    @Test(arguments: [("2026-11-20", false), ("2027-05-19", false), ("2027-05-20", false), ("2027-05-21", true)])
    func `a card is stale after its last valid day, and still told`(_ on: String, _ isStale: Bool) throws {
        let day = try #require(CalendarDate(iso: on))
        let card = try AccessCard(Self.full, today: Self.today)
        #expect(card.isStale(on: day) == isStale)
        let told = card.told([.address, .critical], on: day)
        #expect(told["stale"] == .bool(isStale))
        #expect(told["address"] == Self.full["address"])
        #expect(told["crit"] == Self.full["crit"])
    }
}
