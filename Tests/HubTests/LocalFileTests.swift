import Foundation
import Glibc
import Hub
import Testing

@Suite struct LocalFileTests {
    @Test func `a file's owner is told, and of what is not there nobody`() throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "owned-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try LocalFile.write([1], to: path)
        #expect(LocalFile.owner(path) == getuid())
        #expect(LocalFile.owner(path + "-none") == nil)
    }
}
