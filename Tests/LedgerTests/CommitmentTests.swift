import Ledger
import Testing

@Suite struct CommitmentTests {
    @Test func `the commitment is the hash of salt and bytes, the leaf that of a zero and the commitment`() {
        let commitment = Commitment(to: Array("{}".utf8), salt: Array(repeating: 0, count: 32))
        #expect(hex(commitment.digest) == "fb1634c4e6cd4b1f1afe3ce2d6ef080f7ac5d1f357d723ad4dfca782733b62db")
        #expect(hex(commitment.leaf) == "627b40308cb462615d283a539f5d5dc5d0d9b259ffd267ddcb659b91b217b85e")
    }

    @Test func `the same bytes are committed to under another salt each time`() {
        let first = Commitment(to: [1, 2, 3])
        let second = Commitment(to: [1, 2, 3])
        #expect(first.salt.count == Commitment.saltLength)
        #expect(first.digest != second.digest)
        #expect(Commitment(to: [1, 2, 3], salt: first.salt) == first)
    }
}
