import Foundation
import TestSupport
import Testing
import Vault

@testable import Hub

@Suite struct LookJournalTests {
    private let vault = Vault(key: InstallationKey())
    private let path = FileManager.default.temporaryDirectory.appending(path: "looks-\(UUID().uuidString)").path

    /// Opens it, once whoever wrote last has let go of it.
    private func journal(capacity: Int = 1 << 20) throws -> LookJournal {
        for _ in 0..<200 {
            do {
                return try LookJournal(path, capacity: capacity, vault: vault)
            } catch LookJournal.Failure.system(_, EWOULDBLOCK) {
                usleep(10_000)
            }
        }
        return try LookJournal(path, capacity: capacity, vault: vault)
    }

    private func with(_ body: () async throws -> Void) async throws {
        defer { try? FileManager.default.removeItem(atPath: path) }
        try await body()
    }

    private func text(_ number: Int) -> [UInt8] { Array("look \(number)".utf8) }

    @Test func `what was written is there after a restart, in its order, until it is merged`() async throws {
        try await with {
            do {
                let journal = try journal()
                for number in 0..<5 { try await journal.append(text(number)) }
            }
            do {
                let journal = try journal()
                let (first, _, end) = try #require(try journal.unmerged(limit: 3))
                #expect(first == (0..<3).map(text))
                try await journal.merge(upTo: end)
                try await journal.append(text(5))
            }
            let journal = try journal()
            let (rest, _, end) = try #require(try journal.unmerged(limit: 100))
            #expect(rest == (3..<6).map(text))
            try await journal.merge(upTo: end)
            #expect(try journal.unmerged(limit: 100) == nil)
        }
    }

    @Test func `one that is given more room keeps its looks, and takes more`() async throws {
        try await with {
            let big = [UInt8](repeating: 7, count: 60_000)
            do {
                let journal = try journal(capacity: 256 << 10)
                for _ in 0..<4 { try await journal.append(big) }
                await #expect(throws: LookJournal.Failure.self) { try await journal.append(big) }
                #expect(journal.written > 0.9)
            }
            let journal = try journal(capacity: 3 << 20)
            #expect(journal.written < 0.1)
            for _ in 0..<40 { try await journal.append(big) }
            #expect(try journal.unmerged(limit: 100)?.looks.count == 44)
            let file = try #require(FileHandle(forReadingAtPath: path))
            #expect(try file.seekToEnd() == 3 << 20)
        }
    }

    @Test func `looks at the same moment are all written`() async throws {
        try await with {
            let journal = try journal()
            try await withThrowingDiscardingTaskGroup { group in
                for number in 0..<200 { group.addTask { try await journal.append(text(number)) } }
            }
            let (looks, _, _) = try #require(try journal.unmerged(limit: 1_000))
            #expect(Set(looks) == Set((0..<200).map(text)) && looks.count == 200)
        }
    }

    @Test func `a look that was being written as the machine stopped counts for nothing, and is written over`()
        async throws
    {
        for cut in [1, 10, 17, 40] {
            try await with {
                var end = 0
                do {
                    let journal = try journal()
                    try await journal.append(text(0))
                    end = 8192 + Int(journal.fill.used)
                    try await journal.append(text(1))
                    end = 8192 + Int(journal.fill.used)
                }
                let file = try #require(FileHandle(forUpdatingAtPath: path))
                try file.seek(toOffset: UInt64(end - cut))
                try file.write(contentsOf: [UInt8](repeating: 0, count: cut))
                try file.close()
                let journal = try journal()
                try await journal.append(text(2))
                #expect(try journal.unmerged(limit: 10)?.looks == [text(0), text(2)], "cut \(cut)")
            }
        }
    }

    @Test func `it begins anew once all is merged, and nothing of before counts`() async throws {
        try await with {
            let big = [UInt8](repeating: 7, count: 60_000)
            for round in 0..<3 {
                let journal = try journal(capacity: 2 << 20)
                for _ in 0..<30 { try await journal.append(big) }
                let (looks, _, end) = try #require(try journal.unmerged(limit: 100))
                #expect(looks.count == 30, "round \(round)")
                try await journal.merge(upTo: end)
                // What is written now lies where the first did.
                try await journal.append(text(round))
                #expect(try journal.unmerged(limit: 100)?.looks == [text(round)])
                let last = try #require(try journal.unmerged(limit: 100)?.end)
                #expect(last < 100_000)
                try await journal.merge(upTo: last)
            }
            #expect(try journal(capacity: 2 << 20).unmerged(limit: 100) == nil)
        }
    }

