import Foundation
import Referral
import Testing
import Vault

@testable import Hub

@Suite struct SnapshotFileTests {
    private let vault = Vault(key: InstallationKey())
    private let path = FileManager.default.temporaryDirectory.appending(path: "snapshot-\(UUID().uuidString)").path

    private func with(_ body: () throws -> Void) throws {
        defer { try? FileManager.default.removeItem(atPath: path) }
        try body()
    }

    private func read() -> [Value] {
        var file = SnapshotFile(path, vault: vault)
        return file.read()
    }

    @Test func `what was written and added is read, in its order`() throws {
        try with {
            #expect(read() == [])
            var file = SnapshotFile(path, vault: vault)
            #expect(file.isWorn)
            try file.write(["a", "b"])
            #expect(!file.isWorn)
            try file.append(["c"])
            try file.append(["d", "e"])
            #expect(read() == ["a", "b", "c", "d", "e"])
            var again = SnapshotFile(path, vault: vault)
            _ = again.read()
            try again.append(["f"])
            #expect(read().last == "f" && read().count == 6)
            try again.write(["z"])
            #expect(read() == ["z"])
        }
    }

    @Test func `it is sealed, and another installation's is none`() throws {
        try with {
            var file = SnapshotFile(path, vault: vault)
            try file.write(["Elsie Canary"])
            let bytes = try Data(contentsOf: URL(filePath: path))
            #expect(bytes.range(of: Data("Canary".utf8)) == nil)
            var other = SnapshotFile(path, vault: Vault(key: InstallationKey()))
            #expect(other.read() == [] && other.isWorn)
        }
    }

    @Test func `what is cut off ends it, and it is written anew before it is added to`() throws {
        try with {
            var file = SnapshotFile(path, vault: vault)
            try file.write(["a", "b", "c"])
            let whole = try Data(contentsOf: URL(filePath: path))
            for length in 0..<whole.count {
                try whole.prefix(length).write(to: URL(filePath: path))
                var cut = SnapshotFile(path, vault: vault)
                let values = cut.read()
                #expect(values == Array((["a", "b", "c"] as [Value]).prefix(values.count)) && values.count < 3)
            }
            var cut = SnapshotFile(path, vault: vault)
            _ = cut.read()
            #expect(cut.isWorn)
        }
    }

    @Test func `it is worn when it has grown to twice what it was`() throws {
        try with {
            var file = SnapshotFile(path, vault: vault)
            let long = Value.string(String(repeating: "x", count: 100_000))
            try file.write([long])
            for _ in 0..<20 where !file.isWorn { try file.append([long]) }
            #expect(file.isWorn)
        }
    }

    @Test func `once another key of the installation wraps, it is written anew`() throws {
        try with {
            let ring = KeyRing(InstallationKey()).adding(madeOn: "2026-11-30")
            let vault = Vault(ring: ring)
            var file = SnapshotFile(path, vault: vault)
            try file.write(["a"])
            #expect(!file.isWorn && file.mark == ring.keys[0].mark)
            vault.use(ring.keys[1].mark)
            #expect(file.isWorn)
            try file.write(["a"])
            #expect(!file.isWorn && file.mark == ring.keys[1].mark)
            let rest = try #require(ring.retiring(ring.keys[0].mark))
            var again = SnapshotFile(path, vault: Vault(ring: rest))
            #expect(again.read() == ["a"])
        }
    }
}
