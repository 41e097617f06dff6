import AsyncHTTPClient
import Foundation
import Logging
import NIOCore
import NIOHTTP1
import NIOSSL
import ServiceLifecycle
import UnixSignals

/// NHS England's own `mesh-sandbox` (PyPI) as a process: a MESH to try against, with mailboxes kept as files.
///
/// It runs on the `uvicorn` of the Python environment that it is installed in, and needs Python 3.11 to 3.13.
package final class MESHSandbox: Sendable {
    package struct Configuration: Sendable {
        /// `…/bin/uvicorn` of an environment that has `mesh-sandbox`.
        package var uvicorn: String
        package var port: Int
        /// Mailboxes are folders here. They outlive the process.
        package var folder: String
        /// Upper-case names; the password of each is `password`.
        package var mailboxes: [String]
        package var sharedKey: String
        /// PEM files of the server; without them it speaks plain HTTP.
        package var certificate: String?
        package var key: String?
        /// When given, a client certificate of this authority is demanded.
        package var clientAuthority: String?
        /// Our own certificate for asking whether it is ready, where one is demanded.
        package var probeCertificate: String?
        package var probeKey: String?

        package init(
            uvicorn: String, port: Int, folder: String, mailboxes: [String], sharedKey: String = "TestKey",
            certificate: String? = nil, key: String? = nil, clientAuthority: String? = nil,
            probeCertificate: String? = nil, probeKey: String? = nil
        ) {
            self.uvicorn = uvicorn
            self.port = port
            self.folder = folder
            self.mailboxes = mailboxes
            self.sharedKey = sharedKey
            self.certificate = certificate
            self.key = key
            self.clientAuthority = clientAuthority
            self.probeCertificate = probeCertificate
            self.probeKey = probeKey
        }
    }

    /// It did not come up, or went away.
    package struct Failure: Error, CustomStringConvertible {
        package var description: String
    }

    /// `http://127.0.0.1:port` or `https://…`.
    package let baseURL: String
    private let process: ChildProcess

    private init(baseURL: String, process: ChildProcess) {
        self.baseURL = baseURL
        self.process = process
    }

    /// Starts it and returns when it answers.
    package static func start(
        _ configuration: Configuration, within limit: Duration = .seconds(30)
    ) async throws -> MESHSandbox {
        for mailbox in configuration.mailboxes {
            // A lower-case folder makes the sandbox answer every mailbox call with 500. With `_` it stands for a practice, which
            // MESH finds by `GPPROVIDER_…`.
            guard mailbox.allSatisfy({ $0.isASCII && ($0.isUppercase || $0.isNumber || $0 == "_") }) else {
                throw Failure(description: "a mailbox of the sandbox is named in capitals, digits and _: \(mailbox)")
            }
            try FileManager.default.createDirectory(
                atPath: "\(configuration.folder)/mailboxes/\(mailbox)", withIntermediateDirectories: true)
        }
        var arguments = [
            "mesh_sandbox.api:app", "--host", "127.0.0.1", "--port", "\(configuration.port)", "--workers", "1",
            // Left alone it waits for ever for clients that keep their connections.
            "--log-level", "warning", "--timeout-graceful-shutdown", "1",
        ]
        if let certificate = configuration.certificate, let key = configuration.key {
            arguments += ["--ssl-certfile", certificate, "--ssl-keyfile", key]
            if let authority = configuration.clientAuthority {
                arguments += ["--ssl-ca-certs", authority, "--ssl-cert-reqs", "2"]
            }
        }
        let log = "\(configuration.folder)/mesh-sandbox.log"
        let process = try ChildProcess(
            executable: configuration.uvicorn, arguments: arguments,
            environment: [
                "STORE_MODE": "file", "MAILBOXES_DATA_DIR": "\(configuration.folder)/mailboxes", "AUTH_MODE": "full",
                "SHARED_KEY": configuration.sharedKey,
            ], output: log)
        let scheme = configuration.certificate == nil ? "http" : "https"
        let sandbox = MESHSandbox(baseURL: "\(scheme)://127.0.0.1:\(configuration.port)", process: process)
        do {
            try await sandbox.becomeReady(configuration, within: limit)
        } catch {
            await process.stop(within: .zero)
            throw Failure(description: "mesh-sandbox did not come up; see \(log)")
        }
        return sandbox
    }

    /// Asks `/health` until it answers 200.
    private func becomeReady(_ configuration: Configuration, within limit: Duration) async throws {
        var tls = TLSConfiguration.makeClientConfiguration()
        // Only whether it is up is asked, so whose certificate it shows does not matter.
        tls.certificateVerification = .none
        if let certificate = configuration.probeCertificate, let key = configuration.probeKey {
            tls.certificateChain = try NIOSSLCertificate.fromPEMFile(certificate).map { .certificate($0) }
            tls.privateKey = .privateKey(try NIOSSLPrivateKey(file: key, format: .pem))
        }
        let client = HTTPClient(configuration: .init(tlsConfiguration: tls))
        let deadline = ContinuousClock.now + limit
        var ready = false
        while !ready, process.isRunning, ContinuousClock.now < deadline, !Task.isCancelled {
            let response = try? await client.execute(HTTPClientRequest(url: baseURL + "/health"), timeout: .seconds(2))
            ready = response?.status == .ok
            if !ready { try? await Task.sleep(for: .milliseconds(100)) }
        }
        // The sandbox makes its store at the first call that needs one, and one for each call when several come at once:
        // messages then vanish. One call by itself settles it.
        if ready {
            _ = try? await client.execute(
                HTTPClientRequest(url: baseURL + "/messageexchange/admin/message/NONE"), timeout: .seconds(5))
        }
        try await client.shutdown()
        if !ready { throw Failure(description: "no answer") }
    }

    /// Ends it and waits for its end.
    package func stop() async {
        await process.stop(within: .seconds(5))
    }

    /// Starts it and runs until it ends by itself, or we are cancelled or told to end (SIGTERM, SIGINT), and then ends it:
    /// without that it would outlive us. We listen for being told before it is started, so that no moment is missed.
    package static func run(_ configuration: Configuration) async throws {
        try await ServiceGroup(
            configuration: .init(
                services: [
                    .init(
                        service: Life(configuration: configuration),
                        successTerminationBehavior: .gracefullyShutdownGroup)
                ], gracefulShutdownSignals: [.sigterm, .sigint], logger: Logger(label: "mesh-sandbox"))
        ).run()
    }

    private struct Life: Service {
        var configuration: Configuration

        func run() async throws {
            try await cancelWhenGracefulShutdown {
                let sandbox: MESHSandbox
                do {
                    sandbox = try await MESHSandbox.start(configuration)
                } catch {
                    // Told to end while it came up: it has been ended, and that is no failure.
                    if Task.isCancelled { return }
                    throw error
                }
                await withTaskCancellationHandler {
                    await sandbox.process.wait()
                } onCancel: {
                    Task { await sandbox.stop() }
                }
            }
        }
    }
}
