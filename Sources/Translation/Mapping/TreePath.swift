import Referral

/// A path in JSON, in FHIR, or in a release: `person.name[use=official].given[0]`, `focus[0]->subject->name.family`.
///
/// A name that meets an array looks into each of its elements; `[n]` picks one, from 0; `[key=value]` keeps those that
/// match; `->` follows a FHIR reference to the resource in the same document.
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
            return .filter(Predicate(part, separator: "."))
        }
        return (name.isEmpty ? [] : [.member(name)]) + brackets
    }

    /// A value on the way, with its place.
    typealias Found = (value: Value, place: Place)

    func items(_ scope: Scope) -> [Item] {
        let start = startsAtItem ? scope.item : scope.root
        guard case .value(let value) = start.node else { return steps.isEmpty ? [start] : [] }
        var found: [Found] = [(value, start.place)]
        // What refers to each other in lists multiplies with every arrow.
        let budget = steps.contains(.follow) ? TrialBudget.current : nil
        for step in steps {
            var next: [Found] = []
            for one in found {
                let before = next.count
                Self.apply(step, one, scope.references, &next)
                if let budget, !budget.spend(next.count - before) { return [] }
            }
            if next.isEmpty { return [] }
            found = next
        }
        var items: [Item] = []
        for one in found {
            Self.forEach(one) { if !$0.value.isEmpty { items.append(Item(.value($0.value), at: $0.place)) } }
        }
        return items
    }

    private static func apply(_ step: Step, _ found: Found, _ references: ReferenceIndex, _ next: inout [Found]) {
        switch step {
        case .member(let name):
            forEach(found) { one in
                if case .object(let object) = one.value, let value = object[name] {
                    next.append((value, .member(one.place, name)))
                }
            }
        case .index(let index):
            guard case .array(let elements) = found.value else {
                if index == 0 { next.append(found) }
                return
            }
            if elements.indices.contains(index) { next.append((elements[index], .element(found.place, index))) }
        case .filter(let predicate):
            forEach(found) { one in
                var texts: [String] = []
                collectTexts(of: one.value, predicate.names[...], &texts)
                if predicate.test.holds(texts) { next.append(one) }
            }
        case .follow: forEach(found) { one in references.resource(for: one).map { next.append($0) } }
        }
    }

    /// The elements of an array, or the value itself.
    private static func forEach(_ found: Found, _ body: (Found) -> Void) {
        guard case .array(let elements) = found.value else { return body(found) }
        for (index, element) in elements.enumerated() { body((element, .element(found.place, index))) }
    }

    /// The texts at a key inside a value, through every array on the way. An object that holds something is there, though
    /// it has no text.
    private static func collectTexts(of value: Value, _ names: ArraySlice<String>, _ texts: inout [String]) {
        switch value {
        case .array(let elements): for element in elements { collectTexts(of: element, names, &texts) }
        case .object(let object):
            if let name = names.first {
                if let member = object[name] { collectTexts(of: member, names.dropFirst(), &texts) }
            } else if !object.isEmpty {
                texts.append("{}")
            }
        default:
            if names.isEmpty, let text = Item(.value(value), at: .document).text { texts.append(text) }
        }
    }
}
