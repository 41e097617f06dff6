import Referral
import Testing

struct BytesUTF8Tests {
    @Test func `the first byte that is not UTF-8 is found`() {
        #expect((Array("aé".utf8) + [0xFF, 0x61]).firstInvalidUTF8 == 3)
        #expect(Array("aé😀".utf8).firstInvalidUTF8 == nil)
        #expect(([0x61, 0xED, 0xA0, 0x80] as [UInt8]).firstInvalidUTF8 == 1)
    }

    @Test func `places are counted from one`() {
        let bytes = Array("ab\ncd".utf8)
        #expect(bytes.place(of: 0) == "line 1, column 1")
        #expect(bytes.place(of: 4) == "line 2, column 2")
        #expect(bytes.place(of: 99) == "line 2, column 3")
    }
}
