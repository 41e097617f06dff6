import TestSupport
import Testing

@testable import Channels

@Suite struct DeliveryNoticeTests {
    /// A notice as a mail server writes it, with one thing changed.
    private static func notice(
        type: String = "multipart/report; report-type=delivery-status; boundary=\"b=_1\"", envelope: String = "",
        recipients: String = "Final-Recipient: rfc822;refer@partner.example\nAction: failed\nStatus: 5.1.1\n",
        returned: String =
            "--b=_1\nContent-Type: text/rfc822-headers\n\nSubject: x\nMessage-ID: <0198-ab@derby.example>\n",
        end: String = "--b=_1--\n"
    ) -> String {
        """
        From: MAILER-DAEMON@relay.example
        Content-Type: \(type)

        A few words.
        --b=_1
        Content-Type: text/plain

        Your mail could not be delivered. Action: delivered

        --b=_1
        Content-Type: message/delivery-status

        Reporting-MTA: dns; relay.example
        \(envelope)Arrival-Date: Sat, 28 Nov 2026 10:00:05 +0000

        \(recipients)
        \(returned)\(end)
        """.replacing("\n", with: "\r\n")
    }

    private static func read(_ text: String) -> DeliveryNotice? { DeliveryNotice(Array(text.utf8)) }

    @Test(arguments: DeliveryNotice.Action.allCases)
    func `a notice tells which mail it is about, and what became of it`(action: DeliveryNotice.Action) {
        let notice = Self.read(Self.notice(recipients: "Action: \(action.rawValue)\nStatus: 4.2.0 (later)\n"))
        #expect(notice?.messageID == "0198-ab@derby.example")
        #expect(notice?.reports == [.init(action: action, status: "4.2.0")])
    }

    @Test(arguments: [
        "MULTIPART/Report; Report-Type=Delivery-Status; boundary=b=_1",
        "multipart/report; boundary=\"b=_1\"; report-type=\"delivery-status\"; charset=x",
        "multipart/report;\n boundary=\"b=_1\";\n\treport-type=delivery-status",
    ])
    func `its type is written in many ways`(type: String) {
        #expect(Self.read(Self.notice(type: type))?.messageID == "0198-ab@derby.example")
    }

    @Test func `lines may end in one character, and the last boundary may be missing`() {
        #expect(Self.read(Self.notice().replacing("\r\n", with: "\n")) == Self.read(Self.notice()))
        #expect(Self.read(Self.notice(end: "")) == Self.read(Self.notice()))
    }

    @Test func `the whole mail may come back instead of its header`() {
        let returned =
            "--b=_1\nContent-Type: message/rfc822\n\nMessage-ID: <one@derby.example>\n\nMessage-ID: <two@derby.example>\n"
        #expect(Self.read(Self.notice(returned: returned))?.messageID == "one@derby.example")
    }

    @Test func `without the mail's header the envelope's id is enough, and nothing of both is not`() {
        let notice = Self.read(Self.notice(envelope: "Original-Envelope-Id: 0198-ab\n", returned: ""))
        #expect(notice?.envelopeID == "0198-ab" && notice?.messageID == nil)
        #expect(Self.read(Self.notice(returned: "")) == nil)
    }

    @Test func `each mailbox has a report, at most a hundred`() {
        let group = "Action: delivered\nStatus: 2.0.0\n\n"
        #expect(
            Self.read(Self.notice(recipients: group + "Action: FAILED\n\n" + group))?.reports.map(\.action)
                == [.delivered, .failed, .delivered])
        #expect(Self.read(Self.notice(recipients: String(repeating: group, count: 5000)))?.reports.count == 100)
    }

    @Test(arguments: [
        "", "Action: forwarded\n", "Status: 5.1.1\n", "Action:\n", "X-Action: failed\n", "Action failed\n",
    ])
    func `a notice that reports on nobody is none`(recipients: String) {
        #expect(Self.read(Self.notice(recipients: recipients)) == nil)
    }

    @Test(arguments: ["5", "5.1", "9.1.1", "5.1.1.1", "5.a.1", "5..1", "5.1.1234", "\u{665}.1.1", "-5.1.1", ""])
    func `what is no status is left out`(status: String) {
        let notice = Self.read(Self.notice(recipients: "Action: failed\nStatus: \(status)\n"))
        #expect(notice?.reports == [.init(action: .failed, status: nil)])
    }

    @Test(arguments: [
        "text/plain", "multipart/mixed; boundary=\"b=_1\"; report-type=delivery-status",
        "multipart/report; report-type=disposition-notification; boundary=\"b=_1\"",
        "multipart/report; report-type=delivery-status", "multipart/report; report-type=delivery-status; boundary=",
        "multipart/report; report-type=delivery-status; boundary=\"other\"", "", ";;;;",
        "multipart/report; =; boundary",
    ])
    func `what is no notice is not read as one`(type: String) { #expect(Self.read(Self.notice(type: type)) == nil) }

    @Test(arguments: [
        "Message-ID: 0198-ab@derby.example", "Message-ID: <0198 ab@derby.example>", "Message-ID: <>\u{0}",
        "Message-ID: <\(String(repeating: "a", count: 300))@derby.example>", "Message-ID:", "Subject: <a@b>",
    ])
    func `an id that could not be ours is not taken`(field: String) {
        let returned = "--b=_1\nContent-Type: text/rfc822-headers\n\n\(field)\n"
        #expect(Self.read(Self.notice(returned: returned)) == nil)
    }

    @Test func `no input is trapped on`() {
        let whole = Self.notice(envelope: "Original-Envelope-Id: 0198-ab\n")
        let inputs =
            Hostile.truncations(of: whole) + Hostile.mutations(of: whole, count: 3000, seed: 7)
            + Hostile.noise(alphabet: "\r\n-=;:\" b_1Action: failedContent-Type", count: 1000, seed: 8)
        for input in inputs {
            guard let notice = DeliveryNotice(input) else { continue }
            #expect(!notice.reports.isEmpty && (notice.messageID ?? notice.envelopeID) != nil)
        }
    }

    @Test(
        arguments: ["\r\n", "--b=_1\r\n", "a: b\r\n", " x\r\n", "\"", ";", "Action: failed\r\n\r\n"])
    func `half a million bytes of the same take no long time`(piece: String) {
        let start = ContinuousClock.now
        let head = "Content-Type: multipart/report; report-type=delivery-status; boundary=\"b=_1\"\r\n\r\n"
        let filling = Array(String(repeating: piece, count: 500_000 / piece.utf8.count).utf8)
        #expect(DeliveryNotice(Array(head.utf8) + filling) == nil)
        #expect(DeliveryNotice(filling) == nil)
        let part = "--b=_1\r\nContent-Type: message/delivery-status\r\n\r\n"
        #expect(DeliveryNotice(Array((head + part).utf8) + filling) == nil)
        #expect(ContinuousClock.now - start < .seconds(30))
    }
}
