import Ledger
import Testing

@Suite struct CheckpointTests {
    let checkpoint = Checkpoint(
        origin: "referral-hub", size: 1234, root: Array(repeating: 0xAB, count: 32), at: 1_767_225_600_000_000)

    @Test func `a line is read back as the same checkpoint`() {
        #expect(checkpoint.line == "referral-hub 1234 q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s= 1767225600000000")
        #expect(Checkpoint(line: checkpoint.line) == checkpoint)
    }

    @Test(arguments: [
        "", "a b c d", "hub 1 q6ur 5", "hub 1234 q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s=", "hub -1  1",
    ])
    func `a line that was cut or is something else is no checkpoint`(line: String) {
        #expect(Checkpoint(line: line) == nil)
    }
}
