import CaseStore
import Foundation
import Ledger
import Testing

@Suite struct CheckpointFileTests {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
    let signer = NoteSigner(name: "hub")

    private func checkpoint(_ size: Int) -> SignedCheckpoint {
        SignedCheckpoint(
            Checkpoint(origin: "hub", size: size, root: Array(repeating: UInt8(size), count: 32)), by: signer)
    }

    private func read(_ file: CheckpointFile) throws -> [Int] {
        let reader = try file.reader()
        return Array(IteratorSequence(reader)).map(\.checkpoint.size)
    }

    private func write(_ text: some StringProtocol) throws {
        let handle = try #require(FileHandle(forWritingAtPath: path))
        try handle.seekToEnd()
        try handle.write(contentsOf: Data(text.utf8))
        try handle.close()
    }

    @Test func `checkpoints are read in the order in which they were appended, with their signatures`() throws {
        let file = CheckpointFile(path: path)
        for size in [1, 2, 5] { try file.append(checkpoint(size)) }
        #expect(try read(file) == [1, 2, 5])
        #expect(try file.checkpoint(ofSize: 2)?.isSigned(byOneOf: [signer.verifier]) == true)
        #expect(try file.checkpoint(ofSize: 3) == nil)
        #expect(try file.checkpoint() == checkpoint(5))
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        #expect(mode == 0o600)
    }

    @Test func `one that a crash cut short anywhere is passed over, and the next stands by itself`() throws {
        let whole = checkpoint(2).note.description
        for count in 1..<whole.count - 1 {
            let file = CheckpointFile(path: path)
            try file.append(checkpoint(1))
            try write(whole.prefix(count))
            #expect(try read(file) == [1], "\(count)")
            try file.append(checkpoint(3))
            let reader = try file.reader()
            #expect([reader.next(), reader.next(), reader.next()] == [checkpoint(1), checkpoint(3), nil], "\(count)")
            #expect((1...2).contains(reader.passedOver))
            #expect(try file.checkpoint() == checkpoint(3))
            try FileManager.default.removeItem(atPath: path)
        }
    }

    @Test func `one without the empty line after it is whole`() throws {
        let file = CheckpointFile(path: path)
        try file.append(checkpoint(1))
        try write(checkpoint(2).note.description)
        try file.append(checkpoint(3))
        #expect(try read(file) == [1, 2, 3])
    }

    @Test func `the last of a long file is found`() throws {
        let file = CheckpointFile(path: path)
        for size in 1...200 { try file.append(checkpoint(size)) }
        #expect(try file.checkpoint() == checkpoint(200))
        #expect(try file.checkpoint(ofSize: 7) == checkpoint(7))
    }

    @Test func `an empty file has no checkpoint`() throws {
        try Data().write(to: URL(fileURLWithPath: path))
        #expect(try CheckpointFile(path: path).checkpoint() == nil)
    }

    @Test func `a file that is not there is an error that says so`() {
        #expect(throws: CheckpointFileError(number: ENOENT)) { try CheckpointFile(path: path).reader() }
        #expect(throws: CheckpointFileError.self) { try CheckpointFile(path: "/nonexistent/x").append(checkpoint(1)) }
    }
}
