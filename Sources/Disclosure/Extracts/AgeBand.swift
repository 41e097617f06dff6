/// Ages in bands, so that nobody stands out by being 67 (disclosure policy, section 9).
enum AgeBand {
    /// What stands for an age that is not known.
    static let unknown = "unknown"

    /// The bands of tables of counts, ten years each, youngest first: `0-4`, `5-14` … `75-84`, `85+`, `unknown`. They begin
    /// where the top band lets them, so the first is shorter.
    static let ofCounts = ["0-4"] + (0..<8).map { "\($0 * 10 + 5)-\($0 * 10 + 14)" } + ["85+", unknown]

    /// The band of ``ofCounts`` for full years.
    static func ofCounts(_ age: Int?) -> String {
        guard let age else { return unknown }
        return ofCounts[min(max(age + 5, 0) / 10, 9)]
    }

    /// The band of a row, such as `65-69`: everybody of 90 and more is in `90+`.
    ///
    /// - Parameter width: Years in a band; a divisor of 90.
    static func ofRow(_ age: Int?, width: Int) -> String {
        guard let age else { return unknown }
        guard age < 90 else { return "90+" }
        let first = max(age, 0) / width * width
        return "\(first)-\(first + width - 1)"
    }
}
