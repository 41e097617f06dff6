import Referral
import Testing

@Suite struct ReferralValueTests {
    private let referral = Referral(stored: Samples.full)!

    /// The group that disclosure policy and design settle for every leaf of the filled sample, written down apart from the code.
    private func group(ofLeaf path: String, in released: Value) -> FieldGroup {
        let parent = path.split(separator: ".").dropLast().joined(separator: ".")
        switch path.split(separator: "[").first.map(String.init) ?? path {
        case "person.identifiers": return identifierGroup(released[path: parent]?["value"]?.stringValue)
        case "needs": return needGroup(released[path: path]?.stringValue)
        case "risks":
            if path.hasSuffix("detail") { return .notes }
            if path.hasSuffix("to_visitors") { return .hazard }
            return needGroup(released[path: path]?.stringValue)
        case "household": return .thirdParty
        case "attachments": return .notes
        case "person.title", "person.given", "person.family", "person.also_known_as": return .name
        case "person.dob", "person.age_estimate": return .dob
        case "person.sex": return .demographics
        case let place where place.hasPrefix("person."): return .contact
        case let place where place.hasPrefix("address."): return .address
        case let place where place.hasPrefix("safeguarding."): return .risk
        case "referrer.name", "referrer.email", "consent.by", "extensions.school.dsl_name": return .thirdParty
        case "reason", "notes", "wishes", "message_id", "in_reply_to", "consent.note", "extensions.colour":
            return .notes
        case "extensions.tenancy_ref": return .housing
        case "extensions.yos.order_type": return .offence
        case "urgency": return .needs
        default: return .service
        }
    }

    private func identifierGroup(_ value: String?) -> FieldGroup {
        switch value {
        case "9434765919": .nhsNumber
        case "AB123456C": .nino
        case "X123456": .offence
        case "H0001": .health
        case "E06000015": .area
        case "C81001": .service
        default: .notes
        }
    }

    private func needGroup(_ code: String?) -> FieldGroup {
        switch code {
        case "isolation": .needs
        case "money_debt": .finance
        case "homelessness": .housing
        case "dementia_memory", "20-30": .health
        case "domestic_abuse", "self_neglect": .risk
        case "hoarding", "dog": .hazard
        default: .notes
        }
    }

    /// Every leaf of a tree with its path.
    private func leaves(_ value: Value, at path: String = "") -> [(path: String, value: Value)] {
        switch value {
        case .object(let object): object.flatMap { leaves($0.value, at: path.isEmpty ? $0.key : "\(path).\($0.key)") }
        case .array(let elements): elements.enumerated().flatMap { leaves($0.element, at: "\(path)[\($0.offset)]") }
        default: [(path, value)]
        }
    }

    private func expectOnly(_ groups: Set<FieldGroup>) {
        let released = referral.released(groups)
        for (path, _) in leaves(released) {
            let group = group(ofLeaf: path, in: released)
            #expect(groups.contains(group), "\(path) left with \(groups.map(\.rawValue))")
        }
    }

    @Test(arguments: FieldGroup.allCases)
    func `one group releases its own leaves only`(_ group: FieldGroup) { expectOnly([group]) }

    @Test(arguments: 0..<100)
    func `any set of groups releases their leaves only`(_ seed: UInt64) {
        var random = FixedRandom(state: seed)
        expectOnly(Set(FieldGroup.allCases.filter { _ in Bool.random(using: &random) }))
    }

    @Test(arguments: 0..<50)
    func `whether a leaf is released does not depend on the groups beside its own`(_ seed: UInt64) {
        var random = FixedRandom(state: seed)
        let groups = Set(FieldGroup.allCases.filter { _ in Bool.random(using: &random) })
        let together = leaves(referral.released(groups)).map(\.value)
        let apart = groups.flatMap { leaves(referral.released([$0])).map(\.value) }
        // A danger to visitors is told once more when its code is: `false` alone is left out.
        let counts = { (values: [Value]) in
            Dictionary(grouping: values.filter { $0 != false }) { $0 }.mapValues(\.count)
        }
        #expect(counts(together) == counts(apart))
    }

