import Foundation
import Testing

/// A running mail relay of the Python environment of the peers: `Tests/Peers/mail_relay.py`.
///
/// Unchecked, because the process is touched when it is made and when nobody has it any more, and never between.
final class MailPeer: @unchecked Sendable {
    /// `nil` when there is no environment: everything that needs it is then skipped.
    static let python: String? = MESHPeer.uvicorn.map {
        URL(filePath: $0).deletingLastPathComponent().appending(path: "python").path
    }

    struct NotReady: Error {}

    let port: Int
    private let folder: TemporaryFolder
    private let process = Process()
    private let input = Pipe()

    /// Starts it with a certificate for `localhost` and 127.0.0.1, and waits until it listens.
    init(host: String = "127.0.0.1", tls: String = "implicit", doing what: String = "") async throws {
        port = try FreePort.find()
        folder = try TemporaryFolder()
        let script = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Peers/mail_relay.py")
        process.executableURL = URL(filePath: try #require(Self.python))
        process.arguments = [
            "-W", "ignore::DeprecationWarning", script.path, "--port", "\(port)", "--certificate",
            "\(TestCertificates.folder)/server", "--folder",
            folder.path,
            "--host", host, "--tls", tls, "--do", what,
        ]
        let output = Pipe()
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        // It says so once it is ready, and nothing else.
        let said = await withCheckedContinuation { heard in
            output.fileHandleForReading.readabilityHandler = { file in
                file.readabilityHandler = nil
                heard.resume(returning: file.availableData)
            }
        }
        guard said.starts(with: Data("ready".utf8)) else { throw NotReady() }
    }

    deinit {
        // Threads of tests have signals blocked, and what they start inherits that; nothing blocks this one.
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    /// What it was handed: the mails, in their order.
    var mails: [String] {
        folder.names(".").filter { $0.hasSuffix(".eml") }.sorted { Int($0.dropLast(4)) ?? 0 < Int($1.dropLast(4)) ?? 0 }
            .compactMap { folder.read($0) }
    }

    /// The envelope of a mail: `["from", ["to"]]`.
    func envelope(_ number: Int) -> String? { folder.read("\(number).envelope") }
}
