import Testing

@testable import Hub

@Suite struct OneTimeCodeTests {
    private let key = Array("12345678901234567890".utf8)

    /// RFC 6238, appendix B, of which six digits are shown here.
    @Test(
        arguments: [
            (59, "287082"), (1_111_111_109, "081804"), (1_111_111_111, "050471"), (1_234_567_890, "005924"),
            (2_000_000_000, "279037"), (20_000_000_000, "353130"),
        ] as [(Int64, String)])
    func `the codes are those of the specification`(second: Int64, code: String) {
        #expect(OneTimeCode.code(key, step: second / 30) == code)
        #expect(OneTimeCode.step(of: code, key: key, at: second) == second / 30)
    }

    @Test func `a code is good for half a minute more and no longer, and never before its time`() {
        let code = OneTimeCode.code(key, step: 100)
        #expect(OneTimeCode.step(of: code, key: key, at: 3_000) == 100)
        #expect(OneTimeCode.step(of: code, key: key, at: 3_059) == 100)
        #expect(OneTimeCode.step(of: code, key: key, at: 3_060) == nil)
        #expect(OneTimeCode.step(of: code, key: key, at: 2_999) == nil)
    }

    @Test(arguments: ["", "28708", "2870822", "28708a", "２８７０８２", "-287082", "287 08"])
    func `what is no code is none`(text: String) {
        #expect(OneTimeCode.step(of: text, key: key, at: 59) == nil)
    }

    @Test func `spaces that apps put between are left out`() {
        #expect(OneTimeCode.step(of: "287 082", key: key, at: 59) == 1)
    }

    /// RFC 4648, section 10.
    @Test(arguments: [
        ("", ""), ("f", "MY"), ("fo", "MZXQ"), ("foo", "MZXW6"), ("foob", "MZXW6YQ"), ("foobar", "MZXW6YTBOI"),
    ])
    func `a key is typed in base 32`(bytes: String, text: String) {
        #expect(OneTimeCode.text(of: Array(bytes.utf8)) == text)
    }

    @Test func `keys are new each time, and an app takes one up by its address`() {
        #expect(Set((0..<100).map { _ in OneTimeCode.newKey() }).count == 100)
        #expect(
            OneTimeCode.address(of: key, account: "a.khan", issuer: "Derby LAC & co")
                == "otpauth://totp/Derby%20LAC%20%20co:a.khan?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Derby%20LAC%20%20co"
        )
    }
}
