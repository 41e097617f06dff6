import Crypto

/// The Merkle tree of RFC 9162 section 2.1 over leaf hashes, with its proofs.
///
/// Pure functions over an array of leaves. What is too large for one takes the places of a proof's hashes from
/// ``inclusionRanges(index:size:)`` and ``consistencyRanges(from:to:)`` and their roots from ``MerkleFrontier``.
package struct MerkleTree: Sendable {
    package let leaves: [Digest32]

    /// A tree over leaf hashes, as ``leafHash(_:)`` makes them.
    package init(leaves: [Digest32]) {
        self.leaves = leaves
    }

    /// `HASH(0x00 ‖ data)`.
    package static func leafHash(_ data: [UInt8]) -> Digest32 {
        Array(SHA256.hash(data: [0x00] + data))
    }

    /// `HASH(0x01 ‖ left ‖ right)`.
    package static func nodeHash(_ left: Digest32, _ right: Digest32) -> Digest32 {
        Array(SHA256.hash(data: [0x01] + left + right))
    }

    /// The root of the first `size` leaves (all, when left out); of no leaves, the hash of nothing.
    package func root(size: Int? = nil) -> Digest32 {
        Self.root(leaves[..<(size ?? leaves.count)])
    }

    /// The hashes that lead from the leaf at `index` to the root of the first `size` leaves (section 2.1.3.1).
    package func inclusionProof(index: Int, size: Int) -> [Digest32] {
        precondition(size <= leaves.count, "the tree has so many leaves")
        return Self.inclusionRanges(index: index, size: size).map { Self.root(leaves[$0]) }
    }

    /// The hashes that show the first `old` leaves to be a prefix of the first `new` (section 2.1.4.1).
    package func consistencyProof(from old: Int, to new: Int) -> [Digest32] {
        precondition(new <= leaves.count, "the tree has so many leaves")
        return Self.consistencyRanges(from: old, to: new).map { Self.root(leaves[$0]) }
    }

    /// The subtrees whose roots are an inclusion proof, in the proof's order; no two overlap.
    package static func inclusionRanges(index: Int, size: Int) -> [Range<Int>] {
        precondition(index >= 0 && index < size, "the leaf is within the tree")
        return path(index, 0..<size)
    }

    /// The subtrees whose roots are a consistency proof, in the proof's order; no two overlap.
    package static func consistencyRanges(from old: Int, to new: Int) -> [Range<Int>] {
        precondition(old > 0 && old <= new, "the old tree is not empty and not the larger")
        return subproof(old, 0..<new, isWhole: true)
    }

    private static func root(_ leaves: ArraySlice<Digest32>) -> Digest32 {
        switch leaves.count {
        case 0: return Array(SHA256.hash(data: [UInt8]()))
        case 1: return leaves[leaves.startIndex]
        default:
            let (left, right) = halves(leaves.indices)
            return nodeHash(root(leaves[left]), root(leaves[right]))
        }
    }

    private static func path(_ index: Int, _ leaves: Range<Int>) -> [Range<Int>] {
        guard leaves.count > 1 else { return [] }
        let (left, right) = halves(leaves)
        return left.contains(index) ? path(index, left) + [right] : path(index, right) + [left]
    }

    private static func subproof(_ old: Int, _ leaves: Range<Int>, isWhole: Bool) -> [Range<Int>] {
        if old == leaves.upperBound { return isWhole ? [] : [leaves] }
        let (left, right) = halves(leaves)
        return old <= left.upperBound
            ? subproof(old, left, isWhole: isWhole) + [right]
            : subproof(old, right, isWhole: false) + [left]
    }

    /// Splits at the largest power of two that is smaller than the number of leaves.
    private static func halves(_ leaves: Range<Int>) -> (Range<Int>, Range<Int>) {
        var size = 1
        while size * 2 < leaves.count { size *= 2 }
        let middle = leaves.lowerBound + size
        return (leaves.lowerBound..<middle, middle..<leaves.upperBound)
    }
}
