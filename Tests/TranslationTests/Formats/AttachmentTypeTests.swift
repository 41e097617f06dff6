import Referral
import Testing

@testable import Translation

@Suite struct AttachmentTypeTests {
    @Test(
        arguments: [
            (Array("%PDF-1.7\n".utf8), .pdf), ([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0], .png),
            ([0xFF, 0xD8, 0xFF, 0xE0], .jpeg), ([0x49, 0x49, 0x2A, 0x00, 8], .tiff), ([0x4D, 0x4D, 0x00, 0x2A], .tiff),
            (Array("Dear team,\r\n\tcan you help?".utf8), .text), (Array("name;needs\nZoë;company\n".utf8), .text),
            ([0xEF, 0xBB, 0xBF, 0x61], .text), (Array("Zo".utf8) + [0xEB], .text), ([], .text),
            (Array("<?xml version=\"1.0\"?>\n<a><b/></a>".utf8), .xml), (Array(" <a/>".utf8), .xml),
        ] as [([UInt8], AttachmentType)])
    func `what bytes are is told by themselves`(_ bytes: [UInt8], _ type: AttachmentType) {
        #expect(AttachmentType(of: bytes) == type)
    }

    @Test(
        arguments: [
            Array("MZ\u{90}\0".utf8), [0x7F, 0x45, 0x4C, 0x46], [0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1],
            [0x1F, 0x8B, 8], Array("a\0b".utf8), Array("<!DOCTYPE html><html></html>".utf8),
            Array("<html><br></html>".utf8), Array("<a>".utf8), [0x61, 0x81], [0x50, 0x4B, 3, 4],
        ])
    func `what is of no kind that is taken has none`(_ bytes: [UInt8]) {
        #expect(AttachmentType(of: bytes) == nil)
    }

    @Test func `an Office file is told by what is in it, and one with macros is refused`() {
        for (member, type) in [("word/document.xml", AttachmentType.docx), ("xl/workbook.xml", .xlsx)] {
            #expect(AttachmentType(of: ZipFile.write([member: "<a/>"])) == type)
            #expect(AttachmentType(of: ZipFile.write([member: "<a/>", "word/vbaProject.bin": "x"])) == nil)
        }
        #expect(AttachmentType(of: ZipFile.write(["letter.txt": "hello"])) == nil)
    }

    @Test func `a sender may call each kind only what it is`() {
        for type in AttachmentType.allCases {
            #expect(type.fits(type.mediaType) && Attachment.mediaTypes.contains(type.mediaType))
        }
        for name in Attachment.mediaTypes {
            #expect(AttachmentType.allCases.contains { $0.fits(name) }, "\(name)")
        }
        #expect(!AttachmentType.text.fits("application/pdf") && !AttachmentType.pdf.fits("text/plain"))
    }
}
