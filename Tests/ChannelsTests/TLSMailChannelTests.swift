import Foundation
import Testing

@testable import Channels

@Suite(.timeLimit(.minutes(5))) struct TLSMailChannelTests {
    private func route(_ relay: String, to recipient: String) -> MailRoute {
        MailRoute(
            relay: relay,
            login: MailLogin(user: "", password: "", certificateAuthority: "\(TestCertificates.folder)/ca.pem"),
            from: "lac@derby.example", to: recipient)
    }

    private let delivery = Delivery(
        id: "0198-ab-1", recipient: "partner", bytes: Array("a;Zoë\r\n".utf8), mediaType: "text/csv; charset=utf-8")

    @Test(
        .enabled(if: MailPeer.python != nil),
        arguments: [
            ("refer@partner.example", TLSMailChannel.Reach.assured(["other.example", "Partner.example"])),
            ("fire@derbys-fire.cjsm.net", .criminalJustice),
        ])
    func `a document arrives byte for byte as the attachment`(
        recipient: String, reach: TLSMailChannel.Reach
    ) async throws {
        let peer = try await MailPeer(tls: "starttls")
        let channel = try TLSMailChannel(route: route("smtp://localhost:\(peer.port)", to: recipient), reach: reach)
        #expect(!channel.recognisesRepeats)
        let outcome = await channel.deliver(delivery)
        await channel.shutdown()
        #expect(outcome == .delivered(reference: "0198-ab-1@derby.example"))
        #expect(peer.envelope(1) == "[\"lac@derby.example\", [\"\(recipient)\"]]")
        let mail = try #require(peer.mails.first)
        #expect(mail.hasPrefix("Subject: OFFICIAL-SENSITIVE LAC 0198-ab-1\r\n"))
        #expect(mail.contains("\r\nContent-Type: text/csv; charset=utf-8\r\n"))
        #expect(mail.contains("filename=\"0198-ab-1.csv\""))
        #expect(mail.contains("\r\n\(Data(delivery.bytes).base64EncodedString())\r\n"))
    }

    @Test(.enabled(if: MailPeer.python != nil)) func `a relay that offers no TLS gets nothing`() async throws {
        let peer = try await MailPeer(tls: "none")
        let channel = try TLSMailChannel(
            route: route("smtp://localhost:\(peer.port)", to: "fire@derbys-fire.cjsm.net"), reach: .criminalJustice)
        let outcome = await channel.deliver(delivery)
        await channel.shutdown()
        guard case .retryable("tls_not_offered", _, nil) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(peer.mails.isEmpty)
    }

    @Test func `a mail whose turn comes too late is not sent`() async throws {
        let port = try FreePort.find()
        let sender = try MailSender(url: "smtp://127.0.0.1:\(port)", login: MailLogin(user: "", password: ""))
        await #expect(throws: MailError.busy) {
            try await sender.send(from: "", to: "refer@partner.example", message: [], until: .now)
        }
        await sender.shutdown()
    }

    @Test(
        arguments: [
            ("refer@partner.example", .assured([])), ("refer@sub.partner.example", .assured(["partner.example"])),
            ("refer@partner.example.org", .assured(["partner.example"])), ("refer@partner.example", .criminalJustice),
            ("refer@cjsm.net", .criminalJustice), ("refer@xcjsm.net", .criminalJustice),
            ("refer@org.cjsm.net.example.org", .criminalJustice),
        ] as [(String, TLSMailChannel.Reach)])
    func `a mailbox elsewhere is refused at start`(recipient: String, reach: TLSMailChannel.Reach) {
        let error = #expect(throws: ChannelConfigurationError.self) {
            try TLSMailChannel(route: route("smtps://localhost:1", to: recipient), reach: reach)
        }
        #expect(error?.setting == "to")
    }
}
