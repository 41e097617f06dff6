import CaseStore
import Channels
import Disclosure
import Logging
import MessageQueue
import Postgres
import Referral
import Translation

/// Who can be sent to, how, and with which document: adapters' outbound definitions joined with this installation's
/// endpoints.
package struct OutboundPartners: Sendable {
    private let catalogue: AdapterCatalogue
    private let channels: [String: any OutboundChannel]

    /// Opens a channel for every endpoint of the configuration.
    ///
    /// - Throws: ``ConfigurationError`` with every endpoint that cannot be used as it is configured.
    static func open(_ configuration: Configuration, catalogue: AdapterCatalogue, logger: Logger) async throws -> Self {
        var problems: [ConfigurationError.Problem] = []
        var channels: [String: any OutboundChannel] = [:]
        // One per own mailbox, shared by the channels that send from it, which close it.
        var mailboxes: [String: MESHClient] = [:]
        for (partner, endpoint) in configuration.outbound.sorted(by: { $0.key < $1.key }) {
            func problem(_ text: String) {
                problems.append(.init(line: nil, key: "outbound.\(partner)", text: text))
            }
            for outbound in catalogue[partner]?.outbound ?? [] where !outbound.proposedFor.isEmpty {
                if Purpose(rawValue: outbound.purpose)?.family != .consent {
                    problem("propose_for of \(outbound.purpose) is only for purposes that rest on an agreement")
                }
            }
            if catalogue[partner] == nil { problem("is not an adapter; `hub adapters list` shows them") }
            do {
                switch endpoint {
                case .https(let https): channels[partner] = try channel(https)
                case .mesh(let mesh):
                    let own = "\(mesh.url) \(mesh.mailbox)"
                    let client = try mailboxes[own] ?? client(mesh)
                    mailboxes[own] = client
                    channels[partner] = MESHChannel(
                        client: client, mailbox: mesh.recipientMailbox, workflow: mesh.workflow, logger: logger)
                }
            } catch let error as ConfigurationError {
                problems += error.problems
            } catch {
                problem("\(error)")
            }
        }
        let partners = Self(catalogue: catalogue, channels: channels)
        guard problems.isEmpty else {
            await partners.shutdown()
            throw ConfigurationError(problems: problems)
        }
        return partners
    }

    private static func channel(_ https: Configuration.HTTPSEndpoint) throws -> HTTPSChannel {
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
    }

    private static func client(_ mesh: Configuration.MESHEndpoint) throws -> MESHClient {
        try MESHClient(
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
    }

    /// The partners that have an endpoint, in alphabetical order.
    var configured: [String] { channels.keys.sorted() }

    /// How the recipient's adapter sends for this purpose, or nil when it does not.
    func outbound(recipient: String, purpose: String) -> Outbound? {
        catalogue[recipient]?.outbound(for: purpose)
    }

    /// How a share leaves.
    struct Way {
        let adapter: Adapter
        let outbound: Outbound
        let channel: any OutboundChannel

        /// The exact bytes that leave for a release, whoever asks for them: the gate before sending, or staff beforehand.
        func document(_ release: Value) throws -> Rendered {
            try Renderer(adapter: adapter, outbound: outbound).render(release)
        }
    }

    /// Whether a share that the policy lets go can leave.
    enum Leaving {
        case by(Way)
        /// It can never leave in this form.
        case never(Cause)
    }

    /// How a share leaves that the policy lets go, if what the policy obliges to is met and a channel is set up.
    func way(for prepared: PreparedShare, _ decision: Decision) -> Leaving {
        // The adapter's words for it are nothing to rely on: what an obligation demands is done, or nothing leaves.
        let unmet = prepared.unmet(decision.obligations)
        guard unmet.isEmpty else {
            let names = unmet.map(\.rawValue).sorted().joined(separator: " ")
            return .never(Cause(code: "obligation_unmet", text: names))
        }
        let request = prepared.share.request
        guard let adapter = catalogue[request.recipient], let outbound = adapter.outbound(for: request.purpose),
            let channel = channels[request.recipient]
        else { return .never(Cause(code: "channel_not_configured", text: "No channel is set up for this purpose")) }
        return .by(Way(adapter: adapter, outbound: outbound, channel: channel))
    }

    /// The partner's adapter.
    func adapter(_ recipient: String) -> Adapter? {
        catalogue[recipient]
    }

    /// The retry schedule of the partner's queue: the most patient of its outbound definitions.
    func retry(of recipient: String) -> Outbound.RetrySchedule? {
        catalogue[recipient]?.outbound.map(\.retry).max { $0.attempts < $1.attempts }
    }

    /// How many messages a second the partner's queue sends at most: the least of its outbound definitions.
    func perSecond(of recipient: String) -> Double? {
        catalogue[recipient]?.outbound.map(\.perSecond).min()
    }

    /// What the disclosure policy must know of the recipient's channels: those of its adapter, when an endpoint is
    /// configured.
    ///
    /// A recipient that is entered as a partner and disabled is suspended as of this moment.
    func setup(of recipient: String, _ store: CaseStore, in connection: Connection) throws -> RecipientSetup {
        let isSuspended = try store.partner(recipient, in: connection).map { !$0.isEnabled } ?? false
        guard channels[recipient] != nil, let adapter = catalogue[recipient] else {
            return RecipientSetup(channels: [], isSuspended: isSuspended)
        }
        return RecipientSetup(
            channels: Set(adapter.outbound.compactMap { ReleaseChannel(rawValue: $0.channel.rawValue) }),
            isSuspended: isSuspended)
    }

    /// Closes every channel's connections.
    func shutdown() async {
        for channel in channels.values { await channel.shutdown() }
    }
}
