import Testing

@testable import Channels

@Suite struct FileNameTests {
    @Test(arguments: ["DERBYS_POLICE_PPN_20261122T093000Z_0001.xml", "Referrals (May) 2026.csv", "a"])
    func `names that people give are taken`(name: String) {
        #expect(FileName(name).isTaken)
    }

    @Test(arguments: [
        ".hidden", "..", "a/b", "a\\b", "a\nb", "a\u{0}b", "café.csv", String(repeating: "x", count: 201), "",
    ])
    func `names that could do harm are not`(name: String) {
        #expect(!FileName(name).isTaken)
    }

    @Test func `what is shown is harmless`() {
        #expect(FileName("../x\ny").shown == "_._x_y")
        #expect(FileName([0xFF, 0x41]).shown == "_A")
        #expect(FileName(FileName("..").shown).isTaken)
    }

    @Test func `a suffix comes off only when something is left`() {
        #expect(FileName("a.done").dropping(".done") == FileName("a"))
        #expect(FileName(".done").dropping(".done") == nil)
    }
}
