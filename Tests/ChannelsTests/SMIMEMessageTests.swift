import Foundation
import Testing

@testable import Channels

@Suite(.timeLimit(.minutes(5))) struct SMIMEMessageTests {
    private let files: MailCertificates

    init() throws { files = try MailCertificates() }

    private static let content = Array("Content-Type: text/plain\r\n\r\nZo\u{EB} needs a ramp.\r\n.\r\n\u{0}\n".utf8)

    /// Makes a message and lets the `openssl` command decrypt and verify it.
    private func roundTrip(_ content: [UInt8], cipher: MailCipher) throws -> [UInt8] {
        let message = try SMIMEMessage(
            content, from: files.signature(), to: files.certificate("partner"), cipher: cipher)
        try files.folder.write("message.eml", message.entity)
        try files.openssl(
            ["cms", "-decrypt", "-in", files.path("message.eml"), "-recip", files.path("partner.pem")]
                + ["-inkey", files.path("partner.key"), "-out", files.path("signed.eml")])
        return Array(
            try files.openssl(
                ["cms", "-verify", "-binary", "-in", files.path("signed.eml"), "-CAfile", files.path("ca.pem")]
                    + ["-purpose", "smimesign"]))
    }

    @Test(arguments: [MailCertificates.Key.rsa, .p256, .p384], MailCipher.allCases)
    func `what is signed and enveloped comes out byte for byte`(key: MailCertificates.Key, cipher: MailCipher) throws {
        try files.issue("partner", key: key)
        #expect(try roundTrip(Self.content, cipher: cipher) == Self.content)
        #expect(try roundTrip([], cipher: cipher) == [])
        let large = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 8) }
        #expect(try roundTrip(large, cipher: cipher) == large)
    }

    @Test(arguments: [MailCertificates.Key.rsa, .p256], MailCipher.allCases)
    func `the algorithms are those agreed on`(key: MailCertificates.Key, cipher: MailCipher) throws {
        try files.issue("partner", key: key)
        _ = try roundTrip(Self.content, cipher: cipher)
        func shown(_ file: String) throws -> String {
            String(
                decoding: try files.openssl(["cms", "-cmsout", "-print", "-noout", "-in", files.path(file)]),
                as: UTF8.self)
        }
        let outside = try shown("message.eml")
        #expect(outside.contains(cipher.rawValue))
        #expect(outside.contains(cipher == .aes256CBC ? "d.envelopedData" : "d.authEnvelopedData"))
        #expect(outside.contains(key == .rsa ? "rsaesOaep" : "dhSinglePass-stdDH-sha256kdf-scheme"))
        if key == .rsa { #expect(outside.contains("mgf1") && outside.contains("sha256")) }
        #expect(!outside.contains("sha1"))
        let inside = try shown("signed.eml")
        #expect(inside.contains("d.signedData") && inside.contains("sha256") && !inside.contains("sha1"))
    }

    @Test func `the certificates between ours and its authority are sent along`() throws {
        try files.issue(
            "between", names: .some(nil), usage: "critical,keyCertSign", extended: "",
            isAuthority: true)
        try files.issue("signer", mailbox: "lac@derby.example", key: .rsa, by: "between")
        try files.issue("partner")
        try files.folder.write(
            "hub.pem", try #require(files.folder.read("signer.pem")) + #require(files.folder.read("between.pem")))
        try files.folder.write("hub.key", try #require(files.folder.read("signer.key")))
        #expect(try roundTrip(Self.content, cipher: .aes256CBC) == Self.content)
    }

    @Test func `nothing of the content can be seen outside, and lines fit every server`() throws {
        try files.issue("partner")
        let message = try SMIMEMessage(
            Array("Edna Jessop".utf8), from: files.signature(), to: files.certificate("partner"), cipher: .aes256CBC)
        let text = String(decoding: message.entity, as: UTF8.self)
        #expect(text.hasPrefix("Content-Type: application/pkcs7-mime; smime-type=enveloped-data;"))
        #expect(text.components(separatedBy: "\r\n").allSatisfy { $0.utf8.count <= 100 })
        #expect(text.hasSuffix("\r\n") && !text.replacingOccurrences(of: "\r\n", with: "").contains("\n"))
        let body = try #require(text.components(separatedBy: "\r\n\r\n").last)
        let der = try #require(Data(base64Encoded: body.replacingOccurrences(of: "\r\n", with: "")))
        #expect(der.range(of: Data("Edna".utf8)) == nil && der.range(of: Data("Jessop".utf8)) == nil)
    }

    @Test func `who is not the recipient cannot read it, and no two messages are alike`() throws {
        try files.issue("partner")
        try files.issue("other")
        let signature = try files.signature()
        let certificate = try files.certificate("partner")
        let (one, two) = (
            try SMIMEMessage(Self.content, from: signature, to: certificate, cipher: .aes256GCM),
            try SMIMEMessage(Self.content, from: signature, to: certificate, cipher: .aes256GCM)
        )
        #expect(one.entity != two.entity)
        try files.folder.write("message.eml", one.entity)
        #expect(throws: MailCertificates.Failed.self) {
            try files.openssl(
                ["cms", "-decrypt", "-in", files.path("message.eml"), "-recip", files.path("other.pem")]
                    + ["-inkey", files.path("other.key")])
        }
    }

    @Test func `a key that cannot be encrypted to is a failure, not a message`() throws {
        try files.issue("partner", key: .ed25519)
        #expect(throws: Libcrypto.Failure.self) {
            try SMIMEMessage(
                Self.content, from: files.signature(), to: files.certificate("partner"), cipher: .aes256CBC)
        }
    }
}
