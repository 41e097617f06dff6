import Channels
import Forms
import Hummingbird
import HummingbirdCore
import HummingbirdTLS
import Logging
import NIOCore
import NIOSSL
import Postgres
import Referral
import ServiceLifecycle
import Translation

/// The HTTP listeners: one for partners and staff, where the role `api` runs, and one for administration, in every role.
struct Server {
    let hub: HubServices
    /// After which silence a connection is let go, in the middle of a body too; else each that was given up would stay.
    var idleTimeout: TimeAmount = .seconds(60)

    /// Partners and staff: referrals, receipts, agreements, shares.
    ///
    /// - Parameters:
    ///   - desk: Where control rooms are answered by this process, too.
    ///   - roomDatabase: By which it is known who sits at a control room (``ControlRoomRoutes/database(_:logger:)``).
    func partnerApplication(
        _ listener: Configuration.Listener,
        desk: EmergencyDesk? = nil,
        roomDatabase: Database? = nil,
        onRunning: @escaping @Sendable (any Channel) async -> Void
    ) throws -> some Service {
        let router = Self.router(of: listener)
        let operations = OperationsRoutes(operations: hub.operations)
        operations.addHealth(to: router)
        let configuration = hub.installation.configuration
        if let form = configuration.publicForm {
            FormRoutes(
                form, organisation: configuration.organisation.name, intake: hub.intake, metrics: hub.metrics
            ).add(to: router)
        }
        let certificates = CallerCertificates(judge: try Self.judge(of: listener))
        let refusals = Refusals(hub.metrics)
        var site: StaffSite?
        if configuration.servesStaffForm {
            let forms = StaffFormRoutes(
                configuration, sessions: StaffSessions(hub.installation),
                intake: hub.intake, isSecure: listener.isReachedByTLS)
            forms.add(to: router)
            let pages = DocumentPages(
                team: configuration.organisation.name, path: PortalRoutes.path, formPath: StaffFormRoutes.path)
            PortalRoutes(Portal(hub.installation), pages: pages, site: forms.site).add(to: router)
            site = forms.site
        }
        var room: ControlRoomRoutes?
        if let desk, let database = roomDatabase {
            let (store, vault) = (hub.installation.store, hub.installation.vault)
            room = ControlRoomRoutes(
                configuration, desk: desk, certificates: certificates, refusals: refusals,
                sessions: StaffSessions(database, store, logger: hub.logger),
                accounts: StaffAccounts(
                    database, store, vault, configuration, metrics: hub.metrics, logger: hub.logger))
        }
        room?.add(to: router)
        if configuration.servesConsole {
            let console = ConsoleRoutes(hub, isSecure: listener.isReachedByTLS)
            console.add(to: router)
            site = site ?? console.site
        }
        if let site = site ?? room?.site {
            let hasForms = configuration.servesStaffForm
            let hasConsole = configuration.servesConsole
            let provider = try configuration.staffProvider.flatMap { settings in
                !hasForms && !hasConsole
                    ? nil
                    : ProviderSignIn(
                        settings, provider: try settings.open(environment: configuration.environment),
                        redirect: (listener.url ?? "") + StaffRoutes.returnPath, hub.installation)
            }
            StaffRoutes(
                organisation: configuration.organisation.name, site: site, accounts: StaffAccounts(hub.installation),
                provider: provider, hasForms: hasForms, hasConsole: hasConsole, room: room
            ).add(to: router)
        }
        if let url = listener.url {
            TokenRoutes(issuer: url, certificates: certificates, hub: hub).add(to: router)
        }
        let known = router.group()
            .add(
                middleware: Authentication(
                    credentials: hub.credentials, certificates: certificates, refusals: refusals)
            )
            .add(middleware: hub.requestLimit)
            .add(
                middleware: BodyBudgeting(
                    budget: hub.budget, longest: ReferralRoutes.bodyLimit, metrics: hub.metrics)
            )
        let authenticated = GuardedRoutes(group: known, refusals: refusals)
        ReferralRoutes(
            intake: hub.intake, receipts: hub.receipts, hl7Answers: hub.hl7Answers, metrics: hub.metrics
        ).add(to: authenticated)
        SharingRoutes(sharing: hub.sharing).add(to: authenticated)
        ConsentRoutes(sharing: hub.sharing).add(to: authenticated)
        AccessRoutes(cards: AccessCards(hub.installation)).add(to: authenticated)
        if let desk {
            let routes = EmergencyRoutes(
                desk: desk, certificates: certificates, refusals: refusals,
                pageFor: configuration.emergency?.pageFor ?? [])
            routes.add(to: router)
            routes.addCalls(to: authenticated, numbers: configuration.emergency?.callBack ?? [:])
        }
        MatchRoutes(matches: hub.matches).add(to: authenticated)
        if !configuration.barsServices.isEmpty {
            let organisation = configuration.organisation
            let bars = BaRSRoutes(
                receiver: .init(
                    services: configuration.barsServices, ods: organisation.ods, name: organisation.name),
                intake: hub.intake, outcomes: hub.outcomes, catalogue: hub.installation.catalogue, metrics: hub.metrics)
            bars.addMetadata(to: router)
            bars.add(to: authenticated)
        }
        return try Self.application(
            router, listener, certificates, idleTimeout: idleTimeout, logger: hub.logger, onRunning: onRunning)
    }

    private static func judge(of listener: Configuration.Listener) throws -> ClientCertificates? {
        listener.asksForCertificates ? try ClientCertificates(authorityFile: listener.clientAuthority) : nil
    }

