import Referral

/// FHIR's XML form read into the tree of its JSON form, so that one mapping serves both (FHIR R4,
/// https://hl7.org/fhir/R4/xml.html and https://hl7.org/fhir/R4/json.html).
///
/// XML does not show which elements repeat, so those that hospitals' and practices' messages hold are listed here; an
/// element that is there twice is an array in any case. The narrative of a resource is XHTML for people and is left out.
enum FHIRXML {
    /// The tree of a resource.
    ///
    /// - Throws: `schema` when the root is no FHIR resource.
    static func value(of root: XMLNode) throws(DocumentError) -> Value {
        guard root.namespace == FHIRResource.namespace, isResource(root) else {
            throw DocumentError(.schema, at: root.name, "the document is not a FHIR resource")
        }
        return resource(root)
    }

    private static func isResource(_ node: XMLNode) -> Bool { node.name.first?.isUppercase == true }

    private static func resource(_ node: XMLNode) -> Value {
        var object: Object = ["resourceType": .string(node.name)]
        fill(&object, from: node)
        return .object(object)
    }

    /// What an element stands for: a primitive with what is said about it, or anything else.
    private struct Element {
        /// Nil for a primitive of which only something is said, such as why it is absent.
        var value: Value?
        /// JSON's member with an underscore: id and extensions of a primitive.
        var about: Object?
    }

    /// Adds the children of an element to an object, each name once.
    private static func fill(_ object: inout Object, from parent: XMLNode) {
        var names: [String] = []
        var groups: [String: [Element]] = [:]
        for child in parent.children where child.namespace == parent.namespace {
            guard let element = element(child) else { continue }
            if groups[child.name] == nil { names.append(child.name) }
            groups[child.name, default: []].append(element)
        }
        for name in names {
            let elements = groups[name] ?? []
            let isList = elements.count > 1 || Repeating.holds(name, in: parent.name)
            let values = elements.map { $0.value ?? .null }
            if elements.contains(where: { $0.value != nil }) { object[name] = isList ? .array(values) : values[0] }
            if elements.contains(where: { $0.about != nil }) {
                let abouts = elements.map { $0.about.map(Value.object) ?? .null }
                object["_\(name)"] = isList ? .array(abouts) : abouts[0]
            }
        }
    }

    /// Nil for an empty element, which FHIR does not have.
    private static func element(_ node: XMLNode) -> Element? {
        let inner = node.children.filter { $0.namespace == node.namespace }
        if let first = inner.first, isResource(first) { return Element(value: resource(first)) }
        var object = Object()
        for name in ["id", "url"] { if let text = node.attribute(name) { object[name] = .string(text) } }
        fill(&object, from: node)
        guard let text = node.attribute("value") else { return object.isEmpty ? nil : Element(value: .object(object)) }
        return Element(value: scalar(text, of: node.name), about: object.isEmpty ? nil : object)
    }

    private static func scalar(_ text: String, of name: String) -> Value {
        // XML makes spaces of the line breaks of an attribute, which Base64 has none of.
        if binaries.contains(name) { return .string(String(text.filter { !$0.isWhitespace })) }
        if text == "true" || text == "false", name.hasSuffix("Boolean") || booleans.contains(name) {
            return .bool(text == "true")
        }
        let isNumber = numberEndings.contains(where: name.hasSuffix) || numbers.contains(name)
        return isNumber && Double(text) != nil ? .number(text) : .string(text)
    }

    private static let binaries: Set<String> = ["content", "data", "valueBase64Binary"]
    private static let booleans: Set<String> = ["active", "preferred", "doNotPerform", "userSelected"]
    private static let numberEndings = ["Integer", "Decimal", "PositiveInt", "UnsignedInt"]
    private static let numbers: Set<String> = ["total", "rank", "sequence"]
}

/// Which elements of FHIR R4 and STU3 may occur more than once.
private enum Repeating {
    /// - Parameter parent: The resource's type, or the name of the element around.
    static func holds(_ name: String, in parent: String) -> Bool {
        if name == "identifier" { return parent.first?.isUppercase == true && !single.contains(parent) }
        return anywhere.contains(name) || within[parent]?.contains(name) == true
    }

    /// Resources with one identifier. In a reference, which is no resource, there is one as well.
    private static let single: Set<String> = ["Bundle", "Composition", "QuestionnaireResponse"]

    private static let anywhere: Set<String> = [
        "activity", "addresses", "attester", "basedOn", "coding", "communication", "contained", "destination", "entry",
        "extension", "generalPractitioner", "given", "goal", "input", "insurance", "issue", "line", "link",
        "modifierExtension", "note", "orderDetail", "output", "parameter", "partOf", "payload", "photo", "prefix",
        "profile", "qualification", "reasonCode", "reasonReference", "relatesTo", "relevantHistory", "section",
        "security",
        "specialty", "suffix", "supportingInfo", "tag", "telecom",
    ]

    private static let within: [String: Set<String>] = [
        "Appointment": ["participant", "serviceType", "slot", "specialty"],
        "CarePlan": ["category", "careTeam"],
        "Communication": ["category", "recipient"],
        "Composition": ["author", "event"],
        "Condition": ["bodySite", "category"],
        "Consent": ["category", "performer", "organization"],
        "DocumentReference": ["author", "category", "content"],
        "Encounter": ["participant", "type", "location", "diagnosis"],
        "Flag": ["category"],
        "MessageHeader": ["focus"],
        "Observation": ["category", "component", "interpretation", "performer"],
        "Organization": ["address", "alias", "contact", "endpoint", "type"],
        "Patient": ["address", "contact", "name"],
        "Person": ["address", "name"],
        "Practitioner": ["address", "name"],
        "PractitionerRole": ["code", "healthcareService", "location"],
        "ReferralRequest": ["recipient", "replaces", "serviceRequested"],
        "RelatedPerson": ["address", "name", "relationship"],
        "ServiceRequest": ["bodySite", "category", "performer", "replaces"],
        "Task": ["performerType"],
        "activity": ["outcomeCodeableConcept", "outcomeReference", "progress"],
        "contact": ["relationship"],
        "detail": ["performer"],
    ]
}
