import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import NIOSSL

/// Makes the sandbox put an error report into a mailbox, as MESH does when a message was not fetched.
enum MESHReport {
    struct NotMade: Error {}

    static func put(into mailbox: String, localID: String, port: Int) async throws {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.trustRoots = .file("\(TestCertificates.folder)/ca.pem")
        tls.certificateChain = try NIOSSLCertificate.fromPEMFile("\(TestCertificates.folder)/hub.pem").map {
            .certificate($0)
        }
        tls.privateKey = .privateKey(try NIOSSLPrivateKey(file: "\(TestCertificates.folder)/hub.key", format: .pem))
        let client = HTTPClient(configuration: .init(tlsConfiguration: tls))
        var request = HTTPClientRequest(url: "https://127.0.0.1:\(port)/messageexchange/admin/report")
        request.method = .POST
        request.headers = ["Content-Type": "application/json"]
        let report = [
            "mailbox_id": mailbox, "status": "undeliverable", "code": "14", "description": "Message not collected",
            "workflow_id": "LAC_REFERRAL", "subject": "NDR", "local_id": localID, "file_name": "report.dat",
            "linked_message_id": "FAILED01",
        ]
        request.body = .bytes(ByteBuffer(bytes: try JSONEncoder().encode(report)))
        let status = try? await client.execute(request, timeout: .seconds(10)).status
        try await client.shutdown()
        guard status == .ok else { throw NotMade() }
    }
}
