import Testing
import Vault

@testable import Hub

@Suite struct AccessTokenTests {
    private let vault = Vault(key: InstallationKey())
    private let certificate = """
        -----BEGIN CERTIFICATE-----
        MIIBjTCCATOgAwIBAgIUeZJcmu2JlMTa0pdLWDIinAZXpgswCgYIKoZIzj0EAwIw
        EDEOMAwGA1UEAwwFdHJ1c3QwHhcNMjYxMTMwMDE1OTA5WhcNMzYxMTI3MDE1OTA5
        WjAQMQ4wDAYDVQQDDAV0cnVzdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABDSx
        ZGuuD0z2gjmRG+/nSvhJ9WJvrcuoGGsxydtQ+ae1uSioDarAhMIPMcE6SOr9wdUV
        ebow7AiHk4F/LArqKPKjazBpMB0GA1UdDgQWBBTxBcbUBZjuEH1Tt7d4mq4fQB7H
        /jAfBgNVHSMEGDAWgBTxBcbUBZjuEH1Tt7d4mq4fQB7H/jAPBgNVHRMBAf8EBTAD
        AQH/MBYGA1UdEQQPMA2CC3Bhcy5leGFtcGxlMAoGCCqGSM49BAMCA0gAMEUCIDYz
        8/yMgYMwx2ZDjOuSdXRLXlo6GLNFBvDLM+gdF78KAiEA4+U9JD2bzcuO/1EeACZ5
        s9SklTtu3VGxhRvLgoY7yYM=
        -----END CERTIFICATE-----
        """

    @Test func `it says whose it is, in its own installation`() throws {
        let token = AccessToken(partner: "uhdb", kid: "a", ends: 100, thumbprint: [1, 2])
        let text = token.text(sealedBy: vault)
        #expect(AccessToken.isNamed(text) && AccessToken(text, openedBy: vault) == token)
        #expect(AccessToken(text, openedBy: Vault(key: InstallationKey())) == nil)
        for index in text.indices {
            #expect(AccessToken(String(text[..<index]), openedBy: vault) == nil)
        }
        let other = vault.sealApart(Array("{}".utf8), context: "access token")
        #expect(AccessToken("hubt_" + Base64URL.text(other), openedBy: vault) == nil)
        let session = vault.sealApart(Array(#"{"partner":"a","kid":"b","ends":9}"#.utf8), context: "staff session")
        #expect(AccessToken("hubt_" + Base64URL.text(session), openedBy: vault) == nil)
    }

    @Test func `it is good until its end, with its own certificate`() throws {
        let shown = try ClientCertificate(pem: certificate)
        let free = AccessToken(partner: "uhdb", kid: "a", ends: 100, thumbprint: nil)
        #expect(free.isGood(at: 99, with: nil) && free.isGood(at: 99, with: shown) && !free.isGood(at: 100, with: nil))
        let bound = AccessToken(partner: "uhdb", kid: "a", ends: 100, thumbprint: shown.thumbprint)
        #expect(bound.isGood(at: 99, with: shown) && !bound.isGood(at: 99, with: nil))
        var other = shown
        other.thumbprint[0] ^= 1
        #expect(!bound.isGood(at: 99, with: other))
    }

    @Test func `a certificate is read, and known by its key`() throws {
        let read = try ClientCertificate(pem: certificate)
        // openssl x509 -pubkey -noout | openssl pkey -pubin -outform der | openssl dgst -sha256
        #expect(
            read.keyHash.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
                == "684139e408db5863a503bc4aee601877dad34cc82de544d37714e833ba19f232")
        #expect(read.names.isEmpty && read.isValid(at: read.validity.lowerBound))
        #expect(!read.isValid(at: read.validity.upperBound + 1))
        #expect(throws: (any Error).self) { try ClientCertificate(pem: "nothing") }
    }
}
