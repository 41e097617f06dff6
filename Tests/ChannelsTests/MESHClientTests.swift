import Channels
import Foundation
import Logging
import Synchronization
import Testing

/// The client against NHS England's own sandbox.
@Suite(
    .meshSandbox, .enabled(if: MESHPeer.uvicorn != nil, "mesh-sandbox cannot be installed here"),
    .timeLimit(.minutes(3)))
struct MESHClientTests {
    private let sandbox: SandboxTrait.Running

    init() throws { sandbox = try #require(SandboxTrait.current) }

    private func message(to mailbox: String, _ id: String, _ bytes: [UInt8] = Array("MSH|^~\\&|ü".utf8)) -> MESHMessage
    {
        MESHMessage(
            to: mailbox, workflow: "LAC_REFERRAL", localID: id, fileName: "referral.hl7", subject: "LAC \(id)",
            mediaType: "application/hl7-v2", bytes: bytes)
    }

    /// Runs `body` with a sender and a reader of a mailbox of its own.
    private func withMailbox(
        chunkBytes: Int = 20 << 20, maximumBytes: Int = 100 << 20,
        _ body: (MESHClient, MESHClient, String) async throws -> Void
    ) async throws {
        let mailbox = sandbox.mailbox()
        let sender = try sandbox.client(chunkBytes: chunkBytes)
        let reader = try sandbox.client(mailbox, maximumBytes: maximumBytes)
        do { try await body(sender, reader, mailbox) } catch { Issue.record(error) }
        await sender.shutdown()
        await reader.shutdown()
    }

    @Test func `the handshake is taken, and a wrong password is not`() async throws {
        try await withMailbox { sender, _, _ in try await sender.handshake() }
        let stranger = try sandbox.client(password: "wrong")
        let error = await #expect(throws: MESHError.self) { try await stranger.handshake() }
        #expect(error?.nature == .permanent && error?.code == "mesh_http_403")
        await stranger.shutdown()
    }

    @Test func `a message arrives with its metadata and leaves when it is acknowledged`() async throws {
        try await withMailbox { sender, reader, mailbox in
            let id = try await sender.send(message(to: mailbox, "share-a"))
            #expect(try await reader.inbox().messageIDs == [id])
            #expect(try await sender.track(messageID: id)?.state == .accepted)
            let head = try await reader.head(id)
            let received = try await reader.download(id)
            #expect(received.bytes == Array("MSH|^~\\&|ü".utf8))
            #expect(received.metadata.messageID == id && head.messageID == id)
            #expect(received.metadata.kind == .data && received.metadata.from == "DERBYLAC01")
            #expect(received.metadata.workflow == "LAC_REFERRAL" && received.metadata.localID == "share-a")
            #expect(received.metadata.fileName == "referral.hl7" && received.metadata.subject == "LAC share-a")
            #expect(received.metadata.mediaType == "application/hl7-v2" && received.metadata.statusSuccess)
            try await reader.acknowledge(id)
            try await reader.acknowledge(id)
            #expect(try await reader.inbox().messageIDs.isEmpty)
            #expect(try await sender.track(messageID: id)?.state == .acknowledged)
        }
    }

    @Test(arguments: [10, 11, 20, 25]) func `a large message goes in chunks and comes back whole`(
        count: Int
    ) async throws {
        try await withMailbox(chunkBytes: 10) { sender, reader, mailbox in
            let bytes = (0..<count).map { UInt8($0 * 9 & 255) }
            let id = try await sender.send(message(to: mailbox, "chunks-\(count)", bytes))
            let received = try await reader.download(id)
            #expect(received.bytes == bytes)
            #expect(received.metadata.chunks == (count + 9) / 10)
            #expect(received.metadata.mediaType == "application/hl7-v2")
        }
    }

    @Test func `a message over the limit is not taken and stays`() async throws {
        try await withMailbox(chunkBytes: 10, maximumBytes: 25) { sender, reader, mailbox in
            let id = try await sender.send(message(to: mailbox, "large", [UInt8](repeating: 1, count: 40)))
            let error = await #expect(throws: MESHError.self) { _ = try await reader.download(id) }
            #expect(error?.code == "too_large")
            #expect(try await reader.inbox().messageIDs == [id])
        }
    }

    @Test func `our own id finds a message, nothing, or a doubled one`() async throws {
        try await withMailbox { sender, _, mailbox in
            #expect(try await sender.track(localID: "never-sent") == .absent)
            let id = try await sender.send(message(to: mailbox, "tracked"))
            guard case .one(let status) = try await sender.track(localID: "tracked") else {
                Issue.record("not found")
                return
            }
            #expect(status.messageID == id && status.localID == "tracked" && status.state == .accepted)
            _ = try await sender.send(message(to: mailbox, "tracked"))
            #expect(try await sender.track(localID: "tracked") == .several)
            #expect(try await sender.track(messageID: "0123456789ABCDEF") == nil)
        }
    }

    @Test func `a doubled message counts as delivered`() async throws {
        try await withMailbox { sender, _, mailbox in
            for _ in 0..<2 { _ = try await sender.send(message(to: mailbox, "twice")) }
            let channel = MESHChannel(
                client: sender, mailbox: mailbox, workflows: .one("LAC_REFERRAL"), logger: Logger(label: "test"))
            let outcome = await channel.deliver(
                Delivery(id: "twice", attempt: 2, recipient: "uhdb", bytes: [1], mediaType: "application/hl7-v2"))
            #expect(outcome == .duplicate(reference: nil))
        }
    }

    @Test func `a delivery with an address of its own goes there, with its subject`() async throws {
        try await withMailbox { sender, reader, mailbox in
            let channel = MESHChannel(
                client: sender, mailbox: "NOBODY", workflows: .one("LAC_REFERRAL"), logger: Logger(label: "test"))
            let outcome = await channel.deliver(
                Delivery(
                    id: "addressed", recipient: "gp:C81001", bytes: [1], mediaType: "application/xml",
                    subject: "About Example", address: mailbox))
            guard case .delivered(let reference) = outcome else {
                Issue.record("\(outcome)")
                return
            }
            let received = try await reader.download(reference)
            #expect(received.metadata.subject == "About Example")
        }
    }

    @Test func `each document goes under its own workflow id, and none under another's`() async throws {
        try await withMailbox { sender, reader, mailbox in
            let channel = MESHChannel(
                client: sender, mailbox: mailbox,
                workflows: .named(["referral": "LAC_REFERRAL", "concern": "LAC_CONCERN"]),
                logger: Logger(label: "test"))
            func deliver(_ id: String, _ workflow: String?) async -> DeliveryOutcome {
                await channel.deliver(
                    Delivery(
                        id: id, recipient: "uhdb", bytes: [1], mediaType: "application/json", workflow: workflow))
            }
            for (name, workflow) in ["referral": "LAC_REFERRAL", "concern": "LAC_CONCERN"] {
                guard case .delivered(let reference) = await deliver(name, name) else {
                    Issue.record("\(name) was not delivered")
                    continue
                }
                let received = try await reader.download(reference)
                #expect(received.metadata.workflow == workflow)
            }
            for unknown in ["other", nil] {
                let outcome = await deliver("none", unknown)
                guard case .rejected("workflow_not_configured", _) = outcome else {
                    Issue.record("\(outcome)")
                    continue
                }
            }
            let sent = try await sender.track(localID: "none")
            #expect(sent == .absent)
        }
    }

    @Test func `progress tells when the recipient has fetched it`() async throws {
        try await withMailbox { sender, reader, mailbox in
            let channel = MESHChannel(
                client: sender, mailbox: mailbox, workflows: .one("LAC_REFERRAL"), logger: Logger(label: "test"))
            let outcome = await channel.deliver(
                Delivery(id: "fetched", recipient: "uhdb", bytes: [1], mediaType: "application/hl7-v2"))
            guard case .delivered(let reference) = outcome else {
                Issue.record("\(outcome)")
                return
            }
            #expect(await channel.progress(of: reference) == .waiting)
            try await reader.acknowledge(reference)
            #expect(await channel.progress(of: reference) == .complete)
            guard case .failed("mesh_unknown_message", _) = await channel.progress(of: "0123") else {
                Issue.record("an unknown message is not known")
                return
            }
        }
    }

    @Test func `an unregistered mailbox and an empty message are refused with MESH's codes`() async throws {
        try await withMailbox { sender, _, mailbox in
            let nobody = await #expect(throws: MESHError.self) { _ = try await sender.send(message(to: "NOBODY", "x")) }
            #expect(nobody?.code == "mesh_12" && nobody?.nature == .permanent)
            let empty = await #expect(throws: MESHError.self) {
                _ = try await sender.send(message(to: mailbox, "y", []))
            }
            #expect(empty?.code == "mesh_02" && empty?.nature == .permanent)
        }
    }

