import FoundationEssentials
import Glibc

/// Lays files down on a partner's own SFTP server (partner interfaces, section 4.1), as one user with one key, at a server
/// whose host key is pinned.
///
/// One delivery at a time, so that they lie there in their order. The connection is kept while others wait. What is
/// delivered lies there and may be fetched; that it was, is told by ``progress(of:)``.
///
/// Codes of its outcomes:
///
/// | code | when | outcome |
/// |---|---|---|
/// | `connection_refused`, `handshake_failed`, `busy` | nothing was sent | retryable |
/// | `host_key_changed`, `login_denied`, `no_such_folder`, `access_denied` | nothing was laid down | rejected |
/// | `conflict`, `file_name` | nothing was laid down | rejected |
/// | `disk_full`, `write_refused`, `write_short` | the file has no name yet | retryable |
/// | `answer_timeout`, `connection_lost`, `command_refused`, `cancelled` | the file has no name yet | retryable |
/// | those of the last two lines | from there on, unless a look finds the file whole or not there | unknown |
package final class SFTPChannel: OutboundChannel {
    /// A partner's server and its limits.
    package struct Configuration: Sendable {
        /// `sftp://host:port`, without credentials and path.
        package var url: String
        package var user: String
        /// A file with the private key, without a passphrase: Ed25519 or ECDSA, since libssh2 before 1.11 signs with RSA in a
        /// way that servers do not take any more.
        package var privateKey: String
        /// SHA-256 of the server's host key, `SHA256:` and 43 characters, as `ssh-keygen -l` writes it.
        package var hostKey: String
        /// Where files are laid down. From the login folder on, or from the root with `/` in front.
        package var folder: String
        /// Where the partner writes `NAME.rcv`. Defaults to `ack`.
        package var receipts: String
        /// From the first byte sent to the end of the login. Defaults to 15 s.
        package var connectTimeout: Duration
        /// For one delivery or question, with the wait for those before it; removing what a failed one left behind takes 5 s
        /// more at most. Defaults to 2 minutes.
        package var timeout: Duration
        /// How long less than 100 bytes a second are borne. Defaults to 20 s.
        package var stallTimeout: Duration

        package init(
            url: String, user: String, privateKey: String, hostKey: String, folder: String, receipts: String = "ack",
            connectTimeout: Duration = .seconds(15), timeout: Duration = .seconds(120),
            stallTimeout: Duration = .seconds(20)
        ) {
            self.url = url
            self.user = user
            self.privateKey = privateKey
            self.hostKey = hostKey
            self.folder = folder
            self.receipts = receipts
            self.connectTimeout = connectTimeout
            self.timeout = timeout
            self.stallTimeout = stallTimeout
        }
    }

    private let timeout: Duration
    private let thread: CurlThread<SFTPTransfer, PickupError>

    /// Checks the address, the names, the key's file and the pin; does not connect.
    package init(configuration: Configuration) throws(ChannelConfigurationError) {
        let server = try SFTPTransfer.Server(configuration)
        timeout = configuration.timeout
        thread = CurlThread(
            cancelled: PickupError(code: "cancelled", text: "the hub stopped waiting"), keepsIdle: false
        ) { () throws(PickupError) in try SFTPTransfer(server) }
    }

    package func deliver(_ delivery: Delivery) async -> DeliveryOutcome {
        guard let file = OutgoingFile(delivery) else { return OutgoingFile.unusableName }
        return await run {
            $0.deliver(file)
        } failed: {
            $0.outcome
        }
    }

    package func progress(of reference: String) async -> DeliveryProgress {
        await run {
            $0.progress(of: reference)
        } failed: {
            .unavailable(code: $0.code, text: $0.text)
        }
    }

    /// Logs in and looks whether the folder is there. Whether files can be written there is seen with the first.
    package func probe() async -> [ProbeStep] {
        await run { pickup -> [ProbeStep] in
            do throws(PickupError) {
                try pickup.place.check()
                return [.passed(Self.probed, "the server lets us in, and the folder is there")]
            } catch {
                return [.failed(Self.probed, code: error.code, error.text)]
            }
        } failed: {
            [.failed(Self.probed, code: $0.code, $0.text)]
        }
    }

    private static let probed = "connection, host key, login and folder"

    package func withdraw(_ reference: String) async -> Withdrawal {
        await run {
            $0.withdraw(reference)
        } failed: {
            .unknown(code: $0.code, text: $0.text)
        }
    }

    package func shutdown() async { await thread.shutdown() }

    /// Does something at the server once it is this call's turn.
    private func run<T: Sendable>(
        _ body: @escaping @Sendable (Pickup<SFTPTransfer>) -> T, failed: (PickupError) -> T
    ) async -> T {
        let deadline = ContinuousClock.now + timeout
        do throws(PickupError) {
            return try await thread.run { transfer throws(PickupError) in
                guard deadline > .now else {
                    throw PickupError(code: "busy", text: "its turn did not come in time: the server is slow")
                }
                transfer.deadline = deadline
                return body(Pickup(place: transfer))
            }
        } catch {
            return failed(error)
        }
    }
}

