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
}
