/// One column of one row in binary form, borrowed from the result while it is decoded.
package struct Cell {
    let bytes: UnsafeRawBufferPointer?
    let type: OID

    var isNull: Bool { bytes == nil }

    /// The error for a value that does not read as the type asked for. Names types, never the value.
    func unreadable<T>(as wanted: T.Type) -> PostgresError {
        let found = isNull ? "NULL" : "type \(type.rawValue)"
        return PostgresError(.decoding, note: "a column of \(found) cannot be read as \(wanted)")
    }

    /// The bytes of a value whose type is one of `types`.
    func bytes<T>(of types: OID..., as wanted: T.Type) throws(PostgresError) -> UnsafeRawBufferPointer {
        guard let bytes, types.contains(type) else { throw unreadable(as: wanted) }
        return bytes
    }

    /// The whole value as a big-endian integer of exactly that width.
    func integer<I: FixedWidthInteger, T>(_: I.Type, as wanted: T.Type) throws(PostgresError) -> I {
        guard let bytes, bytes.count == MemoryLayout<I>.size else { throw unreadable(as: wanted) }
        return I(bigEndian: bytes.loadUnaligned(as: I.self))
    }
}
