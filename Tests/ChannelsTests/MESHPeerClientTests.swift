import Channels
import Foundation
import Simulators
import Testing

/// What the hub puts into a mailbox, read by NHS England's own client.
@Suite(
    .meshSandbox, .enabled(if: MESHPeer.uvicorn != nil, "mesh-sandbox cannot be installed here"),
    .timeLimit(.minutes(3))
)
struct MESHPeerClientTests {
    private struct Message: Decodable {
        var id: String
        var local_id: String
        var workflow: String
        var file_name: String
        var subject: String
        var sender: String
        var content: Data
    }

    @Test(arguments: [20 << 20, 40]) func `NHS England's client reads what was sent, whole or in chunks`(
        chunk: Int
    ) async throws {
        let sandbox = try #require(SandboxTrait.current)
        let mailbox = sandbox.mailbox()
        let client = try sandbox.client(chunkBytes: chunk)
        let bytes = Array(
            "MSH|^~\\&|LACHUB|DERBY|PAS|RTG|20261122093000||REF^I12^REF_I12|1|P|2.4\rPID|1||9990000018||Müller\r".utf8)
        let id = try await client.send(
            MESHMessage(
                to: mailbox, workflow: "LAC_REFERRAL", localID: "share-1", fileName: "share-1.hl7",
                subject: "LAC share-1",
                mediaType: "application/hl7-v2", bytes: bytes))
        await client.shutdown()

        let output = try #require(MESHPeer.readMailbox(mailbox, port: sandbox.port))
        let lines = output.split(separator: 10).map { Data($0) }
        #expect(lines.count == 1)
        let message = try JSONDecoder().decode(Message.self, from: try #require(lines.first))
        #expect(message.id == id && message.local_id == "share-1" && message.workflow == "LAC_REFERRAL")
        #expect(
            message.file_name == "share-1.hl7" && message.subject == "LAC share-1" && message.sender == "DERBYLAC01")
        #expect(Array(message.content) == bytes)
    }
}

extension MESHPeer {
    /// What `Tests/Peers/read_mailbox.py` prints; `nil` when it failed.
    fileprivate static func readMailbox(_ mailbox: String, port: Int) -> Data? {
        guard let uvicorn else { return nil }
        let script = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Peers/read_mailbox.py")
        let certificates = TestCertificates.folder
        let process = Process()
        process.executableURL = URL(filePath: uvicorn).deletingLastPathComponent().appending(path: "python")
        process.arguments = [
            script.path, "https://127.0.0.1:\(port)", mailbox, "\(certificates)/hub.pem", "\(certificates)/hub.key",
            "\(certificates)/ca.pem",
        ]
        let output = Pipe()
        process.standardOutput = output
        guard (try? process.run()) != nil else { return nil }
        let data = try? output.fileHandleForReading.readToEnd()
        process.waitUntilExit()
        return process.terminationStatus == 0 ? data : nil
    }
}
