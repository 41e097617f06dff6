/// Builds an HL7 v2 message field by field: escapes what it is given, drops empty trailing parts, writes UTF-8 or, where
/// it answers a message, the character set of that.
///
/// Starts with the MSH segment, whose delimiters and character set it fills in itself.
package struct HL7Writer: Sendable {
    private struct Segment: Sendable {
        let name: String
        /// By field, repetition, component and subcomponent; index 0 is number 1.
        var fields: [[[[String]]]] = []
    }

    private let encoding: HL7Encoding
    private var segments: [Segment] = [Segment(name: "MSH")]

    /// A message with an MSH segment, under the recommended delimiters and in UTF-8.
    package init() {
        self.init(answering: nil)
    }

    /// An answer, under the delimiters and in the character set of the message that it answers.
    init(answering message: HL7Message?) {
        encoding = HL7Encoding(
            delimiters: message?.delimiters ?? .standard, characterSet: message?.characterSet ?? .utf8)
        let declared = message.map { $0.segments[0].field(18).repetitions[0].whole }
        set(declared ?? "UNICODE UTF-8", field: 18, in: 0)
    }

    /// Opens a segment. What is set next under its name goes into it.
    package mutating func append(_ segment: String) {
        precondition(HL7Segment.isName(Array(segment.utf8)), "\(segment) is not a segment's name")
        segments.append(Segment(name: segment))
    }

    /// Opens a segment and sets its fields from the first on.
    package mutating func append(_ segment: String, _ fields: String...) {
        append(segment)
        for (index, field) in fields.enumerated() { set(field, field: index + 1, in: segments.count - 1) }
    }

    /// Sets the value at a path: in the segment of its name and occurrence, by default the last one, opening segments of
    /// that name until it is there; a path without a segment belongs to the segment opened last. A repetition, component or
    /// subcomponent left out is the first.
    ///
    /// The value is text, not HL7: delimiters in it are escaped, line breaks become `\.br\`. Setting MSH-1, MSH-2 or
    /// MSH-18 has no effect.
    package mutating func set(_ path: HL7Path, to value: String) {
        guard let field = path.field else { return }
        let index = index(of: path)
        if index == 0, [1, 2, 18].contains(field) { return }
        set(
            value, field: field, repetition: path.repetition ?? 1, component: path.component ?? 1,
            subcomponent: path.subcomponent ?? 1, in: index)
    }

    /// Copies a whole field from a message, part by part, so that it keeps its structure under other delimiters.
    package mutating func set(_ path: HL7Path, to piece: HL7Piece) {
        for (repetition, piece) in piece.repetitions.enumerated() {
            for (component, piece) in piece.components.enumerated() {
                for (subcomponent, piece) in piece.subcomponents.enumerated() {
                    let text =
                        "\(path.segment ?? "")-\(path.field ?? 1)(\(repetition + 1)).\(component + 1).\(subcomponent + 1)"
                    if let place = HL7Path(text) { set(place, to: piece.text) }
                }
            }
        }
    }

    private mutating func index(of path: HL7Path) -> Int {
        guard let name = path.segment else { return segments.count - 1 }
        var places = segments.indices.filter { segments[$0].name == name }
        while places.count < path.occurrence ?? 1 {
            append(name)
            places.append(segments.count - 1)
        }
        return places[(path.occurrence ?? places.count) - 1]
    }

    /// The message: segments end with CR, the last one too.
    package var bytes: [UInt8] {
        let delimiters = encoding.delimiters
        let bytes = segments.flatMap { segment in
            var fields = segment.fields.map { field in
                Self.joined(field, delimiters.repetition) { repetition in
                    Self.joined(repetition, delimiters.component) { component in
                        Self.joined(component, delimiters.subcomponent, encoding.encode)
                    }
                }
            }
            if segment.name == "MSH" {
                fields.replaceSubrange(0..<min(2, fields.count), with: [Array(delimiters.encodingCharacters.utf8)])
            }
            return Self.joined([Array(segment.name.utf8)] + fields, delimiters.field) { $0 } + [UInt8(ascii: "\r")]
        }
        return encoding.characterSet.bytes(ofUTF8: bytes)
    }

    private mutating func set(
        _ value: String, field: Int, repetition: Int = 1, component: Int = 1, subcomponent: Int = 1, in index: Int
    ) {
        segments[index].fields.grow(to: field, filler: [])
        segments[index].fields[field - 1].grow(to: repetition, filler: [])
        segments[index].fields[field - 1][repetition - 1].grow(to: component, filler: [])
        segments[index].fields[field - 1][repetition - 1][component - 1].grow(to: subcomponent, filler: "")
        segments[index].fields[field - 1][repetition - 1][component - 1][subcomponent - 1] = value
    }

    private static func joined<Part>(_ parts: [Part], _ delimiter: UInt8, _ write: (Part) -> [UInt8]) -> [UInt8] {
        var written = parts.map(write)
        while written.last?.isEmpty == true { written.removeLast() }
        return Array(written.joined(separator: [delimiter]))
    }
}

extension Array {
    fileprivate mutating func grow(to count: Int, filler: Element) {
        if self.count < count { append(contentsOf: repeatElement(filler, count: count - self.count)) }
    }
}
