import FoundationEssentials

/// The ledger's size and root at a time, as one line of text that is kept outside PostgreSQL.
///
///     referral-hub 1234 47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU= 1767225600000000
///
/// Four words: origin (which ledger), number of entries, root in base64, microseconds since 1970-01-01 UTC.
/// Somebody who keeps these lines can show later that the ledger was altered or its tail cut.
package struct Checkpoint: Sendable, Hashable {
    /// Names the ledger; without white space.
    package var origin: String
    package var size: Int
    package var root: Digest32
    /// Microseconds since 1970-01-01 UTC.
    package var at: Int64

    package init(origin: String, size: Int, root: Digest32, at: Int64) {
        precondition(!origin.isEmpty && !origin.contains(where: \.isWhitespace), "an origin is one word")
        self.origin = origin
        self.size = size
        self.root = root
        self.at = at
    }

    /// Reads a line back; nothing when it is not a checkpoint, as after a crash in the middle of a write.
    package init?(line: some StringProtocol) {
        let words = line.split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 4, !words[0].isEmpty, let size = Int(words[1]), size >= 0,
            let root = Data(base64Encoded: String(words[2])), root.count == 32, let at = Int64(words[3])
        else { return nil }
        self.init(origin: String(words[0]), size: size, root: [UInt8](root), at: at)
    }

    /// The line, without its line feed.
    package var line: String {
        "\(origin) \(size) \(Data(root).base64EncodedString()) \(at)"
    }
}
