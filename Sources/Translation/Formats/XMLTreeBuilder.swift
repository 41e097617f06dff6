import CXML
import Referral

/// Takes the events of libxml2's SAX2 parser and builds the tree; keeps the limits and the first thing that was wrong.
///
/// Used by one parse on one thread.
final class XMLTreeBuilder {
    private(set) var root: XMLNode?
    private(set) var refusal: DocumentError?
    /// Stops the parser; set while it runs.
    var stop: (() -> Void)?

    private let limits: Limits
    private let deepest: Int
    private var open: [XMLNode] = []
    /// How many namespaces each open element declares; libxml2 searches them all for every prefix.
    private var declared: [Int] = []
    private var text: [UInt8] = []
    private var nodes = 0

    init(limits: Limits) {
        self.limits = limits
        deepest = min(limits.depth, Limits.deepest)
    }

    /// Keeps the first refusal and stops the parser.
    func refuse(_ code: FindingCode, line: Int? = nil, _ text: String) {
        if refusal == nil { refusal = DocumentError(code, at: line.map { "line \($0)" } ?? "", text) }
        stop?()
    }

    private func begin(_ element: XMLNode, declaring namespaces: Int) {
        flushText()
        declared.append(namespaces)
        if namespaces > 0, declared.reduce(0, +) > limits.columns {
            refuse(.tooLarge, "the document declares more than \(limits.columns) namespaces at once")
        }
        nodes += 1 + element.attributes.count
        if nodes > limits.nodes {
            refuse(.tooLarge, "the document has more than \(limits.nodes) elements and attributes")
        }
        if open.count >= deepest { refuse(.notParseable, "the document is nested deeper than \(deepest) levels") }
        open.append(element)
    }

    private func end() {
        flushText()
        guard let element = open.popLast() else { return }
        declared.removeLast()
        if open.isEmpty { root = element } else { open[open.count - 1].content.append(.element(element)) }
    }

    private func append(_ characters: UnsafeBufferPointer<UInt8>) { text.append(contentsOf: characters) }

    private func flushText() {
        if text.isEmpty { return }
        if !open.isEmpty { open[open.count - 1].content.append(.text(String(decoding: text, as: UTF8.self))) }
        text.removeAll(keepingCapacity: true)
    }
}

extension XMLTreeBuilder {
    /// The callbacks. Each finds the builder in its first argument, which is the parser's `userData`.
    ///
    /// There is one for structured errors, so libxml2 writes nothing to standard error, and none for entities.
    static var handler: xmlSAXHandler {
        var handler = xmlSAXHandler()
        handler.initialized = hub_xml_sax2_magic
        handler.internalSubset = { context, _, _, _ in
            context.builder?.refuse(
                .notParseable, "the document has a document type declaration (DTD), which is refused")
        }
        handler.startElementNs = { context, name, _, namespace, namespaces, _, count, _, attributes in
            context.builder?.begin(
                XMLNode(
                    String(name) ?? "", namespace: String(namespace),
                    attributes: (0..<Int(count)).compactMap { .init(attributes?.advanced(by: 5 * $0)) }),
                declaring: Int(namespaces))
        }
        handler.endElementNs = { context, _, _, _ in context.builder?.end() }
        let characters: charactersSAXFunc = { context, characters, count in
            context.builder?.append(UnsafeBufferPointer(start: characters, count: Int(count)))
        }
        handler.characters = characters
        // The same function, else libxml2 drops what it takes for white space that does not matter.
        handler.ignorableWhitespace = characters
        handler.cdataBlock = characters
        handler.serror = { context, error in
            guard let error = error?.pointee, error.level == XML_ERR_FATAL else { return }
            context.builder?.refuse(.notParseable, line: Int(error.line), explanation(of: error.code))
        }
        return handler
    }
}

extension UnsafeMutableRawPointer? {
    /// The builder that a callback's context stands for.
    fileprivate var builder: XMLTreeBuilder? {
        map { Unmanaged<XMLTreeBuilder>.fromOpaque($0).takeUnretainedValue() }
    }
}

extension String {
    fileprivate init?(_ text: UnsafePointer<xmlChar>?) {
        guard let text else { return nil }
        self.init(cString: text)
    }
}

extension XMLNode.Attribute {
    /// libxml2 hands an attribute over as five pointers: name, prefix, namespace, and the value's begin and end.
    fileprivate init?(_ parts: UnsafeMutablePointer<UnsafePointer<xmlChar>?>?) {
        guard let parts, let name = String(parts[0]), let value = parts[3], let end = parts[4] else { return nil }
        let text = String(decoding: UnsafeBufferPointer(start: value, count: end - value), as: UTF8.self)
        self.init(name, namespace: String(parts[2]), text)
    }
}

/// A text of ours for libxml2's error codes: its own texts quote the document.
private func explanation(of code: Int32) -> String {
    switch xmlParserErrors(UInt32(bitPattern: code)) {
    case XML_ERR_DOCUMENT_EMPTY: "there is no element here"
    case XML_ERR_DOCUMENT_END: "something follows the end of the document"
    case XML_ERR_TAG_NAME_MISMATCH: "an end tag does not match its start tag"
    case XML_ERR_TAG_NOT_FINISHED, XML_ERR_GT_REQUIRED, XML_ERR_LTSLASH_REQUIRED: "the document ends too early"
    case XML_ERR_UNDECLARED_ENTITY: "an entity other than the five of XML is referred to"
    case XML_ERR_ATTRIBUTE_REDEFINED: "an element has two attributes of the same name"
    case XML_ERR_INVALID_CHAR: "a character is not allowed in XML"
    case XML_ERR_INVALID_ENCODING, XML_ERR_UNKNOWN_ENCODING: "the bytes are not in the declared encoding"
    default: "the document is not well-formed XML (libxml2 error \(code))"
    }
}