extension SFTPTransfer.Server {
    /// Checks what is configured.
    fileprivate init(_ configuration: SFTPChannel.Configuration) throws(ChannelConfigurationError) {
        let hostAndPort = configuration.url.hasPrefix("sftp://") ? configuration.url.dropFirst(7) : ""
        guard !hostAndPort.isEmpty, hostAndPort.allSatisfy({ OutgoingFile.isPlain(String($0)) || "[]:".contains($0) })
        else {
            throw ChannelConfigurationError(
                setting: "url", problem: "not an address of the form sftp://host:port, without credentials and path")
        }
        guard !configuration.user.isEmpty else {
            throw ChannelConfigurationError(setting: "user", problem: "must not be empty")
        }
        url = configuration.url
        user = configuration.user
        files = try Self.folder(configuration.folder, "folder")
        receipts = try Self.folder(configuration.receipts, "receipts")
        hostKey = try Self.pin(configuration.hostKey)
        privateKey = configuration.privateKey
        try Self.checkKey(configuration.privateKey)
        connectTimeout = configuration.connectTimeout
        stallTimeout = configuration.stallTimeout
    }

    /// A folder's path as libcurl takes it in addresses and commands: `/~/` is the login folder.
    private static func folder(_ path: String, _ setting: String) throws(ChannelConfigurationError) -> String {
        let parts = path.split(separator: "/")
        guard !parts.isEmpty, parts.allSatisfy({ OutgoingFile.isPlain(String($0)) && $0 != "." && $0 != ".." }) else {
            throw ChannelConfigurationError(
                setting: setting, problem: "names of letters, digits, _ - and . with / between them")
        }
        return (path.hasPrefix("/") ? "/" : "/~/") + parts.joined(separator: "/")
    }

    /// The pin as libcurl takes it: base64 without its padding.
    private static func pin(_ text: String) throws(ChannelConfigurationError) -> String {
        let hash = String(text.dropFirst("SHA256:".count).prefix { $0 != "=" })
        guard text.hasPrefix("SHA256:"), Data(base64Encoded: hash + "=")?.count == 32 else {
            throw ChannelConfigurationError(
                setting: "host_key", problem: "not SHA256: and 43 characters, as ssh-keygen -l writes it")
        }
        return hash
    }

    /// libcurl would call a key that it cannot read a login that was denied.
    private static func checkKey(_ path: String) throws(ChannelConfigurationError) {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        defer { if file >= 0 { close(file) } }
        var start = [UInt8](repeating: 0, count: 10)
        guard file >= 0, read(file, &start, start.count) == start.count, start == Array("-----BEGIN".utf8) else {
            throw ChannelConfigurationError(
                setting: "key", problem: "no private key can be read from \(path)")
        }
    }
}
