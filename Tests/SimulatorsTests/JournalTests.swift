import Foundation
import Simulators
import Testing

@Suite struct JournalTests {
    @Test func `a repeat is recognised, also after a restart`() throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "journal-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        let first = try Journal(path: path)
        #expect(first.note(key: "a", sha256: "1").seen == "first")
        #expect(first.note(key: "a", sha256: "1").seen == "again")
        #expect(first.note(key: "a", sha256: "2").seen == "changed")
        let second = try Journal(path: path)
        #expect(second.note(key: "a", sha256: "1").seen == "again")
        #expect(second.count == 1)
        #expect(try Journal.read(path).map(\.seen) == ["first", "again", "changed", "again"])
    }
}
