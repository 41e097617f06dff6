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
    /// A partner, or a member of a kind, to whom documents can go.
    private struct Route: Sendable {
        var adapter: Adapter
        var channels: [Outbound.Channel: any OutboundChannel]
        /// What a document may say of the endpoint that it goes to.
        var facts: [Outbound.Channel: Object] = [:]
    }

    private let catalogue: AdapterCatalogue
    /// By the name that the configuration has for them.
    private let routes: [String: Route]

    /// Opens a channel for every endpoint of the configuration.
    ///
    /// - Parameter portal: Where documents wait for staff; nil where nothing will be sent.
    /// - Throws: ``ConfigurationError`` with every endpoint that cannot be used as it is configured.
    static func open(
        _ configuration: Configuration, catalogue: AdapterCatalogue, portal: PortalChannel?, logger: Logger
    ) async throws -> Self {
        var problems: [ConfigurationError.Problem] = []
        var routes: [String: Route] = [:]
        var catalogue = catalogue
        var opening = Opening(
            logger: logger, drop: configuration.dropFolder, connections: configuration.dispatchConcurrency,
            organisation: configuration.organisation, portal: portal)
        for (partner, endpoints) in configuration.outbound.sorted(by: { $0.key < $1.key }) {
            func problem(_ text: String) {
                problems.append(.init(line: nil, key: "outbound.\(partner)", text: text))
            }
            guard var adapter = catalogue[partner] ?? catalogue[kind(of: partner)] else {
                problem("is not an adapter; `hub adapters list` shows them")
                continue
            }
            for outbound in adapter.outbound where !outbound.proposedFor.isEmpty {
                if Purpose(rawValue: outbound.purpose)?.family != .consent {
                    problem("propose_for of \(outbound.purpose) is only for purposes that rest on an agreement")
                }
            }
            if case .exercise(let exercise)? = endpoints[.nfiWeb] {
                problems += exercise.fill(&adapter, at: "outbound.\(partner).nfi_web", drop: configuration.dropFolder)
                catalogue = catalogue.replacing(adapter)
            }
            var route = Route(adapter: adapter, channels: [:])
            for (channel, endpoint) in endpoints.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
                if !adapter.outbound.contains(where: { $0.channel == channel }) {
                    problem("has an endpoint for \(channel.rawValue), by which its adapter sends nothing")
                }
                if case .mesh(let mesh) = endpoint {
                    problems += mesh.problems(with: adapter, at: "outbound.\(partner).mesh")
                }
                let isAddressed = adapter.outbound.contains { $0.channel == channel && $0.isAddressed }
                if partner == adapter.id, adapter.kind.hasMembers, !isAddressed {
                    problem("is a kind: give each member an endpoint of its own, as outbound.\"\(partner):ID\"")
                }
                let ways = adapter.outbound.filter { $0.channel == channel }
                let awaited = Set(ways.map(\.acknowledgement))
                switch endpoint {
                case .bars where ways.contains { $0.format != .fhir }:
                    problem("has `bars`, but its adapter sends another format than fhir by https_mtls: give `https`")
                case .bars where configuration.barsServices.isEmpty:
                    problem("has `bars`, but there is no service of ours for replies: give `bars.services`")
                case .https where ways.contains { $0.format == .fhir },
                    .govTalk where ways.contains { $0.format == .fhir }:
                    problem("needs `bars` for its endpoint: its adapter sends fhir by https_mtls")
                case .govTalk where awaited.contains { $0 != .response }:
                    problem("has `govtalk`, but its adapter awaits no response")
                case .portal where awaited.contains { $0 != .fetched }:
                    problem("has `portal`, but its adapter does not await `fetched`: nothing would take it back")
                case .portal where !configuration.servesStaffForm:
                    problem("has `portal`, but staff have no page to fetch from: give `staff_form: true`")
                case .https where awaited.contains(.response):
                    problem("needs `govtalk` in place of `https`: its adapter awaits a response")
                default: break
                }
                if case .bars(let bars) = endpoint {
                    route.facts[channel] = ["service": .string(bars.service), "use_case": .string(bars.useCase)]
                }
                do {
                    route.channels[channel] = try opening.channel(endpoint, of: adapter)
                } catch let error as ConfigurationError {
                    problems += error.problems.filter { !problems.contains($0) }
                } catch {
                    problem("\(error)")
                }
            }
            routes[partner] = route
        }
        let partners = Self(catalogue: catalogue, routes: routes)
        guard problems.isEmpty else {
            await partners.shutdown()
            throw ConfigurationError(problems: problems)
        }
        return partners
    }

    /// What an id stands for: `gp` of `gp:C81001`, else the id itself.
    static func kind(of recipient: String) -> String {
        String(recipient.prefix { $0 != ":" })
    }

    /// The route by which a recipient is reached, with its name: its own; or that of its kind, by those ways whose documents
    /// carry the member's own address. By any other way a kind's endpoint is somebody else's.
    private func named(_ recipient: String) -> (name: String, route: Route)? {
        if let own = routes[recipient] { return (recipient, own) }
        let kind = Self.kind(of: recipient)
        guard var route = routes[kind] else { return nil }
        let addressed = Set(route.adapter.outbound.filter(\.isAddressed).map(\.channel))
        route.channels = route.channels.filter { addressed.contains($0.key) }
        return route.channels.isEmpty ? nil : (kind, route)
    }

    private func route(of recipient: String) -> Route? { named(recipient)?.route }

    /// The partners, and members of kinds, that have an endpoint, in alphabetical order: one queue for each.
    var configured: [String] { routes.keys.sorted() }

    /// The queue of what is to leave for a recipient.
    func queue(of recipient: String) -> String { Dispatch.queueName(named(recipient)?.name ?? recipient) }

    /// The exercise for which a partner gets a table, and how that is handed over; nil where none is set up.
    func exercise(of recipient: String) -> (outbound: Outbound, sheet: ExerciseSheet, channel: any OutboundChannel)? {
        guard let route = route(of: recipient), let outbound = route.adapter.outbound.first(where: { $0.sheet != nil }),
            let sheet = outbound.sheet, let channel = route.channels[outbound.channel]
        else { return nil }
        return (outbound, sheet, channel)
    }

    /// The message that will send a share; in order for each person. One that leaves in a table with others waits for the time
    /// of that, in a queue of its own and without order, since all of a table leave at once.
    func message(for request: ShareRequest) -> NewMessage {
        if let batch = outbound(of: request)?.batch {
            let at = batch.next(after: Instant(microseconds: Timestamp.now().microseconds))
            return NewMessage(
                queue: Dispatch.batchQueueName(named(request.recipient)?.name ?? request.recipient),
                payload: Array(request.id.description.utf8), notBefore: Timestamp(microseconds: at.microseconds),
                correlation: request.id)
        }
        return NewMessage(
            queue: queue(of: request.recipient), key: request.person.description,
            payload: Array(request.id.description.utf8), correlation: request.id)
    }

    /// The way out that a request names.
    private func outbound(of request: ShareRequest) -> Outbound? {
        adapter(request.recipient)?.outbound.first {
            $0.content == .document && $0.purpose == request.purpose && $0.channel.rawValue == request.channel
        }
    }

    /// The partners to whom some documents can go as tables of many; whether the way there is set up, is told as they leave.
    var batched: [String] {
        configured.filter { adapter($0)?.outbound.contains { $0.batch != nil || $0.channel == .nfiWeb } ?? false }
    }

    /// How the recipient's adapter sends for this purpose, by the first of its ways that has an endpoint; or nil when it
    /// does not.
    func outbound(recipient: String, purpose: String) -> Outbound? {
        guard let adapter = adapter(recipient) else { return nil }
        let channels = route(of: recipient)?.channels ?? [:]
        let ways = adapter.outbound.filter { $0.purpose == purpose && $0.content == .document }
        return ways.first { channels[$0.channel] != nil } ?? ways.first
    }

    /// How the recipient's adapter sends the extracts of a project; nil when it does not.
    func outbound(for project: ExtractProject) -> Outbound? {
        adapter(project.recipient)?.outbound.first {
            $0.content == .extract && $0.purpose == project.purpose.rawValue
                && $0.channel.rawValue == project.channel.rawValue
        }
    }

    /// How an extract leaves: by the project's channel, which the policy judged, and no other; nil when it is not set up.
    func way(for project: ExtractProject) -> Way? {
        guard let adapter = adapter(project.recipient), let outbound = outbound(for: project),
            let channel = route(of: project.recipient)?.channels[outbound.channel]
        else { return nil }
        return Way(adapter: adapter, outbound: outbound, channel: channel, facts: nil)
    }

    /// The message that will send an extract.
    func message(forExtract id: UUIDValue, to recipient: String) -> NewMessage {
        NewMessage(
            queue: queue(of: recipient), payload: Array((ExtractDispatch.mark + id.description).utf8), correlation: id)
    }

    /// How a share leaves.
    struct Way {
        let adapter: Adapter
        let outbound: Outbound
        let channel: any OutboundChannel
        /// What a document may say of the endpoint.
        fileprivate let facts: Object?

        /// Whether what may have arrived may be sent again: both the channel and the partner must know it for the same.
        var mayRepeat: Bool { channel.recognisesRepeats && outbound.repeats == .recognised }

        /// The exact bytes that leave for a release, whoever asks for them: the gate before sending, or staff beforehand.
        func document(_ release: Value) throws -> Rendered {
            var release = release
            if let facts { release["recipient"] = .object(facts) }
            return try Renderer(adapter: adapter, outbound: outbound).render(release)
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
        // By the channel that the policy judged, and that the ledger names, and no other.
        guard let route = route(of: request.recipient), let outbound = outbound(of: request),
            let channel = route.channels[outbound.channel]
        else { return .never(Cause(code: "channel_not_configured", text: "No channel is set up for this purpose")) }
        return .by(
            Way(adapter: route.adapter, outbound: outbound, channel: channel, facts: route.facts[outbound.channel]))
    }

    /// The channel of a recipient that the adapters have this word for, if it is set up.
    func channel(_ word: String, of recipient: String) -> (any OutboundChannel)? {
        Outbound.Channel(rawValue: word).flatMap { route(of: recipient)?.channels[$0] }
    }

    /// Tries the way to a partner by each channel that is set up, without personal data; nil when none is.
    func probe(_ recipient: String) async -> [(channel: String, route: String, steps: [ProbeStep])]? {
        guard let (name, route) = named(recipient) else { return nil }
        var found: [(channel: String, route: String, steps: [ProbeStep])] = []
        for (channel, way) in route.channels.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            found.append((channel.rawValue, name, await way.probe()))
        }
        return found
    }

    /// The adapter of a partner, or of the kind that a recipient is a member of.
    func adapter(_ recipient: String) -> Adapter? {
        catalogue[recipient] ?? catalogue[Self.kind(of: recipient)]
    }

    /// The retry schedule of the partner's queue: the most patient of its outbound definitions.
    func retry(of recipient: String) -> Outbound.RetrySchedule? {
        adapter(recipient)?.outbound.map(\.retry).max { $0.attempts < $1.attempts }
    }

    /// How many messages a second the partner's queue sends at most: the least of its outbound definitions.
    func perSecond(of recipient: String) -> Double? {
        adapter(recipient)?.outbound.map(\.perSecond).min()
    }

    /// What the disclosure policy must know of the recipient's channels: those for which an endpoint is configured.
    ///
    /// A recipient that is entered as a partner and disabled, or whose kind is, is suspended as of this moment.
    func setup(of recipient: String, _ store: CaseStore, in connection: Connection) throws -> RecipientSetup {
        let isSuspended = try Set([recipient, Self.kind(of: recipient)]).contains { id in
            try store.partner(id, in: connection).map { !$0.isEnabled } ?? false
        }
        let channels = route(of: recipient)?.channels.keys.compactMap { ReleaseChannel(rawValue: $0.rawValue) } ?? []
        return RecipientSetup(channels: Set(channels), isSuspended: isSuspended)
    }

    /// Closes every channel's connections.
    func shutdown() async {
        for channel in routes.values.flatMap(\.channels.values) { await channel.shutdown() }
    }
}

