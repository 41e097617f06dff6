import CaseStore
import Foundation
import Ledger
import Testing

@Suite struct CheckpointFileTests {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path

    private func checkpoint(_ size: Int) -> Checkpoint {
        Checkpoint(origin: "hub", size: size, root: Array(repeating: UInt8(size), count: 32), at: 1)
    }

    private func read(_ file: CheckpointFile) throws -> [Int] {
        let reader = try file.reader()
        return Array(IteratorSequence(reader)).map(\.size)
    }

    @Test func `checkpoints are read in the order in which they were appended`() throws {
        let file = CheckpointFile(path: path)
        for size in [1, 2, 5] { try file.append(checkpoint(size)) }
        #expect(try read(file) == [1, 2, 5])
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        #expect(mode == 0o600)
    }

    @Test func `a line that a crash cut short is passed over, and the next one stands by itself`() throws {
        let file = CheckpointFile(path: path)
        try file.append(checkpoint(1))
        let handle = try #require(FileHandle(forWritingAtPath: path))
        try handle.seekToEnd()
        try handle.write(contentsOf: Data("hub 2 AgICAg".utf8))
        try handle.close()
        #expect(try read(file) == [1])
        try file.append(checkpoint(3))
        #expect(try read(file) == [1, 3])
    }

    @Test func `a file that is not there is an error that says so`() {
        #expect(throws: CheckpointFileError(number: ENOENT)) { try CheckpointFile(path: path).reader() }
        #expect(throws: CheckpointFileError.self) { try CheckpointFile(path: "/nonexistent/x").append(checkpoint(1)) }
    }
}
