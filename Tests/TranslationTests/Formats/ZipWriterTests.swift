import Testing

@testable import Translation

struct ZipWriterTests {
    private static let files: [(name: String, bytes: [UInt8])] = [
        ("rows.csv", Array("\"pid\"\r\n".utf8)), ("empty.json", []), ("release-note.json", Array("{}\n".utf8)),
    ]

    @Test func `what is put in comes out again, in order`() throws {
        let archive = try ZipArchive(#require(ZipWriter.write(Self.files)))
        #expect(archive.names == Self.files.map(\.name))
        for file in Self.files { #expect(try archive.bytes(of: file.name) == file.bytes) }
    }

    @Test func `the same files give the same bytes`() throws {
        let first = try #require(ZipWriter.write(Self.files))
        #expect(ZipWriter.write(Self.files) == first)
        #expect(ZipWriter.write(Array(Self.files.reversed())) != first)
        // 1 January 1980, and no more; nothing is packed.
        #expect(Array(first[8..<14]) == [0, 0, 0, 0, 0x21, 0])
    }

    @Test func `a name that stands twice is refused, and no file is an archive of none`() {
        #expect(ZipWriter.write([("a.csv", [1]), ("a.csv", [2])]) == nil)
        #expect(ZipWriter.write([]).map(\.isEmpty) != false)
    }
}
