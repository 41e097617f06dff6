import Referral

/// What a mapping put into one place, where it found that, and by which steps: read only when somebody asks where a value
/// came from, so it is put into words late.
struct Found: Sendable {
    /// The field, such as `person.dob`; of a list its name alone.
    var target: Place
    /// Of a list, which element.
    var index: Int?
    var sources: [Place]
    var steps: [String]
}

extension Provenance {
    /// Puts into words what a mapping found, as far as it is in the referral.
    ///
    /// - Parameters:
    ///   - mapped: the envelope that the mapping made, before it was validated
    ///   - isOfEnvelope: whether the document was an envelope itself
    init(_ found: [Found], mapped: Value, referral: Referral, isOfEnvelope: Bool) {
        self.init(isOfEnvelope: isOfEnvelope)
        var noted: [String: Origin] = [:]
        for found in found {
            let path = found.target.text
            let origin = Origin(sources: found.sources.map(\.text), steps: found.steps)
            // Also under the list's name: one text may become several elements.
            noted[path] = origin
            if let index = found.index { noted["\(path)[\(index)]"] = origin }
        }
        note(referral.value, at: "", written: mapped, noted, inherited: nil)
    }

    /// Keeps the origin of every value within one: its own, or that of what it was taken from as a whole.
    private mutating func note(
        _ value: Value, at path: String, written: Value?, _ noted: [String: Origin], inherited: Origin?
    ) {
        let origin = noted[path] ?? inherited
        switch value {
        case .null: break
        case .array(let elements):
            let writtenElements = written?.arrayValue ?? []
            for (index, element) in elements.enumerated() {
                let written = index < writtenElements.count ? writtenElements[index] : nil
                note(element, at: "\(path)[\(index)]", written: written, noted, inherited: origin)
            }
        case .object(let members):
            for (key, member) in members where !(path.isEmpty && key == "extension_groups") {
                let path = path.isEmpty ? key : "\(path).\(key)"
                note(member, at: path, written: written?[key], noted, inherited: origin)
            }
        case .bool, .number, .string:
            let isRewritten = written != nil && written != value
            guard var origin = origin ?? (isRewritten && isOfEnvelope ? Origin(sources: [path]) : nil) else { return }
            if isRewritten { origin.steps.append(Self.checking) }
            origins[path] = origin
        }
    }
}
