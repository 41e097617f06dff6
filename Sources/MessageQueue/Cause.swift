/// Why an attempt failed: what the history and the dead letters keep, so neither part may hold personal data.
package struct Cause: Hashable, Sendable, CustomStringConvertible {
    /// A stable word for the kind of failure, such as `endpoint_unreachable`; programs match on it.
    package let code: String
    /// What a person needs to know beyond the code; ids and counts, never values of a document. At most 500 characters
    /// are kept.
    package let text: String

    /// A cause with its text cut to 500 characters.
    package init(code: String, text: String = "") {
        self.code = String(code.prefix(100))
        self.text = String(text.prefix(500))
    }

    /// Every lease of the message ran out without an outcome, ``QueuePolicy/maximumLost`` times: it kills or hangs
    /// whoever takes it.
    package static let leaseLost = Cause(
        code: "lease_lost", text: "each holder of the message vanished without an outcome")

    /// The message was not delivered within ``QueuePolicy/deadline``.
    package static let deadlinePassed = Cause(
        code: "deadline_passed", text: "the message was not delivered while it was worth delivering")

    /// Equal for causes that differ only in the numbers and identifiers in their text, so that dead letters can be
    /// counted and replayed by what went wrong. FNV-1a over the code and the text, in which every word with a digit
    /// counts as `#`.
    package var fingerprint: Int64 {
        var hash = FNV1a()
        hash.combine(code.utf8)
        hash.combine(CollectionOfOne(0x1F))
        for word in text.split(
            omittingEmptySubsequences: false, whereSeparator: { !($0.isLetter || $0.isNumber || $0 == "-") })
        {
            let varies = word.contains(where: \.isNumber)
            hash.combine((varies ? "#" : word).utf8)
            hash.combine(CollectionOfOne(0x20))
        }
        return Int64(bitPattern: hash.value)
    }

    /// Code and text, as logs print them.
    package var description: String { text.isEmpty ? code : "\(code): \(text)" }
}

/// The 64-bit hash of http://www.isthe.com/chongo/tech/comp/fnv/, chosen because it is the same in every process and
/// version.
private struct FNV1a {
    var value: UInt64 = 0xCBF2_9CE4_8422_2325

    mutating func combine(_ bytes: some Sequence<UInt8>) {
        for byte in bytes { value = (value ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
    }
}
