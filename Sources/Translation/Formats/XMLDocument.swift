import CXML
package import Referral

/// XML read by libxml2's SAX2 parser into a tree.
///
/// Document type declarations are refused before anything in them is read, so that there are no entities but the five of
/// XML itself and nothing is fetched from anywhere. Comments and processing instructions are skipped.
package enum XMLDocument {
    /// Reads a document.
    ///
    /// UTF-8, UTF-16, ISO 8859-1, Windows-1252 and US-ASCII are read as declared. Undeclared namespace prefixes are
    /// forgiven: paths go by local names.
    ///
    /// - Throws: `encoding` when the bytes are not in their declared encoding or that is another one, `too_large` past a
    ///   limit, `not_parseable` for a document type declaration, nesting too deep and everything that is not well formed,
    ///   with the line.
    package static func parse(_ bytes: [UInt8], limits: Limits = .xml) throws(DocumentError) -> XMLNode {
        try limits.admit(bytes)
        if bytes.count > Int(Int32.max) { throw .tooLarge("the document is larger than libxml2 reads") }
        let builder = XMLTreeBuilder(limits: limits)
        let text = try transcoded(bytes)
        if text.isEmpty { throw .empty }
        // libxml2 compares each attribute with all before it: a megabyte of attributes in one tag would keep it for minutes.
        if XMLTags.mostAttributes(in: text) > limits.columns {
            throw .tooLarge("an element has more than \(limits.columns) attributes")
        }
        text.withUnsafeBytes { parse($0, into: builder) }
        if let refusal = builder.refusal { throw refusal }
        guard let root = builder.root else { throw .empty }
        return root
    }

    /// Runs the parser over bytes. What it finds, errors too, ends up in the builder.
    private static func parse(_ bytes: UnsafeRawBufferPointer, into builder: XMLTreeBuilder) {
        _ = initialised
        guard let parser = xmlCreateMemoryParserCtxt(bytes.baseAddress, Int32(bytes.count)) else {
            return builder.refuse(.internal, "the XML parser could not be set up")
        }
        defer { xmlFreeParserCtxt(parser) }
        // NOENT only replaces the five entities and character references: without a DTD there are no others. HUGE lifts
        // libxml2's own limits on text, which an attachment in base 64 meets; ours are kept by the builder.
        xmlCtxtUseOptions(
            parser, Int32(XML_PARSE_NONET.rawValue | XML_PARSE_NOENT.rawValue | XML_PARSE_HUGE.rawValue))
        parser.pointee.sax.pointee = XMLTreeBuilder.handler
        parser.pointee.userData = Unmanaged.passUnretained(builder).toOpaque()
        builder.stop = { xmlStopParser(parser) }
        withExtendedLifetime(builder) { _ = xmlParseDocument(parser) }
        builder.stop = nil
        if parser.pointee.wellFormed == 0 { builder.refuse(.notParseable, "the document is not well-formed XML") }
    }

    /// Must run once before libxml2 is used by several threads.
    private static let initialised: Void = xmlInitParser()

    /// The document in UTF-8; without its declaration where that says something else.
    ///
    /// All decoding is ours, so that the platform's converters, which may not be installed, do not matter.
    private static func transcoded(_ bytes: [UInt8]) throws(DocumentError) -> [UInt8] {
        if bytes.starts(with: [0xFE, 0xFF]) || bytes.starts(with: [0xFF, 0xFE]) || bytes.prefix(2).contains(0) {
            guard let text = TextEncoding.utf8(fromUTF16: bytes) else {
                throw DocumentError(.encoding, at: "line 1", "the document is not UTF-16")
            }
            return Array(text[declaration(of: text[...]).endIndex...])
        }
        let declaration = declaration(of: bytes[(bytes.hasByteOrderMark ? 3 : 0)...])
        switch encoding(in: declaration) {
        // .NET declares utf-16 in a document that it then writes in UTF-8.
        case nil, "UTF-8", "UTF8", "US-ASCII", "ASCII", "UTF-16":
            guard let offset = bytes.firstInvalidUTF8 else { return Array(bytes[declaration.endIndex...]) }
            throw DocumentError(
                .encoding, at: bytes.place(of: offset), "the document is not UTF-8 and declares nothing else")
        case "ISO-8859-1", "ISO8859-1", "LATIN1", "WINDOWS-1252", "CP1252":
            return TextEncoding.windows1252.utf8(Array(bytes[declaration.endIndex...]))
        default:
            throw DocumentError(.encoding, at: "line 1", "the declared encoding is not one that the hub reads")
        }
    }

    /// `<?xml … ?>` at the beginning when it names an encoding, else nothing.
    private static func declaration(of bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        guard bytes.starts(with: "<?xml ".utf8), let end = bytes.prefix(1024).firstIndex(of: UInt8(ascii: ">")),
            encoding(in: bytes[...end]) != nil
        else { return bytes.prefix(0) }
        return bytes[...end]
    }

    /// The value after `encoding=` in upper case.
    private static func encoding(in declaration: ArraySlice<UInt8>) -> String? {
        let text = String(decoding: declaration, as: UTF8.self)
        let parts = text.split(whereSeparator: { "\"'= \t\r\n".contains($0) })
        guard let index = parts.firstIndex(of: "encoding"), index + 1 < parts.count else { return nil }
        return parts[index + 1].uppercased()
    }
}
