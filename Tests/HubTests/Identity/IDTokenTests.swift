import Crypto
import Foundation
import JWTKit
import Referral
import Testing

@testable import Hub

/// Who comes back from the provider with what.
@Suite struct IDTokenTests {
    private static let now: Int64 = 1_790_000_000
    private static let expectation = IDToken.Expectation(
        issuer: "https://provider.example", clientID: "hub", nameClaim: "preferred_username", rolesClaim: "roles",
        contexts: ["second-factor"], methods: ["mfa"])

    private let key = ES256PrivateKey()

    private static let good = [
        "iss": "\"https://provider.example\"", "aud": "\"hub\"", "sub": "\"s-1\"", "nonce": "\"n-1\"",
        "exp": "\(now + 300)", "iat": "\(now)", "preferred_username": "\"a.khan\"", "roles": "[\"lac\"]",
        "amr": "[\"pwd\",\"mfa\"]",
    ]

    private static func encoded(_ text: String) -> String { Base64URL.text(Array(text.utf8)) }

    private static func token(_ claims: [String: String], header: String = #"{"alg":"ES256","kid":"k-1"}"#) -> String {
        let body = "{" + claims.map { "\"\($0)\":\($1)" }.joined(separator: ",") + "}"
        return "\(encoded(header)).\(encoded(body)).AAAA"
    }

    private func refusal(_ changes: [String: String?], nonce: String = "n-1") -> IDToken.Refusal? {
        var claims = Self.good
        for (name, value) in changes { claims[name] = value }
        do {
            _ = try IDToken(try JSONWebToken(Self.token(claims)), Self.expectation, nonce: nonce, at: Self.now)
            return nil
        } catch {
            return error as? IDToken.Refusal ?? .malformed
        }
    }

    @Test func `a good one tells who it is`() throws {
        let token = try IDToken(
            try JSONWebToken(Self.token(Self.good)), Self.expectation, nonce: "n-1", at: Self.now)
        #expect(token.subject == "s-1" && token.name == "a.khan" && token.roles == ["lac"])
    }

    @Test(
        arguments: [
            (["iss": "\"https://provider.example/\""], .issuer), (["iss": nil], .issuer),
            (["iss": "[\"https://provider.example\"]"], .issuer),
            (["aud": "\"other\""], .audience), (["aud": nil], .audience), (["aud": "[]"], .audience),
            (["aud": "[\"hub\",\"other\"]"], .audience),
            (["aud": "[\"hub\",\"other\"]", "azp": "\"other\""], .audience), (["azp": "\"other\""], .audience),
            (["aud": "[\"hub\",7]"], .audience),
            (["exp": "\(now - 61)"], .expired), (["exp": nil], .malformed), (["exp": "\"soon\""], .malformed),
            (["exp": "-1"], .malformed),
            (["exp": "1e400"], .malformed), (["iat": "\(now - 601)"], .expired), (["iat": "\(now + 61)"], .notYet),
            (["iat": nil], .malformed),
            (["nonce": "\"n-2\""], .nonce), (["nonce": nil], .nonce), (["nonce": "[\"n-1\"]"], .nonce),
            (["nonce": "\"\""], .nonce),
            (["amr": "[\"pwd\"]"], .secondFactor), (["amr": nil], .secondFactor),
            (["amr": "{\"mfa\":true}"], .secondFactor),
            (["amr": "[[\"mfa\"]]"], .secondFactor), (["amr": nil, "acr": "\"other\""], .secondFactor),
            (["amr": nil, "acr": "[\"second-factor\"]"], .secondFactor),
            (["sub": nil], .malformed), (["sub": "\"\""], .malformed), (["sub": "7"], .malformed),
            (["sub": "\"a\\u0000b\""], .malformed),
            (["preferred_username": nil], .name), (["preferred_username": "7"], .name),
        ] as [([String: String?], IDToken.Refusal)])
    func `one that says something else lets nobody in`(changes: [String: String?], refusal expected: IDToken.Refusal) {
        #expect(refusal(changes) == expected)
    }

    @Test(
        arguments: [
            ["amr": nil, "acr": "\"second-factor\""], ["amr": "\"mfa\""], ["aud": "[\"hub\"]"],
            ["aud": "[\"hub\",\"other\"]", "azp": "\"hub\""],
            ["azp": "\"hub\""], ["exp": "\(now - 59)"], ["iat": "\(now + 59)"], ["roles": nil],
        ] as [[String: String?]])
    func `one that says the same in another way is as good`(changes: [String: String?]) {
        #expect(refusal(changes) == nil)
    }

    @Test(arguments: ["A.Khan@Derby.example", "a.khan", "A.KHAN"])
    func `a user name is what stands before the sign`(text: String) {
        #expect(ProviderSignIn.userName(text) == "a.khan")
    }

