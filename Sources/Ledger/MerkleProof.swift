/// Checking of proofs by somebody who has only roots: RFC 9162 sections 2.1.3.2 and 2.1.4.2.
package enum MerkleProof {
    /// Whether `leaf` stands at `index` in the tree of `size` leaves that has this root.
    package static func verifyInclusion(
        of leaf: Digest32, index: Int, size: Int, proof: [Digest32], root: Digest32
    ) -> Bool {
        guard index >= 0, index < size else { return false }
        var node = index
        var last = size - 1
        var hash = leaf
        for sibling in proof {
            if last == 0 { return false }
            if node & 1 == 1 || node == last {
                hash = MerkleTree.nodeHash(sibling, hash)
                if node & 1 == 0 {
                    repeat {
                        node >>= 1
                        last >>= 1
                    } while node & 1 == 0 && node != 0
                }
            } else {
                hash = MerkleTree.nodeHash(hash, sibling)
            }
            node >>= 1
            last >>= 1
        }
        return last == 0 && hash == root
    }

    /// Whether the tree of `old` leaves with `oldRoot` is a prefix of the tree of `new` leaves with `newRoot`.
    package static func verifyConsistency(
        from old: Int, root oldRoot: Digest32, to new: Int, root newRoot: Digest32, proof: [Digest32]
    ) -> Bool {
        guard old > 0, old <= new else { return false }
        if old == new { return proof.isEmpty && oldRoot == newRoot }
        // Where the old tree is complete, its root is the proof's unwritten first hash.
        let path = old & (old - 1) == 0 ? [oldRoot] + proof : proof
        guard let first = path.first else { return false }
        var node = old - 1
        var last = new - 1
        while node & 1 == 1 {
            node >>= 1
            last >>= 1
        }
        var oldHash = first
        var newHash = first
        for hash in path.dropFirst() {
            if last == 0 { return false }
            if node & 1 == 1 || node == last {
                oldHash = MerkleTree.nodeHash(hash, oldHash)
                newHash = MerkleTree.nodeHash(hash, newHash)
                while node & 1 == 0 && node != 0 {
                    node >>= 1
                    last >>= 1
                }
            } else {
                newHash = MerkleTree.nodeHash(newHash, hash)
            }
            node >>= 1
            last >>= 1
        }
        return last == 0 && oldHash == oldRoot && newHash == newRoot
    }
}
