import Foundation
import Testing

@testable import Channels

@Suite(.timeLimit(.minutes(5))) struct MailCertificateTests {
    private let files: MailCertificates
    private let now = WallClock.now()
    private static let mailbox = "refer@partner.example"

    init() throws { files = try MailCertificates() }

    /// What is wrong with a certificate; nil when nothing is.
    private func problem(
        _ certificate: MailCertificate, for mailbox: String = MailCertificateTests.mailbox, after seconds: Int64 = 60
    ) -> MailCertificate.Problem? {
        do throws(MailCertificate.Problem) {
            try certificate.check(for: mailbox, at: now + seconds)
            return nil
        } catch {
            return error
        }
    }

    @Test(arguments: [MailCertificates.Key.rsa, .p256, .p384])
    func `a certificate of a known authority for the mailbox may be used`(key: MailCertificates.Key) throws {
        try files.issue("partner", key: key)
        let certificate = try files.certificate("partner")
        #expect(problem(certificate) == nil)
        #expect(problem(certificate, for: "Refer@PARTNER.example") == nil)
        #expect((364...366).contains((certificate.expires - now) / 86_400))
    }

    @Test func `it is used within its dates alone`() throws {
        try files.issue("partner")
        let certificate = try files.certificate("partner")
        let end = certificate.expires - now
        #expect(problem(certificate, after: end - 1) == nil)
        #expect(problem(certificate, after: end) == .expired)
        #expect(problem(certificate, after: -86_400) == .notYetValid)
    }

    @Test(
        arguments: [
            "email:other@partner.example", "email:refer@partner.example.org", "DNS:partner.example",
            "URI:mailto:refer@partner.example", "otherName:1.3.6.1.5.5.7.8.9;UTF8:refer@partner.example",
            "email:xrefer@partner.example", "email:refer@partner.exampl",
        ])
    func `a certificate for somebody else is not used`(names: String) throws {
        try files.issue("partner", names: names)
        #expect(problem(try files.certificate("partner")) == .mailbox)
    }

    @Test func `the mailbox may be any of the names, but not the subject's`() throws {
        try files.issue("several", names: "DNS:partner.example,email:a@partner.example,email:REFER@partner.example")
        #expect(problem(try files.certificate("several")) == nil)
        try files.issue("subject", names: .some(nil), more: ["-subj", "/emailAddress=refer@partner.example"])
        #expect(problem(try files.certificate("subject")) == .mailbox)
    }

    @Test(
        arguments: [
            (.rsa, "critical,digitalSignature"), (.rsa, "keyAgreement"), (.rsa, ""), (.p256, "keyEncipherment"),
            (.p256, "digitalSignature"), (.p256, ""),
        ] as [(MailCertificates.Key, String)])
    func `its key must be for encryption`(key: MailCertificates.Key, usage: String) throws {
        try files.issue("partner", key: key, usage: usage)
        #expect(problem(try files.certificate("partner")) == .usage)
    }

    @Test(arguments: [
        ("serverAuth", true), ("emailProtection,clientAuth", false), ("anyExtendedKeyUsage", false), ("", false),
    ])
    func `where its uses are listed, mail is among them`(extended: String, isWrong: Bool) throws {
        try files.issue("partner", extended: extended)
        #expect(problem(try files.certificate("partner")) == (isWrong ? .usage : nil))
    }

    @Test(arguments: [MailCertificates.Key.rsaShort, .secp256k1, .p224, .ed25519])
    func `a weak or strange key is not used, also when it is pinned`(key: MailCertificates.Key) throws {
        try files.issue("partner", key: key)
        #expect(problem(try files.certificate("partner")) == .weak)
        let pin = try files.fingerprint("partner")
        #expect(problem(try files.certificate("partner", trust: .pinned(pin))) == .weak)
    }

    @Test func `a weak signature on the way to the authority is not trusted`() throws {
        try files.issue("partner", more: ["-sha1"])
        #expect(problem(try files.certificate("partner")) == .weak)
    }

    @Test func `a certificate of an unknown authority is not used, nor one that signed itself`() throws {
        try files.authority("strange")
        try files.issue("partner", by: "strange")
        #expect(problem(try files.certificate("partner")) == .untrusted)
        try files.issue("own", by: nil)
        #expect(problem(try files.certificate("own")) == .untrusted)
    }

    @Test func `an intermediate authority is found after the certificate, and is not trusted by itself`() throws {
        try files.issue(
            "between", names: .some(nil), usage: "critical,keyCertSign", extended: "",
            isAuthority: true)
        try files.issue("partner", by: "between")
        #expect(problem(try files.certificate("partner")) == .untrusted)
        let both = try #require(files.folder.read("partner.pem")) + #require(files.folder.read("between.pem"))
        try files.folder.write("chain.pem", both)
        #expect(problem(try files.certificate("chain")) == nil)
        try files.authority("strange")
        let strange = MailCertificate.Trust.authorities(files.path("strange.pem"), revocationLists: nil)
        #expect(problem(try files.certificate("chain", trust: strange)) == .untrusted)
    }

    @Test func `a certificate that is no authority's cannot vouch for another`() throws {
        try files.issue("leaf")
        try files.issue("partner", by: "leaf")
        let both = try #require(files.folder.read("partner.pem")) + #require(files.folder.read("leaf.pem"))
        try files.folder.write("chain.pem", both)
        #expect(problem(try files.certificate("chain")) == .untrusted)
    }

    @Test func `a pinned certificate is trusted whoever signed it, and no other`() throws {
        try files.issue("partner", by: nil)
        try files.issue("other")
        let pin = try files.fingerprint("partner")
        for written in [pin, pin.lowercased(), pin.replacingOccurrences(of: ":", with: "")] {
            #expect(problem(try files.certificate("partner", trust: .pinned(written))) == nil)
        }
        #expect(problem(try files.certificate("other", trust: .pinned(pin))) == .untrusted)
        // Everything else still counts.
        #expect(problem(try files.certificate("partner", trust: .pinned(pin)), for: "x@partner.example") == .mailbox)
        let expired = try files.certificate("partner", trust: .pinned(pin))
        #expect(problem(expired, after: 366 * 86_400) == .expired)
    }

    @Test(arguments: [
        "", "12", String(repeating: "g", count: 64), String(repeating: "é", count: 32),
        String(repeating: "0", count: 65),
    ])
    func `what is no SHA-256 pins nothing`(pin: String) throws {
        #expect(throws: ChannelConfigurationError.self) { try files.certificate("hub", trust: .pinned(pin)) }
    }

    // MARK: Revocation

    @Test func `a revoked certificate is not used, from the moment that the list says so`() throws {
        try files.issue("partner")
        try files.issue("other")
        try files.revocationList("list", revoked: ["other"])
        let certificate = try files.certificate(
            "partner", trust: .authorities(files.path("ca.pem"), revocationLists: files.path("list.crl")))
        #expect(problem(certificate) == nil)
        try files.revocationList("list", revoked: ["other", "partner"])
        #expect(problem(certificate) == .revoked)
    }

    @Test func `a revocation list may be DER, as authorities publish it`() throws {
        try files.issue("partner")
        try files.revocationList("list", revoked: ["partner"])
        try files.openssl(["crl", "-in", files.path("list.crl"), "-outform", "DER", "-out", files.path("list.der")])
        let trust = MailCertificate.Trust.authorities(files.path("ca.pem"), revocationLists: files.path("list.der"))
        #expect(problem(try files.certificate("partner", trust: trust)) == .revoked)
    }

    @Test func `without a list in date of the issuer nothing is used`() throws {
        try files.issue("partner")
        try files.authority("strange")
        try files.revocationList("list")
        try files.revocationList("strange", of: "strange")
        try files.folder.write("broken.crl", "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n")
        try files.folder.write("empty.crl", "")
        func problem(_ list: String, after seconds: Int64 = 60) throws -> MailCertificate.Problem? {
            let trust = MailCertificate.Trust.authorities(files.path("ca.pem"), revocationLists: files.path(list))
            return self.problem(try files.certificate("partner", trust: trust), after: seconds)
        }
        #expect(try problem("list.crl") == nil)
        #expect(try problem("list.crl", after: 31 * 86_400) == .revocationUnknown)
        for list in ["strange.crl", "broken.crl", "empty.crl", "missing.crl", "ca.pem"] {
            #expect(try problem(list) == .revocationUnknown, "\(list)")
        }
    }

    // MARK: Files

    @Test(arguments: [
        "", "nothing", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "-----BEGIN CERTIFICATE-----",
    ])
    func `a file without a certificate is found at start`(text: String) throws {
        try files.folder.write("broken.pem", text)
        let error = #expect(throws: ChannelConfigurationError.self) { try files.certificate("broken") }
        #expect(error?.setting == "certificate")
        let trust = MailCertificate.Trust.authorities(files.path("broken.pem"), revocationLists: nil)
        #expect(throws: ChannelConfigurationError.self) { try files.certificate("hub", trust: trust) }
        // Half a file is none.
        try files.folder.write(
            "half.pem", try #require(files.folder.read("hub.pem")) + text + "\n-----BEGIN CERTIFICATE-----\nAA\n")
        #expect(throws: ChannelConfigurationError.self) { try files.certificate("half") }
    }

    @Test func `bytes that are nearly a certificate are refused or read, and never trapped on`() throws {
        let pem = try #require(files.folder.read("hub.pem"))
        let whole = try #require(try Libcrypto.certificates(pem: Array(pem.utf8)).first)
        for count in stride(from: 0, to: whole.count, by: 7) {
            #expect(throws: Libcrypto.Failure.unreadable) { try Libcrypto.facts(Array(whole.prefix(count))) }
        }
        for position in whole.indices {
            var bytes = whole
            bytes[position] ^= 0xFF
            guard let facts = try? Libcrypto.facts(bytes) else { continue }
            #expect(facts.fingerprint.count == 32)
        }
    }

    @Test func `our own key must be the certificate's, without a passphrase`() throws {
        try files.issue("other")
        let foreign = #expect(throws: ChannelConfigurationError.self) {
            try MailSignature(certificate: files.path("hub.pem"), key: files.path("other.key"))
        }
        #expect(foreign?.problem.contains("is not the key") == true)
        try files.openssl(
            [
                "pkey", "-aes256", "-passout", "pass:secret", "-in", files.path("hub.key"), "-out",
                files.path("locked.key"),
            ])
        for key in ["locked.key", "hub.pem", "missing.key"] {
            let error = #expect(throws: ChannelConfigurationError.self) {
                try MailSignature(certificate: files.path("hub.pem"), key: files.path(key))
            }
            #expect(error?.setting == "sign.key")
        }
    }

    @Test func `every problem has words and a code of its own`() {
        let problems = MailCertificate.Problem.allCases
        #expect(Set(problems.map(\.text)).count == problems.count)
        #expect(problems.allSatisfy { $0.rawValue.hasPrefix("certificate_") })
    }
}
