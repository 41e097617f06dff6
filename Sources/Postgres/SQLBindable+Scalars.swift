// The binary forms are those of the server's `…send` and `…recv` functions: integers and floats in network byte order,
// text as UTF-8, bytea as it is.

extension Bool: SQLScalar {
    package static var sqlType: OID { .bool }
    package static var sqlArrayType: OID { .boolArray }
    package var encodedSize: Int? { 1 }
    package func encode(into buffer: inout [UInt8]) { buffer.append(self ? 1 : 0) }

    package static func decode(_ cell: Cell) throws(PostgresError) -> Bool {
        guard cell.type == .bool else { throw cell.unreadable(as: Bool.self) }
        return try cell.integer(UInt8.self, as: Bool.self) != 0
    }
}

extension Int16: SQLScalar {
    package static var sqlType: OID { .int2 }
    package static var sqlArrayType: OID { .int2Array }
    package var encodedSize: Int? { 2 }
    package func encode(into buffer: inout [UInt8]) { buffer.append(bigEndian: self) }
    package static func decode(_ cell: Cell) throws(PostgresError) -> Int16 { try cell.anyInteger() }
}

extension Int32: SQLScalar {
    package static var sqlType: OID { .int4 }
    package static var sqlArrayType: OID { .int4Array }
    package var encodedSize: Int? { 4 }
    package func encode(into buffer: inout [UInt8]) { buffer.append(bigEndian: self) }
    package static func decode(_ cell: Cell) throws(PostgresError) -> Int32 { try cell.anyInteger() }
}

extension Int64: SQLScalar {
    package static var sqlType: OID { .int8 }
    package static var sqlArrayType: OID { .int8Array }
    package var encodedSize: Int? { 8 }
    package func encode(into buffer: inout [UInt8]) { buffer.append(bigEndian: self) }
    package static func decode(_ cell: Cell) throws(PostgresError) -> Int64 { try cell.anyInteger() }
}

/// Bound as `int8`.
extension Int: SQLScalar {
    package static var sqlType: OID { .int8 }
    package static var sqlArrayType: OID { .int8Array }
    package var encodedSize: Int? { 8 }
    package func encode(into buffer: inout [UInt8]) { buffer.append(bigEndian: Int64(self)) }
    package static func decode(_ cell: Cell) throws(PostgresError) -> Int { try cell.anyInteger() }
}

extension Double: SQLScalar {
    package static var sqlType: OID { .float8 }
    package static var sqlArrayType: OID { .float8Array }
    package var encodedSize: Int? { 8 }
    package func encode(into buffer: inout [UInt8]) { buffer.append(bigEndian: bitPattern) }

    package static func decode(_ cell: Cell) throws(PostgresError) -> Double {
        switch cell.type {
        case .float8: Double(bitPattern: try cell.integer(UInt64.self, as: Double.self))
        case .float4: Double(Float(bitPattern: try cell.integer(UInt32.self, as: Double.self)))
        default: throw cell.unreadable(as: Double.self)
        }
    }
}

extension String: SQLScalar {
    package static var sqlType: OID { .text }
    package static var sqlArrayType: OID { .textArray }
    package var encodedSize: Int? { utf8.count }
    package func encode(into buffer: inout [UInt8]) { buffer.append(contentsOf: utf8) }

    /// Reads text types, and enumerations and other user types whose binary form is text.
    package static func decode(_ cell: Cell) throws(PostgresError) -> String {
        guard let bytes = cell.bytes, cell.type.isTextual else { throw cell.unreadable(as: String.self) }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// An interval. Reading one that counts in months is refused: a month has no length.
extension Duration: SQLScalar {
    package static var sqlType: OID { .interval }
    package static var sqlArrayType: OID { .intervalArray }
    package var encodedSize: Int? { 16 }

    package func encode(into buffer: inout [UInt8]) {
        // Beyond PostgreSQL's range, saturate and let the server refuse.
        let instant = Timestamp(microseconds: 0) + self
        buffer.append(bigEndian: instant.microseconds)
        buffer.append(bigEndian: 0 as Int64)  // days and months, four bytes each
    }

    package static func decode(_ cell: Cell) throws(PostgresError) -> Duration {
        let bytes = try cell.bytes(of: .interval, as: Duration.self)
        guard bytes.count == 16 else { throw cell.unreadable(as: Duration.self) }
        let microseconds = Int64(bigEndian: bytes.loadUnaligned(as: Int64.self))
        let days = Int32(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: Int32.self))
        let months = Int32(bigEndian: bytes.loadUnaligned(fromByteOffset: 12, as: Int32.self))
        guard months == 0 else { throw cell.unreadable(as: Duration.self) }
        return .microseconds(microseconds) + .seconds(86_400 * Int64(days))
    }
}

extension Cell {
    /// An integer of any width, when the value fits.
    fileprivate func anyInteger<I: FixedWidthInteger>() throws(PostgresError) -> I {
        let value: I? =
            switch type {
            case .int8, .xid8: I(exactly: try integer(Int64.self, as: I.self))
            case .int4: I(exactly: try integer(Int32.self, as: I.self))
            case .int2: I(exactly: try integer(Int16.self, as: I.self))
            case .oid: I(exactly: try integer(UInt32.self, as: I.self))
            default: nil
            }
        guard let value else { throw unreadable(as: I.self) }
        return value
    }
}