    @Test func `a full journal says so, and has room again once it is merged`() async throws {
        try await with {
            let journal = try journal(capacity: 2 << 20)
            let big = [UInt8](repeating: 7, count: 60_000)
            var written = 0
            await #expect(throws: LookJournal.Failure.self) {
                while written < 100 {
                    try await journal.append(big)
                    written += 1
                }
            }
            #expect((30..<40).contains(written))
            let (looks, _, end) = try #require(try journal.unmerged(limit: 100))
            #expect(looks.count == written)
            try await journal.merge(upTo: end)
            try await journal.append(big)
            #expect(try journal.unmerged(limit: 100)?.looks == [big])
        }
    }

    @Test func `either copy of the header is enough, and neither is not`() async throws {
        try await with {
            do {
                let journal = try journal()
                try await journal.append(text(0))
            }
            let file = try #require(FileHandle(forUpdatingAtPath: path))
            let good = try Data(contentsOf: URL(filePath: path))
            for place in [0, 4096] {
                try file.seek(toOffset: UInt64(place))
                try file.write(contentsOf: [UInt8](repeating: 1, count: 200))
                try file.synchronize()
                #expect(try journal().unmerged(limit: 10)?.looks == [text(0)])
                try file.seek(toOffset: 0)
                try file.write(contentsOf: good.prefix(8192))
            }
            try file.seek(toOffset: 0)
            try file.write(contentsOf: [UInt8](repeating: 1, count: 8192))
            #expect(throws: LookJournal.Failure.self) { try journal() }
        }
    }

    @Test func `it is one process's, and one installation's`() async throws {
        try await with {
            let journal = try journal()
            try await journal.append(text(0))
            #expect(throws: LookJournal.Failure.self) { try LookJournal(path, capacity: 1 << 20, vault: vault) }
            _ = journal.fill
        }
        try await with {
            do { _ = try journal() }
            _ = try journal()
            #expect(throws: LookJournal.Failure.self) {
                try LookJournal(path, capacity: 1 << 20, vault: Vault(key: InstallationKey()))
            }
        }
    }

    @Test func `looks behind one that was damaged are kept, and how many were lost is said`() async throws {
        for damaged in [0..<4, 20..<24, 0..<40] {
            try await with {
                var ends: [Int64] = []
                do {
                    let journal = try journal()
                    for number in 0..<5 {
                        try await journal.append(text(number))
                        ends.append(8192 + journal.fill.used)
                    }
                }
                let file = try #require(FileHandle(forUpdatingAtPath: path))
                try file.seek(toOffset: UInt64(ends[1]) + UInt64(damaged.lowerBound))
                try file.write(contentsOf: [UInt8](repeating: 0xAA, count: damaged.count))
                try file.close()
                let journal = try journal()
                try await journal.append(text(5))
                let (looks, lost, end) = try #require(try journal.unmerged(limit: 10))
                #expect(looks == [0, 1, 3, 4, 5].map(text) && lost == 1, "\(damaged)")
                try await journal.merge(upTo: end)
                #expect(try journal.unmerged(limit: 10) == nil)
            }
        }
    }

    @Test func `a journal that is configured shorter loses nothing`() async throws {
        try await with {
            let big = [UInt8](repeating: 7, count: 60_000)
            do {
                let journal = try journal(capacity: 2 << 20)
                for _ in 0..<30 { try await journal.append(big) }
            }
            #expect(try journal(capacity: 1 << 20).unmerged(limit: 100)?.looks.count == 30)
        }
    }

    @Test func `its key follows the installation's, with looks in it that are not merged, and through a restart`()
        async throws
    {
        try await with {
            let ring = KeyRing(InstallationKey()).adding(madeOn: "2026-11-30")
            let vault = Vault(ring: ring)
            var end: Int64 = 0
            do {
                let journal = try LookJournal(path, capacity: 1 << 20, vault: vault)
                for number in 0..<3 { try await journal.append(text(number)) }
                try await journal.renewKey()
                #expect(journal.mark == ring.keys[0].mark)
                vault.use(ring.keys[1].mark)
                try await journal.renewKey()
                #expect(journal.mark == ring.keys[1].mark)
                try await journal.append(text(3))
                end = try #require(try journal.unmerged(limit: 10)).end
            }
            // Neither copy of the header needs the old key any more.
            let rest = try #require(ring.retiring(ring.keys[0].mark))
            var reopened: LookJournal?
            try await eventually {
                reopened = try? LookJournal(path, capacity: 1 << 20, vault: Vault(ring: rest))
                return reopened != nil
            }
            let journal = try #require(reopened)
            let found = try #require(try journal.unmerged(limit: 10))
            #expect(found.looks == (0..<4).map(text) && found.unreadable == 0 && found.end == end)
        }
    }

    @Test func `what was merged opens no more once the key is renewed`() async throws {
        try await with {
            let journal = try journal()
            try await journal.append(Array("Canary at the door".utf8))
            let header = try readHeaders()
            try await journal.merge(upTo: try #require(try journal.unmerged(limit: 10)).end)
            try await journal.renewKey(after: .zero)
            // Neither header has the key any more with which the look was sealed, and its bytes stand there.
            #expect(Set(try readHeaders()).isDisjoint(with: header))
            try await journal.append(text(1))
            #expect(try #require(try journal.unmerged(limit: 10)).looks == [text(1)])
            try await journal.renewKey(after: .zero)
            #expect(try #require(try journal.unmerged(limit: 10)).looks == [text(1)])
        }
    }

    /// The wrapped keys of both copies of the header.
    private func readHeaders() throws -> [[UInt8]] {
        let bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
        return [Array(bytes[8..<73]), Array(bytes[4104..<4169])]
    }
}
