package import Referral

/// A document as its readers take it apart: each value that stands in it, by its place, in the document's order; for staff
/// who look at what came. Of a document about several persons, what is about one of them.
package struct SourceOutline: Sendable {
    package struct Leaf: Sendable, Hashable {
        /// The place in the document's own terms, as ``Provenance/Origin/sources`` has it. Names in it may be a sender's own,
        /// and say anything.
        package var place: String
        /// The same with a number for every name that neither the adapter nor the format knows: nothing of anybody.
        package var shown: String
        /// The part of ``shown`` that it stands in: a segment, a row, a member of the document.
        package var group: String
        package var text: String
        /// Whether it is a code word of the format that says nothing of anybody, such as a message's type.
        package var isCode = false
    }

    /// Why a document cannot be taken apart.
    package struct Unreadable: Error, Sendable, Hashable {
        /// Says nothing of what stands in it.
        package var text: String
    }

    /// Values that are taken at most; a document of more is shown in part.
    package static let most = 5_000

    package var format: DocumentFormat
    package private(set) var leaves: [Leaf] = []
    /// Whether the document has more than ``most``.
    package private(set) var isCut = false
    /// Parts of the same file or document that are about others, and left out.
    package var others = 0

    private let vocabulary: SourceVocabulary
    /// Places of what is left out, with all that is in them.
    private var hidden: Set<String> = []
    /// The leaves of each place.
    private var places: [String: [Int]] = [:]

    private init(
        _ item: Item, _ format: DocumentFormat, _ vocabulary: SourceVocabulary, without hidden: Set<String> = []
    ) {
        self.format = format
        self.vocabulary = vocabulary
        self.hidden = hidden
        let place = item.place.text
        switch item.node {
        case .message(let message): add(message)
        case .element(let element): add(element, at: place, shown(place), group: "")
        case .value(let value): add(value, at: place, shown(place), group: "")
        case .segment, .piece: break
        }
    }

    /// Takes a document apart.
    ///
    /// - Parameters:
    ///   - adapter: By which it was read; nil where it was by none.
    ///   - part: Which of the parts that ``Translator/translate(_:)`` found; nil for the first document that can be read.
    /// - Returns: It, or why it cannot be read.
    package static func read(
        _ bytes: [UInt8], _ format: DocumentFormat, by adapter: Adapter?, environment: HubEnvironment, part: Int?
    ) -> Result<SourceOutline, Unreadable> {
        let way = adapter?.inbound(for: format, type: (try? Peek.look(bytes, format: format))?.type)
        let documents = SourceDocument.all(in: bytes, format, way?.limits ?? (format == .xml ? .xml : .default))
        let vocabulary = SourceVocabulary(
            adapter?.inbound.filter { $0.format == format } ?? [], of: adapter, format)
        guard let part, let adapter, let way else {
            for case .success(let document) in documents {
                var outline = SourceOutline(document, format, vocabulary)
                outline.others = documents.count - 1
                return .success(outline)
            }
            return .failure(Unreadable(text: Self.problem(of: documents)))
        }
        let translator = Translator(
            adapter: adapter, inbound: way, environment: environment, now: Instant(microseconds: 0))
        var first = 0
        for document in documents {
            guard case .success(let item) = document else {
                if case .failure(let error) = document, first == part {
                    return .failure(Unreadable(text: error.finding.text))
                }
                first += 1
                continue
            }
            let parts = translator.parts(of: item)
            defer { first += parts.count }
            guard (first..<first + parts.count).contains(part) else { continue }
            let others = parts.indices.filter { $0 != part - first }.compactMap { index -> String? in
                if case .taken(let scope, _) = parts[index] { scope.item.place.text } else { nil }
            }
            var hidden = Set(others.filter { !$0.isEmpty })
            if format == .fhir, !hidden.isEmpty, case .taken(let scope, _) = parts[part - first] {
                hidden.formUnion(BundlePart(scope, others: hidden).hidden)
            }
            var outline = SourceOutline(item, format, vocabulary, without: hidden)
            outline.others = documents.count - 1 + others.count
            return .success(outline)
        }
        return .failure(Unreadable(text: "the part is not in the document"))
    }

    private static func problem(of documents: [SourceDocument.Reading]) -> String {
        for case .failure(let error) in documents { return error.finding.text }
        return "there is nothing in it"
    }

    // MARK: Where something stands

    /// The leaves at a place, within it, or of which it is a part: as many as the outline has.
    package func leaves(at place: String) -> [Int] {
        guard !place.isEmpty else { return [] }
        if let exact = places[place] { return exact }
        let within = leaves.indices.filter { isWithin(leaves[$0].place, place) }
        if !within.isEmpty { return within }
        return leaves.indices.filter { !leaves[$0].place.isEmpty && isWithin(place, leaves[$0].place) }
    }

    /// Whether a place is a part of another.
    private func isWithin(_ inner: String, _ outer: String) -> Bool {
        guard inner.utf8.count > outer.utf8.count, inner.utf8.starts(with: outer.utf8) else { return false }
        let next = inner.utf8[inner.utf8.index(inner.startIndex, offsetBy: outer.utf8.count)]
        return separators.contains(next)
    }

    private var separators: [UInt8] {
        switch format {
        case .hl7v2: [UInt8(ascii: "-"), UInt8(ascii: ".")]
        case .json, .fhir: [UInt8(ascii: "."), UInt8(ascii: "[")]
        case .xml: [UInt8(ascii: "/")]
        case .csv, .pdf: [UInt8(ascii: ",")]
        }
    }

    /// A place in words that say nothing of anybody; nil where a name in it is not known to be one.
    package func plain(_ place: String) -> String? { SourceOutline.plain(place, format, vocabulary) }

    /// The same where the document is not there any more.
    package static func plain(_ place: String, _ format: DocumentFormat, by adapter: Adapter?) -> String? {
        plain(
            place, format, SourceVocabulary(adapter?.inbound.filter { $0.format == format } ?? [], of: adapter, format))
    }

    private static func plain(
        _ place: String, _ format: DocumentFormat, _ vocabulary: SourceVocabulary
    ) -> String? {
        let isPlain =
            switch format {
            case .hl7v2: HL7Path(place) != nil
            case .json, .fhir: vocabulary.knowsPath(place, separator: ".")
            case .xml: vocabulary.knowsPath(place.replacing("@", with: ""), separator: "/")
            case .csv, .pdf: isPlainCell(place, vocabulary)
            }
        return isPlain ? place : nil
    }

    /// Whether a place such as `line 3, dob` has a known name for its column, or none.
    private static func isPlainCell(_ place: String, _ vocabulary: SourceVocabulary) -> Bool {
        guard place.hasPrefix("line ") else { return vocabulary.knows(place) }
        let (line, column) =
            String(place.dropFirst("line ".count)).split(around: ", ") ?? (String(place.dropFirst("line ".count)), "")
        return SourceVocabulary.isIndex(line) && (column.isEmpty || vocabulary.knows(String(column)))
    }

    // MARK: Taking apart

    private func shown(_ place: String) -> String { plain(place) ?? "" }

    private mutating func add(
        _ text: String, at place: String, _ shown: String, group: String, isCode: Bool = false
    ) {
        guard leaves.count < Self.most else {
            isCut = true
            return
        }
        places[place, default: []].append(leaves.count)
        leaves.append(
            Leaf(
                place: place, shown: shown.isEmpty ? "the document's own text" : shown,
                group: group.isEmpty ? shown : group, text: text, isCode: isCode))
    }

    private mutating func add(_ message: HL7Message) {
        var occurrences: [String: Int] = [:]
        for segment in message.segments {
            if isCut { return }
            occurrences[segment.name, default: 0] += 1
            let place = Place.segment(segment.name, occurrences[segment.name] ?? 1)
            if hidden.contains(place.text) { continue }
            for number in 1..<max(2, segment.count + 1) {
                for (index, repetition) in segment.field(number).repetitions.enumerated() where !repetition.isEmpty {
                    add(
                        repetition, of: segment.name, number, at: Place.field(place, number, index + 1).text, place.text
                    )
                }
            }
        }
    }

    private mutating func add(
        _ repetition: HL7Piece, of segment: String, _ field: Int, at place: String, _ group: String
    ) {
        if hidden.contains(place) { return }
        let components = repetition.kind == .parted ? repetition.components : []
        guard components.count > 1 || (components.first?.subcomponents.count ?? 0) > 1 else {
            let text = repetition.text
            return add(text, at: place, place, group: group, isCode: Self.isCode(text, segment, field, 1))
        }
        for (index, component) in components.enumerated() where !component.isEmpty {
            let place = "\(place).\(index + 1)"
            let parts = component.subcomponents
            if parts.count < 2 {
                let text = component.text
                add(text, at: place, place, group: group, isCode: Self.isCode(text, segment, field, index + 1))
                continue
            }
            for (index, part) in parts.enumerated() where !part.isEmpty {
                add(part.text, at: "\(place).\(index + 1)", "\(place).\(index + 1)", group: group)
            }
        }
    }

    /// Whether a text of a message's header is a code word that only headers have.
    private static func isCode(_ text: String, _ segment: String, _ field: Int, _ component: Int) -> Bool {
        guard segment == "MSH" else { return false }
        switch (field, component) {
        case (1, _), (2, _): return text.utf8.count <= 5 && text.utf8.allSatisfy { "|^~\\&#".utf8.contains($0) }
        case (9, 1): return ["ACK", "ADT", "MDM", "ORM", "ORU", "REF", "RPI", "RRI", "SIU"].contains(text)
        case (9, 2): return text.utf8.count == 3 && text.first?.isLetter == true && Int(text.dropFirst()) != nil
        case (11, 1): return ["P", "T", "D"].contains(text)
        case (12, 1):
            return text.hasPrefix("2.") && text.utf8.count <= 5 && text.allSatisfy { $0 == "." || $0.isNumber }
        default: return false
        }
    }

    private mutating func add(_ value: Value, at place: String, _ shown: String, group: String) {
        if isCut || hidden.contains(place) { return }
        switch value {
        case .null: break
        case .bool(let flag): add(flag ? "true" : "false", at: place, shown, group: group)
        case .number(let text): add(text, at: place, shown, group: group)
        case .string(let text):
            if !text.isEmpty { add(text, at: place, shown, group: group, isCode: isCode(text, at: place)) }
        case .array(let elements):
            for (index, element) in elements.enumerated() {
                // The members of a list at the root of a document have a group each.
                let inner = "\(shown)[\(index)]"
                let isTop = group == shown && !shown.contains(".")
                add(element, at: "\(place)[\(index)]", inner, group: isTop ? inner : group)
            }
        case .object(let members):
            let separator = format == .csv ? ", " : "."
            for (index, member) in members.enumerated() {
                let name = vocabulary.knows(member.0) ? member.0 : "(name \(index + 1))"
                let inner = shown.isEmpty ? name : shown + separator + name
                add(
                    member.1, at: place.isEmpty ? member.0 : place + separator + member.0, inner,
                    group: group.isEmpty ? (format == .csv ? shown : inner) : group)
            }
        }
    }

    private func isCode(_ text: String, at place: String) -> Bool {
        switch format {
        case .json: place == "type" && MessageType(rawValue: text) != nil
        case .fhir:
            (place == "resourceType" || place.hasSuffix(".resourceType")) && Self.resourceTypes.contains(text)
        case .hl7v2, .xml, .csv, .pdf: false
        }
    }

    private static let resourceTypes: Set<String> = [
        "Bundle", "MessageHeader", "Patient", "Practitioner", "PractitionerRole", "Organization", "ServiceRequest",
        "ReferralRequest", "Task", "Composition", "Condition", "Observation", "Consent", "Encounter", "RelatedPerson",
        "Location", "HealthcareService", "Endpoint", "DocumentReference", "Binary", "Flag", "Communication", "CarePlan",
        "AllergyIntolerance", "QuestionnaireResponse", "Appointment", "Parameters",
    ]

    private mutating func add(_ element: XMLNode, at place: String, _ shown: String, group: String) {
        if isCut || hidden.contains(place) { return }
        for (index, attribute) in element.attributes.enumerated() where !attribute.value.isEmpty {
            let name = vocabulary.knows(attribute.name) ? attribute.name : "(attribute \(index + 1))"
            add(
                attribute.value, at: (place.isEmpty ? "" : place + "/") + "@" + attribute.name,
                (shown.isEmpty ? "" : shown + "/") + "@" + name, group: group)
        }
        let text = element.text.trimmed
        if !text.isEmpty { add(text, at: place, shown, group: group) }
        var counts: [String: Int] = [:]
        for (index, child) in element.children.enumerated() {
            counts[child.name, default: 0] += 1
            let count = counts[child.name] ?? 1
            let name = vocabulary.knows(child.name) ? child.name : "(element \(index + 1))"
            let inner = Place.child(.named(shown), name, vocabulary.knows(child.name) ? count : 1).text
            add(
                child, at: Place.child(.named(place), child.name, count).text, inner,
                group: group.isEmpty ? inner : group)
        }
    }
}
