import CaseStore
import Channels
import Disclosure
import Logging
import Referral
import Translation

/// Who can be sent to, how, and with which document: adapters' outbound definitions joined with this installation's
/// endpoints.
package struct OutboundPartners: Sendable {
    private let catalogue: AdapterCatalogue
    private let channels: [String: any OutboundChannel]

    init(catalogue: AdapterCatalogue, channels: [String: any OutboundChannel]) {
        self.catalogue = catalogue
        self.channels = channels
    }

    /// Opens a channel for every endpoint of the configuration.
    ///
    /// - Throws: ``ConfigurationError`` with every endpoint that cannot be used as it is configured.
    static func open(_ configuration: Configuration, catalogue: AdapterCatalogue, logger: Logger) throws -> Self {
        var problems: [ConfigurationError.Problem] = []
        var channels: [String: any OutboundChannel] = [:]
        for (partner, endpoint) in configuration.outbound.sorted(by: { $0.key < $1.key }) {
            func problem(_ text: String) {
                problems.append(.init(line: nil, key: "outbound.\(partner)", text: text))
            }
            if catalogue[partner] == nil { problem("is not an adapter; `hub adapters list` shows them") }
            do {
                channels[partner] = try open(endpoint, logger: logger)
            } catch let error as ConfigurationError {
                problems += error.problems
            } catch {
                problem("\(error)")
            }
        }
        guard problems.isEmpty else { throw ConfigurationError(problems: problems) }
        return Self(catalogue: catalogue, channels: channels)
    }

    private static func open(_ endpoint: Configuration.Endpoint, logger: Logger) throws -> any OutboundChannel {
        switch endpoint {
        case .https(let https):
            var headers: [(name: String, value: String)] = []
            if let token = https.token { headers.append((name: "Authorization", value: "Bearer \(try token.resolve())")) }
            return try HTTPSChannel(
                configuration: .init(
                    url: https.url,
                    tls: TLSFiles(
                        certificateAuthority: https.authority, certificate: https.certificate, key: https.privateKey),
                    headers: headers,
                    requestTimeout: https.timeout
                )
            )
        case .mesh(let mesh):
            let client = try MESHClient(
                configuration: .init(
                    baseURL: mesh.url,
                    mailbox: mesh.mailbox,
                    password: try mesh.password.resolve(),
                    sharedKey: try mesh.sharedKey.resolve(),
                    tls: TLSFiles(
                        certificateAuthority: mesh.authority, certificate: mesh.certificate, key: mesh.privateKey,
                        minimumVersion: .tls12),
                    requestTimeout: mesh.timeout
                )
            )
            return MESHChannel(
                client: client, mailbox: mesh.recipientMailbox, workflow: mesh.workflow, logger: logger)
        }
    }

    /// The partners that have an endpoint, in alphabetical order.
    var configured: [String] { channels.keys.sorted() }

    /// The channel to a partner, or nil when none is configured.
    func channel(to recipient: String) -> (any OutboundChannel)? {
        channels[recipient]
    }

    /// How the recipient's adapter sends for this purpose, or nil when it does not.
    func outbound(recipient: String, purpose: String) -> Outbound? {
        catalogue[recipient]?.outbound(for: purpose)
    }

    /// The partner's adapter.
    func adapter(_ recipient: String) -> Adapter? {
        catalogue[recipient]
    }

    /// The retry schedule of the partner's queue: the most patient of its outbound definitions.
    func retry(of recipient: String) -> Outbound.RetrySchedule? {
        catalogue[recipient]?.outbound.map(\.retry).max { $0.attempts < $1.attempts }
    }

    /// What the disclosure policy must know of the recipient's channels: those of its adapter, when an endpoint is
    /// configured.
    func setup(of recipient: String) -> RecipientSetup {
        guard channels[recipient] != nil, let adapter = catalogue[recipient] else {
            return RecipientSetup(channels: [])
        }
        return RecipientSetup(channels: Set(adapter.outbound.compactMap { ReleaseChannel(rawValue: $0.channel.rawValue) }))
    }

    /// Closes every channel's connections.
    func shutdown() async {
        for channel in channels.values { await channel.shutdown() }
    }
}
