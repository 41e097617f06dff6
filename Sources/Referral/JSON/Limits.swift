/// How large and how deep a document may be before reading it is refused.
///
/// The bounds keep one hostile document from exhausting the stack or the memory of a node; none of them is met by honest
/// traffic. Each has a default that suits a document posted over HTTP.
package struct Limits: Sendable, Hashable {
    /// Most bytes in a document. Larger is `too_large`. Defaults to 16 MiB, the largest body taken over HTTP.
    package var bytes = 16 << 20
    /// Deepest nesting of arrays and objects or of elements. Deeper is `not_parseable`. Defaults to 64; readers hold it
    /// under ``deepest`` whatever is asked for, since a tree is taken apart recursively.
    package var depth = 64
    /// Most JSON values, XML elements and attributes, or parts of an HL7 message. More is `too_large`. Defaults to a million.
    package var nodes = 1_000_000
    /// Most columns of a table, and most attributes or namespaces of an XML element. Defaults to 512.
    package var columns = 512
    /// Most rows of a table. Defaults to 100,000.
    package var rows = 100_000
    /// Most cells of a table. Defaults to five million.
    package var cells = 5_000_000

    /// The nesting that no setting lifts.
    package static let deepest = 256

    /// The limits of a document posted over HTTP.
    package static let `default` = Limits()
    /// The limits of XML, whose published forms nest deeper than JSON's: as ``default`` with 256 levels.
    package static let xml = Limits(depth: deepest)

    package init(
        bytes: Int = 16 << 20, depth: Int = 64, nodes: Int = 1_000_000, columns: Int = 512, rows: Int = 100_000,
        cells: Int = 5_000_000
    ) {
        self.bytes = bytes
        self.depth = depth
        self.nodes = nodes
        self.columns = columns
        self.rows = rows
        self.cells = cells
    }

    /// Refuses a document over ``bytes``, and one without any.
    package func admit(_ document: [UInt8]) throws(DocumentError) {
        if document.count > bytes { throw .tooLarge("the document has more than \(bytes) bytes") }
        if document.isEmpty { throw .empty }
    }
}
