import Referral

/// A field of a release that a shape may name, with the groups that its content can belong to.
///
/// A release is what the disclosure policy let through (`Referral.released`), with the facts of the share beside it. Nothing
/// else can be named in a shape, so nothing else can leave.
struct ReleaseField: Sendable, Hashable {
    /// The canonical path without brackets, such as `person.identifiers.value`, or an inner part of one.
    var path: String
    /// Empty for the facts of the share itself, which are about no person.
    var groups: Set<FieldGroup>

    /// The facts of the share, the agreement, the sender, and the endpoint that it goes to.
    static let facts = [
        "share.id", "share.purpose", "share.recipient", "share.level", "share.created_at", "share.authority_ref",
        "agreement.id", "agreement.version", "agreement.signed_on", "sender.id", "sender.name", "sender.ods",
        "sender.mailbox", "sender.service", "recipient.service", "recipient.use_case", "groups",
    ]

    /// Finds the field that a path names.
    ///
    /// - Parameters:
    ///   - base: What a leading dot stands for.
    ///   - documents: The printed documents that are there beside the release.
    init(
        _ path: TreePath, from base: ReleaseField?, extensions: ExtensionGroups, documents: Set<String> = []
    ) throws(SyntaxProblem) {
        var name = path.startsAtItem ? base?.path ?? "" : ""
        var types: [String]?
        for step in path.steps {
            switch step {
            case .member(let member): name += name.isEmpty ? member : ".\(member)"
            case .filter(let predicate):
                if case .isOneOf(let wanted) = predicate.test, predicate.key == "type" { types = wanted }
            case .index: break
            case .follow: throw SyntaxProblem(problem: "a release has no references", remedy: "leave '->' out")
            }
        }
        let fields = CanonicalField.allCases.filter { $0.rawValue == name || $0.rawValue.hasPrefix("\(name).") }
        let isExtension = name.hasPrefix("extensions.")
        let added = isExtension ? extensions.groups(of: String(name.dropFirst("extensions.".count))) : []
        let printed = documents.map { Self.documents + $0 }
        let isFact = printed.contains(name) || Self.facts.contains { $0 == name || $0.hasPrefix("\(name).") }
        guard !fields.isEmpty || !added.isEmpty || isFact else {
            throw SyntaxProblem(
                problem: "no release has a field '\(name)'",
                remedy: Suggestion.remedy(
                    for: name,
                    among: CanonicalField.allCases.map(\.rawValue) + Self.facts
                        + extensions.names.map { "extensions.\($0)" } + printed))
        }
        self.path = name
        groups = Set(fields.flatMap { Self.groups(of: $0, types: types) } + added)
    }

    /// What the names of printed documents begin with.
    static let documents = "document."

    /// The fields that expressions name, each once, by name. A printed document is none: it has its own.
    static func named(in expressions: [Expression]) -> [ReleaseField] {
        var fields: [String: ReleaseField] = [:]
        for case .release(_, let field) in expressions.flatMap(\.paths) where !field.path.hasPrefix(documents) {
            fields[field.path, default: field].groups.formUnion(field.groups)
        }
        return fields.values.sorted { $0.path < $1.path }
    }

    /// The groups of what a field can hold; a field of codes has the groups of its codes.
    private static func groups(of field: CanonicalField, types: [String]?) -> [FieldGroup] {
        switch field {
        case .needs: NeedCode.allCases.map(\.group)
        case .riskCode, .riskDetail: RiskCode.allCases.map(\.group)
        case .identifierType, .identifierValue, .identifierSource, .identifierVerified:
            (types.map { $0.compactMap(IdentifierType.init) } ?? IdentifierType.allCases).map(\.group)
        default: [field.group]
        }
    }
}
