import Testing

@testable import Translation

struct HL7EncodingTests {
    private let encoding = HL7Encoding(delimiters: .standard, characterSet: .utf8)

    private func decode(_ text: String, _ characterSet: TextEncoding = .utf8) -> String {
        HL7Encoding(delimiters: .standard, characterSet: characterSet).decode(Array(text.utf8)[...])
    }

    @Test(
        arguments: [
            (#"a\F\b\S\c\T\d\R\e\E\f"#, #"a|b^c&d~e\f"#), (#"one\.br\two\.sp\three"#, "one\ntwo\nthree"),
            (#"\H\loud\N\ soft"#, "loud soft"), (#"\X41\"#, "A"), (#"\XC3A9\"#, "é"), (#"\X0D0A\"#, "\r\n"),
        ])
    func `escape sequences become what they stand for`(text: String, meaning: String) {
        #expect(decode(text) == meaning)
    }

    @Test(arguments: [
        #"\Zab\"#, #"\Q\"#, #"\"#, #"\\"#, #"a\b"#, #"C:\dir\file"#, #"\X4\"#, #"\XZZ\"#, #"\X00\"#, #"\f\"#,
        #"IPv6\r""#,
    ])
    func `what is no known escape is kept`(text: String) {
        #expect(decode(text) == text)
    }

    @Test func `a stray escape character does not hide the escape after it`() {
        #expect(decode(#"C:\Temp\T\x"#) == #"C:\Temp&x"#)
    }

    @Test func `hexadecimal bytes are of the message's character set`() {
        #expect(decode(#"\XE9\"#, .windows1252) == "é")
        #expect(decode(#"\XE9\"#, .utf8) == "é")
    }

    @Test func `a text with everything in it survives`() {
        let text = "|^~\\&\n\t\u{1} é😀 \"\" \\F\\"
        #expect(String(decoding: encoding.encode(text), as: UTF8.self).contains("|") == false)
        #expect(encoding.decode(encoding.encode("|^~\\&\n é😀 \\F\\")[...]) == "|^~\\&\n é😀 \\F\\")
    }

    @Test(arguments: ["a\nb", "a\rb", "a\r\nb"])
    func `every line break is written as one`(text: String) {
        #expect(String(decoding: encoding.encode(text), as: UTF8.self) == #"a\.br\b"#)
    }

    @Test func `very many escape characters are read in good time`() {
        let text = String(repeating: "\\a", count: 50_000)
        #expect(decode(text) == text)
    }
}
