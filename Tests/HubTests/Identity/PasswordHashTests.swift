import Testing

@testable import Hub

@Suite struct PasswordHashTests {
    @Test func `a hash is its password's and nobody else's, and tells nothing`() async throws {
        let (one, other) = (
            try await PasswordHash.hash("four words of mine"), try await PasswordHash.hash("four words of mine")
        )
        #expect(one != other && one.hasPrefix("$scrypt$ln=16,r=8,p=2$") && !one.contains("four"))
        #expect(try await PasswordHash.isRight("four words of mine", one))
        #expect(try await !PasswordHash.isRight("four words of mine ", one))
        #expect(try await !PasswordHash.isRight("Four words of mine", one))
    }

    @Test func `the same letter written in two ways is the same password`() async throws {
        let hash = try await PasswordHash.hash("caf\u{E9} with four words")
        #expect(try await PasswordHash.isRight("cafe\u{301} with four words", hash))
    }

    /// RFC 7914, section 12, with a salt and a length that are ours.
    @Test func `a hash of other figures is still opened by its own`() async throws {
        let hash = "$scrypt$ln=14,r=8,p=1$U29kaXVtQ2hsb3JpZGU$cCO9yzr9c0hGHAbNgf046_2o-7qQT44-qbVD9lRdofI"
        #expect(try await PasswordHash.isRight("pleaseletmein", hash))
    }

    @Test(arguments: [
        nil, "", "$scrypt$", "$scrypt$ln=16,r=8,p=2$$", "$scrypt$ln=40,r=8,p=2$AAAA$AAAA",
        "$argon2id$v=19$m=1$AAAA$AAAA",
        "$scrypt$ln=16,r=8$AAAA$AAAA", "plain",
    ])
    func `what is no hash is nobody's`(hash: String?) async throws {
        #expect(try await !PasswordHash.isRight("", hash))
    }
}

@Suite struct PasswordRuleTests {
    @Test(arguments: [
        "correct horse battery staple", "vier Wörter aus dem Kopf", "!?%&/()=*+#-_.:,;<>|", "πέντε λέξεις δικές μου",
        "x7#kQ2!mZ9$pL4&w", String(repeating: "long words ", count: 11),
    ])
    func `a long password of any characters is good`(password: String) {
        #expect(PasswordRule.fault(of: password, names: ["khan", "Derby"]) == nil)
    }

    @Test(arguments: [
        "", "fourteen chars", "aaaaaaaaaaaaaaaaaaaaaa", "ababababababababab", "abcdefghijklmnopqrst",
        "0987654321098765",
        "qwertyuiopasdfgh", "password password", "Khan Khan Khan 1", "derbyderbyderby1", "iloveyou iloveyou 1",
        String(repeating: "long words ", count: 12),
    ])
    func `what is short, endless or easily guessed is not`(password: String) {
        #expect(PasswordRule.fault(of: password, names: ["khan", "Derby"]) != nil)
    }
}
