import Referral

/// Something found in a document, with its place in the document's own terms (`PID-3(2).1`, `persons/person[2]/dob`).
struct Item: Sendable {
    var node: Node
    var place: Place
    /// Whether the document says it; false for a literal, a default and a position.
    var isFound = true
    /// Where the other parts stand, when it was joined of several.
    var joined: [Place] = []

    /// What was found, whole: the part of the document that paths can go on from.
    enum Node: Sendable {
        /// A text, a JSON value, or a row of a table as an object with folded column names.
        case value(Value)
        case element(XMLNode)
        case message(HL7Message)
        case segment(HL7Segment)
        /// A repetition of a field, or a part of one.
        case piece(HL7Piece)
    }

    init(_ node: Node, at place: Place) {
        self.node = node
        self.place = place
    }

    /// Something that the adapter says and not the document.
    init(literal value: Value, at place: Place = .document) {
        self.init(.value(value), at: place)
        isFound = false
    }

    /// A plain text.
    init(text: String, at place: Place) { self.init(.value(.string(text)), at: place) }

    /// The text that stands here, without the spaces around it; nil where there is a structure or nothing.
    ///
    /// HL7's `""`, which asks for a value to be deleted, is nothing here: the envelope has no word for deletion.
    var text: String? {
        let text: String? =
            switch node {
            case .value(.bool(let flag)): flag ? "true" : "false"
            case .value(let value): value.textValue
            case .element(let element): element.text
            case .piece(let piece): piece.isDeletion ? nil : piece.text
            case .message, .segment: nil
            }
        guard let text, !text.isEmpty else { return nil }
        if text.isTight { return text }
        let trimmed = text.trimmed
        return trimmed.isEmpty ? nil : trimmed
    }

    /// Whether there is neither a text nor anything that paths could go on into.
    var isNothing: Bool {
        switch node {
        case .value(.string(let text)): text.isBlank
        case .value(.null): true
        case .value, .message, .segment: false
        case .element(let element): element.content.isEmpty && element.attributes.isEmpty
        case .piece(let piece): piece.isDeletion || piece.bytes.allSatisfy { $0 == UInt8(ascii: " ") }
        }
    }

    /// The value to be written where the item is wanted: a JSON value as it is, anything else as its text.
    var value: Value? {
        if case .value(let value) = node {
            if case .string = value { return text.map(Value.string) }
            return value.isEmpty ? nil : value
        }
        return text.map(Value.string)
    }
}

/// What the paths of an expression start from.
struct Scope: Sendable {
    /// The document, or one row or message of it.
    var root: Item
    /// The item in hand inside an `each`; the root elsewhere.
    var item: Item
    /// Position of the item in hand, from 1.
    var index = 1
    /// The resources of a FHIR bundle, by what references to them say.
    var references = ReferenceIndex()

    init(_ root: Item) {
        self.root = root
        item = root
        references = ReferenceIndex(root)
    }

    /// The scope inside an `each`.
    func within(_ item: Item, index: Int) -> Scope {
        var scope = self
        scope.item = item
        scope.index = index
        return scope
    }
}

extension String {
    /// Whether it is nothing but white space.
    fileprivate var isBlank: Bool { !isTight && unicodeScalars.allSatisfy(\.properties.isWhitespace) }

    /// Whether it begins and ends with ASCII that is no white space: then there is nothing to trim, which is quick to see.
    fileprivate var isTight: Bool {
        guard let first = utf8.first, let last = utf8.last else { return false }
        return (0x21...0x7E).contains(first) && (0x21...0x7E).contains(last)
    }
}
