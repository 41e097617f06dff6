import Referral
import Testing

@Suite struct ExtensionTests {
    @Test func `the standard's extras are read at the top, with their groups`() throws {
        var document = Samples.complete("school", ["laestab": "8314001", "dsl_name": "Jo Lead", "phone": ""])
        document["yos"] = ["order_type": "YRO"]
        document["tenancy_ref"] = "T-77"
        let extensions = try #require(read(document).referral).extensions
        #expect(
            Set(extensions) == [
                Extension(name: "school.laestab", group: .service, value: "8314001"),
                Extension(name: "school.dsl_name", group: .thirdParty, value: "Jo Lead"),
                Extension(name: "yos.order_type", group: .offence, value: "YRO"),
                Extension(name: "tenancy_ref", group: .housing, value: "T-77"),
            ])
    }

    @Test func `an adapter's group goes before the standard's, the longer name before the shorter`() throws {
        let document = Samples.complete(
            "extensions", ["visit": ["when": "Monday", "alarm": ["code": "1"]], "tenure": "council", "colour": "blue"])
        let groups: [String: FieldGroup] = ["visit": .service, "visit.alarm": .access, "tenure": .finance]
        let extensions = try #require(read(document, carrier: .translated, groups: groups).referral).extensions
        #expect(
            Dictionary(uniqueKeysWithValues: extensions.map { ($0.name, $0.group) })
                == ["visit.when": .service, "visit.alarm.code": .access, "tenure": .finance, "colour": .notes])
    }

    @Test func `a sender cannot give a group to its own extras`() throws {
        var document = Samples.complete("extensions", ["secret": "x"])
        document["extension_groups"] = ["secret": "NAME"]
        #expect(try #require(read(document).referral).extensions.map(\.group) == [.notes])
    }

    @Test func `what is too deep or too much is left out with a warning`() {
        let deep = (0..<5000).reduce("end" as Value) { value, _ in ["down": value] }
        let reading = read(Samples.complete("extensions", ["deep": deep]))
        #expect(reading.referral?.extensions.isEmpty == true)
        #expect(reading.warningPlaces == ["too_large extensions"])
        let many = Value.object(Object((0..<500).map { ("k\($0)", "v") }))
        #expect(read(Samples.complete("extensions", many)).referral?.extensions.count == 200)
    }

    @Test func `a point in a key does not make two names of one`() throws {
        let referral = try #require(read(Samples.complete("extensions", ["a.b": 1, "a": ["b": 2], " ": 3])).referral)
        #expect(referral.extensions.map(\.name) == ["a.b", "a_b"])
        #expect(referral.value[path: "extensions.a.b"] == 2)
        #expect(Referral(stored: referral.value) == referral)
    }
}
