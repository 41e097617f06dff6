import Foundation
import Testing

@testable import Channels

/// Mail to a real relay (aiosmtpd), read by the `openssl` command.
@Suite(.enabled(if: MailPeer.python != nil), .timeLimit(.minutes(5))) struct EncryptedMailChannelTests {
    private let files: MailCertificates

    init() throws { files = try MailCertificates() }

    private static let content = Array(#"{"note":"Edna Jessop, 3 Weir Meadow Drive, needs a ramp. Zoë too."}"#.utf8)

    private func delivery(_ id: String = "0198-ab-1", attempt: Int = 1, bytes: [UInt8]? = nil) -> Delivery {
        Delivery(
            id: id, attempt: attempt, recipient: "partner", bytes: bytes ?? Self.content, mediaType: "application/json",
            fileName: "share.json")
    }

    private func route(
        _ relay: String, timeout: Duration = .seconds(60), to recipient: String = "refer@partner.example"
    ) -> MailRoute {
        MailRoute(
            relay: relay,
            login: MailLogin(
                user: "", password: "", certificateAuthority: "\(TestCertificates.folder)/ca.pem", timeout: timeout),
            from: "lac@derby.example", to: recipient)
    }

    private func channel(
        _ route: MailRoute, certificate: String = "partner", trust: MailCertificate.Trust? = nil,
        signer: String = "hub", cipher: MailCipher = .aes256CBC,
        now: @escaping @Sendable () -> Int64 = { WallClock.now() + 60 }
    ) throws -> EncryptedMailChannel {
        try EncryptedMailChannel(
            configuration: .init(
                route: route, certificate: files.path("\(certificate).pem"),
                trust: trust ?? .authorities(files.path("ca.pem"), revocationLists: nil),
                signer: files.path("\(signer).pem"), signerKey: files.path("\(signer).key"), cipher: cipher), now: now)
    }

    private func outcome(_ channel: some OutboundChannel, _ delivery: Delivery? = nil) async -> DeliveryOutcome {
        let outcome = await channel.deliver(delivery ?? self.delivery())
        await channel.shutdown()
        return outcome
    }

    // MARK: What arrives

    @Test(arguments: ["smtps", "smtp"], MailCipher.allCases)
    func `a document arrives byte for byte, encrypted, under headers that say nothing`(
        scheme: String, cipher: MailCipher
    ) async throws {
        let peer = try await MailPeer(tls: scheme == "smtp" ? "starttls" : "implicit")
        let outcome = await outcome(try channel(route("\(scheme)://localhost:\(peer.port)"), cipher: cipher))
        #expect(outcome == .delivered(reference: "0198-ab-1@derby.example"))
        #expect(peer.envelope(1) == #"["lac@derby.example", ["refer@partner.example"]]"#)
        let mail = try #require(peer.mails.first)
        let fields = try #require(mail.components(separatedBy: "\r\n\r\n").first).components(separatedBy: "\r\n")
        #expect(
            fields.map { $0.prefix { $0 != ":" } } == [
                "Subject", "From", "To", "Date", "Message-ID", "MIME-Version", "Content-Type",
                "Content-Transfer-Encoding",
                "Content-Disposition",
            ])
        #expect(fields[0] == "Subject: OFFICIAL-SENSITIVE LAC 0198-ab-1")
        #expect(fields[4] == "Message-ID: <0198-ab-1@derby.example>")
        #expect(fields[6].hasPrefix("Content-Type: application/pkcs7-mime; smime-type=\(cipher.smimeType);"))
        for word in ["Edna", "Jessop", "share.json"] { #expect(!mail.contains(word)) }

        try files.folder.write("mail.eml", mail)
        try files.openssl(
            ["cms", "-decrypt", "-in", files.path("mail.eml"), "-recip", files.path("partner.pem")]
                + ["-inkey", files.path("partner.key"), "-out", files.path("signed.eml")])
        let inside = String(
            decoding: try files.openssl(
                ["cms", "-verify", "-binary", "-in", files.path("signed.eml"), "-CAfile", files.path("ca.pem")]),
            as: UTF8.self)
        #expect(inside.contains("filename=\"share.json\"") && inside.contains("Content-Type: application/json\r\n"))
        let base64 = try #require(
            inside.components(separatedBy: "base64\r\n\r\n").last?.components(separatedBy: "--=_").first)
        #expect(Data(base64Encoded: base64.filter { !$0.isWhitespace }) == Data(Self.content))
    }

    @Test func `each attempt has the same message id`() async throws {
        let peer = try await MailPeer()
        let channel = try channel(route("smtps://localhost:\(peer.port)"))
        #expect(!channel.recognisesRepeats)
        let first = await channel.deliver(delivery())
        let second = await channel.deliver(delivery(attempt: 2))
        await channel.shutdown()
        #expect(first == second)
        let ids = peer.mails.map { MailHeader(Array($0.utf8)).messageID }
        #expect(ids == ["<0198-ab-1@derby.example>", "<0198-ab-1@derby.example>"])
    }

    @Test func `deliveries at once all arrive`() async throws {
        let peer = try await MailPeer()
        let channel = try channel(route("smtps://localhost:\(peer.port)"))
        await withTaskGroup(of: DeliveryOutcome.self) { group in
            for number in 1...10 { group.addTask { await channel.deliver(self.delivery("id-\(number)")) } }
            for await outcome in group {
                guard case .delivered = outcome else {
                    Issue.record("\(outcome)")
                    continue
                }
            }
        }
        await channel.shutdown()
        #expect(Set(peer.mails.compactMap { MailHeader(Array($0.utf8)).messageID }).count == 10)
    }

    @Test func `a document of 10 MiB arrives`() async throws {
        let peer = try await MailPeer()
        let bytes = (0..<(10 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 7 ^ $0 >> 9) }
        let outcome = await outcome(try channel(route("smtps://localhost:\(peer.port)")), delivery(bytes: bytes))
        #expect(outcome == .delivered(reference: "0198-ab-1@derby.example"))
        #expect(peer.mails.count == 1)
    }

    // MARK: What must not be sent

    @Test func `with a certificate that fails nothing is sent, and the reason has its code`() async throws {
        let peer = try await MailPeer()
        let route = route("smtps://localhost:\(peer.port)")
        try files.issue("mailbox", mailbox: "other@partner.example")
        try files.issue("weak", key: .rsaShort)
        try files.issue("usage", usage: "digitalSignature")
        try files.issue("own", by: nil)
        try files.revocationList("list", revoked: ["partner"])
        let revoking = MailCertificate.Trust.authorities(files.path("ca.pem"), revocationLists: files.path("list.crl"))
        for (code, channel) in [
            ("certificate_mailbox", try channel(route, certificate: "mailbox")),
            ("certificate_weak", try channel(route, certificate: "weak")),
            ("certificate_usage", try channel(route, certificate: "usage")),
            ("certificate_untrusted", try channel(route, certificate: "own")),
            ("certificate_untrusted", try channel(route, trust: .pinned(files.fingerprint("hub")))),
            ("certificate_revoked", try channel(route, trust: revoking)),
            ("certificate_expired", try channel(route, now: { WallClock.now() + 366 * 86_400 })),
            ("certificate_not_yet_valid", try channel(route, now: { WallClock.now() - 86_400 })),
        ] {
            let problem = channel.problem()
            let outcome = await outcome(channel)
            guard case .rejected(code, let text) = outcome else {
                Issue.record("\(code): \(outcome)")
                continue
            }
            #expect(problem?.rawValue == code && problem?.text == text)
        }
        #expect(peer.mails.isEmpty)
        // The relay takes what is in order, so that it was not for its sake.
        let right = await outcome(try channel(route))
        #expect(right == .delivered(reference: "0198-ab-1@derby.example"))
        #expect(peer.mails.count == 1)
    }

    @Test func `nothing is signed with a certificate of ours that has ended`() async throws {
        let peer = try await MailPeer()
        try files.issue("short", mailbox: "lac@derby.example", more: ["-days", "1"])
        let channel = try channel(
            route("smtps://localhost:\(peer.port)"), signer: "short", now: { WallClock.now() + 2 * 86_400 })
        #expect(channel.signerExpires < channel.expires)
        guard case .rejected("signer_expired", _) = await outcome(channel) else {
            Issue.record("sent")
            return
        }
        #expect(peer.mails.isEmpty)
    }

    @Test(arguments: ["", "a b", "a\r\nBcc: x@example.org", "é", String(repeating: "a", count: 65)])
    func `an id that could break the header is refused`(id: String) async throws {
        guard case .rejected("delivery_id", _) = await outcome(try channel(route("smtps://localhost:1")), delivery(id))
        else {
            Issue.record("sent")
            return
        }
    }

    @Test func `a name or type that could break a header is not repeated`() {
        let attachment = MailAttachment(
            Delivery(
                id: "1", recipient: "x", bytes: [1], mediaType: "text/plain\r\nX-Bad: 1",
                fileName: "a\"\r\nX-Bad: é/../b.txt"))
        let text = String(decoding: attachment.entity(), as: UTF8.self)
        #expect(!text.contains("X-Bad: 1") && !text.contains("\r\nX-Bad"))
        #expect(text.contains("filename=\"a__X-Bad____.._b.txt\"") && text.contains("application/octet-stream"))
    }

    // MARK: Relays

    @Test func `a relay that offers no TLS gets nothing`() async throws {
        let peer = try await MailPeer(tls: "none")
        let outcome = await outcome(try channel(route("smtp://localhost:\(peer.port)")))
        guard case .retryable("tls_not_offered", _, nil) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(peer.mails.isEmpty)
    }

    @Test func `a relay whose certificate is for another name gets nothing`() async throws {
        for (scheme, tls) in [("smtps", "implicit"), ("smtp", "starttls")] {
            let peer = try await MailPeer(host: "127.0.0.2", tls: tls)
            let outcome = await outcome(try channel(route("\(scheme)://127.0.0.2:\(peer.port)")))
            guard case .retryable("tls_failed", _, nil) = outcome else {
                Issue.record("\(outcome)")
                continue
            }
            #expect(peer.mails.isEmpty)
        }
    }

    @Test func `a relay of an unknown authority gets nothing`() async throws {
        let peer = try await MailPeer()
        var route = route("smtps://localhost:\(peer.port)")
        route.login.certificateAuthority = files.path("ca.pem")
        let outcome = await outcome(try channel(route))
        guard case .retryable("tls_failed", _, nil) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(peer.mails.isEmpty)
    }

    @Test(
        arguments: [
            ("rcpt 550", "mail_refused", true), ("data 554", "mail_refused", true),
            ("rcpt 451", "mail_deferred", false),
            ("data 452", "mail_deferred", false), ("rcpt 421", "mail_deferred", false),
        ])
    func `what a relay answers decides`(what: String, code: String, isFinal: Bool) async throws {
        let peer = try await MailPeer(doing: what)
        let outcome = await outcome(try channel(route("smtps://localhost:\(peer.port)")))
        switch outcome {
        case .rejected(code, let text) where isFinal: #expect(!text.contains("said so"))
        case .retryable(code, let text, nil) where !isFinal: #expect(!text.contains("said so"))
        default: Issue.record("\(outcome)")
        }
        #expect(peer.mails.isEmpty)
    }

    @Test(arguments: [("cut", "connection_lost"), ("silence", "answer_timeout")])
    func `a relay that has the mail and does not say so leaves it unknown`(what: String, code: String) async throws {
        let peer = try await MailPeer(doing: what)
        let start = ContinuousClock.now
        let outcome = await outcome(try channel(route("smtps://localhost:\(peer.port)", timeout: .seconds(5))))
        guard case .unknown(code, _) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(ContinuousClock.now - start < .seconds(60))
        #expect(peer.mails.count == 1)
    }

    @Test func `a relay that breaks off before the mail's end has nothing of it`() async throws {
        let peer = try await MailPeer(doing: "cut before data")
        let large = [UInt8](repeating: 65, count: 8 << 20)
        let outcome = await outcome(try channel(route("smtps://localhost:\(peer.port)")), delivery(bytes: large))
        guard case .retryable("connection_lost", _, nil) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(peer.mails.isEmpty)
    }

    @Test func `a relay that takes the connection and says nothing is given up`() async throws {
        // Bound and listened to by nobody: the system takes connections that no one will ever answer.
        let silent = try SilentListener()
        let outcome = await outcome(try channel(route("smtp://127.0.0.1:\(silent.port)", timeout: .seconds(2))))
        guard case .retryable("answer_timeout", _, nil) = outcome else {
            Issue.record("\(outcome)")
            return
        }
    }

    @Test func `a relay that is not there is tried again`() async throws {
        let outcome = await outcome(try channel(route("smtps://localhost:\(try FreePort.find())")))
        guard case .retryable("connection_refused", _, nil) = outcome else {
            Issue.record("\(outcome)")
            return
        }
    }

    @Test func `one delivery that is given up does not end the others`() async throws {
        let peer = try await MailPeer()
        let channel = try channel(route("smtps://localhost:\(peer.port)"))
        let cancelled = Task { await channel.deliver(delivery("cancelled")) }
        cancelled.cancel()
        _ = await cancelled.value
        #expect(await channel.deliver(delivery("kept")) == .delivered(reference: "kept@derby.example"))
        await channel.shutdown()
    }

    // MARK: Settings

    @Test(arguments: [
        "", "nobody", "a@b", "a@b.example\r\nBcc: c@d.example", "A <a@b.example>", "a@b.example,c@d.example",
    ])
    func `what is no mailbox is found at start`(address: String) throws {
        let error = #expect(throws: ChannelConfigurationError.self) {
            try channel(route("smtps://localhost:1", to: address))
        }
        #expect(error?.setting == "to")
    }

    @Test(arguments: ["", "localhost", "http://localhost", "imaps://localhost", "smtps://user:secret@localhost"])
    func `what is no relay is found at start`(relay: String) throws {
        let error = #expect(throws: ChannelConfigurationError.self) { try channel(route(relay)) }
        #expect(error?.setting == "smtp" && error?.problem.contains("secret") == false)
    }

    @Test func `our certificate must be for the mailbox that the mails come from`() throws {
        let error = #expect(throws: ChannelConfigurationError.self) {
            try channel(route("smtps://localhost:1"), signer: "partner")
        }
        #expect(error?.setting == "sign.certificate")
    }
}

/// A port of this machine that connections are taken at and nothing is ever said.
final class SilentListener: Sendable {
    let port: Int
    private let descriptor: Int32

    init() throws {
        (descriptor, port) = try FreePort.listening()
    }

    deinit { close(descriptor) }
}
