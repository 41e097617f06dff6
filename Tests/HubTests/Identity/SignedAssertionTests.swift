import Referral
import Testing

@testable import Hub

@Suite struct SignedAssertionTests {
    private static let now: Int64 = 1_800_000_000
    private static let server = "https://hub.example/oauth2/token"

    private func text(
        header: Value = ["alg": "ES256", "kid": "a"], _ changes: Object = [:], without: [String] = []
    ) -> String {
        var claims: Value = [
            "iss": "uhdb", "sub": "uhdb", "aud": .string(Self.server), "jti": "1",
            "exp": .number(String(Self.now + 240)),
        ]
        for (name, value) in changes { claims[name] = value }
        for name in without { claims[name] = nil }
        return [header, claims].map { Base64URL.text(StrictJSON.write($0)) }.joined(separator: ".") + ".AAAA"
    }

    private func refusal(
        _ changes: Object, clientID: String? = nil, at second: Int64 = now
    ) -> SignedAssertion.Refusal? {
        do throws(SignedAssertion.Refusal) {
            try SignedAssertion(text(changes)).check(for: Self.server, clientID: clientID, at: second)
            return nil
        } catch {
            return error
        }
    }

    @Test func `what is needed is read, and nothing else asked for`() throws {
        let assertion = try SignedAssertion(text(header: ["typ": "x", "kid": "a", "alg": "EdDSA", "jku": "x"]))
        #expect(assertion.algorithm == "EdDSA" && assertion.kid == "a" && assertion.issuer == "uhdb")
        #expect(assertion.id == "1" && assertion.ends == Self.now + 240)
        #expect(refusal([:]) == nil && refusal([:], clientID: "uhdb") == nil)
        #expect(refusal(["aud": ["x", .string(Self.server)]]) == nil)
        #expect(refusal(["exp": .number("1800000060.5")]) == nil)
    }

    @Test func `it ends within five minutes, and clocks may differ by half a minute`() {
        func at(exp offset: Int64) -> SignedAssertion.Refusal? { refusal(["exp": .number(String(Self.now + offset))]) }
        #expect(at(exp: -30) == .expired && at(exp: -29) == nil)
        #expect(at(exp: 330) == nil && at(exp: 331) == .tooLong)
        for name in ["iat", "nbf"] {
            #expect(refusal([name: .number(String(Self.now + 30))]) == nil)
            #expect(refusal([name: .number(String(Self.now + 31))]) == .notYet)
        }
    }

    @Test func `it is for one server, by whom it is about`() {
        #expect(refusal(["aud": "https://other.example"]) == .audience(expected: Self.server))
        #expect(refusal(["sub": "dchs"]) == .issuer && refusal([:], clientID: "dchs") == .issuer)
    }

    @Test(arguments: ["iss", "sub", "jti", "exp", "aud"])
    func `every claim is needed`(_ name: String) {
        #expect(throws: SignedAssertion.Refusal.self) {
            try SignedAssertion(text(without: [name])).check(for: Self.server, clientID: nil, at: Self.now)
        }
    }

    @Test(
        arguments: [
            ["alg": "none", "kid": "a"], ["alg": "HS256", "kid": "a"], ["alg": "RS256", "kid": "a"], ["kid": "a"],
            ["alg": 7, "kid": "a"],
        ] as [Value])
    func `no other algorithm is read`(_ header: Value) {
        #expect(throws: SignedAssertion.Refusal.algorithm) { try SignedAssertion(text(header: header)) }
    }

    @Test func `whatever is cut or changed is refused and never trapped on`() {
        let good = Array(text().utf8)
        for index in good.indices {
            _ = try? SignedAssertion(String(decoding: good[..<index], as: UTF8.self))
            for byte: UInt8 in [0, 0x2E, 0x41, 0xFF] {
                var changed = good
                changed[index] = byte
                _ = try? SignedAssertion(String(decoding: changed, as: UTF8.self))
            }
        }
        #expect(throws: SignedAssertion.Refusal.malformed) { try SignedAssertion("") }
        #expect(throws: SignedAssertion.Refusal.malformed) { try SignedAssertion("..") }
    }

    @Test(arguments: ["A", "AB", "AAA=", "AA A", "AA+A", "AA/A", "é", "AAB"])
    func `base64 has one form`(_ text: String) {
        #expect(Base64URL.bytes(text[...]) == nil)
    }

    @Test func `base64 goes there and back`() {
        for length in 0..<70 {
            let bytes = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ length) }
            #expect(Base64URL.bytes(Base64URL.text(bytes)[...]) == bytes)
        }
    }
}
