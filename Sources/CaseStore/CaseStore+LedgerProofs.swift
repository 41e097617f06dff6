package import Ledger
package import Postgres

/// A proof by RFC 9162 about the tree of some size, with the roots that it connects.
package struct LedgerProof: Sendable, Hashable {
    package enum Claim: Sendable, Hashable {
        /// This entry stands in the tree, at its position.
        case inclusion(LedgerLine)
        /// The tree of so many entries, with this root, is a prefix.
        case consistency(from: Int, root: Digest32)
    }

    package let claim: Claim
    /// Number of entries of the (later) tree.
    package let size: Int
    package let root: Digest32
    package let path: [Digest32]

    /// Whether somebody who has only the roots would be convinced.
    package var holds: Bool {
        switch claim {
        case .inclusion(let line):
            MerkleProof.verifyInclusion(of: line.leaf, index: line.position, size: size, proof: path, root: root)
        case .consistency(let old, let oldRoot):
            MerkleProof.verifyConsistency(from: old, root: oldRoot, to: size, root: root, proof: path)
        }
    }
}

extension CaseStore {
    /// How many entries have their place in the tree.
    package func ledgerSize(in connection: Connection) throws -> Int {
        try connection.query("SELECT coalesce(max(sequence) + 1, 0) FROM ledger.position", name: "ledger.size")
            .first?.decode(Int.self) ?? 0
    }

    /// Proves that an entry stands in the tree of the first `size` entries; reads all their leaves once.
    ///
    /// - Returns: Nothing when the ledger has fewer entries, or the entry is not there.
    package func proof(ofEntry position: Int, size: Int, in connection: Connection) throws -> LedgerProof? {
        let ranges = MerkleTree.inclusionRanges(index: position, size: size)
        guard let line = try ledgerPage(from: position, limit: 1, in: connection).first, line.position == position,
            let roots = try roots(of: [0..<size] + ranges, in: connection)
        else { return nil }
        return LedgerProof(claim: .inclusion(line), size: size, root: roots[0], path: Array(roots[1...]))
    }

    /// Proves that the first `old` entries are the beginning of the first `size`; reads all their leaves once.
    ///
    /// - Returns: Nothing when the ledger has fewer entries.
    package func proof(from old: Int, to size: Int, in connection: Connection) throws -> LedgerProof? {
        let ranges = MerkleTree.consistencyRanges(from: old, to: size)
        guard let roots = try roots(of: [0..<size, 0..<old] + ranges, in: connection) else { return nil }
        return LedgerProof(
            claim: .consistency(from: old, root: roots[1]), size: size, root: roots[0], path: Array(roots[2...]))
    }

    /// The roots of stretches of the ledger, each as a tree of its own; nothing when an entry of one is not there.
    private func roots(of ranges: [Range<Int>], in connection: Connection) throws -> [Digest32]? {
        let end = ranges.map(\.upperBound).max() ?? 0
        var frontiers = ranges.map { _ in MerkleFrontier() }
        var next = 0
        while next < end {
            let rows = try connection.query(
                """
                SELECT position.sequence, entry.leaf
                FROM ledger.position JOIN ledger.entry ON entry.id = position.entry
                WHERE position.sequence >= \(next) AND position.sequence < \(end)
                ORDER BY position.sequence
                LIMIT 10000
                """, name: "ledger.leaves_until")
            guard !rows.isEmpty else { return nil }
            for row in rows {
                let (position, leaf) = try row.decode(Int.self, [UInt8].self)
                guard position == next else { return nil }
                for (index, range) in ranges.enumerated() where range.contains(position) {
                    frontiers[index].append(leaf)
                }
                next += 1
            }
        }
        return frontiers.map(\.root)
    }
}
