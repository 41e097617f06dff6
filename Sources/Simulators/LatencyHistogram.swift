/// How long requests took: counts in buckets that are never wider than 1/64 of the value, from a microsecond to an hour.
package struct LatencyHistogram: Sendable, Hashable {
    private static let steps = 64
    private var counts = [Int](repeating: 0, count: 27 * steps)
    /// How many were recorded.
    package private(set) var count = 0
    /// The longest, in microseconds.
    package private(set) var maximum = 0

    package init() {}

    package mutating func record(microseconds: Int) {
        let value = max(microseconds, 0)
        counts[min(Self.bucket(value), counts.count - 1)] += 1
        count += 1
        maximum = max(maximum, value)
    }

    package mutating func merge(_ other: LatencyHistogram) {
        for index in counts.indices { counts[index] += other.counts[index] }
        count += other.count
        maximum = max(maximum, other.maximum)
    }

    /// The value in microseconds that this share of all stayed at or below; 0 when nothing was recorded.
    package func percentile(_ share: Double) -> Int {
        let wanted = max(1, Int((share * Double(count)).rounded(.up)))
        var seen = 0
        for (index, inBucket) in counts.enumerated() {
            seen += inBucket
            if seen >= wanted { return min(Self.upperBound(index), maximum) }
        }
        return maximum
    }

    /// The first 128 values have a bucket each; from there each doubling is cut into 64.
    private static func bucket(_ value: Int) -> Int {
        guard value >= 2 * steps else { return value }
        let doubling = Int.bitWidth - 1 - value.leadingZeroBitCount - 6
        return (doubling + 1) * steps + (value >> doubling) - steps
    }

    /// The largest value that falls into a bucket.
    private static func upperBound(_ index: Int) -> Int {
        guard index >= 2 * steps else { return index }
        let doubling = index / steps - 1
        return ((index % steps + steps + 1) << doubling) - 1
    }
}
