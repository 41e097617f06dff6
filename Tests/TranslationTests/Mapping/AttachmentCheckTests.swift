import Foundation
import Referral
import Testing

@testable import Translation

@Suite struct AttachmentCheckTests {
    private static let letter = Array("%PDF-1.4\n".utf8)
    private static let digest = String(repeating: "0", count: 64)

    /// The result for one attachment in an otherwise complete envelope.
    private func result(_ attachment: Value) throws -> Translated {
        let adapter = try #require(AdapterFolder.loaded.0["envelope"])
        let envelope: Value = [
            "message_id": "A-1", "sender": "anybody", "sent_at": "2026-11-20T15:05:00Z", "type": "referral",
            "person": ["family": "Example", "dob": "1950-01-02"], "reason": "Would like company",
            "referrer": ["name": "A Helper"], "attachments": [attachment],
        ]
        let results = Translator(
            adapter: adapter, inbound: adapter.inbound[0], environment: .test, now: later, partner: "anybody"
        ).translate(StrictJSON.write(envelope))
        return try #require(results.first)
    }

    private func base64(_ bytes: [UInt8]) -> Value { .string(Data(bytes).base64EncodedString()) }

    @Test func `a content that is what it says is kept where it stands, with its size and digest`() throws {
        let result = try result(["media_type": "application/pdf", "content_base64": base64(Self.letter)])
        let attachment = try #require(result.referral?.attachments.first)
        #expect(result.status == .accepted && result.errors.isEmpty)
        #expect(attachment.content == .document(path: "attachments[0].content_base64"))
        #expect(attachment.size == 9)
        let again = try self.result([
            "sha256": .string(attachment.sha256 ?? ""), "size": 9, "content_base64": base64(Self.letter),
        ])
        #expect(again.status == .accepted)
        #expect(again.referral?.attachments.first?.mediaType == "application/pdf")
    }

    @Test(
        arguments: [
            (["media_type": "application/pdf", "content_base64": "aGVsbG8="], .mediaType),
            (["media_type": "text/plain", "content_base64": "JVBERi0xLjQK"], .mediaType),
            (["content_base64": "f0VMRg=="], .mediaType),
            (["content_base64": "aGVsbG8=", "size": 6], .checksum),
            (["content_base64": "aGVsbG8=", "sha256": .string(digest)], .checksum),
        ] as [(Value, FindingCode)])
    func `a content that is not what it says is an error, and is not kept`(_ value: Value, _ code: FindingCode) throws {
        let result = try result(value)
        #expect(result.status == .incomplete)
        #expect(result.errors.map(\.code) == [code])
        #expect(result.errors.first?.path == "attachments[0].content_base64")
        #expect(result.referral?.attachments.map(\.content) == [nil])
    }

    @Test func `a content that is too large is not kept`() throws {
        let result = try result([
            "name": "a.txt", "content_base64": base64(Array(repeating: 0x61, count: Attachment.largest + 1)),
        ])
        #expect(result.warnings.contains { $0.code == .tooLarge })
        #expect(result.referral?.attachments.map(\.content) == [nil])
    }
}
