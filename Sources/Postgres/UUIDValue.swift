import Glibc
import Synchronization

/// A UUID (RFC 9562). Ordered as PostgreSQL orders them: byte by byte.
package struct UUIDValue: Hashable, Comparable, Sendable {
    private let high: UInt64
    private let low: UInt64

    private init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// The sixteen bytes, most significant first.
    package var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(16)
        encode(into: &bytes)
        return bytes
    }

    /// Nil unless there are exactly sixteen bytes.
    package init?(bytes: some Collection<UInt8>) {
        guard bytes.count == 16 else { return nil }
        high = bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
        low = bytes.dropFirst(8).reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// Version 4: 122 random bits.
    package static func random() -> UUIDValue {
        UUIDValue(
            high: .random(in: .min ... .max) & ~0xF000 | 0x4000,
            low: .random(in: .min ... .max) & ~variantMask | variant)
    }

    /// Version 7: by time of making, so that an index grows at its end.
    ///
    /// The 48 bits of milliseconds are followed by 12 of fraction (RFC 9562 section 6.2, method 3), and each value made
    /// in this process is greater than the one before it, also when the clock is set back.
    package static func v7() -> UUIDValue {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        let milliseconds = UInt64(time.tv_sec) * 1000 + UInt64(time.tv_nsec) / 1_000_000
        let fraction = (UInt64(time.tv_nsec) % 1_000_000) * 4096 / 1_000_000
        let tick = lastTick.withLock { last in
            last = max(last + 1, milliseconds << 12 | fraction)
            return last
        }
        return UUIDValue(
            high: (tick >> 12) << 16 | 0x7000 | (tick & 0xFFF),
            low: .random(in: .min ... .max) & ~variantMask | variant)
    }

    /// A UUIDv7 as it would have been made at a time; those of one millisecond are in no order.
    package static func v7(at time: Timestamp) -> UUIDValue {
        UUIDValue(
            high: leastV7(at: time).high | .random(in: 0...0xFFF),
            low: .random(in: .min ... .max) & ~variantMask | variant)
    }

    /// The least of version 7 that could have been made at a time or later: by it an index of such ids finds what is newer.
    package static func leastV7(at time: Timestamp) -> UUIDValue {
        UUIDValue(high: UInt64(max(0, time.microseconds / 1_000)) << 16 | 0x7000, low: variant)
    }

    private static let lastTick = Mutex<UInt64>(0)
    private static let variantMask: UInt64 = 0xC000_0000_0000_0000
    private static let variant: UInt64 = 0x8000_0000_0000_0000

    package static func < (left: UUIDValue, right: UUIDValue) -> Bool {
        (left.high, left.low) < (right.high, right.low)
    }
}

extension UUIDValue: LosslessStringConvertible, Codable {
    /// The usual form: 36 characters, lower case.
    package var description: String {
        String(unsafeUninitializedCapacity: 36) { text in
            var position = 0
            for (index, byte) in bytes.enumerated() {
                if index == 4 || index == 6 || index == 8 || index == 10 {
                    text[position] = UInt8(ascii: "-")
                    position += 1
                }
                text[position] = Self.digit(byte >> 4)
                text[position + 1] = Self.digit(byte & 15)
                position += 2
            }
            return 36
        }
    }

    /// Reads the usual form, 8-4-4-4-12, in either case, and no other.
    package init?(_ text: String) {
        guard text.utf8.count == 36 else { return nil }
        var words: (UInt64, UInt64) = (0, 0)
        var digits = 0
        for (position, character) in text.utf8.enumerated() {
            if position == 8 || position == 13 || position == 18 || position == 23 {
                guard character == UInt8(ascii: "-") else { return nil }
                continue
            }
            guard let value = Self.value(of: character) else { return nil }
            if digits < 16 { words.0 = words.0 << 4 | value } else { words.1 = words.1 << 4 | value }
            digits += 1
        }
        (high, low) = words
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let value = UUIDValue(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a UUID")
        }
        self = value
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }

    private static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }

    private static func value(of digit: UInt8) -> UInt64? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt64(digit - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt64(digit - UInt8(ascii: "a") + 10)
        case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt64(digit - UInt8(ascii: "A") + 10)
        default: nil
        }
    }
}

extension UUIDValue: SQLScalar {
    package static var sqlType: OID { .uuid }
    package static var sqlArrayType: OID { .uuidArray }
    package var encodedSize: Int? { 16 }

    package func encode(into buffer: inout [UInt8]) {
        buffer.append(bigEndian: high)
        buffer.append(bigEndian: low)
    }

    package static func decode(_ cell: Cell) throws(PostgresError) -> UUIDValue {
        let bytes = try cell.bytes(of: .uuid, as: UUIDValue.self)
        guard bytes.count == 16 else { throw cell.unreadable(as: UUIDValue.self) }
        return UUIDValue(
            high: UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)),
            low: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
    }
}
