import Ledger
import Testing

@Suite struct CheckpointTests {
    let signer = NoteSigner(name: "referral-hub/test")
    let checkpoint = Checkpoint(origin: "referral-hub/test", size: 1234, root: Array(repeating: 0xAB, count: 32))

    @Test func `the text is that of a tlog checkpoint, and is read back`() {
        #expect(checkpoint.text == "referral-hub/test\n1234\nq6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s=\n")
        #expect(Checkpoint(text: checkpoint.text) == checkpoint)
        #expect(Checkpoint(text: checkpoint.text + "another line\n") == checkpoint)
    }

    @Test(arguments: [
        "", "hub\n1\n", "hub\n1\nq6ur\n", "hub\n-1\nq6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s=\n",
        "hub\n01\nq6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s=\n",
        "hub\n1\nq6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s=",
        "a hub\n1\nq6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s=\n",
    ])
    func `another text is no checkpoint`(text: String) {
        #expect(Checkpoint(text: text) == nil)
    }

    @Test func `a signed checkpoint is read back, and only its own key vouches for it`() throws {
        let signed = SignedCheckpoint(checkpoint, by: signer)
        let read = try #require(SignedCheckpoint(signed.note.description))
        #expect(read == signed)
        #expect(read.isSigned(byOneOf: [NoteSigner(name: "other").verifier, signer.verifier]))
        #expect(!read.isSigned(byOneOf: [NoteSigner(name: signer.name).verifier]))
        #expect(!read.isSigned(byOneOf: []))
    }

    @Test func `a key vouches for no ledger of another name`() {
        let other = Checkpoint(origin: "referral-hub/other", size: 1, root: checkpoint.root)
        #expect(!SignedCheckpoint(other, by: signer).isSigned(byOneOf: [signer.verifier]))
    }

    @Test func `cut off anywhere it is no checkpoint`() {
        let note = SignedCheckpoint(checkpoint, by: signer).note.description
        for count in 0..<note.count { #expect(SignedCheckpoint(String(note.prefix(count))) == nil) }
        for count in 0..<note.count - 1 { #expect(SignedCheckpoint(note.prefix(count) + "\n") == nil) }
    }
}
