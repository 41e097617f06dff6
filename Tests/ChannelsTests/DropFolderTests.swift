import Crypto
import Foundation
import Logging
import Synchronization
import Testing

@testable import Channels

@Suite struct DropFolderTests {
    /// One partner's folders with a hub behind them that remembers what it was handed.
    private final class Bench: Sendable {
        let folder: TemporaryFolder
        let handed = Mutex<[DroppedFile]>([])
        /// How many files were handed over at once, each time.
        let groups = Mutex<[Int]>([])
        let reports = Mutex<[DropReport]>([])
        let answer = Mutex<@Sendable (DroppedFile) -> FileAnswer>({ .accepted(receipt: Array("kept \($0.name)".utf8)) })
        let later = Mutex<Int64>(0)
        /// Whether what is reported can be shown to staff.
        let staffReached = Mutex(true)
        let partners = Mutex(["police"])

        init() throws { folder = try TemporaryFolder() }

        var configuration: DropFolder.Configuration {
            .init(root: "\(folder.path)/drop", state: "\(folder.path)/state")
        }

        /// Another one over the same folders: the hub started again.
        func hub(maximumBytes: Int = 1000, groupFiles: Int = 32, groupBytes: Int = 1 << 20) -> DropFolder {
            DropFolder(
                configuration: .init(
                    root: "\(folder.path)/drop", state: "\(folder.path)/state", maximumBytes: maximumBytes,
                    scanInterval: .seconds(3600), groupFiles: groupFiles, groupBytes: groupBytes),
                partners: { self.partners.withLock { $0 } }, logger: Logger(label: "test"),
                now: { WallClock.now() + self.later.withLock { $0 } },
                report: { report in
                    guard self.staffReached.withLock({ $0 }) else { return false }
                    self.reports.withLock { $0.append(report) }
                    return true
                },
                handler: { files in
                    self.groups.withLock { $0.append(files.count) }
                    var answers: [FileAnswer] = []
                    for file in files {
                        self.handed.withLock { $0.append(file) }
                        answers.append(self.answer.withLock { $0 }(file))
                        if case .unavailable? = answers.last { break }
                    }
                    return answers
                })
        }

        func put(_ name: String, _ text: String) throws { try folder.write("drop/police/in/\(name)", text) }

        func drop(_ name: String, _ content: String, digestOf other: String? = nil) throws {
            try put(name, content)
            try put(
                name + ".sha256", Hexadecimal.text(SHA256.hash(data: Data((other ?? content).utf8))) + "  \(name)\n")
            try put(name + ".done", "")
        }

        var incoming: [String] { folder.names("drop/police/in") }
        var answers: [String] { folder.names("drop/police/ack") }
        var claimed: [String] { folder.names("state/claimed/police") }
        var refused: [String] { folder.names("state/refused/police") }
        /// What lies in the folder of the one refused set.
        var kept: [String] { refused.first.map { folder.names("state/refused/police/\($0)") } ?? [] }
        var names: [String] { handed.withLock { $0.map(\.name) } }
        var codes: [String] { reports.withLock { $0.map(\.code) } }

        func code(_ name: String) throws -> String? {
            struct Nack: Decodable {
                struct Item: Decodable { var code: String }
                var status: String, message_id: String, errors: [Item]
            }
            guard let text = folder.read("drop/police/ack/\(name).nack.json") else { return nil }
            let nack = try JSONDecoder().decode(Nack.self, from: Data(text.utf8))
            #expect(nack.status == "rejected" && nack.message_id == name)
            return nack.errors.first?.code
        }
    }

    // MARK: The good way

    @Test func `a complete set is handed over, answered and gone`() async throws {
        let bench = try Bench()
        try bench.drop("A_1.xml", "<ppn/>")
        #expect(await bench.hub().scan() == 1)
        let file = try #require(bench.handed.withLock { $0.first })
        #expect(file.partner == "police" && file.name == "A_1.xml" && file.bytes == Array("<ppn/>".utf8))
        #expect(bench.answers == ["A_1.xml.ack.json"])
        #expect(bench.folder.read("drop/police/ack/A_1.xml.ack.json") == "kept A_1.xml")
        #expect(bench.incoming.isEmpty && bench.claimed.isEmpty && bench.refused.isEmpty)
    }

