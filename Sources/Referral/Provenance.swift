/// Where each value of a referral came from in its document, and what was done to it on the way.
///
/// Kept beside the referral, sealed like it. Values are named by their path in the envelope, such as `person.phone[0]`.
package struct Provenance: Sendable, Hashable {
    /// Of one value.
    package struct Origin: Sendable, Hashable {
        /// Places in the document's own terms (`PID-3(2).1`, `persons/person[2]/dob`), in the order in which they were used;
        /// none when the adapter itself states the value.
        package var sources: [String]
        /// What was done, in order, as the mapping writes it; ``checking`` when the validation rewrote the result.
        package var steps: [String]

        package init(sources: [String], steps: [String] = []) {
            self.sources = sources
            self.steps = steps
        }
    }

    /// The step of a value that the validation put into its normal form, cut or tidied.
    package static let checking = "checked"

    /// What came by a mapping, or was changed.
    package var origins: [String: Origin]
    /// Whether the document is an envelope: then what is not in ``origins`` stands in it at the value's own path.
    package var isOfEnvelope: Bool

    package init(origins: [String: Origin] = [:], isOfEnvelope: Bool) {
        self.origins = origins
        self.isOfEnvelope = isOfEnvelope
    }

    /// Each value of the referral with where it came from: `{"person.dob": {"from": ["PID-7.1"], "steps": ["date"]}, …}`.
    ///
    /// Without a place in the document a value was stated by the adapter, as its step says, or by the hub, which has no
    /// step: the sender, who is authenticated, and the defaults of type and marking.
    package func told(of referral: Referral) -> Value {
        var told = Object()
        referral.value.eachLeaf { path, _ in
            guard !path.hasPrefix("extension_groups") else { return }
            let origin = origins[path] ?? Origin(sources: isOfEnvelope ? [path] : [])
            var line: Object = ["from": .array(origin.sources.map(Value.string))]
            if !origin.steps.isEmpty { line["steps"] = .array(origin.steps.map(Value.string)) }
            told[path] = .object(line)
        }
        return .object(told)
    }
}

extension Provenance {
    /// The form in which it is kept.
    package var value: Value {
        var kept = Object()
        for (path, origin) in origins {
            kept[path] = .array([.array(origin.sources.map(Value.string)), .array(origin.steps.map(Value.string))])
        }
        return ["envelope": .bool(isOfEnvelope), "origins": .object(kept)]
    }

    /// Reads what ``value`` wrote; nil when it is something else.
    package init?(_ value: Value) {
        guard let isOfEnvelope = value["envelope"]?.boolValue, let kept = value["origins"]?.objectValue else {
            return nil
        }
        self.init(isOfEnvelope: isOfEnvelope)
        for (path, origin) in kept {
            guard let sources = origin[0]?.arrayValue, let steps = origin[1]?.arrayValue else { return nil }
            origins[path] = Origin(
                sources: sources.compactMap(\.stringValue), steps: steps.compactMap(\.stringValue))
        }
    }
}

extension Value {
    /// Visits every text, number and truth value in it, with its path.
    package func eachLeaf(at path: String = "", _ visit: (String, Value) -> Void) {
        switch self {
        case .null: break
        case .bool, .number, .string: visit(path, self)
        case .array(let elements):
            for (index, element) in elements.enumerated() { element.eachLeaf(at: "\(path)[\(index)]", visit) }
        case .object(let members):
            for (key, member) in members { member.eachLeaf(at: path.isEmpty ? key : "\(path).\(key)", visit) }
        }
    }
}
