import Testing

@testable import Translation

struct NamedUUIDTests {
    /// RFC 9562, appendix A.4.
    @Test func `the example of the standard comes out`() {
        let uuid = NamedUUID("www.example.com", in: "6ba7b810-9dad-11d1-80b4-00c04fd430c8")
        #expect(uuid?.text == "2ed6657d-e927-568b-95e1-2665a8aea6a2")
    }

    @Test func `another name or another namespace gives another, the case of letters does not`() {
        let space = "01997f2e-6d7a-7c3b-8e4f-1a2b3c4d5f01"
        #expect(NamedUUID("letter", in: space) == NamedUUID("letter", in: space.uppercased()))
        #expect(NamedUUID("letter", in: space) != NamedUUID("patient", in: space))
        #expect(NamedUUID("letter", in: space) != NamedUUID("letter", in: "01997f2e-6d7a-7c3b-8e4f-1a2b3c4d5f02"))
    }

    @Test(arguments: ["", "x", "01997f2e6d7a7c3b8e4f1a2b3c4d5f01", "01997f2e-6d7a-7c3b-8e4f-1a2b3c4d5f0g"])
    func `what is no UUID has no name in it`(_ text: String) {
        #expect(NamedUUID("letter", in: text) == nil)
    }
}