    @Test func `nothing is taken before its marker`() async throws {
        let bench = try Bench()
        try bench.put("A_1.xml", "<ppn/>")
        try bench.put("A_1.xml.sha256", "")
        try bench.put("B_1.xml.part", "<p")
        #expect(await bench.hub().scan() == 0)
        #expect(bench.incoming.count == 3 && bench.answers.isEmpty)
    }

    @Test func `files are taken in the order of their names`() async throws {
        let bench = try Bench()
        for number in [3, 1, 2] { try bench.drop("A_\(number).xml", "\(number)") }
        #expect(await bench.hub().scan() == 3)
        #expect(bench.names == ["A_1.xml", "A_2.xml", "A_3.xml"])
    }

    @Test func `the hub's refusal is the partner's nack`() async throws {
        let bench = try Bench()
        bench.answer.withLock { $0 = { _ in .refused(receipt: Array("no".utf8)) } }
        try bench.drop("A_1.xml", "x")
        #expect(await bench.hub().scan() == 1)
        #expect(bench.answers == ["A_1.xml.nack.json"] && bench.claimed.isEmpty)
    }

    @Test func `the same name again is the hub's to judge`() async throws {
        let bench = try Bench()
        let hub = bench.hub()
        try bench.drop("A_1.xml", "one")
        _ = await hub.scan()
        bench.answer.withLock { $0 = { _ in .refused(receipt: Array("conflict".utf8)) } }
        try bench.drop("A_1.xml", "other")
        _ = await hub.scan()
        #expect(bench.names == ["A_1.xml", "A_1.xml"])
        #expect(bench.answers == ["A_1.xml.ack.json", "A_1.xml.nack.json"])
    }

    @Test(.timeLimit(.minutes(1))) func `a running hub takes a file without waiting for its scan`() async throws {
        let bench = try Bench()
        let (stream, continuation) = AsyncStream.makeStream(of: String.self)
        bench.answer.withLock {
            $0 = { file in
                continuation.yield(file.name)
                return .accepted(receipt: [])
            }
        }
        try bench.drop("A_1.xml", "before")
        let running = Task { try await bench.hub().run() }
        var names = stream.makeAsyncIterator()
        #expect(await names.next() == "A_1.xml")
        try bench.drop("A_2.xml", "after")
        #expect(await names.next() == "A_2.xml")
        running.cancel()
        try await running.value
    }

    // MARK: Crashes

    @Test func `a file without an answer is offered again`() async throws {
        let bench = try Bench()
        bench.answer.withLock { $0 = { _ in .unavailable } }
        try bench.drop("A_1.xml", "x")
        try bench.drop("A_2.xml", "y")
        #expect(await bench.hub().scan() == 0)
        #expect(bench.names == ["A_1.xml"], "the rest waits, so that the order holds")
        #expect(bench.claimed.allSatisfy { !$0.contains(".try") }, "and is not counted against")
        #expect(bench.claimed.count == 2 && bench.answers.isEmpty)
        bench.answer.withLock { $0 = { _ in .accepted(receipt: []) } }
        #expect(await bench.hub().scan() == 2)
        #expect(bench.names == ["A_1.xml", "A_1.xml", "A_2.xml"] && bench.claimed.isEmpty)
    }

    @Test(arguments: 0...3) func `a claim that a crash cut short is finished at the next start`(moved: Int) async throws
    {
        let bench = try Bench()
        _ = await bench.hub().scan()
        try bench.drop("A_1.xml", "x")
        // A claim is a folder, then the marker, then the file, then its digest.
        let claim = "\(bench.folder.path)/state/claimed/police/000000000001-000000"
        try FileManager.default.createDirectory(atPath: claim, withIntermediateDirectories: true)
        for name in ["A_1.xml.done", "A_1.xml", "A_1.xml.sha256"].prefix(moved) {
            try FileManager.default.moveItem(
                atPath: "\(bench.folder.path)/drop/police/in/\(name)", toPath: "\(claim)/\(name)")
        }
        #expect(await bench.hub().scan() == 1)
        #expect(bench.names == ["A_1.xml"] && bench.answers == ["A_1.xml.ack.json"])
        #expect(bench.incoming.isEmpty && bench.claimed.isEmpty && bench.refused.isEmpty)
    }

