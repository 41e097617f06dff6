import Referral

/// A path in an HL7 v2 message with the choices that mappings need: `PID-3[5=NH].1`, `PRD[1.1=RP]-2.1`, `PID/NTE-3`.
///
/// It is ``HL7Path`` with two additions. `[…]` after a segment or a field keeps those that match; the key counts fields in
/// a segment and components in a field. `X/Y` are the Y segments that directly follow an X, such as the notes on the
/// patient and not those on a laboratory result. From an item in hand, `.2.1` is field 2 of a segment or component 2 of
/// a field.
struct HL7Selector: Sendable, Hashable {
    let startsAtItem: Bool
    /// The segments, from the leading to the one wanted; empty when the path starts at the item in hand.
    private let segments: [Choice]
    /// The field, with its repetition.
    private let field: Choice?
    /// Component and subcomponent, such as `.1.2`.
    private let part: HL7Path?

    /// A segment or a field, and which of its kind.
    private struct Choice: Sendable, Hashable {
        var path: HL7Path
        var predicates: [Question]
    }

    /// What a segment or field must fulfil, and where in it.
    private struct Question: Sendable, Hashable {
        var path: HL7Path
        var test: TextTest
    }

    init(_ text: String) throws(SyntaxProblem) {
        startsAtItem = text.hasPrefix(".")
        if startsAtItem {
            segments = []
            field = nil
            part = try text == "." ? nil : Self.path(text, in: text)
            return
        }
        let (head, tail) = Self.parted(text, at: "-")
        segments = try head.split(outsideBrackets: "/").map { name throws(SyntaxProblem) in
            let (name, brackets) = name.splitBrackets()
            let path = try Self.path(name, in: text)
            guard path.field == nil, path.segment != nil else { throw Self.problem(text) }
            return Choice(path: path, predicates: try Self.predicates(brackets, in: text))
        }
        guard let tail else {
            (field, part) = (nil, nil)
            return
        }
        let (number, parts) = Self.parted(tail, at: ".")
        let (name, brackets) = number.splitBrackets()
        field = Choice(path: try Self.path("-\(name)", in: text), predicates: try Self.predicates(brackets, in: text))
        part = try parts.map { parts throws(SyntaxProblem) in try Self.path(".\(parts)", in: text) }
    }

    private static func path(_ path: String, in text: String) throws(SyntaxProblem) -> HL7Path {
        guard let path = HL7Path(path) else { throw problem(text) }
        return path
    }

    private static func problem(_ text: String) -> SyntaxProblem {
        SyntaxProblem(
            problem: "'\(text)' is not an HL7 path", remedy: "write it like PID-5.1, PID-3(2), NTE-3 or PID-3[5=NH].1")
    }

    private static func predicates(_ brackets: [String], in text: String) throws(SyntaxProblem) -> [Question] {
        try brackets.map { bracket throws(SyntaxProblem) in
            let predicate = Predicate(bracket, separator: ".")
            return Question(path: try path(".\(predicate.key)", in: text), test: predicate.test)
        }
    }

    /// What stands before and after the first of a character outside brackets.
    private static func parted(_ text: String, at separator: Character) -> (String, String?) {
        let parts = text.split(outsideBrackets: separator)
        return (parts[0], parts.count > 1 ? parts.dropFirst().joined(separator: String(separator)) : nil)
    }

    func items(_ scope: Scope) -> [Item] {
        if startsAtItem {
            guard let part else { return [scope.item] }
            return Self.descend(from: scope.item, part)
        }
        guard case .message(let message) = scope.root.node else { return [] }
        let found = chosen(in: message)
        guard let field else { return found }
        return found.flatMap { item -> [Item] in
            guard case .segment(let segment) = item.node else { return [] }
            return Self.repetitions(of: segment, field, at: item.place).flatMap { repetition in
                part.map { Self.descend(from: repetition, $0) } ?? [repetition]
            }
        }
    }

    /// The segments that the path names.
    private func chosen(in message: HL7Message) -> [Item] {
        guard let last = segments.last, let name = last.path.segment else { return [] }
        let leaders = segments.count > 1 ? segments.dropLast().compactMap(\.path.segment) : []
        var occurrence = 0
        var before: [String] = []
        var found: [Item] = []
        // By index: a segment that is not wanted is looked at and not copied.
        for index in message.segments.indices {
            let isWanted = message.segments[index].name == name
            if !leaders.isEmpty {
                // The names that run up to this segment, each run counted once: NTE NTE after PID is PID/NTE both times.
                let name = message.segments[index].name
                if before.last != name { before.append(name) }
            }
            guard isWanted else { continue }
            occurrence += 1
            guard last.path.occurrence ?? occurrence == occurrence,
                leaders.isEmpty || before.dropLast().suffix(leaders.count).elementsEqual(leaders)
            else { continue }
            let item = Item(.segment(message.segments[index]), at: .segment(name, occurrence))
            if Self.holds(last.predicates, for: item) { found.append(item) }
        }
        return found
    }

    private static func repetitions(of segment: HL7Segment, _ field: Choice, at place: Place) -> [Item] {
        guard let number = field.path.field else { return [] }
        let piece = segment.field(number)
        if piece.isEmpty { return [] }
        return piece.repetitions.enumerated().compactMap { index, piece in
            if let wanted = field.path.repetition, wanted != index + 1 { return nil }
            let item = Item(.piece(piece), at: .field(place, number, index + 1))
            return !piece.isEmpty && holds(field.predicates, for: item) ? item : nil
        }
    }

    private static func holds(_ questions: [Question], for item: Item) -> Bool {
        questions.isEmpty || questions.allSatisfy { $0.test.holds(descend(from: item, $0.path).map { $0.text ?? "" }) }
    }

    /// Component and subcomponent of a piece, or field and component of a segment.
    private static func descend(from item: Item, _ path: HL7Path) -> [Item] {
        switch item.node {
        case .segment(let segment):
            guard let number = path.component else { return [] }
            return segment.field(number).repetitions.enumerated().compactMap { index, repetition in
                let piece = path.subcomponent.map(repetition.component) ?? repetition
                let place = Place.field(item.place, number, index + 1)
                if piece.isEmpty { return nil }
                return Item(.piece(piece), at: path.subcomponent.map { .part(place, HL7Path(component: $0)) } ?? place)
            }
        case .piece(let piece):
            return piece.pieces(path).filter { !$0.isEmpty }.map { Item(.piece($0), at: .part(item.place, path)) }
        default: return []
        }
    }
}
