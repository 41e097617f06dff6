/// JSON read as RFC 8259 writes it and no more loosely, and written so that any reader takes it.
///
/// Foundation's reader keeps one of two members with the same name and drops the other in silence; which of two birth
/// dates was meant is not the hub's to guess, so a duplicate name is refused here at any depth.
package enum StrictJSON {
    /// What to do with a byte order mark before the document.
    package enum ByteOrderMark: Sendable {
        /// RFC 8259 section 8.1: implementations must not add one. Documents posted over the wire are held to that.
        case refused
        /// Skipped. Files that have been through a text editor may begin with one.
        case allowed
    }

    /// Reads a document: one value, white space around it, nothing after it.
    ///
    /// Numbers keep their text. Names that Unicode calls canonically equivalent are duplicates.
    ///
    /// - Throws: `encoding` for bytes that are not UTF-8 and for a refused byte order mark, `too_large` past a limit,
    ///   `not_parseable` for everything else, with line and column.
    package static func parse(
        _ bytes: [UInt8], limits: Limits = .default, byteOrderMark: ByteOrderMark = .refused
    ) throws(DocumentError) -> Value {
        try limits.admit(bytes)
        if let offset = bytes.firstInvalidUTF8 {
            throw DocumentError(.encoding, at: bytes.place(of: offset), "the document is not UTF-8")
        }
        if bytes.hasByteOrderMark, byteOrderMark == .refused {
            throw DocumentError(.encoding, at: "line 1, column 1", "JSON begins without a byte order mark")
        }
        var reader = JSONReader(bytes: bytes, from: bytes.hasByteOrderMark ? 3 : 0, limits: limits)
        return try reader.document()
    }

    /// Writes a value as UTF-8 without a byte order mark, members in the object's order.
    ///
    /// - Parameter pretty: One member or element to a line, indented by two spaces, with a newline at the end, as
    ///   people read it. Defaults to false: no white space at all.
    package static func write(_ value: Value, pretty: Bool = false) -> [UInt8] {
        var writer = JSONWriter(pretty: pretty)
        writer.write(value)
        if pretty { writer.bytes.append(UInt8(ascii: "\n")) }
        return writer.bytes
    }
}
