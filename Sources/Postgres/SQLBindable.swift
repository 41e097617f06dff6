/// A Swift type that travels to PostgreSQL as a bind in its binary form.
package protocol SQLBindable: Sendable {
    static var sqlType: OID { get }

    /// The exact length of the binary form in bytes; nil is NULL.
    var encodedSize: Int? { get }

    /// Appends exactly `encodedSize` bytes. Not called for NULL.
    func encode(into buffer: inout [UInt8])
}

/// A Swift type that a column of a binary result can be read as.
package protocol SQLDecodable: Sendable {
    static func decode(_ cell: Cell) throws(PostgresError) -> Self
}

/// A single value, and so also the element of an array.
///
/// An enumeration with a raw value conforms by saying so: `enum State: String, SQLScalar`.
package protocol SQLScalar: SQLBindable, SQLDecodable, SQLArrayElement {
    static var sqlArrayType: OID { get }
}

extension Optional: SQLBindable where Wrapped: SQLBindable {
    package static var sqlType: OID { Wrapped.sqlType }
    package var encodedSize: Int? { self?.encodedSize }
    package func encode(into buffer: inout [UInt8]) { self?.encode(into: &buffer) }
}

extension Optional: SQLDecodable where Wrapped: SQLDecodable {
    package static func decode(_ cell: Cell) throws(PostgresError) -> Wrapped? {
        cell.isNull ? nil : try Wrapped.decode(cell)
    }
}

extension SQLScalar where Self: RawRepresentable, RawValue: SQLScalar {
    package static var sqlType: OID { RawValue.sqlType }
    package static var sqlArrayType: OID { RawValue.sqlArrayType }
    package var encodedSize: Int? { rawValue.encodedSize }
    package func encode(into buffer: inout [UInt8]) { rawValue.encode(into: &buffer) }

    package static func decode(_ cell: Cell) throws(PostgresError) -> Self {
        guard let value = Self(rawValue: try RawValue.decode(cell)) else { throw cell.unreadable(as: Self.self) }
        return value
    }
}

extension [UInt8] {
    /// Appends an integer in network byte order.
    mutating func append<T: FixedWidthInteger>(bigEndian value: T) {
        Swift.withUnsafeBytes(of: value.bigEndian) { append(contentsOf: $0) }
    }
}
