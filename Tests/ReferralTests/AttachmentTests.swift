import Referral
import Testing

@Suite struct AttachmentTests {
    private func reading(_ attachment: Value) -> ReferralReading {
        read(Samples.complete("attachments", [attachment]))
    }

    @Test(arguments: ["aGVsbG8=", "aGVs\r\nbG8=", "aGk=", "aGVsbG8h"])
    func `content stays in the document, and the model says where`(_ base64: String) {
        let reading = reading([
            "name": "a.txt", "media_type": "text/plain; charset=utf-8", "content_base64": .string(base64),
        ])
        #expect(reading.warnings.isEmpty)
        #expect(reading.referral?.attachments.first?.content == .document(path: "attachments[0].content_base64"))
        #expect(reading.referral?.attachments.first?.mediaType == "text/plain")
    }

    @Test(
        arguments: [
            (["media_type": "application/zip", "file": "a.zip"] as Value, "media_type attachments[0].media_type"),
            (["media_type": "text/plain", "size": 10_485_761, "file": "a"], "too_large attachments[0].size"),
            (["media_type": "text/plain", "name": "a.txt"], "incomplete_set attachments[0]"),
            (["file": "../a.txt"], "schema attachments[0].file"),
            (["file": "a.txt", "sha256": "abc"], "checksum attachments[0].sha256"),
            (["content_base64": "aGVsbG8"], "encoding attachments[0].content_base64"),
            (["content_base64": "aGVs bG8="], "encoding attachments[0].content_base64"),
        ] as [(Value, String)])
    func `a wrong attachment is a warning with its place`(_ attachment: Value, _ warning: String) {
        let reading = reading(attachment)
        #expect(reading.status == .accepted)
        #expect(reading.warningPlaces.contains(warning))
    }

    @Test func `content of another kind, too large or in a folder is not referred to`() {
        let large = Value.string(String(repeating: "AAAA", count: Attachment.largest / 8 * 3 + 1))
        for attachment: Value in [
            ["media_type": "application/zip", "file": "a.zip"], ["name": "a", "content_base64": large],
            ["name": "a", "file": "/etc/a"],
        ] {
            #expect(reading(attachment).referral?.attachments.map(\.content) == [nil])
        }
    }

    @Test func `the eleventh attachment is left out`() {
        let reading = read(Samples.complete("attachments", .array(Array(repeating: ["file": "a.txt"], count: 11))))
        #expect(reading.referral?.attachments.count == 10)
        #expect(reading.warningPlaces == ["too_large attachments"])
    }
}
