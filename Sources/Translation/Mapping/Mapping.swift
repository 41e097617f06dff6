import Referral

/// A compiled mapping: what makes a tree of the envelope's shape of a partner's document.
struct Mapping: Sendable {
    /// Whether the document is an envelope already, of which the members only replace or add parts.
    var startsFromDocument = false
    var members: [Rule.Member] = []
    /// The author's own words for paths and columns.
    var words = Words()

    /// What a mapping made of a document.
    struct Mapped {
        /// The tree of the envelope's shape.
        var envelope: Value
        /// What was found wrong on the way.
        var raised: [Evaluation.Raised]
        /// Where the values stood.
        var found: [Found]
    }

    /// The tree for one document, or for the part of it in hand.
    func apply(_ scope: Scope) -> Mapped {
        var evaluation = Evaluation()
        let block = Rule.Block(content: .members(members), standsAlone: true)
        let made = evaluation.make(.object(block), scope, for: "").value ?? .object(Object())
        var mapped = Mapped(envelope: made, raised: evaluation.raised, found: evaluation.found)
        guard startsFromDocument, case .value(let document) = scope.root.node else { return mapped }
        // What is no object is no envelope, which the validation says better.
        mapped.envelope = document.objectValue == nil ? document : document.overlaid(with: made)
        return mapped
    }

    /// This mapping with its members put in place of those of another, field by field.
    func extending(_ base: Mapping) -> Mapping {
        var result = self
        result.startsFromDocument = base.startsFromDocument
        result.members = base.members.replaced(by: members)
        return result
    }
}

/// What a mapping calls things: names for paths (`let:`) and synonyms of column headings (`columns:`).
struct Words: Sendable, Hashable {
    var names: [String: String] = [:]
    var columns: [String: [String]] = [:]

    /// These words with another's names in place of their own, and another's synonyms before their own.
    func overridden(by other: Words) -> Words {
        Words(
            names: names.merging(other.names) { _, new in new },
            columns: columns.merging(other.columns) { old, new in new + old.filter { !new.contains($0) } })
    }
}

extension [Rule.Member] {
    /// The members with those of the same name replaced; objects on both sides are put together.
    fileprivate func replaced(by others: [Rule.Member]) -> [Rule.Member] {
        var result = self
        for other in others {
            guard let position = result.firstIndex(where: { $0.key == other.key }) else {
                result.append(other)
                continue
            }
            if case .object(let old) = result[position].rule, case .object(let new) = other.rule, new.condition == nil,
                case .members(let oldMembers) = old.content, case .members(let newMembers) = new.content
            {
                var block = old
                block.content = .members(oldMembers.replaced(by: newMembers))
                result[position].rule = .object(block)
            } else {
                result[position] = other
            }
        }
        return result
    }
}

extension Value {
    /// This value with the members of another put in place of its own, object by object.
    fileprivate func overlaid(with other: Value) -> Value {
        guard case .object(var result) = self, case .object(let added) = other else { return other }
        for (key, value) in added { result[key] = result[key]?.overlaid(with: value) ?? value }
        return .object(result)
    }
}
