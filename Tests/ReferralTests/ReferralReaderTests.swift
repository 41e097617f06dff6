import Referral
import Testing

@Suite struct ReferralReaderTests {
    @Test func `the least complete envelope is accepted without a word`() throws {
        let reading = read(Samples.complete, sentBy: "example_school")
        #expect(reading.status == .accepted)
        #expect(reading.warnings.isEmpty && reading.errors.isEmpty)
        let referral = try #require(reading.referral)
        #expect(referral.person.family == "Testcase")
        #expect(referral.person.dob == CalendarDate(iso: "1947-05-03"))
        #expect(referral.marking == .known(.officialSensitive))
    }

    @Test(arguments: [
        ("reason", "missing reason"), ("referrer", "missing referrer"), ("person.dob", "missing person.dob"),
        ("message_id", "missing message_id"), ("sender", "missing sender"), ("sent_at", "missing sent_at"),
        ("type", "missing type"),
    ])
    func `without a part that it needs it is incomplete`(_ place: String, _ error: String) {
        let reading = read(Samples.complete(place, nil))
        #expect(reading.status == .incomplete)
        #expect(reading.errorPlaces == [error])
        #expect(reading.referral != nil)
    }

    @Test(
        arguments: [
            ("person.age_estimate", 78 as Value), ("address.postcode", "DE1 2FS"),
            ("address.lines", ["1 Example Court"]),
            ("person.phone", ["01632 960123"]),
        ] as [(String, Value)])
    func `an age, an address or a phone number stands in for the birth date`(_ place: String, _ value: Value) {
        var document = Samples.complete(place, value)
        document["person"]?["dob"] = nil
        #expect(read(document).status == .accepted)
    }

    @Test(
        arguments: [
            ("address.safe_to_write", true as Value), ("person.phone", ["unknown"]), ("address.no_fixed_abode", true),
        ] as [(String, Value)])
    func `what does not help to find somebody does not`(_ place: String, _ value: Value) {
        var document = Samples.complete(place, value)
        document["person"]?["dob"] = nil
        #expect(read(document).errorPlaces == ["missing person.dob"])
    }

    @Test func `another name stands in for the family name`() {
        var document = Samples.complete("person.family", nil)
        #expect(read(document).status == .rejected)
        #expect(read(document).errorPlaces == ["missing person.family"])
        document["person"]?["also_known_as"] = ["Birdie"]
        #expect(read(document).status == .accepted)
    }

    @Test(arguments: ["", "   ", "\u{0}\r\n", nil, [], [:]] as [Value])
    func `a blank name is none`(_ family: Value) {
        #expect(read(Samples.complete("person.family", family)).status == .rejected)
    }

    @Test(arguments: [nil, true, 1, "text", [], [["person": ["family": "Testcase"]]]] as [Value])
    func `what is no object is rejected`(_ document: Value) {
        let reading = read(document)
        #expect(reading.status == .rejected)
        #expect(reading.referral == nil)
        #expect(reading.errorPlaces == ["schema "])
    }

    @Test func `unknown keys are not used`() {
        var document = Samples.complete("person.shoe_size", 7)
        document["weather"] = ["deep": [[["rain"]]]]
        let reading = read(document)
        #expect(reading.status == .accepted)
        #expect(reading.warnings.isEmpty)
        #expect(reading.referral == read(Samples.complete).referral)
    }

    @Test func `a filled envelope is read whole and written back the same`() throws {
        let referral = try #require(Referral(stored: Samples.full))
        #expect(referral.value == Samples.full)
        #expect(referral.person.identifiers.count == 8)
        #expect(referral.verifiedNHSNumber == "9434765919")
        #expect(referral.risks[1] == Risk(code: .known(.danger(.dog)), detail: "Large dog.", toVisitors: true))
        #expect(referral.extensions.contains(Extension(name: "tenancy_ref", group: .housing, value: "T-77")))
    }

