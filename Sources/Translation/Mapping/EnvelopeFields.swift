import Referral

/// The fields that a mapping can fill: those of the envelope (partner interfaces, section 1) and the extensions.
struct EnvelopeFields: Sendable {
    let extensions: ExtensionGroups

    private static let kinds: [String: FieldKind] = {
        var kinds: [String: FieldKind] = [:]
        for field in CanonicalField.allCases where field != .extensions && field != .attachmentContent {
            kinds[field.rawValue] = kind(of: field)
        }
        kinds["attachments.content_base64"] = .text
        // 01 vouches for an NHS number, where the sender's format has the status itself.
        kinds["person.identifiers.verification_status"] = .text
        for name in kinds.keys where name.contains(".") {
            let parent = name.split(separator: ".").dropLast().joined(separator: ".")
            kinds[parent] = lists.contains(parent) ? .objects : .object
        }
        return kinds
    }()

    /// Every name, for suggestions.
    var names: [String] { Self.kinds.keys + extensions.names.map { "extensions.\($0)" } }

    /// What a field holds; nil when there is no such field.
    func kind(of name: String) -> FieldKind? {
        if let kind = Self.kinds[name] { return kind }
        if name == "extensions" { return .object }
        guard name.hasPrefix("extensions.") else { return nil }
        return extensions.holds(String(name.dropFirst("extensions.".count))) ? .any : nil
    }

    /// The codes of a field whose list does not have the text; nil when it does, or when the field takes any text.
    func codes(of name: String, lacking text: String) -> [String]? {
        switch name {
        case CanonicalField.type.rawValue: Self.codes(MessageType.self, lacking: text)
        case CanonicalField.marking.rawValue: Self.codes(Marking.self, lacking: text)
        case CanonicalField.urgency.rawValue: Self.codes(Urgency.self, lacking: text)
        case CanonicalField.sex.rawValue: Self.codes(Sex.self, lacking: text)
        case CanonicalField.preferredContact.rawValue: Self.codes(PreferredContact.self, lacking: text)
        case CanonicalField.visitorGender.rawValue: Self.codes(VisitorGender.self, lacking: text)
        case CanonicalField.identifierType.rawValue: Self.codes(IdentifierType.self, lacking: text)
        case CanonicalField.needs.rawValue: Self.codes(NeedCode.self, lacking: text)
        case CanonicalField.riskCode.rawValue: Self.codes(RiskCode.self, lacking: text)
        case CanonicalField.consentAgreed.rawValue: Self.codes(ConsentAgreed.self, lacking: text)
        case CanonicalField.sourceCode.rawValue: Self.codes(SourceCode.self, lacking: text)
        case CanonicalField.sourceKind.rawValue: Self.codes(SourceKind.self, lacking: text)
        default: nil
        }
    }

    private static func codes<Code: RawRepresentable & CaseIterable & Sendable & Hashable>(
        _ list: Code.Type, lacking text: String
    ) -> [String]? where Code.RawValue == String {
        Coded<Code>(text).code == nil ? list.allCases.map(\.rawValue) : nil
    }

    private static let lists: Set<String> = ["person.identifiers", "risks", "household", "attachments"]

    private static func kind(of field: CanonicalField) -> FieldKind {
        switch field {
        case .alsoKnownAs, .phone, .addressLines, .needs: .texts
        case .interpreter, .identifierVerified, .noFixedAbode, .safeToWrite, .safeToVisit, .riskToVisitors,
            .consentKnown,
            .memberLivesHere, .concern:
            .flag
        case .ageEstimate, .attachmentSize: .number
        default: .text
        }
    }
}

/// The group of every extension that an adapter may fill or release: the standard ones and those of `adapters/extensions.yaml`.
struct ExtensionGroups: Sendable, Hashable {
    /// By dotted name; a name also stands for all that is below it.
    let declared: [String: FieldGroup]

    init(declared: [String: FieldGroup] = [:]) { self.declared = declared }

    private var all: [String: FieldGroup] { Extension.standardGroups.merging(declared) { _, own in own } }

    /// Every name, for suggestions.
    var names: [String] { all.keys.sorted() }

    /// Whether a name is listed, is below a listed one, or holds listed ones.
    func holds(_ name: String) -> Bool { !groups(of: name).isEmpty }

    /// The group of an extension; for a name that holds several, all of theirs.
    func groups(of name: String) -> Set<FieldGroup> {
        let all = all
        let above = all.filter { name == $0.key || name.hasPrefix("\($0.key).") }.max { $0.key.count < $1.key.count }
        let below = all.filter { $0.key.hasPrefix("\(name).") }.values
        return Set(below).union(above.map { [$0.value] } ?? [])
    }
}
