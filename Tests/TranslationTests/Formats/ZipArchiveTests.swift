import Foundation
import Referral
import Testing

@testable import Translation

struct ZipArchiveTests {
    private typealias Member = ZipFile.Member

    private func refusal(_ members: [ZipFile.Member], _ limits: ZipArchive.Limits = .init()) -> DocumentError? {
        do throws(DocumentError) {
            let archive = try ZipArchive(ZipFile.write(members), limits: limits)
            for name in archive.names { _ = try archive.bytes(of: name) }
            return nil
        } catch {
            return error
        }
    }

    private static let small = ZipFile.Member(name: "a.txt", bytes: Array("hello".utf8))
    /// 300,000 zeros in 308 bytes.
    private static let zeros = ZipFile.Member(
        name: "zeros.csv", bytes: Array(repeating: UInt8(ascii: "0"), count: 300_000),
        packed: [UInt8](
            Data(
                base64Encoded:
                    "7cEBDQAAAMKgSu+fzh4OKAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
                    + "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
                    + "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
                    + "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
                    + "AAAAAAAA+DE=")!))

    @Test func `members are handed out by name, others are not there`() throws {
        let archive = try ZipArchive(ZipFile.write(["b/a.txt": "hello", "b/": "", "c.csv": ""]))
        #expect(archive.names == ["b/a.txt", "c.csv"])
        #expect(try archive.bytes(of: "b/a.txt") == Array("hello".utf8))
        #expect(try archive.bytes(of: "c.csv") == [])
        #expect(try archive.bytes(of: "../b/a.txt") == nil)
        #expect(try archive.bytes(of: "b/") == nil)
    }

    @Test func `a packed member is unpacked`() throws {
        let archive = try ZipArchive(ZipFile.write([Self.zeros]), limits: .init(ratio: 2000))
        #expect(try archive.bytes(of: "zeros.csv") == Self.zeros.bytes)
    }

    @Test(arguments: [
        "../a.txt", "a/../../b", "/etc/passwd", "a\\..\\b", "C:a", "./a", "a//b", "a/..", "line\nbreak", "..", "a/./b",
    ]) func `a name that leads elsewhere is refused`(_ name: String) {
        #expect(refusal([Self.small, Member(name: name, bytes: [1])])?.path == "entry 2")
    }

    @Test(arguments: [0o120777, 0o010644, 0o020644, 0o060644, 0o140644] as [UInt32])
    func `links, pipes, devices and sockets are refused`(_ mode: UInt32) {
        #expect(refusal([Member(name: "a", bytes: [1], mode: mode)])?.text == "links and devices are refused")
    }

    @Test(arguments: ["a.zip", "b/A.ZIP", "a.tar.gz", "a.7z"]) func `an archive within is refused by its name`(
        _ name: String
    ) {
        #expect(refusal([Member(name: name, bytes: [1])])?.code == .notParseable)
    }

    @Test func `an archive within is refused by what it is, a document is not`() {
        let inner = ZipFile.write([Self.small])
        #expect(refusal([Member(name: "photo.png", bytes: inner)])?.code == .notParseable)
        #expect(refusal([Member(name: "letter.docx", bytes: inner)]) == nil)
    }

    @Test func `what is packed too well is refused before it is unpacked`() {
        #expect(refusal([Self.zeros])?.code == .tooLarge)
    }

    @Test func `a size that is less than the truth gains nothing`() {
        var lying = Self.zeros
        lying.said = 20_000
        #expect(refusal([lying]) != nil)
        lying.said = 301_000
        #expect(refusal([lying], .init(ratio: 2000)) != nil)
    }

    @Test func `entries and bytes are counted over the whole archive`() {
        let many = (0..<101).map { Member(name: "\($0)", bytes: []) }
        #expect(refusal(many)?.code == .tooLarge)
        #expect(refusal(Array(many.prefix(100))) == nil)
        let two = [Member(name: "a", bytes: [1, 2, 3]), Member(name: "b", bytes: [4, 5, 6])]
        #expect(refusal(two, .init(bytes: 5))?.path == "entry 2")
        #expect(refusal(two, .init(bytes: 6)) == nil)
    }

    @Test func `encryption, damage and two members of a name are refused`() {
        #expect(
            refusal([Member(name: "a", bytes: Array(repeating: 1, count: 20), flags: 1)])?.text
                == "encrypted entries are refused")
        #expect(refusal([Member(name: "a", bytes: [1], isDamaged: true)])?.text == "the entry is damaged")
        #expect(refusal([Self.small, Self.small]) != nil)
    }

    @Test func `an archive cut off or changed anywhere never traps`() throws {
        let whole = ZipFile.write(["a.txt": "hello", "b.csv": "x,y\n1,2\n"])
        for length in 0..<whole.count {
            #expect(throws: DocumentError.self) { try ZipArchive(Array(whole.prefix(length))) }
        }
        for position in whole.indices {
            var changed = whole
            changed[position] ^= 0xFF
            guard let archive = try? ZipArchive(changed) else { continue }
            for name in archive.names { _ = try? archive.bytes(of: name) }
        }
    }
}
