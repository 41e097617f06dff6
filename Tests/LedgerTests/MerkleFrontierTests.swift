import Ledger
import Testing

@Suite struct MerkleFrontierTests {
    let leaves = (0..<70).map { MerkleTree.leafHash([UInt8($0)]) }

    @Test func `the edge has the tree's root at every size`() {
        var frontier = MerkleFrontier()
        #expect(frontier.root == MerkleTree(leaves: []).root())
        for (index, leaf) in leaves.enumerated() {
            frontier.append(leaf)
            #expect(frontier.root == MerkleTree(leaves: leaves).root(size: index + 1))
            #expect(frontier.peaks.count == frontier.size.nonzeroBitCount)
        }
    }

    @Test func `a kept edge goes on where it stood`() throws {
        var frontier = MerkleFrontier()
        for leaf in leaves[..<37] { frontier.append(leaf) }
        var kept = try #require(MerkleFrontier(size: frontier.size, peaks: frontier.peaks))
        for leaf in leaves[37...] { kept.append(leaf) }
        #expect(kept.root == MerkleTree(leaves: leaves).root())
    }

    @Test func `an edge whose peaks do not fit its size is refused`() {
        #expect(MerkleFrontier(size: 3, peaks: [leaves[0]]) == nil)
        #expect(MerkleFrontier(size: 1, peaks: [[1, 2, 3]]) == nil)
        #expect(MerkleFrontier(size: -1, peaks: []) == nil)
    }
}