    @Test(arguments: ["", "@derby.example", "a", "-a", "a b", "zoë", "a/b", String(repeating: "a", count: 41)])
    func `what is no user name is none`(text: String) { #expect(ProviderSignIn.userName(text) == nil) }

    // MARK: Signatures

    private struct Claims: JWTPayload {
        var sub = "s-1"
        func verify(using algorithm: some JWTAlgorithm) {}
    }

    private func signed(kid: String? = "k-1") async throws -> String {
        let keys = JWTKeyCollection()
        let name = kid.map { JWKIdentifier(string: $0) }
        await keys.add(ecdsa: key, kid: name)
        return try await keys.sign(Claims(), kid: name)
    }

    private func keys(_ more: String = "", kid: String = "\"kid\":\"k-1\",") -> [UInt8] {
        let point = key.publicKey.parameters
        func plain(_ text: String?) -> String {
            (text ?? "").replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
        }
        return Array(
            "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\(kid)\"x\":\"\(plain(point?.x))\",\"y\":\"\(plain(point?.y))\"}\(more)]}"
                .utf8)
    }

    @Test func `a signature is the one of the key that it names`() async throws {
        let token = try JSONWebToken(try await signed())
        #expect(await IDToken.isSigned(token, byOneOf: keys()) == true)
        #expect(await IDToken.isSigned(token, byOneOf: keys(kid: "\"kid\":\"k-2\",")) == nil)
        #expect(await IDToken.isSigned(token, byOneOf: Array("{\"keys\":[]}".utf8)) == nil)
        #expect(await IDToken.isSigned(token, byOneOf: Array("no JSON".utf8)) == false)
        let nameless = try JSONWebToken(try await signed(kid: nil))
        #expect(await IDToken.isSigned(nameless, byOneOf: keys(kid: "")) == true)
    }

    /// As providers publish them beside: for encryption, of another curve, and what is no key of a pair at all.
    @Test func `keys that nobody signs with keep nobody out`() async throws {
        let token = try JSONWebToken(try await signed())
        let others =
            #",{"kty":"RSA","use":"enc","alg":"RSA-OAEP-256","kid":"e-1","n":"AQAB","e":"AQAB"}"#
            + #",{"kty":"OKP","crv":"X25519","kid":"x-1","x":"AA"},{"kty":"oct","kid":"o-1","k":"AA"}"#
            + #",{"kty":"EC","crv":"P-256","use":"enc","kid":"k-1","x":"AA","y":"AA"}"#
        #expect(await IDToken.isSigned(token, byOneOf: keys(others)) == true)
    }

    @Test func `of two keys of one name neither is taken`() async throws {
        let token = try JSONWebToken(try await signed())
        let twin = #",{"kty":"EC","crv":"P-256","kid":"k-1","x":"AA","y":"AA"}"#
        #expect(await IDToken.isSigned(token, byOneOf: keys(twin)) == false)
    }

    @Test func `a signature that was changed, or is of other words, is none`() async throws {
        let text = try await signed()
        let parts = text.split(separator: ".").map(String.init)
        let other = Self.encoded(#"{"sub":"s-2"}"#)
        let flipped = (parts[2].first == "A" ? "B" : "A") + parts[2].dropFirst()
        for forged in ["\(parts[0]).\(other).\(parts[2])", "\(parts[0]).\(parts[1]).\(flipped)"] {
            #expect(await IDToken.isSigned(try JSONWebToken(forged), byOneOf: keys()) == false)
        }
    }

    /// None, secrets in place of keys, and whatever else is asked for in a header.
    @Test(arguments: [
        #"{"alg":"none","kid":"k-1"}"#, #"{"alg":"None","kid":"k-1"}"#, #"{"alg":"HS256","kid":"k-1"}"#,
        #"{"alg":"ES256K","kid":"k-1"}"#,
        #"{"alg":"RS256","kid":"k-1"}"#, #"{"alg":"EdDSA","kid":"k-1"}"#,
    ])
    func `no other algorithm is let in by a key`(header: String) async throws {
        let parts = try await signed().split(separator: ".")
        let token = try JSONWebToken("\(Self.encoded(header)).\(parts[1]).\(parts[2])")
        #expect(await IDToken.isSigned(token, byOneOf: keys()) == false)
    }

    @Test(arguments: [
        "", "a.b", "a.b.c.d", "...", "e30.e30.", #"{"alg":"ES256"}.e30.AAAA"#, "W10.e30.AAAA",
        "\(encoded(#"{"alg":"ES256","crit":["exp"]}"#)).e30.AAAA",
        "\(encoded(#"{"alg":"ES256","b64":false}"#)).e30.AAAA",
        "\(encoded(#"{"alg":"ES256","alg":"none"}"#)).e30.AAAA", "\(encoded(#"{"alg":"ES256","kid":7}"#)).e30.AAAA",
        "\(encoded(#"{"alg":"ES256","kid":"../../key"# + "\u{0}" + #""}"#)).e30.AAAA",
        String(repeating: "A", count: 9_000),
    ])
    func `what is no signed token is none`(text: String) {
        #expect(throws: JSONWebToken.Malformed.self) { try JSONWebToken(text) }
    }
}
