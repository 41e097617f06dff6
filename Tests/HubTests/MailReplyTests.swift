import Foundation
import Testing

@testable import Hub

@Suite struct MailReplyTests {
    private let reply = MailReply(
        from: "LAC@derby.example", portal: "https://lac.derby.example/refer",
        organisation: .init(id: "derby_lac", name: "Derby – Zoë", ods: nil))

    @Test func `an answer has a header that no machine answers, and lines that every server takes`() throws {
        let text = String(
            decoding: reply.message(to: "a@example.org", answering: nil, at: 1_795_860_000), as: UTF8.self)
        let parts = text.components(separatedBy: "\r\n\r\n")
        #expect(parts.count == 2)
        #expect(parts[0].contains("Auto-Submitted: auto-replied") && parts[0].contains("To: <a@example.org>"))
        #expect(!parts[0].contains("In-Reply-To"))
        let lines = text.components(separatedBy: "\r\n")
        #expect(lines.allSatisfy { $0.utf8.count <= 200 && $0.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F } })
        let body = try #require(Data(base64Encoded: parts[1].replacingOccurrences(of: "\r\n", with: "")))
        #expect(String(decoding: body, as: UTF8.self).contains("Derby – Zoë"))
    }
}