    /// A claim as a process leaves it that ended when it had the file in hand: at its attempts so far.
    private func leave(_ name: String, at attempts: Int, in bench: Bench, number: Int = 0) throws {
        let claim = "state/claimed/police/000000000001-00000\(number)" + (attempts > 0 ? ".try\(attempts)" : "")
        try bench.drop(name, "deadly")
        for part in ["", ".sha256", ".done"] {
            let content = try #require(bench.folder.read("drop/police/in/\(name)\(part)"))
            try bench.folder.write("\(claim)/\(name)\(part)", content)
            try FileManager.default.removeItem(atPath: "\(bench.folder.path)/drop/police/in/\(name)\(part)")
        }
    }

    @Test(arguments: 0...2) func `a file that ended the process fewer than three times is taken in hand again`(
        attempts: Int
    ) async throws {
        let bench = try Bench()
        try leave("A_1.xml", at: attempts, in: bench)
        let claims = Mutex<[String]>([])
        bench.answer.withLock {
            $0 = { _ in
                claims.withLock { $0 = bench.claimed }
                return .accepted(receipt: [])
            }
        }
        #expect(await bench.hub().scan() == 1)
        #expect(claims.withLock { $0 } == ["000000000001-000000.try\(attempts + 1)"], "counted beforehand")
        #expect(bench.answers == ["A_1.xml.ack.json"] && bench.claimed.isEmpty && bench.codes.isEmpty)
    }

    @Test func `a file that ended the process three times is set aside unread and the next one taken`() async throws {
        let bench = try Bench()
        try leave("A_1.xml", at: 3, in: bench)
        try bench.drop("B_1.xml", "good")
        #expect(await bench.hub().scan() == 2)
        #expect(bench.names == ["B_1.xml"])
        #expect(try bench.code("A_1.xml") == "internal")
        #expect(bench.codes == ["internal"] && bench.claimed.isEmpty)
        #expect(bench.kept.contains("A_1.xml") && bench.kept.contains("A_1.xml.nack.json"))
    }

    @Test func `what staff cannot be shown now is not set aside yet`() async throws {
        let bench = try Bench()
        try leave("A_1.xml", at: 3, in: bench)
        bench.staffReached.withLock { $0 = false }
        #expect(await bench.hub().scan() == 0)
        #expect(bench.claimed.count == 1 && bench.answers.isEmpty && bench.names.isEmpty)
        bench.staffReached.withLock { $0 = true }
        #expect(await bench.hub().scan() == 1)
        #expect(bench.codes == ["internal"] && bench.refused.count == 1)
    }

