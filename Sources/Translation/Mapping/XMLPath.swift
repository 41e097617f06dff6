import Referral

/// A path in XML from the root element's children: `persons/person[role=subject]/name/family`, `header/@version`.
///
/// Names are local names, whatever the prefix; `*` is any element; `[n]` picks one of the elements of that name, from 1;
/// `[key=value]` keeps those in which the element at `key`, or else the attribute of that name, matches.
struct XMLPath: Sendable, Hashable {
    enum Step: Sendable, Hashable {
        case child(String)
        case attribute(String)
        case index(Int)
        case filter(Predicate)
    }

    let startsAtItem: Bool
    let steps: [Step]

    init(_ text: String) throws(SyntaxProblem) {
        startsAtItem = text.hasPrefix(".")
        var steps: [Step] = []
        for part in (startsAtItem ? String(text.dropFirst()) : text).split(outsideBrackets: "/") where !part.isEmpty {
            let (name, brackets) = part.splitBrackets()
            let local = name.hasPrefix("@") ? String(name.dropFirst()) : name
            guard local == "*" || Self.isName(local) else {
                throw SyntaxProblem(
                    problem: "'\(name)' is not an element's name", remedy: "separate names by '/', without prefixes")
            }
            steps.append(name.hasPrefix("@") ? .attribute(local) : .child(local))
            for bracket in brackets {
                if let index = Int(bracket), index >= 1 {
                    steps.append(.index(index))
                } else {
                    steps.append(.filter(Predicate(bracket, separator: "/")))
                }
            }
        }
        if steps.isEmpty, text != "." { throw SyntaxProblem(problem: "'\(text)' is not a path") }
        self.steps = steps
    }

    private static func isName(_ text: String) -> Bool {
        guard let first = text.first, first.isLetter || first == "_" else { return false }
        return text.allSatisfy { $0.isLetter || $0.isNumber || "_-.".contains($0) }
    }

    func items(_ scope: Scope) -> [Item] {
        var found = [startsAtItem ? scope.item : scope.root]
        for step in steps {
            if found.isEmpty { return [] }
            found = Self.apply(step, found)
        }
        return found
    }

    private static func apply(_ step: Step, _ items: [Item]) -> [Item] {
        switch step {
        case .child(let name): items.flatMap { children(of: $0, name) }
        case .attribute(let name):
            items.compactMap { item in
                guard case .element(let element) = item.node, let text = element.attribute(name) else { return nil }
                return Item(text: text, at: .attribute(item.place, name))
            }
        case .index(let index): items.indices.contains(index - 1) ? [items[index - 1]] : []
        case .filter(let predicate): items.filter { predicate.test.holds(texts(at: predicate.names, in: $0)) }
        }
    }

    private static func children(of item: Item, _ name: String) -> [Item] {
        guard case .element(let parent) = item.node else { return [] }
        var found: [Item] = []
        var counts: [String: Int] = [:]
        for case .element(let child) in parent.content where name == "*" || child.name == name {
            counts[child.name, default: 0] += 1
            found.append(Item(.element(child), at: .child(item.place, child.name, counts[child.name] ?? 1)))
        }
        return found
    }

    private static func texts(at names: [String], in item: Item) -> [String] {
        var found = [item]
        for name in names {
            let children = name.hasPrefix("@") ? [] : apply(.child(name), found)
            found =
                children.isEmpty
                ? apply(.attribute(name.hasPrefix("@") ? String(name.dropFirst()) : name), found) : children
        }
        return found.map { $0.text ?? "" }
    }
}
