import Referral

/// A compiled expression: where to look, and the steps that what was found goes through, in order.
///
/// Every expression works on a list of items. A path that finds nothing gives an empty list, and an empty list in the end
/// means that the field is left out.
struct Expression: Sendable {
    /// Tried in order; the first that finds something is used.
    var alternatives: [[Operand]]
    var steps: [Step]
    /// Whether the list is wanted whole (`each …`) where one value would do.
    var takesAll = false
    /// The text as written, for findings and diagnostics.
    var source: String
    /// The steps as they are written: `PID-7.1 | date` has `date`. Whatever has steps of its own within stands first.
    let writtenSteps: [String]

    init(alternatives: [[Operand]], steps: [Step], takesAll: Bool = false, source: String) {
        self.alternatives = alternatives
        self.steps = steps
        self.takesAll = takesAll
        self.source = source
        writtenSteps = Self.writtenSteps(source)
    }

    /// A part of an alternative; the lists of several parts are put one after the other.
    enum Operand: Sendable {
        case path(DocumentPath)
        case literal(Value)
        case group(Expression)
    }

    /// One step of the way from what was found to what is wanted.
    enum Step: Sendable {
        /// Changes each text by itself.
        case transform(Transform, Refused)
        /// `keepsRaw` (`code?`) keeps a code that the table does not have.
        case code(CodeTable, keepsRaw: Bool)
        /// Makes one list of another.
        case gather(Gathering)
        /// Replaces each item by what the path finds from it.
        case map(DocumentPath)
        /// Keeps the items for which the condition holds; its paths start at the item.
        case keep(Condition)
        /// Empties the list unless the condition holds.
        case when(Condition)
        case fallback(Value)
        case required

        /// Whether it does something when there is nothing to work on.
        var worksOnNothing: Bool {
            switch self {
            case .fallback, .required: true
            case .transform, .code, .gather, .map, .keep, .when: false
            }
        }
    }

    /// What becomes of a text that a checking step refuses.
    enum Refused: Sendable, Hashable {
        /// It is an error, and left out.
        case error
        /// `name?`: a warning, and kept as it is.
        case kept
        /// `name!`: a warning, and left out.
        case dropped
    }

    /// Steps that work on the list as a whole.
    enum Gathering: Sendable, Hashable {
        case first, last, unique
        /// Anything but one item is an error.
        case one
        case join(String)
        case split(String)
        case count
    }

    private static func writtenSteps(_ source: String) -> [String] {
        var parts: [String] = [""]
        var depth = 0
        var quote: Character?
        for character in source {
            if let open = quote {
                if character == open { quote = nil }
            } else if character == "'" || character == "\"" {
                quote = character
            } else if "([{".contains(character) {
                depth += 1
            } else if ")]}".contains(character) {
                depth -= 1
            } else if character == "|", depth == 0 {
                parts.append("")
                continue
            }
            parts[parts.count - 1].append(character)
        }
        let steps = parts.map { $0.split(separator: " ").joined(separator: " ") }
        // What is stated and not looked up is a step, too.
        let saysMore = steps[0].contains("|") || steps[0].hasPrefix("always ") || steps[0].hasPrefix("'")
        return saysMore ? steps : Array(steps.dropFirst())
    }

    /// A literal and nothing else: the same for every document.
    var constant: Value? {
        guard alternatives.count == 1, alternatives[0].count == 1, steps.isEmpty,
            case .literal(let value) = alternatives[0][0]
        else { return nil }
        return value
    }

    /// Whether it looks anything up, so that it can come back empty.
    var looksUp: Bool {
        alternatives.joined().contains {
            switch $0 {
            case .path: true
            case .literal: false
            case .group(let expression): expression.looksUp
            }
        }
    }

    /// The texts that the adapter itself puts in: literals, defaults and the meanings of a code table, unless a later step
    /// changes them.
    var stated: Set<String> {
        var texts = Set(
            alternatives.joined().flatMap { operand -> Set<String> in
                switch operand {
                case .path: []
                case .literal(let value): value.textValue.map { [$0] } ?? []
                case .group(let group): group.stated
                }
            })
        for step in steps {
            switch step {
            case .code(let table, _): texts = table.possible
            case .transform, .map, .gather(.join), .gather(.split), .gather(.count): texts = []
            case .fallback(let value): texts.formUnion(value.textValue.map { [$0] } ?? [])
            case .gather, .keep, .when, .required: break
            }
        }
        return texts
    }

    /// Every path in it, with those of groups, steps and conditions.
    var paths: [DocumentPath] {
        alternatives.joined().flatMap { operand -> [DocumentPath] in
            switch operand {
            case .path(let path): [path]
            case .literal: []
            case .group(let expression): expression.paths
            }
        }
            + steps.flatMap { step -> [DocumentPath] in
                switch step {
                case .map(let path): [path]
                case .keep(let condition), .when(let condition): condition.paths
                default: []
                }
            }
    }
}

/// Tests that must all hold: `.role != subject`, `RF1-1 = R and MSH-9.2 = I14`.
struct Condition: Sendable {
    var clauses: [Clause]

    /// One test of the texts that an operand finds.
    struct Clause: Sendable {
        var operand: Expression
        var test: TextTest
    }

    /// Every path in it.
    var paths: [DocumentPath] { clauses.flatMap(\.operand.paths) }
}
