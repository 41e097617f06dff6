import Testing

@testable import Channels

@Suite struct MailHeaderTests {
    private func header(_ lines: String...) -> MailHeader {
        MailHeader(Array((lines.joined(separator: "\r\n") + "\r\n\r\nFrom: body@example.org\r\n").utf8))
    }

    @Test func `fields are found by name, unfolded, up to the first empty line`() {
        let header = header("Subject: one", "  two", "X-A: 1", "x-a:2", "no field", "FROM: a@example.org")
        #expect(header["subject"] == ["one two"])
        #expect(header["X-A"] == ["1", "2"])
        #expect(header["From"] == ["a@example.org"])
    }

    @Test(
        arguments: [
            ("a@example.org", "a@example.org"), ("A B <a.b+c@x-y.example.org>", "a.b+c@x-y.example.org"),
            ("\"<x@y>\" <a@example.org>", "a@example.org"), ("<>", nil), ("", nil), ("a", nil), ("a@b", nil),
            ("<x@example.org Bcc: <y@example.org>>", nil),
            ("A <a@example.org>, B <b@example.org>", nil), ("a@example.org> RCPT TO:<b@example.org", nil),
            ("a@b@example.org", nil), ("a b@example.org", nil), ("a@example.org, b@example.org", nil),
            ("<a@example.org", nil), ("a@.example.org", nil), ("a@exam\u{E9}ple.org", nil),
            ("a@example.org\nBcc: b", nil),
            ("<a@example.org\r\n>", nil), (String(repeating: "a", count: 65) + "@example.org", nil),
        ] as [(String, String?)])
    func `an address is taken only when it is a plain one`(_ text: String, _ address: String?) {
        #expect(MailHeader.address(text) == address)
    }

    @Test func `the return path comes before the author, and two authors are none`() {
        #expect(header("Return-Path: <p@example.org>", "From: a@example.org").returnAddress == "p@example.org")
        #expect(header("From: a@example.org").returnAddress == "a@example.org")
        #expect(header("From: a@example.org", "From: b@example.org").returnAddress == nil)
    }

    @Test(
        arguments: [
            ("Auto-Submitted: auto-replied", "auto_submitted"), ("Auto-Submitted: no", nil),
            ("Precedence: Bulk", "precedence"), ("Precedence: first-class", nil),
            ("Return-Path: <>", "null_return_path"),
            ("List-Id: <a.example.org>", "mailing_list"), ("Content-Type: multipart/report; a=b", "report"),
            ("Content-Type: text/plain", nil),
        ] as [(String, String?)])
    func `what a machine wrote is not answered`(_ line: String, _ reason: String?) {
        #expect(header(line, "From: a@example.org").reasonNotToAnswer == reason)
    }

    @Test(arguments: ["postmaster", "MAILER-DAEMON", "no-reply", "noreply", "do_not_reply", "bounces+1"])
    func `a machine's address is not answered`(_ name: String) {
        #expect(header("From: <\(name)@example.org>").reasonNotToAnswer == "machine")
    }

    @Test func `any bytes at all give a header or none`() {
        var random = SystemRandomNumberGenerator()
        for length in 0..<300 {
            let bytes = (0..<length).map { _ in
                [0x0A, 0x0D, 0x20, 0x3A, 0x3C, 0x3E, 0x40, 0xFF, 0x61].randomElement(using: &random)! as UInt8
            }
            _ = MailHeader(Array("From:".utf8) + bytes).reasonNotToAnswer
        }
        #expect(MailHeader([]).reasonNotToAnswer == "no_address")
        #expect(MailHeader(Array(repeating: 0x61, count: 1 << 20)).reasonNotToAnswer == "no_address")
    }

    @Test func `only an id that fits into a header is repeated`() {
        #expect(header("Message-ID: <1@example.org>").messageID == "<1@example.org>")
        #expect(header("Message-ID: 1@example.org").messageID == nil)
        #expect(header("Message-ID: <1", " 2@example.org>").messageID == nil)
    }
}
