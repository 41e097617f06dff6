import Referral
import Testing

@Suite struct EmailTests {
    @Test(arguments: ["a@example.org", "O'Brien+x@sub.example.org", "zoë@example.org", " a@example.org "])
    func `an address with one @ passes`(_ text: String) {
        #expect(Email.normalise(text) == .passed(text.trimmed))
    }

    @Test(arguments: [
        "", "a", "@example.org", "a@", "a@b@c", "a b@example.org", "a\u{7}@example.org", "a\n@example.org",
    ])
    func `another form fails`(_ text: String) {
        #expect(Email.normalise(text).normal == nil)
    }

    @Test func `254 bytes pass and 255 do not`() {
        let domain = "@example.org"
        #expect(Email.normalise(String(repeating: "a", count: 254 - domain.count) + domain).normal != nil)
        #expect(Email.normalise(String(repeating: "a", count: 255 - domain.count) + domain).normal == nil)
    }
}
