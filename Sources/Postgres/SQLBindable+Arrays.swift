/// What may stand in an array bind or an array column of one dimension.
///
/// `[UInt8]` is `bytea`, not an array, so it is the element type that says how its array travels.
package protocol SQLArrayElement: Sendable {
    static var sqlTypeOfArray: OID { get }
    static func encodedSize(of array: [Self]) -> Int
    static func encode(_ array: [Self], into buffer: inout [UInt8])
    static func decodeArray(_ cell: Cell) throws(PostgresError) -> [Self]
}

extension Array: SQLBindable where Element: SQLArrayElement {
    package static var sqlType: OID { Element.sqlTypeOfArray }
    package var encodedSize: Int? { Element.encodedSize(of: self) }
    package func encode(into buffer: inout [UInt8]) { Element.encode(self, into: &buffer) }
}

extension Array: SQLDecodable where Element: SQLArrayElement {
    package static func decode(_ cell: Cell) throws(PostgresError) -> [Element] { try Element.decodeArray(cell) }
}

// MARK: bytea

extension UInt8: SQLArrayElement {
    package static var sqlTypeOfArray: OID { .bytea }
    package static func encodedSize(of array: [UInt8]) -> Int { array.count }
    package static func encode(_ array: [UInt8], into buffer: inout [UInt8]) { buffer.append(contentsOf: array) }
    package static func decodeArray(_ cell: Cell) throws(PostgresError) -> [UInt8] {
        Array(try cell.bytes(of: .bytea, as: [UInt8].self))
    }
}

extension Array: SQLArrayElement where Element == UInt8 {}

extension Array: SQLScalar where Element == UInt8 {
    package static var sqlArrayType: OID { .byteaArray }
}

// MARK: arrays of scalars

extension SQLScalar {
    package static var sqlTypeOfArray: OID { sqlArrayType }
    package static func encodedSize(of array: [Self]) -> Int { ArrayForm.size(of: array) }
    package static func encode(_ array: [Self], into buffer: inout [UInt8]) { ArrayForm.encode(array, into: &buffer) }
    package static func decodeArray(_ cell: Cell) throws(PostgresError) -> [Self] { try ArrayForm.decode(cell) }
}

/// An array that may hold NULLs.
extension Optional: SQLArrayElement where Wrapped: SQLScalar {
    package static var sqlTypeOfArray: OID { Wrapped.sqlArrayType }
    package static func encodedSize(of array: [Wrapped?]) -> Int { ArrayForm.size(of: array) }
    package static func encode(_ array: [Wrapped?], into buffer: inout [UInt8]) {
        ArrayForm.encode(array, into: &buffer)
    }
    package static func decodeArray(_ cell: Cell) throws(PostgresError) -> [Wrapped?] { try ArrayForm.decode(cell) }
}

/// The binary form of an array (`array_send` in the server's `arrayfuncs.c`), all fields `int4`: dimensions, whether
/// there are NULLs, element type, then per dimension its length and lower bound, then length and bytes of each element,
/// −1 for NULL. An empty array has no dimensions.
private enum ArrayForm {
    static func size<T: SQLBindable>(of array: [T]) -> Int {
        array.isEmpty ? 12 : array.reduce(20) { $0 + 4 + ($1.encodedSize ?? 0) }
    }

    static func encode<T: SQLBindable>(_ array: [T], into buffer: inout [UInt8]) {
        buffer.append(bigEndian: array.isEmpty ? 0 : 1 as Int32)
        buffer.append(bigEndian: 0 as Int32)  // the server looks at the elements, not at this flag
        buffer.append(bigEndian: T.sqlType.rawValue)
        guard !array.isEmpty else { return }
        buffer.append(bigEndian: Int32(array.count))
        buffer.append(bigEndian: 1 as Int32)
        for element in array {
            guard let size = element.encodedSize else {
                buffer.append(bigEndian: Binds.null)
                continue
            }
            buffer.append(bigEndian: Int32(size))
            element.encode(into: &buffer)
        }
    }

    static func decode<T: SQLDecodable>(_ cell: Cell) throws(PostgresError) -> [T] {
        guard let bytes = cell.bytes else { throw cell.unreadable(as: [T].self) }
        var offset = 0
        func next() throws(PostgresError) -> Int32 {
            guard offset + 4 <= bytes.count else { throw cell.unreadable(as: [T].self) }
            defer { offset += 4 }
            return Int32(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Int32.self))
        }
        let dimensions = try next()
        _ = try next()
        let type = OID(rawValue: UInt32(bitPattern: try next()))
        guard dimensions != 0 else { return [] }
        guard dimensions == 1 else { throw cell.unreadable(as: [T].self) }
        let count = Int(try next())
        _ = try next()
        // Every element takes at least four bytes, so a false count cannot reserve more than the value's own size.
        guard count >= 0, count <= (bytes.count - offset) / 4 else { throw cell.unreadable(as: [T].self) }
        var array: [T] = []
        array.reserveCapacity(count)
        for _ in 0..<count {
            let length = Int(try next())
            guard length >= 0 else {
                array.append(try T.decode(Cell(bytes: nil, type: type)))
                continue
            }
            guard offset + length <= bytes.count else { throw cell.unreadable(as: [T].self) }
            array.append(try T.decode(Cell(bytes: .init(rebasing: bytes[offset..<offset + length]), type: type)))
            offset += length
        }
        return array
    }
}
