/// A JSON document as `jsonb`; neither checked nor parsed on this side.
package struct JSONB: SQLScalar, Hashable {
    /// The document as UTF-8 text.
    package var bytes: [UInt8]

    package init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    package init(_ text: String) {
        bytes = Array(text.utf8)
    }

    package var text: String { String(decoding: bytes, as: UTF8.self) }

    package static var sqlType: OID { .jsonb }
    package static var sqlArrayType: OID { .jsonbArray }
    package var encodedSize: Int? { 1 + bytes.count }

    package func encode(into buffer: inout [UInt8]) {
        buffer.append(1)  // the version of jsonb's binary form; there has only ever been one
        buffer.append(contentsOf: bytes)
    }

    package static func decode(_ cell: Cell) throws(PostgresError) -> JSONB {
        let bytes = try cell.bytes(of: .jsonb, .json, as: JSONB.self)
        guard cell.type == .jsonb else { return JSONB(Array(bytes)) }
        guard bytes.first == 1 else { throw cell.unreadable(as: JSONB.self) }
        return JSONB(Array(bytes.dropFirst()))
    }
}
