import Channels
import Foundation
import Simulators
import Synchronization
import Testing

/// NHS England's `mesh-sandbox`, as a peer to test against.
///
/// `HUB_MESH_UVICORN` names the `uvicorn` of a Python environment that has it; else the one that `deploy/prepare` made is used; else an
/// environment is made in the temporary folder, from `Tests/Peers/requirements.txt`, once per version of that file.
enum MESHPeer {
    /// `nil` when no environment can be made: everything that needs it is then skipped, and said so on standard error.
    static let uvicorn: String? = {
        let package = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let requirements = package.appending(path: "Tests/Peers/requirements.txt")
        let version = (try? Data(contentsOf: requirements))?.reduce(UInt64(5381)) { $0 &* 33 ^ UInt64($1) } ?? 0
        let own = FileManager.default.temporaryDirectory.appending(path: "hub-peers-\(version)").path
        let known: [String?] = [
            ProcessInfo.processInfo.environment["HUB_MESH_UVICORN"],
            package.appending(path: ".hub/venv/bin/uvicorn").path,
            "\(own)/bin/uvicorn",
        ]
        if let found = known.compactMap({ $0 }).first(where: hasSandbox) { return found }
        if run("/usr/bin/env", ["python3", "-m", "venv", own]),
            run("\(own)/bin/pip", ["install", "--quiet", "--disable-pip-version-check", "-r", requirements.path]),
            hasSandbox("\(own)/bin/uvicorn")
        {
            return "\(own)/bin/uvicorn"
        }
        FileHandle.standardError.write(
            Data(
                """

                NOT TESTED: MESH against mesh-sandbox. It needs Python 3.11 to 3.13 with venv, and PyPI or HUB_MESH_UVICORN.


                """.utf8))
        return nil
    }()

    private static func hasSandbox(_ uvicorn: String) -> Bool {
        FileManager.default.isExecutableFile(atPath: uvicorn)
            && run(
                URL(filePath: uvicorn).deletingLastPathComponent().appending(path: "python").path,
                ["-c", "import mesh_sandbox"])
    }

    private static func run(_ executable: String, _ arguments: [String]) -> Bool {
        let process = Process()
        process.executableURL = URL(filePath: executable)
        process.arguments = arguments
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }
}

/// A running sandbox for a suite: mutual TLS, our mailbox `DERBYLAC01` and a fresh one for each that asks.
struct SandboxTrait: SuiteTrait, TestScoping {
    @TaskLocal static var current: SandboxTrait.Running?

    final class Running: Sendable {
        let port: Int
        private let taken = Atomic<Int>(0)

        init(port: Int) { self.port = port }

        static let mailboxes = (1...60).map { "TRUST\($0 < 10 ? "0" : "")\($0)" }

        /// A mailbox that no other test uses.
        func mailbox() -> String { Self.mailboxes[taken.add(1, ordering: .relaxed).oldValue] }

        /// A client for a mailbox, straight to the sandbox unless a relay stands between.
        func client(
            _ mailbox: String = "DERBYLAC01", port: Int? = nil, password: String = "password",
            tls: TLSFiles = TestCertificates.client(), chunkBytes: Int = 20 << 20, maximumBytes: Int = 100 << 20,
            timeout: Duration = .seconds(60), now: @escaping @Sendable () -> Int64 = WallClock.now
        ) throws -> MESHClient {
            try MESHClient(
                configuration: .init(
                    baseURL: "https://127.0.0.1:\(port ?? self.port)", mailbox: mailbox, password: password,
                    sharedKey: "TestKey", tls: tls,
                    // A busy machine takes its time for a handshake, and no test is about that.
                    connectTimeout: .seconds(60), requestTimeout: timeout, chunkBytes: chunkBytes,
                    maximumBytes: maximumBytes), now: now)
        }
    }

    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        guard let uvicorn = MESHPeer.uvicorn else { return try await function() }
        let folder = try TemporaryFolder()
        let port = try FreePort.find()
        let certificates = TestCertificates.folder
        let sandbox = try await MESHSandbox.start(
            .init(
                uvicorn: uvicorn, port: port, folder: folder.path, mailboxes: ["DERBYLAC01"] + Running.mailboxes,
                certificate: "\(certificates)/server.pem", key: "\(certificates)/server.key",
                clientAuthority: "\(certificates)/ca.pem", probeCertificate: "\(certificates)/hub.pem",
                probeKey: "\(certificates)/hub.key"))
        do {
            try await Self.$current.withValue(Running(port: port)) { try await function() }
        } catch {
            await sandbox.stop()
            throw error
        }
        await sandbox.stop()
        withExtendedLifetime(folder) {}
    }
}

extension Trait where Self == SandboxTrait {
    static var meshSandbox: Self { SandboxTrait() }
}