    @Test func `pages are followed to the last`() async throws {
        try await withMailbox { sender, reader, mailbox in
            var sent: [String] = []
            for number in 0..<23 { sent.append(try await sender.send(message(to: mailbox, "page-\(number)"))) }
            var read: [String] = []
            var next: String?
            var pages = 0
            repeat {
                let page = try await reader.inbox(maximum: 10, continuing: next)
                read += page.messageIDs
                next = page.next
                pages += 1
            } while next != nil && pages < 9
            #expect(read.sorted() == sent.sorted())
            #expect(pages >= 3)
        }
    }

    @Test func `the mailboxes of a workflow are looked up`() async throws {
        try await withMailbox { sender, _, _ in
            let known = try await sender.lookUp(ods: "X26", workflow: "TEST_WORKFLOW")
            let unknown = try await sender.lookUp(ods: "X26", workflow: "NO_SUCH_WORKFLOW")
            #expect(known == ["X26ABC2"] && unknown.isEmpty)
        }
    }

    @Test func `the mailbox is greeted once a day`() async throws {
        let clock = Mutex<Int64>(1_795_340_000)
        let client = try sandbox.client(now: { clock.withLock { $0 } })
        try await client.handshakeIfDue()
        let broken = try sandbox.client(port: 1, now: { clock.withLock { $0 } })
        await #expect(throws: MESHError.self) { try await broken.handshakeIfDue() }
        await client.shutdown()
        // Shut down: a second greeting within the day makes no call, a day later it must.
        try await client.handshakeIfDue()
        clock.withLock { $0 += 86400 }
        await #expect(throws: MESHError.self) { try await client.handshakeIfDue() }
        await broken.shutdown()
    }
}
