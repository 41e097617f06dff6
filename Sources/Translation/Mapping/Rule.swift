import Referral

/// A compiled part of a mapping or of a shape: what to put in one place of the result.
indirect enum Rule: Sendable {
    case leaf(Expression)
    case object(Block)
    /// A block for each item that an expression finds.
    case each(Expression, Block)
    /// The results of several rules, one after the other in one array.
    case list([Rule])

    /// An object to be written when a condition holds; its members in order.
    struct Block: Sendable {
        var condition: Condition?
        var content: Content
        /// Whether the block is written for its literals alone. Not so by default: literals beside a value that was withheld
        /// or never given would betray it.
        var standsAlone = false
    }

    /// What a block holds.
    enum Content: Sendable {
        case members([Member])
        /// `value:` alone: the items of an `each` as they are.
        case value(Expression)
    }

    /// One place in an object.
    struct Member: Sendable {
        var key: String
        var rule: Rule
        /// What the place takes.
        var kind = FieldKind.any
    }
}

/// What a field of the envelope holds.
enum FieldKind: Sendable, Hashable {
    case text, texts, flag, number, object, objects
    /// Whatever is found, as it is.
    case any

    /// Whether the field is an array.
    var isList: Bool { self == .texts || self == .objects }

    /// A value found in a document as this kind of field takes it. What cannot be made to fit stays as it is, for the
    /// validation to refuse.
    func fit(_ value: Value) -> Value {
        switch (self, value) {
        case (.flag, .string("true")): .bool(true)
        case (.flag, .string("false")): .bool(false)
        case (.number, .string(let text)) where Int(text) != nil: .number(text)
        case (.text, .number(let text)), (.texts, .number(let text)): .string(text)
        case (.text, .bool(let flag)), (.texts, .bool(let flag)): .string(flag ? "true" : "false")
        default: value
        }
    }
}

extension Evaluation {
    /// What a rule makes of a document.
    struct Made {
        /// Nil when there is nothing to write.
        var value: Value?
        /// Whether the document contributed; false when it is all literals and defaults.
        var isFound: Bool

        static let nothing = Made(value: nil, isFound: false)
    }

    /// What a rule gives, with empty parts left out.
    ///
    /// A block that looks something up and finds nothing is left out as a whole, unless it stands alone.
    ///
    /// - Parameter first: Of a list, how many elements other rules put before.
    mutating func make(
        _ rule: Rule, _ scope: Scope, as kind: FieldKind = .any, for target: Place, after first: Int = 0
    ) -> Made {
        switch rule {
        case .leaf(let expression):
            let items = items(expression, scope, for: target)
            let values = items.compactMap(\.value).map(kind.fit)
            let isFound = items.contains(where: \.isFound)
            let isList = kind.isList || expression.takesAll
            note(items, by: expression, for: target, after: isList ? first : nil)
            if isList {
                return Made(value: values.isEmpty ? nil : .array(values), isFound: isFound)
            }
            return Made(value: values.first, isFound: isFound)
        case .object(let block): return make(block, scope, for: target)
        case .each(let expression, let block):
            let items = items(expression, scope, for: target)
            var values: [Value] = []
            for (index, item) in items.enumerated() {
                guard goesOn else { break }
                // In the place that it has in the result: what gives nothing leaves no gap.
                let made = make(block, scope.within(item, index: index + 1), for: target, at: first + values.count)
                if let value = made.value { values.append(value) }
            }
            return Made(value: values.isEmpty ? nil : .array(values), isFound: !values.isEmpty)
        case .list(let rules):
            var values: [Value] = []
            var isFound = false
            for rule in rules {
                let made = make(rule, scope, as: kind, for: target, after: values.count)
                isFound = isFound || made.isFound
                if let value = made.value { values += value.arrayValue ?? [value] }
            }
            return Made(value: values.isEmpty ? nil : .array(values), isFound: isFound)
        }
    }

    private mutating func make(_ block: Rule.Block, _ scope: Scope, for target: Place, at index: Int? = nil) -> Made {
        guard holds(block.condition, scope) else { return .nothing }
        let target = index.map { Place.element(target, $0) } ?? target
        switch block.content {
        case .value(let expression): return make(.leaf(expression), scope, for: target)
        case .members(let members):
            var object = Object()
            var isFound = false
            let noted = found.count
            for member in members {
                let made = make(member.rule, scope, as: member.kind, for: .member(target, member.key))
                isFound = isFound || made.isFound
                if let value = made.value { object[member.key] = value }
            }
            let isWanted = isFound || block.standsAlone || !members.contains { $0.rule.looksUp }
            guard !object.isEmpty, isWanted else {
                found.removeSubrange(noted...)
                return .nothing
            }
            return Made(value: .object(object), isFound: isFound)
        }
    }

    /// Notes where the values of a field stood: each by itself for a list, else only the first is used.
    private mutating func note(
        _ items: [Item], by expression: Expression, for target: Place, after first: Int?
    ) {
        for (index, item) in items.lazy.filter({ $0.value != nil }).enumerated() {
            let sources = item.isFound ? [item.place] + item.joined : item.joined
            var steps = expression.writtenSteps
            // What the adapter itself states stands in the expression as a whole.
            if sources.isEmpty, steps.isEmpty { steps = [expression.source] }
            found.append(Found(target: target, index: first.map { $0 + index }, sources: sources, steps: steps))
            if first == nil { break }
        }
    }
}

extension Rule {
    /// Whether any leaf looks something up.
    var looksUp: Bool { expressions.contains(where: \.looksUp) }

    /// Every expression in it.
    var expressions: [Expression] {
        switch self {
        case .leaf(let expression): [expression]
        case .object(let block): block.expressions
        case .each(let expression, let block): [expression] + block.expressions
        case .list(let rules): rules.flatMap(\.expressions)
        }
    }
}

extension Rule.Block {
    /// Every expression in it.
    var expressions: [Expression] {
        let inner =
            switch content {
            case .value(let expression): [expression]
            case .members(let members): members.flatMap { $0.rule.expressions }
            }
        return inner + (condition?.clauses.map(\.operand) ?? [])
    }
}
