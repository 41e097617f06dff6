import Crypto
import Disclosure
import Testing

@Suite struct PseudonymKeyTests {
    private static let person = "01a203ba-4bc9-7b5c-9f7d-0d8fcfddd751"

    private func key(_ bytes: [UInt8]) -> PseudonymKey {
        PseudonymKey(id: "key", version: 1, secret: SymmetricKey(data: bytes))
    }

    /// Computed with Python's `hmac`, `hashlib` and `base64`.
    @Test(
        arguments: [
            (Array(0..<32), "council_insight", "isolation-2026", "OKK35ZJMCALLS2DJNEAKNK7WEA"),
            (Array(0..<32), "council_insight", "isolation-2027", "764XNORVEH7IMRK7NT2RDE5DKQ"),
            (Array(0..<32), "ipsos", "isolation-2026", "SAZ2XB7MT33OYUNFZHB27ZOOOE"),
            (Array(repeating: 0, count: 32), "council_insight", "isolation-2026", "MPBMFMXFDJRYD4YO5FYF7VFH5I"),
        ] as [([UInt8], String, String, String)])
    func `a pseudonym is the one that anybody with the key computes`(
        secret: [UInt8], recipient: String, project: String, expected: String
    ) {
        #expect(key(secret).pseudonym(of: Self.person, recipient: recipient, project: project) == expected)
    }

    @Test func `a person has the same one again, and another one has another`() {
        let key = key(Array(0..<32))
        let persons = (0..<1000).map { "person-\($0)" }
        let pseudonyms = persons.map { key.pseudonym(of: $0, recipient: "necs", project: "p") }
        #expect(Set(pseudonyms).count == 1000)
        #expect(pseudonyms == persons.map { key.pseudonym(of: $0, recipient: "necs", project: "p") })
        #expect(
            pseudonyms.allSatisfy {
                $0.count == 26 && $0.allSatisfy { "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".contains($0) }
            })
    }
}