    @Test func `an attempt that comes to an end without an answer is not counted`() async throws {
        let bench = try Bench()
        bench.answer.withLock { $0 = { _ in .unavailable } }
        try bench.drop("A_1.xml", "x")
        for _ in 0..<5 { #expect(await bench.hub().scan() == 0) }
        let claim = try #require(bench.claimed.first)
        #expect(!claim.contains(".try"))
        #expect(bench.folder.names("state/claimed/police/\(claim)") == ["A_1.xml", "A_1.xml.done", "A_1.xml.sha256"])
        #expect(bench.names.count == 5 && bench.codes.isEmpty)
    }

    @Test func `a hub that is told to stop does not count it against the file in hand`() async throws {
        let bench = try Bench()
        try bench.drop("A_1.xml", "x")
        let scan = Mutex<Task<Int, Never>?>(nil)
        bench.answer.withLock {
            $0 = { _ in
                scan.withLock { $0?.cancel() }
                return .unavailable
            }
        }
        scan.withLock { task in task = Task { await bench.hub().scan() } }
        _ = await scan.withLock { $0 }?.value
        let claim = try #require(bench.claimed.first)
        #expect(!claim.contains(".try"))
        #expect(bench.folder.names("state/claimed/police/\(claim)") == ["A_1.xml", "A_1.xml.done", "A_1.xml.sha256"])
    }

    // MARK: Groups

    @Test func `files are handed over in groups, in the order of their names, and all are answered`() async throws {
        let bench = try Bench()
        for number in 100..<170 { try bench.drop("A_\(number).xml", "\(number)") }
        #expect(await bench.hub().scan() == 70)
        #expect(bench.groups.withLock { $0 } == [32, 32, 6])
        #expect(bench.names == (100..<170).map { "A_\($0).xml" })
        #expect(bench.answers.count == 70 && bench.claimed.isEmpty && bench.incoming.isEmpty)
    }

    @Test func `a group has so many bytes, and a larger file is a group of its own`() async throws {
        let bench = try Bench()
        for (name, size) in [("A", 400), ("B", 600), ("C", 1), ("D", 2000), ("E", 1)] {
            try bench.drop("\(name).xml", String(repeating: "x", count: size))
        }
        #expect(await bench.hub(maximumBytes: 2000, groupBytes: 1000).scan() == 5)
        #expect(bench.groups.withLock { $0 } == [2, 1, 1, 1])
    }

    @Test func `a refused file among others is refused alone`() async throws {
        let bench = try Bench()
        for name in ["A.xml", "C.xml"] { try bench.drop(name, "x") }
        try bench.drop("B.xml", "x", digestOf: "y")
        #expect(await bench.hub().scan() == 3)
        #expect(bench.groups.withLock { $0 } == [2])
        #expect(bench.answers == ["A.xml.ack.json", "B.xml.nack.json", "C.xml.ack.json"])
        #expect(bench.refused.count == 1 && bench.claimed.isEmpty)
    }

    @Test func `those behind one that the hub did not come to are offered again at once`() async throws {
        let bench = try Bench()
        for number in 1...5 { try bench.drop("A_\(number).xml", "x") }
        let hub = DropFolder(
            configuration: .init(root: "\(bench.folder.path)/drop", state: "\(bench.folder.path)/state"),
            partners: { ["police"] }, logger: Logger(label: "test"), report: { _ in true },
            handler: { files in
                bench.groups.withLock { $0.append(files.count) }
                return files.prefix(2).map { .accepted(receipt: Array($0.name.utf8)) }
            })
        #expect(await hub.scan() == 5)
        #expect(bench.groups.withLock { $0 } == [5, 3, 1])
        #expect(bench.answers.count == 5 && bench.claimed.isEmpty)
    }

    @Test func `a hub that answers nothing is not asked the same for ever`() async throws {
        let bench = try Bench()
        try bench.drop("A_1.xml", "x")
        let hub = DropFolder(
            configuration: .init(root: "\(bench.folder.path)/drop", state: "\(bench.folder.path)/state"),
            partners: { ["police"] }, logger: Logger(label: "test"), report: { _ in true }, handler: { _ in [] })
        #expect(await hub.scan() == 0)
        #expect(bench.claimed.count == 1)
    }

    @Test func `files that a process had in hand when it ended are taken one by one, each answered before the next`()
        async throws
    {
        let bench = try Bench()
        for number in 1...3 { try leave("A_\(number).xml", at: 1, in: bench, number: number) }
        try leave("A_4.xml", at: 0, in: bench, number: 4)
        try bench.drop("B_1.xml", "new")
        let counted = Mutex<[Int]>([])
        bench.answer.withLock {
            $0 = { _ in
                let inHand = bench.claimed.filter { $0.contains(".try2") }.count
                counted.withLock { $0.append(inHand) }
                return .accepted(receipt: [])
            }
        }
        #expect(await bench.hub().scan() == 5)
        #expect(bench.groups.withLock { $0 } == [1, 1, 1, 2])
        #expect(bench.names == ["A_1.xml", "A_2.xml", "A_3.xml", "A_4.xml", "B_1.xml"])
        #expect(counted.withLock { $0 } == [1, 1, 1, 0, 0])
    }

    @Test func `while one partner's file is under suspicion nothing else of any partner is in hand`() async throws {
        let bench = try Bench()
        bench.partners.withLock { $0 = ["council", "police"] }
        _ = await bench.hub().scan()
        try leave("A_1.xml", at: 2, in: bench)
        try bench.folder.write("drop/council/in/C_1.xml", "x")
        let digest = Hexadecimal.text(SHA256.hash(data: Data("x".utf8)))
        try bench.folder.write("drop/council/in/C_1.xml.sha256", digest)
        try bench.folder.write("drop/council/in/C_1.xml.done", "")
        #expect(await bench.hub().scan() == 2)
        #expect(bench.names == ["A_1.xml", "C_1.xml"])
    }

    @Test func `an answer that cannot be written keeps its own file and no other`() async throws {
        let bench = try Bench()
        _ = await bench.hub().scan()
        for name in ["A.xml", "B.xml", "C.xml"] { try bench.drop(name, "x") }
        // Deeper than anything that the hub clears away by itself.
        let answer = "\(bench.folder.path)/drop/police/ack/B.xml.ack.json"
        try FileManager.default.createDirectory(
            atPath: answer + String(repeating: "/d", count: 40), withIntermediateDirectories: true)
        #expect(await bench.hub().scan() == 2)
        #expect(bench.claimed.count == 1 && bench.claimed.allSatisfy { !$0.contains(".try") })
        try FileManager.default.removeItem(atPath: answer)
        #expect(await bench.hub().scan() == 1)
        #expect(bench.answers == ["A.xml.ack.json", "B.xml.ack.json", "C.xml.ack.json"] && bench.claimed.isEmpty)
    }

    @Test func `an answer that its partner removes before it is shown is given again`() async throws {
        let bench = try Bench()
        try bench.drop("A.xml", "x")
        try bench.drop("B.xml", "y")
        let box = try DropBox(partner: "police", limits: bench.configuration)
        _ = try box.survey(now: WallClock.now())
        let sets = try box.begin(box.claims()[...]).readings.map(\.set)
        for set in sets { try box.stage(Array("first".utf8), accepted: true, for: set) }
        try FileManager.default.removeItem(atPath: "\(bench.folder.path)/drop/police/ack/A.xml.ack.json.part")
        let troubles = try box.answer(sets.map { ($0, true) })
        #expect(troubles.map(\.set.name.shown) == ["A.xml"])
        for trouble in troubles { try box.giveBack(trouble.set) }
        #expect(bench.answers == ["B.xml.ack.json"] && bench.claimed.count == 1)
        #expect(await bench.hub().scan() == 1)
        #expect(bench.names == ["A.xml"] && bench.claimed.isEmpty)
        #expect(bench.folder.read("drop/police/ack/A.xml.ack.json") == "kept A.xml")
    }

    @Test func `a claim that cannot be opened is overtaken by none, and counts against none`() async throws {
        let bench = try Bench()
        _ = await bench.hub().scan()
        try leave("A_1.xml", at: 0, in: bench, number: 1)
        // No folder, so that it cannot be opened: as when the disk fails.
        try bench.folder.write("state/claimed/police/000000000001-000002", "")
        try leave("A_3.xml", at: 0, in: bench, number: 3)
        try bench.drop("B_1.xml", "x")
        #expect(await bench.hub().scan() == 1)
        #expect(bench.names == ["A_1.xml"] && bench.answers == ["A_1.xml.ack.json"])
        #expect(bench.claimed.count == 3 && bench.claimed.allSatisfy { !$0.contains(".try") })
        try FileManager.default.removeItem(atPath: "\(bench.folder.path)/state/claimed/police/000000000001-000002")
        #expect(await bench.hub().scan() == 2)
        #expect(bench.names == ["A_1.xml", "A_3.xml", "B_1.xml"])
    }

    @Test func `no folder of a claim is held open while the hub has its file`() async throws {
        let bench = try Bench()
        for number in 100..<132 { try bench.drop("A_\(number).xml", "x") }
        let held = Mutex<[String]>([])
        bench.answer.withLock {
            $0 = { _ in
                let open = bench.folder.opened("state/claimed/police/")
                held.withLock { $0 += open }
                return .accepted(receipt: [])
            }
        }
        #expect(await bench.hub().scan() == 32)
        #expect(held.withLock { $0 } == [])
    }

    // MARK: Bad input

    @Test func `what the hub refuses and does not keep is kept with its nack for staff`() async throws {
        let bench = try Bench()
        let hub = bench.hub()
        try bench.drop("A_1.xml", "one")
        _ = await hub.scan()
        bench.answer.withLock { $0 = { _ in .setAside(receipt: Array("conflict".utf8)) } }
        try bench.drop("A_1.xml", "other")
        #expect(await hub.scan() == 1)
        #expect(bench.folder.read("drop/police/ack/A_1.xml.nack.json") == "conflict")
        let folder = "state/refused/police/\(try #require(bench.refused.first))"
        #expect(bench.folder.read("\(folder)/A_1.xml") == "other")
        #expect(bench.folder.read("\(folder)/A_1.xml.nack.json") == "conflict")
        #expect(bench.claimed.isEmpty && bench.incoming.isEmpty)
    }

    @Test func `files refused in the same second are all kept`() async throws {
        let bench = try Bench()
        let hub = bench.hub()
        bench.answer.withLock { $0 = { _ in .setAside(receipt: []) } }
        for round in 1...3 {
            try bench.drop("A_1.xml", "round \(round)")
            #expect(await hub.scan() == 1)
        }
        #expect(bench.refused.count == 3 && bench.claimed.isEmpty)
    }

    @Test func `a wrong digest is refused with checksum`() async throws {
        let bench = try Bench()
        try bench.drop("A_1.xml", "x", digestOf: "y")
        _ = await bench.hub().scan()
        #expect(try bench.code("A_1.xml") == "checksum")
        #expect(bench.codes == ["checksum"] && bench.names.isEmpty && bench.refused.count == 1 && bench.claimed.isEmpty)
    }

    @Test(arguments: ["", "deadbeef", "\(String(repeating: "0", count: 64))", "not a digest at all"])
    func `a digest file that states nothing fitting is refused`(content: String) async throws {
        let bench = try Bench()
        try bench.drop("A_1.xml", "x")
        try bench.put("A_1.xml.sha256", content)
        _ = await bench.hub().scan()
        #expect(try bench.code("A_1.xml") == "checksum")
    }

    @Test func `a digest of another file's name is refused, one with a folder or none is taken`() async throws {
        let bench = try Bench()
        let digest = Hexadecimal.text(SHA256.hash(data: Data("x".utf8)))
        for (name, line) in [
            ("A.xml", "\(digest)  B.xml"), ("B.xml", digest.uppercased()), ("C.xml", "\(digest) *upload/C.xml\r\n"),
        ] {
            try bench.drop(name, "x")
            try bench.put(name + ".sha256", line)
        }
        _ = await bench.hub().scan()
        #expect(bench.names == ["B.xml", "C.xml"])
        #expect(try bench.code("A.xml") == "checksum")
    }

    @Test func `a set without its digest is incomplete`() async throws {
        let bench = try Bench()
        try bench.put("A_1.xml", "x")
        try bench.put("A_1.xml.done", "")
        _ = await bench.hub().scan()
        #expect(try bench.code("A_1.xml") == "incomplete_set")
    }

    @Test func `a marker without its file is incomplete after fifteen minutes`() async throws {
        let bench = try Bench()
        let hub = bench.hub()
        try bench.put("A_1.xml.done", "")
        #expect(await hub.scan() == 0)
        #expect(bench.answers.isEmpty)
        bench.later.withLock { $0 = 901 }
        _ = await hub.scan()
        #expect(try bench.code("A_1.xml") == "incomplete_set")
        #expect(bench.codes == ["incomplete_set"] && bench.incoming.isEmpty)
    }

    @Test func `a file that never gets its marker is answered too`() async throws {
        let bench = try Bench()
        try bench.put("A_1.xml", "x")
        try bench.put("A_1.xml.sha256", "x")
        bench.later.withLock { $0 = 901 }
        _ = await bench.hub().scan()
        #expect(try bench.code("A_1.xml") == "incomplete_set")
        #expect(bench.incoming.isEmpty && bench.names.isEmpty)
    }

    @Test func `an upload given up for a day is removed and reported`() async throws {
        let bench = try Bench()
        let hub = bench.hub()
        try bench.put("A_1.xml.part", "<p")
        bench.later.withLock { $0 = 86000 }
        _ = await hub.scan()
        #expect(bench.incoming == ["A_1.xml.part"] && bench.codes.isEmpty)
        bench.later.withLock { $0 = 86401 }
        _ = await hub.scan()
        #expect(bench.incoming.isEmpty && bench.codes == ["stale"])
    }

    @Test(arguments: ["symlink", "hard link", "directory", "pipe"])
    func `what is not a plain file is refused, moved aside and reported`(kind: String) async throws {
        let bench = try Bench()
        try bench.folder.write("outside/secret", "hub only")
        try bench.drop("A_1.xml", "x")
        let path = "\(bench.folder.path)/drop/police/in/A_1.xml"
        try FileManager.default.removeItem(atPath: path)
        switch kind {
        case "symlink": #expect(symlink("\(bench.folder.path)/outside/secret", path) == 0)
        case "hard link": #expect(link("\(bench.folder.path)/outside/secret", path) == 0)
        case "directory":
            try FileManager.default.createDirectory(atPath: path + "/deep", withIntermediateDirectories: true)
        default: #expect(mkfifo(path, 0o600) == 0)
        }
        try bench.drop("B_1.xml", "good")
        _ = await bench.hub().scan()
        #expect(try bench.code("A_1.xml") == "not_parseable")
        #expect(bench.names == ["B_1.xml"], "the file beside it is taken")
        #expect(bench.refused.count == 1 && bench.incoming.isEmpty)
        #expect(bench.folder.read("outside/secret") == "hub only")
    }

    @Test func `a digest file that is a link is not read`() async throws {
        let bench = try Bench()
        try bench.drop("A_1.xml", "x")
        let path = "\(bench.folder.path)/drop/police/in/A_1.xml.sha256"
        try FileManager.default.moveItem(atPath: path, toPath: "\(bench.folder.path)/digest")
        #expect(symlink("\(bench.folder.path)/digest", path) == 0)
        _ = await bench.hub().scan()
        #expect(try bench.code("A_1.xml") == "not_parseable")
        #expect(bench.names.isEmpty)
    }

    @Test func `a file over the limit is refused unread`() async throws {
        let bench = try Bench()
        try bench.drop("A_1.xml", String(repeating: "x", count: 1001))
        try bench.drop("B_1.xml", String(repeating: "x", count: 1000))
        _ = await bench.hub().scan()
        #expect(try bench.code("A_1.xml") == "too_large")
        #expect(bench.names == ["B_1.xml"])
    }

    @Test func `an empty file is handed over like any other`() async throws {
        let bench = try Bench()
        try bench.drop("A_1.csv", "")
        _ = await bench.hub().scan()
        #expect(bench.handed.withLock { $0.first?.bytes } == [])
    }

    @Test func `a name that is not taken is refused under a harmless one`() async throws {
        let bench = try Bench()
        try bench.drop("A;1.xml", "x")
        _ = await bench.hub().scan()
        #expect(bench.answers == ["A_1.xml.nack.json"] && bench.codes == ["schema"] && bench.names.isEmpty)
    }

    @Test func `a name that is no text disturbs nothing`() async throws {
        let bench = try Bench()
        try bench.drop("B_1.xml", "good")
        for suffix in ["", ".done"] {
            let path = Array("\(bench.folder.path)/drop/police/in/".utf8) + [0xFF, 0x0A] + Array(suffix.utf8) + [0]
            let file = path.withUnsafeBufferPointer {
                $0.withMemoryRebound(to: CChar.self) { open($0.baseAddress!, O_CREAT | O_WRONLY, 0o600) }
            }
            close(file)
        }
        _ = await bench.hub().scan()
        #expect(bench.names == ["B_1.xml"] && bench.codes == ["schema"])
        #expect(bench.answers == ["B_1.xml.ack.json", "__.nack.json"] && bench.incoming.isEmpty)
    }

    @Test func `a link waiting where the answer is written is replaced, not followed`() async throws {
        let bench = try Bench()
        let hub = bench.hub()
        _ = await hub.scan()
        try bench.folder.write("outside", "hub only")
        for name in ["A_1.xml.ack.json.part", "A_1.xml.ack.json"] {
            #expect(symlink("\(bench.folder.path)/outside", "\(bench.folder.path)/drop/police/ack/\(name)") == 0)
        }
        try bench.drop("A_1.xml", "x")
        #expect(await hub.scan() == 1)
        #expect(bench.folder.read("outside") == "hub only")
        #expect(bench.folder.read("drop/police/ack/A_1.xml.ack.json") == "kept A_1.xml")
    }

    @Test func `folders where the answer is written give way`() async throws {
        let bench = try Bench()
        for name in ["A_1.xml.ack.json.part/deep", "A_1.xml.ack.json/deep"] {
            try bench.folder.write("drop/police/ack/\(name)/x", "")
        }
        try bench.drop("A_1.xml", "x")
        #expect(await bench.hub().scan() == 1)
        #expect(bench.folder.read("drop/police/ack/A_1.xml.ack.json") == "kept A_1.xml")
    }

    @Test func `a marker that is a deep folder is refused and disturbs nothing`() async throws {
        let bench = try Bench()
        try bench.drop("A_1.xml", "x")
        let marker = "\(bench.folder.path)/drop/police/in/A_1.xml.done"
        try FileManager.default.removeItem(atPath: marker)
        try FileManager.default.createDirectory(
            atPath: marker + String(repeating: "/d", count: 100), withIntermediateDirectories: true)
        try bench.drop("B_1.xml", "good")
        let hub = bench.hub()
        _ = await hub.scan()
        #expect(try bench.code("A_1.xml") == "not_parseable")
        #expect(bench.names == ["B_1.xml"] && bench.claimed.isEmpty)
        // Too deep to be removed by itself: it stays for a person, and everything else goes on.
        bench.later.withLock { $0 = 7 * 86400 + 1 }
        try bench.drop("C_1.xml", "good")
        _ = await hub.scan()
        #expect(bench.names == ["B_1.xml", "C_1.xml"] && bench.refused.count == 1)
    }

    @Test func `hundreds of files at once are all taken`() async throws {
        let bench = try Bench()
        for number in 0..<300 { try bench.drop("A_\(number).xml", "\(number)") }
        #expect(await bench.hub().scan() == 300)
        #expect(Set(bench.names).count == 300 && bench.answers.count == 300 && bench.claimed.isEmpty)
    }

    @Test func `an incoming folder that is a link is not served`() async throws {
        let bench = try Bench()
        try bench.folder.write("outside/A_1.xml.done", "")
        try FileManager.default.createDirectory(
            atPath: "\(bench.folder.path)/drop/police", withIntermediateDirectories: true)
        #expect(symlink("\(bench.folder.path)/outside", "\(bench.folder.path)/drop/police/in") == 0)
        #expect(await bench.hub().scan() == 0)
        #expect(bench.folder.names("outside") == ["A_1.xml.done"])
    }

    @Test func `refused files are kept for a week`() async throws {
        let bench = try Bench()
        let hub = bench.hub()
        try bench.drop("A_1.xml", "x", digestOf: "y")
        _ = await hub.scan()
        #expect(bench.refused.count == 1)
        bench.later.withLock { $0 = 7 * 86400 + 1 }
        _ = await hub.scan()
        #expect(bench.refused.isEmpty)
    }
}
