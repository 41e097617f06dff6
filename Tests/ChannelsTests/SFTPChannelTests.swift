import Channels
import Crypto
import Foundation
import Testing

/// Deliveries to a real OpenSSH server, over good lines and bad ones.
@Suite(.enabled(if: SFTPPeer.isThere), .timeLimit(.minutes(5))) struct SFTPChannelTests {
    private let name = "DERBYLAC_DWP_20261101T090000Z_0001.csv"
    private let content = Array("Edna Jessop,3 Weir Meadow Drive\r\n".utf8)

    private func delivery(_ bytes: [UInt8]? = nil, attempt: Int = 1, name: String? = nil) -> Delivery {
        Delivery(
            id: "0001", attempt: attempt, recipient: "dwp_jcp", bytes: bytes ?? content, mediaType: "text/csv",
            fileName: name ?? self.name)
    }

    // MARK: A server that works

    @Test func `the file, its digest and its marker arrive byte for byte`() async throws {
        let peer = try await SFTPPeer()
        try await with(peer.channel()) { channel in
            #expect(await channel.deliver(delivery()) == .delivered(reference: name))
            #expect(peer.files == [name, "\(name).done", "\(name).sha256"])
            #expect(peer.content(name) == content)
            let digest = SHA256.hash(data: Data(content)).map { String(format: "%02x", $0) }.joined()
            #expect(peer.content("\(name).sha256") == Array("\(digest)  \(name)\n".utf8))
            #expect(peer.content("\(name).done") == [])
        }
    }

    @Test func `an empty file and a large one arrive byte for byte`() async throws {
        let peer = try await SFTPPeer()
        let large = (0..<(5 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 11) }
        try await with(peer.channel()) { channel in
            for (number, bytes) in [[], [7], large].enumerated() {
                let name = "A_\(number).csv"
                #expect(await channel.deliver(delivery(bytes, name: name)) == .delivered(reference: name))
                #expect(peer.content(name) == bytes)
                #expect(await channel.deliver(delivery(bytes, attempt: 2, name: name)) == .duplicate(reference: name))
            }
        }
    }

    @Test func `an absolute folder is one`() async throws {
        let peer = try await SFTPPeer()
        try await with(peer.channel(into: "\(peer.folder.path)/home/in")) { channel in
            #expect(await channel.deliver(delivery()) == .delivered(reference: name))
            #expect(await channel.progress(of: name) == .waiting)
            #expect(await channel.withdraw(name) == .removed)
            #expect(peer.files.isEmpty)
        }
    }

    @Test func `deliveries at once all arrive`() async throws {
        let peer = try await SFTPPeer()
        try await with(peer.channel()) { channel in
            await withTaskGroup(of: Void.self) { group in
                for number in 0..<10 {
                    group.addTask {
                        let name = "B_\(number).csv"
                        #expect(await channel.deliver(delivery(name: name)) == .delivered(reference: name))
                    }
                }
            }
            #expect(peer.files.count == 30)
        }
    }

    @Test func `what is laid down already is a duplicate, without its marker is completed, other content a conflict`()
        async throws
    {
        let peer = try await SFTPPeer()
        try await with(peer.channel()) { channel in
            _ = await channel.deliver(delivery())
            #expect(await channel.deliver(delivery(attempt: 2)) == .duplicate(reference: name))
            try FileManager.default.removeItem(atPath: "\(peer.folder.path)/home/in/\(name).done")
            #expect(await channel.deliver(delivery(attempt: 3)) == .delivered(reference: name))
            #expect(peer.files == [name, "\(name).done", "\(name).sha256"])
            for other in [[], [1, 2, 3], content + [0], content.map { $0 ^ 1 }] {
                guard case .rejected("conflict", _) = await channel.deliver(delivery(other, attempt: 2)) else {
                    Issue.record("no conflict")
                    return
                }
            }
            #expect(peer.content(name) == content)
        }
    }

    @Test func `a leftover part is written over`() async throws {
        let peer = try await SFTPPeer()
        try peer.folder.write("home/in/\(name).part", [UInt8](repeating: 1, count: 100_000))
        try await with(peer.channel()) { channel in
            #expect(await channel.deliver(delivery()) == .delivered(reference: name))
            #expect(peer.content(name) == content)
        }
    }

    @Test func `a receipt is picked up, and so is a removal`() async throws {
        let peer = try await SFTPPeer()
        try await with(peer.channel()) { channel in
            _ = await channel.deliver(delivery())
            #expect(await channel.progress(of: name) == .waiting)
            try peer.folder.write("home/ack/\(name).rcv", "")
            #expect(await channel.progress(of: name) == .complete)
            #expect(await channel.withdraw(name) == .alreadyFetched)
            #expect(peer.files.count == 3)
            try FileManager.default.removeItem(atPath: "\(peer.folder.path)/home/ack")
            #expect(await channel.progress(of: name) == .waiting)
            for file in peer.files { try FileManager.default.removeItem(atPath: "\(peer.folder.path)/home/in/\(file)") }
            #expect(await channel.progress(of: name) == .complete)
            #expect(await channel.withdraw(name) == .alreadyFetched)
            try FileManager.default.removeItem(atPath: "\(peer.folder.path)/home/in")
            guard case .unavailable("no_such_folder", _) = await channel.progress(of: name) else {
                Issue.record("without its folder it is said to be fetched")
                return
            }
        }
    }

    @Test func `a file that was not fetched is taken back`() async throws {
        let peer = try await SFTPPeer()
        try await with(peer.channel()) { channel in
            _ = await channel.deliver(delivery())
            _ = await channel.deliver(delivery(name: "OTHER.csv"))
            #expect(await channel.withdraw(name) == .removed)
            #expect(peer.files == ["OTHER.csv", "OTHER.csv.done", "OTHER.csv.sha256"])
            for reference in ["../own", "/etc/hostname", "a b", "*", ""] {
                guard case .unknown("file_name", _) = await channel.withdraw(reference) else {
                    Issue.record("\(reference) was looked for")
                    return
                }
            }
        }
    }

    // MARK: A server that refuses

    @Test func `a changed host key sends nothing`() async throws {
        let peer = try await SFTPPeer()
        try await with(peer.channel(pinned: "other")) { channel in
            guard case .rejected("host_key_changed", _) = await channel.deliver(delivery()) else {
                Issue.record("it was sent")
                return
            }
            #expect(peer.files.isEmpty)
            guard case .unavailable("host_key_changed", _) = await channel.progress(of: name) else {
                Issue.record("it was asked")
                return
            }
        }
    }

    @Test func `a key that is not taken is a person's matter`() async throws {
        let peer = try await SFTPPeer()
        try await with(peer.channel(key: "stranger")) { channel in
            guard case .rejected("login_denied", _) = await channel.deliver(delivery()) else {
                Issue.record("it was let in")
                return
            }
        }
    }

    @Test func `a folder that is not there is a person's matter`() async throws {
        let peer = try await SFTPPeer()
        try await with(peer.channel(into: "nowhere")) { channel in
            guard case .rejected("no_such_folder", _) = await channel.deliver(delivery()) else {
                Issue.record("there is a folder")
                return
            }
        }
    }

    @Test func `a folder that may not be written is a person's matter`() async throws {
        let peer = try await SFTPPeer(options: "-R")
        try await with(peer.channel()) { channel in
            let outcome = await channel.deliver(delivery())
            guard case .rejected("access_denied", _) = outcome else {
                Issue.record("\(outcome)")
                return
            }
        }
    }

    @Test func `a rename that is refused leaves nothing behind`() async throws {
        let peer = try await SFTPPeer(options: "-P rename")
        try await with(peer.channel()) { channel in
            let outcome = await channel.deliver(delivery())
            guard case .retryable("command_refused", _, nil) = outcome else {
                Issue.record("\(outcome)")
                return
            }
            #expect(peer.files.isEmpty)
        }
    }

    @Test func `a removal that is refused is said to be unknown`() async throws {
        let peer = try await SFTPPeer(options: "-P remove")
        try await with(peer.channel()) { channel in
            _ = await channel.deliver(delivery())
            guard case .unknown("command_refused", _) = await channel.withdraw(name) else {
                Issue.record("it is said to be removed")
                return
            }
            #expect(peer.files.count == 3)
        }
    }

    @Test(.enabled(if: geteuid() == 0, "mounting needs root"))
    func `a full disk at the other side is tried again, and leaves no part behind`() async throws {
        let peer = try await SFTPPeer()
        let disk = try SmallDisk(at: "\(peer.folder.path)/home/in")
        defer { disk.unmount() }
        try await with(peer.channel()) { channel in
            let outcome = await channel.deliver(delivery([UInt8](repeating: 7, count: 300 << 10)))
            guard case .retryable("disk_full", _, nil) = outcome else {
                Issue.record("\(outcome)")
                return
            }
            #expect(peer.files.isEmpty)
            #expect(await channel.deliver(delivery(attempt: 2)) == .delivered(reference: name))
        }
    }

    @Test func `a server that is not there is tried again`() async throws {
        let peer = try await SFTPPeer()
        try await with(peer.channel(port: FreePort.find())) { channel in
            guard case .retryable("connection_refused", _, nil) = await channel.deliver(delivery()) else {
                Issue.record("something was there")
                return
            }
        }
    }

    // MARK: A bad line

    @Test func `a server that accepts and is silent ends as an outcome`() async throws {
        let peer = try await SFTPPeer()
        try await Relay.run(to: peer.port) { relay, port in
            relay.set(.silent)
            try await with(peer.channel(port: port, connectTimeout: .seconds(1))) { channel in
                guard case .retryable("answer_timeout", _, nil) = await channel.deliver(delivery()) else {
                    Issue.record("it answered")
                    return
                }
            }
        }
    }

    @Test(arguments: [0, 4000]) func `a server that answers a byte at a time ends as an outcome`(
        after: Int
    ) async throws {
        let peer = try await SFTPPeer()
        try await Relay.run(to: peer.port) { relay, port in
            relay.set(.trickling(afterAnswerBytes: after))
            let channel = try peer.channel(
                port: port, connectTimeout: .seconds(after == 0 ? 1 : 60), stallTimeout: .seconds(1))
            try await with(channel) { channel in
                let outcome = await channel.deliver(delivery([UInt8](repeating: 7, count: 4 << 20)))
                guard case .retryable("answer_timeout", _, nil) = outcome else {
                    Issue.record("\(outcome)")
                    return
                }
                #expect(peer.content(name) == nil)
            }
        }
    }

    @Test func `the whole has an end, whatever each step takes`() async throws {
        let peer = try await SFTPPeer()
        try await Relay.run(to: peer.port) { relay, port in
            relay.set(.trickling(afterAnswerBytes: 3000))
            try await with(peer.channel(port: port, timeout: .seconds(2))) { channel in
                let began = ContinuousClock.now
                let outcome = await channel.deliver(delivery([UInt8](repeating: 7, count: 4 << 20)))
                #expect(ContinuousClock.now - began < .seconds(20))
                guard case .retryable("answer_timeout", _, nil) = outcome else {
                    Issue.record("\(outcome)")
                    return
                }
            }
        }
    }

    @Test func `a caller that is cancelled does not wait, and those after it are served`() async throws {
        let peer = try await SFTPPeer()
        try await Relay.run(to: peer.port) { relay, port in
            relay.set(.silent)
            try await with(peer.channel(port: port)) { channel in
                let task = Task { await channel.deliver(delivery()) }
                task.cancel()
                guard case .retryable("cancelled", _, nil) = await task.value else {
                    Issue.record("it was not cancelled")
                    return
                }
                relay.set(.none)
                #expect(await channel.deliver(delivery()) == .delivered(reference: name))
            }
        }
    }

    /// Breaks the line after each of many numbers of bytes: the outcome never claims what is not so, and the next attempt
    /// always ends with one whole set.
    @Test func `wherever the line breaks, nothing is claimed that is not so`() async throws {
        let peer = try await SFTPPeer()
        let bytes = [UInt8](repeating: 7, count: 2000)
        try await Relay.run(to: peer.port) { relay, port in
            try await with(peer.channel(port: port)) { channel in
                var seen: Set<String> = []
                for position in stride(from: 0, to: 9000, by: 200) {
                    let name = "BREAK_\(position).csv"
                    func isWhole() -> Bool { peer.files.contains("\(name).done") && peer.content(name) == bytes }
                    relay.set(.breaking(afterRequestBytes: position))
                    let outcome = await channel.deliver(delivery(bytes, name: name))
                    switch outcome {
                    case .delivered: #expect(isWhole(), "\(position): \(outcome)")
                    case .retryable: #expect(peer.content(name) == nil, "\(position): \(outcome)")
                    case .unknown: #expect(peer.content(name) == bytes, "\(position): \(outcome)")
                    case .rejected, .duplicate: Issue.record("\(position): \(outcome)")
                    }
                    seen.insert(String("\(outcome)".prefix { $0 != "(" }))
                    relay.set(.none)
                    let again = await channel.deliver(delivery(bytes, attempt: 2, name: name))
                    #expect([.delivered(reference: name), .duplicate(reference: name)].contains(again), "\(again)")
                    #expect(isWhole() && peer.content("\(name).sha256") != nil, "\(position)")
                }
                // The positions reach from before the login to the end.
                #expect(seen.isSuperset(of: ["retryable", "delivered"]), "\(seen)")
                #expect(!peer.files.contains { $0.hasSuffix(".part") })
            }
        }
    }

    // MARK: Configuration

    @Test(arguments: [
        ("url", "sftp://a:b@files.example.org"), ("url", "sftp://files.example.org/in"), ("url", "ftp://a"),
        ("url", ""),
        ("user", ""), ("folder", ""), ("folder", "/"), ("folder", "../in"), ("folder", "a b"), ("folder", "a\nrm b"),
        ("receipts", "'ack'"), ("host_key", ""), ("host_key", "SHA256:short"), ("host_key", "MD5:00:11"),
        ("key", "/nowhere"), ("key", "/dev/null"),
    ])
    func `what cannot be used is found before anything is sent`(setting: String, value: String) throws {
        let folder = try TemporaryFolder()
        try folder.write("key", "-----BEGIN OPENSSH PRIVATE KEY-----\n")
        var configuration = SFTPChannel.Configuration(
            url: "sftp://files.example.org:2222", user: "council", privateKey: "\(folder.path)/key",
            hostKey: "SHA256:" + String(repeating: "A", count: 43), folder: "in")
        _ = try SFTPChannel(configuration: configuration)
        switch setting {
        case "url": configuration.url = value
        case "user": configuration.user = value
        case "folder": configuration.folder = value
        case "receipts": configuration.receipts = value
        case "host_key": configuration.hostKey = value
        default: configuration.privateKey = value
        }
        let error = #expect(throws: ChannelConfigurationError.self) {
            _ = try SFTPChannel(configuration: configuration)
        }
        #expect(error?.setting == setting)
    }

    /// Runs `body` with a channel that is closed at the end.
    private func with(
        _ channel: SFTPChannel, _ body: (SFTPChannel) async throws -> Void
    ) async throws {
        do {
            try await body(channel)
        } catch {
            await channel.shutdown()
            throw error
        }
        await channel.shutdown()
    }
}
