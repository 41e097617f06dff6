/// Names a message for ever, across retries, dead letters and replays.
///
/// Ids rise with time within one key; across keys they say nothing about which message was committed first.
package struct MessageID: RawRepresentable, Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The number in `queue.message`.
    package let rawValue: Int64

    /// Wraps a number that came from the database.
    package init(rawValue: Int64) {
        self.rawValue = rawValue
    }

    /// Reads the decimal form of ``description``; `nil` for anything else.
    package init?(_ text: some StringProtocol) {
        guard let number = Int64(text), number > 0 else { return nil }
        self.rawValue = number
    }

    /// The number in decimal.
    package var description: String { String(rawValue) }

    package static func < (left: MessageID, right: MessageID) -> Bool { left.rawValue < right.rawValue }
}
