import Channels
import Crypto
import Foundation
import Testing

@Suite struct FolderChannelTests {
    private let folder = try! TemporaryFolder()
    private let name = "DERBYLAC_CARE_20261101T090000Z_0001.csv"
    private let content = Array("Edna Jessop,3 Weir Meadow Drive\r\n".utf8)

    private func channel() throws -> FolderChannel { try FolderChannel(root: "\(folder.path)/drop", partner: "care") }

    private func delivery(_ bytes: [UInt8]? = nil, attempt: Int = 1) -> Delivery {
        Delivery(
            id: "0001", attempt: attempt, recipient: "care", bytes: bytes ?? content, mediaType: "text/csv",
            fileName: name)
    }

    private func path(_ rest: String) -> String { "\(folder.path)/drop/care/\(rest)" }

    @Test func `the file, its digest and its marker lie in the partner's folder`() async throws {
        #expect(await (try channel()).deliver(delivery()) == .delivered(reference: name))
        #expect(folder.names("drop/care/out") == [name, "\(name).done", "\(name).sha256"])
        #expect(FileManager.default.contents(atPath: path("out/\(name)")) == Data(content))
        let digest = SHA256.hash(data: Data(content)).map { String(format: "%02x", $0) }.joined()
        #expect(folder.read("drop/care/out/\(name).sha256") == "\(digest)  \(name)\n")
        #expect(folder.read("drop/care/out/\(name).done") == "")
    }

    @Test func `an empty file and a large one arrive byte for byte`() async throws {
        for bytes in [[], [UInt8](repeating: 7, count: 3 << 20)] {
            let channel = try channel()
            #expect(await channel.deliver(delivery(bytes)) == .delivered(reference: name))
            #expect(FileManager.default.contents(atPath: path("out/\(name)")) == Data(bytes))
            #expect(await channel.withdraw(name) == .removed)
        }
    }

    @Test func `a repeat is a duplicate, and another content a conflict`() async throws {
        let channel = try channel()
        _ = await channel.deliver(delivery())
        #expect(await channel.deliver(delivery(attempt: 2)) == .duplicate(reference: name))
        guard case .rejected("conflict", _) = await channel.deliver(delivery([1, 2, 3], attempt: 2)) else {
            Issue.record("no conflict")
            return
        }
        #expect(FileManager.default.contents(atPath: path("out/\(name)")) == Data(content))
    }

    @Test func `a receipt or a removal completes it`() async throws {
        let channel = try channel()
        _ = await channel.deliver(delivery())
        #expect(await channel.progress(of: name) == .waiting)
        try folder.write("drop/care/ack/\(name).rcv", "")
        #expect(await channel.progress(of: name) == .complete)
        #expect(await channel.withdraw(name) == .alreadyFetched)
        #expect(folder.names("drop/care/out").count == 3)
        try FileManager.default.removeItem(atPath: path("ack/\(name).rcv"))
        for file in folder.names("drop/care/out") { try FileManager.default.removeItem(atPath: path("out/\(file)")) }
        #expect(await channel.progress(of: name) == .complete)
        #expect(await channel.withdraw(name) == .alreadyFetched)
    }

    @Test func `a file that was not fetched is taken back`() async throws {
        let channel = try channel()
        _ = await channel.deliver(delivery())
        #expect(await channel.withdraw(name) == .removed)
        #expect(folder.names("drop/care/out").isEmpty)
    }

    // MARK: Hostile folders

    @Test func `links that a partner put there are not followed`() async throws {
        let channel = try channel()
        try folder.write("elsewhere", "untouched")
        for suffix in [".part", ".sha256", ".sha256.part", ".done.part"] {
            try FileManager.default.createSymbolicLink(
                atPath: path("out/\(name)\(suffix)"), withDestinationPath: "\(folder.path)/elsewhere")
        }
        #expect(await channel.deliver(delivery()) == .delivered(reference: name))
        #expect(folder.read("elsewhere") == "untouched")
        #expect(FileManager.default.contents(atPath: path("out/\(name)")) == Data(content))
    }

