import Referral

/// What of a FHIR bundle with several requests belongs to one of them: the resources that the request refers to, and those that
/// these refer to. The bundle's other patients, and all that is about them, belong to it not even where something leads there.
struct BundlePart {
    /// Resources that are followed at most: what is beyond is taken for another's.
    private static let most = 2_000
    /// Elements of a resource that name whom it is about.
    private static let aboutWhom = ["subject", "patient", "for"]

    private let references: ReferenceIndex
    private let request: ReferenceIndex.Found
    /// The places of its patients.
    private var patients: Set<String> = []
    /// The places of its resources.
    private var places: Set<String> = []

    /// - Parameters:
    ///   - others: The places of the other requests. What they alone refer to is not followed.
    init(_ scope: Scope, others: Set<String>) {
        references = scope.references
        request = (Self.value(of: scope.item), scope.item.place)
        patients = patientsOfRequest()
        var waiting = [request] + headers()
        while let resource = waiting.popLast(), places.count < Self.most {
            let place = resource.place.text
            guard !others.contains(place), !isAboutAnother(resource), places.insert(place).inserted else { continue }
            waiting += targets(of: resource)
        }
    }

    /// The places of the bundle's entries that do not belong to it.
    var hidden: Set<String> {
        var hidden: Set<String> = []
        for resource in references.all {
            let place = resource.place.text
            // A bundle within the bundle holds what may belong to it.
            let isAround = places.contains { $0.hasPrefix(place + ".") }
            if !places.contains(place), !isAround, let entry = resource.place.outer { hidden.insert(entry.text) }
        }
        return hidden
    }

    private static func value(of item: Item) -> Value {
        if case .value(let value) = item.node { value } else { .null }
    }

    /// The headers of a message say who sent it; their focus is all that is in it.
    private func headers() -> [ReferenceIndex.Found] {
        references.all.filter { $0.value["resourceType"] == "MessageHeader" }
    }

    private func patientsOfRequest() -> Set<String> {
        let own = subjects(of: request)
        if !own.isEmpty { return own }
        let asked = members(["focus", "basedOn"], of: request).compactMap { references.resource(for: $0) }
        return Set(asked.flatMap { subjects(of: $0) })
    }

    private func subjects(of resource: ReferenceIndex.Found) -> Set<String> {
        Set(members(Self.aboutWhom, of: resource).compactMap { references.resource(for: $0)?.place.text })
    }

    private func isAboutAnother(_ resource: ReferenceIndex.Found) -> Bool {
        if resource.value["resourceType"] == "Patient" { return !patients.contains(resource.place.text) }
        let subjects = subjects(of: resource)
        return !subjects.isEmpty && subjects.isDisjoint(with: patients)
    }

    private func members(_ names: [String], of resource: ReferenceIndex.Found) -> [ReferenceIndex.Found] {
        names.flatMap { name -> [ReferenceIndex.Found] in
            guard let member = resource.value[name] else { return [] }
            let place = Place.member(resource.place, name)
            return member.arrayValue?.enumerated().map { ($1, .element(place, $0)) } ?? [(member, place)]
        }
    }

    /// What the references of a resource lead to, at whatever depth they stand in it.
    private func targets(of resource: ReferenceIndex.Found) -> [ReferenceIndex.Found] {
        var found: [ReferenceIndex.Found] = []
        collect(resource, isHeader: resource.value["resourceType"] == "MessageHeader", into: &found)
        return found
    }

    private func collect(
        _ part: ReferenceIndex.Found, isHeader: Bool = false, into found: inout [ReferenceIndex.Found]
    ) {
        switch part.value {
        case .array(let elements):
            for (index, element) in elements.enumerated() {
                collect((element, .element(part.place, index)), into: &found)
            }
        case .object(let members):
            if let target = target(of: part) { found.append(target) }
            for (name, member) in members where !(isHeader && name == "focus") {
                collect((member, .member(part.place, name)), into: &found)
            }
        case .null, .bool, .number, .string: break
        }
    }

    private func target(of part: ReferenceIndex.Found) -> ReferenceIndex.Found? {
        // A reference by number alone has nothing beside it that a resource with a number has.
        let isReference =
            part.value["reference"] != nil
            || (part.value["identifier"]?.objectValue != nil && part.value["resourceType"] == nil)
        return isReference ? references.resource(for: part) : nil
    }
}
