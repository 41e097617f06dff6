/// The encoded values of one statement: all bytes in one buffer, in order, so that a batch costs few allocations.
struct Binds: Sendable {
    private(set) var bytes: [UInt8] = []
    private(set) var types: [UInt32] = []

    /// The length of each value in bytes; `null` for NULL.
    private(set) var lengths: [Int32] = []

    static let null: Int32 = -1

    var count: Int { types.count }

    mutating func append<T: SQLBindable>(_ value: T) {
        types.append(T.sqlType.rawValue)
        guard let size = value.encodedSize else {
            lengths.append(Self.null)
            return
        }
        precondition(size <= Int32.max, "a bind of \(size) bytes: PostgreSQL takes less than 1 GiB")
        lengths.append(Int32(size))
        if size > 64 { bytes.reserveCapacity(bytes.count + size) }
        value.encode(into: &bytes)
    }

    mutating func append(_ other: Binds) {
        bytes += other.bytes
        types += other.types
        lengths += other.lengths
    }

    /// Lends the arrays that libpq's `PQsendQueryParams` family wants; the pointers are valid only inside `body`.
    func withParameters<R>(_ body: (Parameters) -> R) -> R {
        let count = count
        guard count > 0 else { return body(Parameters(count: 0, types: nil, values: nil, lengths: nil, formats: nil)) }
        // `nothing` is the address of an empty value when all are empty: libpq reads a nil address as NULL.
        return withUnsafeTemporaryAllocation(of: UnsafePointer<CChar>?.self, capacity: count) { values in
            withUnsafeTemporaryAllocation(of: Int32.self, capacity: count) { formats in
                withUnsafeTemporaryAllocation(byteCount: 1, alignment: 1) { nothing in
                    bytes.withUnsafeBytes { buffer in
                        var next = UnsafeRawPointer(buffer.baseAddress ?? UnsafeRawPointer(nothing.baseAddress!))
                        for index in 0..<count {
                            let length = lengths[index]
                            formats.initializeElement(at: index, to: 1)
                            if length == Self.null {
                                values.initializeElement(at: index, to: nil)
                            } else {
                                values.initializeElement(at: index, to: next.assumingMemoryBound(to: CChar.self))
                                next += Int(length)
                            }
                        }
                        return types.withUnsafeBufferPointer { types in
                            lengths.withUnsafeBufferPointer { lengths in
                                body(
                                    Parameters(
                                        count: Int32(count), types: types.baseAddress,
                                        values: UnsafePointer(values.baseAddress), lengths: lengths.baseAddress,
                                        formats: UnsafePointer(formats.baseAddress)))
                            }
                        }
                    }
                }
            }
        }
    }

    struct Parameters {
        let count: Int32
        let types: UnsafePointer<UInt32>?
        let values: UnsafePointer<UnsafePointer<CChar>?>?
        let lengths: UnsafePointer<Int32>?
        let formats: UnsafePointer<Int32>?
    }
}
