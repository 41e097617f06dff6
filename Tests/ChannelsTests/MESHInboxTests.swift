import Channels
import Foundation
import Logging
import Simulators
import Synchronization
import Testing

@Suite(
    .meshSandbox, .enabled(if: MESHPeer.uvicorn != nil, "mesh-sandbox cannot be installed here"),
    .timeLimit(.minutes(3)))
struct MESHInboxTests {
    private let sandbox: SandboxTrait.Running

    init() throws { sandbox = try #require(SandboxTrait.current) }

    private func send(_ sender: MESHClient, to mailbox: String, _ id: String, _ text: String) async throws {
        _ = try await sender.send(
            MESHMessage(
                to: mailbox, workflow: "LAC_REFERRAL", localID: id, mediaType: "application/hl7-v2",
                bytes: Array(text.utf8)))
    }

    @Test func `a message is acknowledged only when it was kept`() async throws {
        let mailbox = sandbox.mailbox()
        let (sender, reader) = (try sandbox.client(), try sandbox.client(mailbox))
        try await send(sender, to: mailbox, "kept", "one")
        try await send(sender, to: mailbox, "not-kept", "two")
        let seen = Mutex<[String]>([])
        let inbox = MESHInbox(client: reader, logger: Logger(label: "test")) { found in
            guard case .message(let message) = found else { return .leave }
            seen.withLock { $0.append(message.metadata.localID ?? "") }
            return message.metadata.localID == "kept" ? .acknowledge : .leave
        }
        #expect(try await inbox.poll() == 1)
        #expect(try await inbox.poll() == 0)
        #expect(seen.withLock { $0.sorted() } == ["kept", "not-kept", "not-kept"])
        await sender.shutdown()
        await reader.shutdown()
    }

    @Test func `a message that is too large is handed over once without its payload, and stays for its sender`()
        async throws
    {
        let mailbox = sandbox.mailbox()
        let (sender, reader) = (try sandbox.client(), try sandbox.client(mailbox, maximumBytes: 1000))
        try await send(sender, to: mailbox, "large", String(repeating: "x", count: 1001))
        try await send(sender, to: mailbox, "small", String(repeating: "x", count: 1000))
        let large = Mutex<[String]>([])
        let inbox = MESHInbox(client: reader, logger: Logger(label: "test")) { found in
            guard case .tooLarge(let metadata) = found else { return .acknowledge }
            large.withLock { $0.append(metadata.localID ?? "") }
            return .returnToSender
        }
        #expect(try await inbox.poll() == 1)
        #expect(try await inbox.poll() == 0)
        #expect(large.withLock { $0 } == ["large"])
        #expect(try await reader.inbox().messageIDs.count == 1)
        await sender.shutdown()
        await reader.shutdown()
    }

    @Test func `a mailbox that cannot be reached is an error of one look`() async throws {
        let client = try sandbox.client(port: try FreePort.find())
        let inbox = MESHInbox(client: client, logger: Logger(label: "test")) { _ in .acknowledge }
        let error = await #expect(throws: MESHError.self) { _ = try await inbox.poll() }
        #expect(error?.code == "connection_refused")
        await client.shutdown()
    }

    @Test func `a report of a message that failed is handed over as one`() async throws {
        let mailbox = sandbox.mailbox()
        let reader = try sandbox.client(mailbox)
        try await MESHReport.put(into: mailbox, localID: "share-9", port: sandbox.port)
        let reports = Mutex<[MESHMetadata]>([])
        let inbox = MESHInbox(client: reader, logger: Logger(label: "test")) { found in
            if case .message(let message) = found { reports.withLock { $0.append(message.metadata) } }
            return .acknowledge
        }
        #expect(try await inbox.poll() == 1)
        let report = try #require(reports.withLock { $0.first })
        #expect(report.kind == .report && !report.statusSuccess && report.statusCode == "14")
        #expect(report.localID == "share-9" && report.linkedMessageID == "FAILED01" && report.from == nil)
        await reader.shutdown()
    }

    @Test func `the trust's simulator takes HL7 and leaves everything else`() async throws {
        let mailbox = sandbox.mailbox()
        let (sender, reader) = (try sandbox.client(), try sandbox.client(mailbox))
        let hl7 = SimulatedDocument(
            kind: .hospital, partner: "uhdb", person: InventedPerson(seed: 1, number: 1), id: "T1", at: 1_795_340_096)
        try await send(sender, to: mailbox, "good", String(decoding: hl7.bytes, as: UTF8.self))
        try await send(sender, to: mailbox, "other", "hello")
        let said = Mutex<[String]>([])
        let trust = try TrustSimulator(client: reader, logger: Logger(label: "test")) { line in
            said.withLock { $0.append(line) }
        }
        #expect(try await trust.poll() == 1)
        #expect(said.withLock { $0.contains { $0.contains("received first  control id T1") } })
        await sender.shutdown()
        await reader.shutdown()
    }
}