    @Test func `no group releases nothing`() { #expect(referral.released([]) == [:]) }

    @Test func `all groups release all that the value has`() {
        var value = referral.value
        value["extension_groups"] = nil
        #expect(referral.released(Set(FieldGroup.allCases)) == value)
    }

    @Test func `every group that the envelope can hold is released by something`() {
        let empty = FieldGroup.allCases.filter { referral.released([$0]) == [:] }
        #expect(Set(empty) == [.access, .critical, .outcomes, .family, .link])
    }

    @Test func `the fact of a danger to visitors leaves without its code`() {
        #expect(
            referral.released([.hazard])["risks"] == [
                ["code": "dog", "to_visitors": true], ["to_visitors": true],
            ])
        #expect(referral.released([.risk])["risks"] == [["code": "self_neglect"]])
    }

    @Test func `a text in place of a code is free text`() throws {
        let document = Samples.complete("person.sex", "told me in confidence")
        let referral = try #require(read(document).referral)
        #expect(referral.released([.demographics]) == [:])
        #expect(referral.released([.notes])[path: "person.sex"] == "told me in confidence")
    }

    private static let words: [(place: String, text: Value)] = [
        ("person.phone", ["01632 960123 ask for Tom, autistic"]), ("person.email", "tom is autistic"),
        ("person.language", "Polish, but she hides it"), ("person.language", "speaks no English"),
        ("person.language", "x"), ("address.postcode", "behind the school"), ("address.uprn", "ask Tom"),
        ("referrer.phone", "her mobile"), ("referrer.email", "in the file"),
        ("person.identifiers", [["type": "nhs_number", "value": "ask Tom"]]),
        ("person.identifiers", [["type": "nino", "value": "none, works cash in hand"]]),
        ("person.identifiers", [["type": "hospital_number", "value": "Ward 7, psychosis"]]),
        ("person.identifiers", [["type": "crn", "value": "burglary"]]),
        ("person.identifiers", [["type": "postcode", "value": "burglary"]]),
    ]

    @Test(arguments: words) func `a text that fails its field's check is free text`(
        _ place: String, _ text: Value
    ) throws {
        let referral = try #require(read(Samples.complete(place, text)).referral)
        let rest = Set(FieldGroup.allCases).subtracting([.notes])
        for referral in [referral, try #require(Referral(stored: referral.value))] {
            #expect(referral.released(rest)[path: place] == nil)
            #expect(referral.released([.notes])[path: place] != nil)
        }
    }

    @Test func `of several phone numbers those that are some leave`() throws {
        let phones: Value = ["01632 960123", "ask for Tom", "07700 900123"]
        let referral = try #require(read(Samples.complete("person.phone", phones)).referral)
        #expect(referral.released([.contact])[path: "person.phone"] == ["+441632960123", "+447700900123"])
        #expect(referral.released([.notes])[path: "person.phone"] == ["ask for Tom"])
        #expect(referral.released([.contact, .notes])[path: "person.phone"]?.arrayValue?.count == 3)
    }

    @Test func `housing support gets the envelope cut to its groups`() {
        let released = referral.released([.name, .dob, .address, .contact, .housing, .needs, .hazard])
        #expect(released["needs"] == ["isolation", "homelessness", "hoarding"])
        #expect(released["extensions"] == ["tenancy_ref": "T-77"])
        #expect(released[path: "person.identifiers"] == nil)
        #expect(released["reason"] == nil)
        #expect(released.objectValue?.keys == ["person", "address", "needs", "risks", "urgency", "extensions"])
    }

    @Test func `JSON has the envelope's names and gives the same referral`() throws {
        let value = try StrictJSON.parse(StrictJSON.write(referral.value))
        #expect(value == Samples.full)
        #expect(Referral(stored: value) == referral)
        #expect(Referral(stored: [1]) == nil)
    }
}
