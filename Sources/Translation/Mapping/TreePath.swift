import Referral

/// A path in JSON, in FHIR, or in a release: `person.name[use=official].given[0]`, `focus[0]->subject->name.family`.
///
/// A name that meets an array looks into each of its elements; `[n]` picks one, from 0; `[key=value]` keeps those that
/// match; `->` follows a FHIR reference to the resource in the same bundle.
struct TreePath: Sendable, Hashable {
    enum Step: Sendable, Hashable {
        case member(String)
        case index(Int)
        case filter(Predicate)
        case follow
    }

    let startsAtItem: Bool
    let steps: [Step]

    init(_ text: String) throws(SyntaxProblem) {
        startsAtItem = text.hasPrefix(".")
        var steps: [Step] = []
        var rest = text
        var isFirst = true
        repeat {
            let (part, after) = Self.untilArrow(rest)
            if !isFirst { steps.append(.follow) }
            isFirst = false
            for name in part.split(outsideBrackets: ".") where !name.isEmpty { steps += try Self.steps(name) }
            rest = after ?? ""
            if after == nil { break }
        } while true
        if steps.isEmpty, text != "." { throw SyntaxProblem(problem: "'\(text)' is not a path") }
        self.steps = steps
    }

    private static func untilArrow(_ text: String) -> (String, String?) {
        var depth = 0
        var position = text.startIndex
        while position < text.endIndex {
            switch text[position] {
            case "[": depth += 1
            case "]": depth -= 1
            case "-" where depth == 0 && text[position...].hasPrefix("->"):
                return (String(text[..<position]), String(text[text.index(position, offsetBy: 2)...]))
            default: break
            }
            position = text.index(after: position)
        }
        return (text, nil)
    }

    private static func steps(_ text: String) throws(SyntaxProblem) -> [Step] {
        let (name, parts) = text.splitBrackets()
        if let wrong = name.first(where: { !($0.isLetter || $0.isASCIIDigit || "_-$@:".contains($0)) }) {
            throw SyntaxProblem(problem: "'\(wrong)' cannot stand in the path '\(text)'")
        }
        let brackets = parts.map { part -> Step in
            if let index = Int(part), index >= 0 { return .index(index) }
            return .filter(Predicate(part))
        }
        return (name.isEmpty ? [] : [.member(name)]) + brackets
    }

    func items(_ scope: Scope) -> [Item] {
        let start = startsAtItem ? scope.item : scope.root
        guard case .value(let value) = start.node else { return steps.isEmpty ? [start] : [] }
        var found = [(value: value, place: startsAtItem ? start.place : "")]
        for step in steps {
            found = found.flatMap { Self.apply(step, $0.value, $0.place, scope.references) }
        }
        return found.flatMap { Self.elements($0.value, $0.place) }
            .filter { !$0.value.isEmpty }
            .map { Item(.value($0.value), at: $0.place) }
    }

    private typealias Found = (value: Value, place: String)

    private static func apply(_ step: Step, _ value: Value, _ place: String, _ references: ReferenceIndex) -> [Found] {
        switch step {
        case .member(let name):
            return elements(value, place).compactMap { element in
                element.value[name].map { ($0, element.place.isEmpty ? name : "\(element.place).\(name)") }
            }
        case .index(let index):
            let all = elements(value, place)
            return all.indices.contains(index) ? [all[index]] : []
        case .filter(let predicate):
            return elements(value, place).filter { predicate.test.holds(texts(at: predicate.key, in: $0.value)) }
        case .follow:
            return elements(value, place).compactMap { references.resource(for: $0.value) }
        }
    }

    private static func elements(_ value: Value, _ place: String) -> [Found] {
        guard case .array(let elements) = value else { return [(value, place)] }
        return elements.enumerated().map { ($1, "\(place)[\($0)]") }
    }

    /// The texts at a dotted key inside a value, through every array on the way.
    private static func texts(at key: String, in value: Value) -> [String] {
        var found = [value]
        for name in key.split(separator: ".") {
            found = found.flatMap { elements($0, "").compactMap { $0.value[String(name)] } }
        }
        return found.flatMap { elements($0, "") }.compactMap {
            Item(.value($0.value), at: "").text ?? present($0.value)
        }
    }

    /// An object that holds something is there, though it has no text.
    private static func present(_ value: Value) -> String? {
        if case .object(let object) = value, !object.isEmpty { "{}" } else { nil }
    }
}

/// The resources of a FHIR bundle by full URL and by `Type/id` (FHIR R4, Bundle, "Resolving references in Bundles").
struct ReferenceIndex: Sendable {
    private var resources: [String: (value: Value, place: String)] = [:]

    init() {}

    /// Indexes the entries of a bundle; anything else has none.
    init(_ root: Item) {
        guard case .value(let bundle) = root.node, bundle["resourceType"] == "Bundle" else { return }
        for (position, entry) in (bundle["entry"]?.arrayValue ?? []).enumerated() {
            guard let resource = entry["resource"] else { continue }
            let found = (resource, "entry[\(position)].resource")
            if let url = entry["fullUrl"]?.stringValue { resources[url] = found }
            if let type = resource["resourceType"]?.stringValue, let id = resource["id"]?.stringValue,
                resources["\(type)/\(id)"] == nil
            {
                resources["\(type)/\(id)"] = found
            }
        }
    }

    /// The resource that a reference (an object with `reference`, or the text itself) leads to in this bundle.
    func resource(for reference: Value) -> (value: Value, place: String)? {
        guard let text = reference.stringValue ?? reference["reference"]?.stringValue else { return nil }
        if let found = resources[text] { return found }
        let parts = text.split(separator: "/").suffix(2)
        return parts.count == 2 ? resources[parts.joined(separator: "/")] : nil
    }
}
