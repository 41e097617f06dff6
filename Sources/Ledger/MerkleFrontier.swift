/// The right edge of a growing tree: enough to append a leaf and tell the root, in memory of log₂(size) hashes.
///
/// `peaks` are the roots of the complete subtrees from left to right, one for each set bit of `size`. The ledger keeps
/// them with each checkpoint, so that the next one costs only what came since.
package struct MerkleFrontier: Sendable, Hashable {
    package private(set) var size: Int
    package private(set) var peaks: [Digest32]

    /// The edge of the empty tree.
    package init() {
        self.size = 0
        self.peaks = []
    }

    /// An edge that was kept, or nothing when the number of peaks does not fit the size.
    package init?(size: Int, peaks: [Digest32]) {
        guard size >= 0, size.nonzeroBitCount == peaks.count, peaks.allSatisfy({ $0.count == 32 }) else { return nil }
        self.size = size
        self.peaks = peaks
    }

    /// Adds the next leaf; on average two hashes.
    package mutating func append(_ leaf: Digest32) {
        var hash = leaf
        // Each trailing one of the size is a complete subtree that the new leaf completes to the next power of two.
        for _ in 0..<(~size).trailingZeroBitCount {
            hash = MerkleTree.nodeHash(peaks.removeLast(), hash)
        }
        peaks.append(hash)
        size += 1
    }

    /// The root of the tree that ends here; of the empty tree, the hash of nothing.
    package var root: Digest32 {
        guard var hash = peaks.last else { return MerkleTree(leaves: []).root() }
        for peak in peaks.dropLast().reversed() {
            hash = MerkleTree.nodeHash(peak, hash)
        }
        return hash
    }
}
