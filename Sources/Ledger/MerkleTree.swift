import Crypto

/// The Merkle tree of RFC 9162 section 2.1 over leaf hashes, with its proofs.
///
/// Pure functions over an array of leaves: proofs are asked for seldom, roots as the ledger grows come from
/// ``MerkleFrontier``.
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
        precondition(index >= 0 && index < size && size <= leaves.count, "the leaf is within the tree")
        return Self.path(index, leaves[..<size])
    }

    /// The hashes that show the first `old` leaves to be a prefix of the first `new` (section 2.1.4.1).
    package func consistencyProof(from old: Int, to new: Int) -> [Digest32] {
        precondition(old > 0 && old <= new && new <= leaves.count, "the old tree is not empty and not the larger")
        return Self.subproof(old, leaves[..<new], isWhole: true)
    }

    private static func root(_ leaves: ArraySlice<Digest32>) -> Digest32 {
        switch leaves.count {
        case 0: return Array(SHA256.hash(data: [UInt8]()))
        case 1: return leaves[leaves.startIndex]
        default:
            let (left, right) = halves(leaves)
            return nodeHash(root(left), root(right))
        }
    }

    private static func path(_ index: Int, _ leaves: ArraySlice<Digest32>) -> [Digest32] {
        guard leaves.count > 1 else { return [] }
        let (left, right) = halves(leaves)
        return index < left.count
            ? path(index, left) + [root(right)]
            : path(index - left.count, right) + [root(left)]
    }

    private static func subproof(_ old: Int, _ leaves: ArraySlice<Digest32>, isWhole: Bool) -> [Digest32] {
        if old == leaves.count { return isWhole ? [] : [root(leaves)] }
        let (left, right) = halves(leaves)
        return old <= left.count
            ? subproof(old, left, isWhole: isWhole) + [root(right)]
            : subproof(old - left.count, right, isWhole: false) + [root(left)]
    }

    /// Splits at the largest power of two that is smaller than the number of leaves.
    private static func halves(_ leaves: ArraySlice<Digest32>) -> (ArraySlice<Digest32>, ArraySlice<Digest32>) {
        var size = 1
        while size * 2 < leaves.count { size *= 2 }
        return (leaves.prefix(size), leaves.dropFirst(size))
    }
}