/// Makes channels of endpoints.
private struct Opening {
    let logger: Logger
    /// The root of the drop folders, if there are any.
    let drop: String?
    /// To each partner over HTTPS, as many as deliveries go at once.
    let connections: Int
    let organisation: Configuration.Organisation
    let portal: PortalChannel?
    /// One per own mailbox, shared by the channels that send from it, which close it.
    private var mailboxes: [String: MESHClient] = [:]

    init(
        logger: Logger, drop: String?, connections: Int, organisation: Configuration.Organisation,
        portal: PortalChannel?
    ) {
        self.logger = logger
        self.drop = drop
        self.connections = connections
        self.organisation = organisation
        self.portal = portal
    }

    mutating func channel(_ endpoint: Configuration.Endpoint, of adapter: Adapter) throws -> (any OutboundChannel)? {
        switch endpoint {
        case .https(let https): return try https.channel(connections: connections)
        case .govTalk(let govTalk): return try govTalk.channel(connections: connections)
        case .bars(let bars): return try bars.channel(of: organisation, connections: connections)
        case .mllp(let mllp): return try MLLPChannel(configuration: mllp.channel)
        case .mesh(let mesh):
            let own = "\(mesh.url) \(mesh.mailbox)"
            let client = try mailboxes[own] ?? mesh.client()
            mailboxes[own] = client
            return MESHChannel(
                client: client, mailbox: mesh.recipientMailbox, workflows: mesh.workflows, logger: logger)
        case .sftp(let sftp):
            return try SFTPChannel(
                configuration: .init(
                    url: sftp.url, user: sftp.user, privateKey: sftp.privateKey, hostKey: sftp.hostKey,
                    folder: sftp.folder, receipts: sftp.receipts, timeout: sftp.timeout))
        case .folder(let folder):
            guard let drop else {
                throw ChannelConfigurationError(setting: "folder", problem: "needs `drop`, below which it lies")
            }
            return try FolderChannel(root: drop, partner: folder.account)
        case .portal: return portal
        case .exercise(let exercise): return try exercise.channel(of: adapter)
        case .mail(let mail): return try mail.channel()
        }
    }
}
