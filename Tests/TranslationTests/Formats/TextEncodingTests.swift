import Testing

@testable import Translation

struct TextEncodingTests {
    @Test func `Windows-1252 has quotation marks and the euro sign where ISO 8859-1 has controls`() {
        let bytes: [UInt8] = [0x93, 0x4F, 0x92, 0x94, 0x20, 0x80, 0xA3, 0xE9, 0xFF]
        #expect(String(decoding: TextEncoding.windows1252.utf8(bytes), as: UTF8.self) == "“O’” €£éÿ")
    }

    @Test func `all 256 bytes of Windows-1252 become different characters`() {
        let text = String(decoding: TextEncoding.windows1252.utf8(Array(0...255)), as: UTF8.self)
        #expect(Set(text.unicodeScalars).count == 256)
    }

    @Test func `the first byte that is not UTF-8 is found`() {
        #expect(TextEncoding.invalidUTF8(in: Array("aé".utf8) + [0xFF, 0x61]) == 3)
        #expect(TextEncoding.invalidUTF8(in: Array("aé😀".utf8)) == nil)
        #expect(TextEncoding.invalidUTF8(in: [0x61, 0xED, 0xA0, 0x80]) == 1)
    }

    @Test func `places are counted from one`() {
        let bytes = Array("ab\ncd".utf8)
        #expect(bytes.place(of: 0) == "line 1, column 1")
        #expect(bytes.place(of: 4) == "line 2, column 2")
        #expect(bytes.place(of: 99) == "line 2, column 3")
    }
}
