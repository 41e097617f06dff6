import Ledger
import Testing

@Suite struct MerkleProofTests {
    let tree = MerkleTree(leaves: (0..<40).map { MerkleTree.leafHash([UInt8($0)]) })

    @Test func `every leaf is proved in every tree, and nothing else is`() {
        for size in 1...40 {
            let root = tree.root(size: size)
            for index in 0..<size {
                let proof = tree.inclusionProof(index: index, size: size)
                func holds(_ leaf: Int, _ index: Int, _ proof: [[UInt8]]) -> Bool {
                    MerkleProof.verifyInclusion(
                        of: tree.leaves[leaf], index: index, size: size, proof: proof, root: root)
                }
                #expect(holds(index, index, proof))
                #expect(!holds((index + 1) % 40, index, proof))
                #expect(!holds(index, index, proof + [root]))
                #expect(size == 1 || !holds(index, (index + 1) % size, proof))
                #expect(proof.isEmpty || !holds(index, index, Array(proof.dropLast())))
            }
        }
    }

    @Test func `every earlier tree is proved a prefix of every later one, and an altered one is not`() {
        for new in 1...40 {
            for old in 1...new {
                let proof = tree.consistencyProof(from: old, to: new)
                func holds(_ oldRoot: [UInt8], _ newRoot: [UInt8], _ proof: [[UInt8]]) -> Bool {
                    MerkleProof.verifyConsistency(from: old, root: oldRoot, to: new, root: newRoot, proof: proof)
                }
                let (oldRoot, newRoot) = (tree.root(size: old), tree.root(size: new))
                #expect(holds(oldRoot, newRoot, proof))
                #expect(!holds(tree.leaves[39], newRoot, proof))
                #expect(!holds(oldRoot, tree.leaves[39], proof))
                #expect(!holds(oldRoot, newRoot, proof + [newRoot]))
            }
        }
    }

    @Test func `proofs about places outside the tree do not hold`() {
        let root = tree.root()
        #expect(!MerkleProof.verifyInclusion(of: root, index: 40, size: 40, proof: [], root: root))
        #expect(!MerkleProof.verifyInclusion(of: root, index: -1, size: 40, proof: [], root: root))
        #expect(!MerkleProof.verifyConsistency(from: 0, root: root, to: 40, root: root, proof: []))
        #expect(!MerkleProof.verifyConsistency(from: 41, root: root, to: 40, root: root, proof: []))
    }
}