    @Test(arguments: ["link", "folder", "pipe", "second name"])
    func `what is no plain file under the name is a conflict`(kind: String) async throws {
        let channel = try channel()
        let place = path("out/\(name)")
        try folder.write("elsewhere", content)
        switch kind {
        case "link":
            try FileManager.default.createSymbolicLink(
                atPath: place, withDestinationPath: "\(folder.path)/elsewhere")
        case "folder": try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: false)
        case "pipe": #expect(mkfifo(place, 0o600) == 0)
        default: #expect(link("\(folder.path)/elsewhere", place) == 0)
        }
        guard case .rejected("conflict", _) = await channel.deliver(delivery()) else {
            Issue.record("no conflict")
            return
        }
        #expect(folder.names("drop/care/out") == [name])
    }

    @Test func `a folder in the place of the part is cleared away`() async throws {
        let channel = try channel()
        try folder.write("drop/care/out/\(name).part/inner/file", "x")
        #expect(await channel.deliver(delivery()) == .delivered(reference: name))
    }

    @Test(arguments: ["out", "ack"]) func `a folder that became a link, or is gone, is refused`(
        which: String
    ) async throws {
        let channel = try channel()
        try FileManager.default.removeItem(atPath: path(which))
        let missing = await channel.deliver(delivery())
        try FileManager.default.createDirectory(
            atPath: "\(folder.path)/elsewhere", withIntermediateDirectories: false)
        try FileManager.default.createSymbolicLink(
            atPath: path(which), withDestinationPath: "\(folder.path)/elsewhere")
        for outcome in [missing, await channel.deliver(delivery())] {
            guard case .rejected("no_such_folder", _) = outcome else {
                Issue.record("\(outcome)")
                return
            }
        }
        #expect(folder.names("elsewhere").isEmpty)
        guard case .unavailable("no_such_folder", _) = await channel.progress(of: name) else {
            Issue.record("it is said to be fetched")
            return
        }
    }

    @Test func `a reference that is no name reaches nothing`() async throws {
        let channel = try channel()
        try folder.write("drop/care/secret", "x")
        for reference in ["../secret", "/etc/hostname", ".", ""] {
            guard case .unavailable("file_name", _) = await channel.progress(of: reference) else {
                Issue.record("\(reference) was looked for")
                return
            }
            guard case .unknown("file_name", _) = await channel.withdraw(reference) else {
                Issue.record("\(reference) was removed")
                return
            }
        }
        #expect(folder.read("drop/care/secret") == "x")
    }

    @Test func `a root that cannot be a folder is found at start`() throws {
        try folder.write("drop", "a file")
        #expect(throws: ChannelConfigurationError.self) { _ = try channel() }
    }

    @Test(.enabled(if: geteuid() == 0, "mounting needs root"))
    func `a full disk is tried again, and leaves no part behind`() async throws {
        let channel = try channel()
        let disk = try SmallDisk(at: path("out"))
        defer { disk.unmount() }
        let large = [UInt8](repeating: 7, count: 300 << 10)
        guard case .retryable("disk_full", _, nil) = await channel.deliver(delivery(large)) else {
            Issue.record("the disk is not full")
            return
        }
        #expect(folder.names("drop/care/out").isEmpty)
        #expect(await channel.deliver(delivery(attempt: 2)) == .delivered(reference: name))
    }
}

/// A disk of 64 KiB, mounted over a folder.
struct SmallDisk {
    let path: String

    struct Failure: Error {}

    init(at path: String) throws {
        self.path = path
        guard mount("tmpfs", path, "tmpfs", 0, "size=64k") == 0 else { throw Failure() }
    }

    func unmount() { umount2(path, Int32(MNT_DETACH)) }
}
