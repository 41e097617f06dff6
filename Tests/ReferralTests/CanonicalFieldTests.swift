import Referral
import Testing

@Suite struct CanonicalFieldTests {
    @Test(arguments: [
        (CanonicalField.given, "given"), (.messageID, "message_id"), (.identifierValue, "value"),
        (.riskToVisitors, "to_visitors"),
    ])
    func `the key is the last part of the path`(_ field: CanonicalField, _ key: String) { #expect(field.key == key) }

    @Test(arguments: [
        (CanonicalField.reason, FieldGroup.notes), (.riskDetail, .notes), (.riskToVisitors, .hazard),
        (.memberGiven, .thirdParty),
        (.language, .contact), (.interpreter, .contact), (.visitorGender, .contact), (.referrerOrganisation, .service),
        (.referrerName, .thirdParty), (.concern, .risk), (.uprn, .address), (.ageEstimate, .dob), (.sex, .demographics),
    ])
    func `a field has the group that design settles`(_ field: CanonicalField, _ group: FieldGroup) {
        #expect(field.group == group)
    }

    @Test func `every leaf of the filled sample is a field, and every field is in it`() {
        let written = Set(
            Samples.allPaths(Samples.full).filter { !$0.hasPrefix("extension") }.map {
                $0.replacing(/\[\d+\]/, with: "")
            })
        #expect(written.union(["extensions"]) == Set(CanonicalField.allCases.map(\.rawValue)))
    }
}

extension Samples {
    static func allPaths(_ value: Value, at path: String = "") -> [String] {
        switch value {
        case .object(let object): object.flatMap { allPaths($0.value, at: path.isEmpty ? $0.key : "\(path).\($0.key)") }
        case .array(let elements): elements.enumerated().flatMap { allPaths($0.element, at: "\(path)[\($0.offset)]") }
        default: [path]
        }
    }
}