    /// Administration: figures and health, on loopback.
    func adminApplication(
        _ listener: Configuration.Listener,
        onRunning: @escaping @Sendable (any Channel) async -> Void
    ) throws -> some Service {
        let router = Self.router(of: listener)
        let operations = OperationsRoutes(operations: hub.operations)
        operations.addHealth(to: router)
        operations.addMetrics(to: router)
        return try Self.application(
            router, listener, CallerCertificates(judge: nil), idleTimeout: idleTimeout, logger: hub.logger,
            onRunning: onRunning)
    }

    /// Control rooms alone, and how somebody there signs in, for a node that may be without the database.
    ///
    /// - Parameters:
    ///   - sessions: Who is signed in, where the database is there.
    ///   - accounts: Who can sign in then.
    static func emergencyApplication(
        _ configuration: Configuration, desk: EmergencyDesk, sessions: StaffSessions, accounts: StaffAccounts,
        metrics: Metrics, logger: Logger, onRunning: @escaping @Sendable (any Channel) async -> Void
    ) throws -> some Service {
        let listener = configuration.partnerListener
        let router = emergencyRouter(desk, of: listener)
        let certificates = CallerCertificates(judge: try judge(of: listener))
        let refusals = Refusals(metrics)
        EmergencyRoutes(
            desk: desk, certificates: certificates, refusals: refusals,
            pageFor: configuration.emergency?.pageFor ?? []
        ).add(to: router)
        if let room = ControlRoomRoutes(
            configuration, desk: desk, certificates: certificates, refusals: refusals, sessions: sessions,
            accounts: accounts)
        {
            room.add(to: router)
            StaffRoutes(
                organisation: configuration.organisation.name, site: room.site, accounts: accounts, provider: nil,
                hasForms: false, hasConsole: false, room: room
            ).add(to: router.group().add(middleware: ControlRoomComputers(room: room)))
        }
        return try application(router, listener, certificates, logger: logger, onRunning: onRunning)
    }

    /// Figures and health of such a node.
    static func adminApplication(
        _ listener: Configuration.Listener, desk: EmergencyDesk, metrics: Metrics, logger: Logger
    ) throws -> some Service {
        let router = emergencyRouter(desk, of: listener)
        router.get("/metrics") { _, _ in
            Response(
                status: .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
                body: .init(byteBuffer: ByteBuffer(string: metrics.text(gauges: []))))
        }
        return try application(router, listener, CallerCertificates(judge: nil), logger: logger) { _ in }
    }

    private static func emergencyRouter(
        _ desk: EmergencyDesk, of listener: Configuration.Listener
    ) -> Router<ExchangeContext> {
        let router = router(of: listener)
        router.get("/healthz") { _, _ in Response.json(["status": "alive"]) }
        router.get("/readyz") { _, _ in
            guard desk.isReady else {
                throw Problem(
                    status: .serviceUnavailable, code: "unavailable", title: "Not ready",
                    detail: "There is no picture of the database yet", retryAfter: 5)
            }
            return Response.json(["status": "ready"])
        }
        return router
    }

    /// A router in front of which everything stands that every answer of a listener needs.
    private static func router(of listener: Configuration.Listener) -> Router<ExchangeContext> {
        let router = Router(context: ExchangeContext.self)
        router.add(middleware: BrowserGuard(isSecure: listener.isReachedByTLS, url: listener.url))
        router.add(middleware: ProblemMiddleware())
        router.add(middleware: OffTheLoop())
        return router
    }

    private static func application(
        _ router: Router<ExchangeContext>,
        _ listener: Configuration.Listener,
        _ certificates: CallerCertificates,
        idleTimeout: TimeAmount = .seconds(60),
        logger: Logger,
        onRunning: @escaping @Sendable (any Channel) async -> Void
    ) throws -> some Service {
        Application(
            router: router,
            server: try builder(listener, certificates, idleTimeout),
            configuration: .init(
                address: .hostname(listener.host, port: listener.port), serverName: nil,
                availableConnectionsDelegate: .maximum(
                    FileDescriptors.connections(of: FileDescriptors.raise()), logger: logger)),
            onServerRunning: onRunning,
            logger: logger
        )
    }

    /// Plain HTTP on loopback, else TLS 1.3, with a certificate of the caller's where it is asked for and has one.
    private static func builder(
        _ listener: Configuration.Listener, _ certificates: CallerCertificates, _ idleTimeout: TimeAmount
    ) throws -> HTTPServerBuilder {
        let configuration = HTTP1Channel.Configuration(
            additionalChannelHandlers: [RequestPace()], idleTimeout: idleTimeout,
            // The longest that is sent is a signed assertion, of 8 KiB, in a body; a cookie or a token has some hundred bytes.
            httpDecoderConfiguration: .init(
                maxHeaderFieldSize: 8 << 10, maxHeaderListSize: 32 << 10, maxHeaderFieldCount: 100))
        let base = HTTPServerBuilder { responder in
            LoopChannel(base: HTTP1Channel(responder: responder, configuration: configuration))
        }
        guard let certificate = listener.certificate, let privateKey = listener.privateKey else { return base }
        var tls = TLSConfiguration.makeServerConfiguration(
            certificateChain: try NIOSSLCertificate.fromPEMFile(certificate).map { .certificate($0) },
            privateKey: .privateKey(try NIOSSLPrivateKey(file: privateKey, format: .pem))
        )
        tls.minimumTLSVersion = .tlsv13
        guard let judge = certificates.judge else { return try .tls(base, tlsConfiguration: tls) }
        tls.certificateVerification = .optionalVerification
        // It is the judge who decides; the system's authorities vouch for nobody here.
        tls.trustRoots = .certificates([])
        let verifying = TLSChannelConfiguration(tlsConfiguration: tls) { presented, promise in
            promise.succeed(judge.admit(presented, at: WallClock.now()) ? .certificateVerified : .failed)
        }
        return try .tls(base, configuration: verifying)
    }
}