    @Test func `a record of the hub's own is not cut to the limits of a document`() throws {
        var referral = try #require(read(Samples.complete).referral)
        referral.person.identifiers = (0..<80).map { Identifier(type: .known(.local), value: "L\($0)", verified: true) }
        referral.extensions = (100..<400).map { Extension(name: "k\($0)", group: .needs, value: "v") }
        #expect(Referral(stored: referral.value) == referral)
    }

    @Test func `reading what was written changes nothing`() throws {
        let once = try #require(read(Samples.full, byNHS: true).referral)
        let twice = try #require(Referral(stored: once.value))
        #expect(once == twice)
    }

    @Test func `no part of any kind in any place makes it trap, and no finding quotes a value`() throws {
        var random = FixedRandom(state: 7)
        let deep = (0..<100).reduce(Value.string("SECRET")) { value, _ in [value] }
        let odd: [Value] = [
            nil, true, .number("SECRET"), .number("1e400"), "SECRET\u{0}\u{301}", [], [:], ["SECRET"], ["a": "SECRET"],
            [[["x": nil]]], [1, "SECRET", ["SECRET": "SECRET"], nil], deep, .number("99999999999999999999"),
            .string(String(repeating: "SECRET ", count: 80)),
        ]
        for place in Samples.leafPlaces + Samples.branchPlaces {
            for value in odd {
                var document = Samples.full
                Samples.replace(place, with: value, in: &document)
                let carrier: ReferralReader.Carrier = random.next() % 2 == 0 ? .envelope : .translated
                let reading = read(document, carrier: carrier)
                let findings = reading.warnings + reading.errors
                #expect(!findings.contains { $0.text.contains("SECRET") })
                #expect((reading.status == .accepted) == reading.errors.isEmpty)
                if let referral = reading.referral {
                    guard Referral(stored: referral.value) == referral else {
                        Issue.record("\(place) is not read back as it was written")
                        return
                    }
                }
            }
        }
    }

    @Test func `a document that is wrong everywhere gets an answer of bounded size`() {
        let document = Samples.complete(
            "person.identifiers", .array(Array(repeating: ["type": "x", "value": "y"], count: 100_000)))
        #expect(read(document).warnings.count <= 200)
        #expect(read(document).referral?.person.identifiers.count == 1)
    }

    @Test func `an update that has a number and no name is enough, a referral is not`() {
        var document = Samples.complete
        document["person"] = ["identifiers": [["type": "crn", "value": "X123456"]]]
        #expect(read(document).status == .rejected)
        document["type"] = "update"
        document["in_reply_to"] = "S-0"
        #expect(read(document).status == .accepted)
        document["person"] = ["identifiers": [["type": "crn", "value": "123456"]]]
        #expect(read(document).status == .rejected)
        document["person"] = ["identifiers": [["type": "library card", "value": "X123456"]]]
        #expect(read(document).status == .rejected)
    }
}

extension Samples {
    /// The keys of every leaf and of every object of ``full``, without its lists' inner places.
    static let leafPlaces: [[String]] = places(in: full, under: []).leaves
    static let branchPlaces: [[String]] = places(in: full, under: []).branches

    private static func places(in value: Value, under path: [String]) -> (leaves: [[String]], branches: [[String]]) {
        switch value {
        case .object(let object):
            let inner = object.map { places(in: $0.value, under: path + [$0.key]) }
            return (inner.flatMap(\.leaves), inner.flatMap(\.branches) + (path.isEmpty ? [] : [path]))
        case .array(let elements):
            let inner = places(in: elements.first ?? .null, under: path + ["0"])
            return (inner.leaves, inner.branches + [path])
        default: return ([path], [])
        }
    }

    static func replace(_ path: [String], with value: Value, in document: inout Value) {
        guard let key = path.first else { return document = value }
        if case .array(var elements) = document {
            replace(Array(path.dropFirst()), with: value, in: &elements[0])
            document = .array(elements)
        } else {
            var inner = document[key] ?? .null
            replace(Array(path.dropFirst()), with: value, in: &inner)
            document[key] = inner
        }
    }
}
