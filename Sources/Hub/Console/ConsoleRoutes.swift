import Console
import Disclosure
import Forms
import Hummingbird
import Postgres
import Referral
import Rights

/// The console: `GET /console` with `/console/feed`, `/console/messages/find` and `/console/messages/{id}`, and what its other
/// sections add, for whoever of staff is signed in.
struct ConsoleRoutes {
    private let desk: ConsoleDesk
    private let flow: FlowReader
    private let feed: FlowFeed
    private let traces: Traces
    private let queues: QueueRoutes
    private let deadLetters: DeadLetterRoutes
    private let work: WorkRoutes
    private let ledger: LedgerRoutes
    private let messages: MessageRoutes
    private let persons: PersonSearchRoutes
    private let person: PersonRoutes
    private let settings: SettingsRoutes
    private let documents: DocumentRoutes

    init(_ hub: HubServices, isSecure: Bool) {
        let installation = hub.installation
        desk = ConsoleDesk(installation, isSecure: isSecure)
        flow = FlowReader(installation)
        feed = FlowFeed(flow, pages: desk.pages, logger: installation.logger)
        traces = Traces(installation)
        queues = QueueRoutes(desk: desk, installation)
        deadLetters = DeadLetterRoutes(desk: desk, installation)
        work = WorkRoutes(desk: desk, hub: hub)
        ledger = LedgerRoutes(desk: desk, installation)
        messages = MessageRoutes(installation, desk)
        persons = PersonSearchRoutes(installation, desk)
        person = PersonRoutes(desk: desk, installation, hub.sharing)
        settings = SettingsRoutes(desk: desk, installation)
        documents = DocumentRoutes(desk: desk, hub: hub)
    }

    /// What the other pages of staff share with these, where no form is served.
    var site: StaffSite { desk.site }

    func add(to router: Router<ExchangeContext>) {
        router.get("\(Console.path)", use: showFlow)
        router.get("\(Console.feedPath)", use: tellFlow)
        router.post("\(Console.findPath)", use: find)
        router.get("\(Console.Section.messages.path)/{id}", use: showLife)
        queues.add(to: router)
        deadLetters.add(to: router)
        work.add(to: router)
        ledger.add(to: router)
        messages.add(to: router)
        persons.add(to: router)
        person.add(to: router)
        settings.add(to: router)
        documents.add(to: router)
        router.get("\(Console.stylePath)") { _, _ in
            FormRoutes.response(
                Console.styleSheet, type: "text/css; charset=utf-8", caching: "public, max-age=3600")
        }
        router.get("\(Console.scriptPath)") { _, _ in
            FormRoutes.response(
                Console.script, type: "text/javascript; charset=utf-8", caching: "public, max-age=3600")
        }
    }

    @Sendable
    private func showFlow(_ request: Request, _ context: ExchangeContext) async -> Response {
        await site.page(request, context, for: .watchFlow) { open in
            let picture = try await flow.picture(over: Self.period(of: request))
            return desk.shown(open) { desk.pages.flow(picture, $0, sections: $1) }
        }
    }

    /// What changes on the first page, as server-sent events (HTML Living Standard section 9.2), for as long as the session is
    /// open. Nothing that a page asks by itself lets it go on.
    @Sendable
    private func tellFlow(_ request: Request, _ context: ExchangeContext) async -> Response {
        await site.page(context) {
            // To this answer no browser comes back by itself.
            guard let open = try await site.unattended(request), open.may(.watchFlow) else {
                return Response(status: .noContent)
            }
            return feed.response(over: Self.period(of: request), on: context.channel) {
                try await site.unattended(request)?.may(.watchFlow) ?? false
            }
        }
    }

    private static func period(of request: Request) -> Traffic.Period {
        request.uri.queryParameters["over"].flatMap { Traffic.Period(rawValue: String($0)) } ?? .hour
    }

    /// What was typed comes in the body, and into an address only where it is an id: people type all sorts of things.
    @Sendable
    private func find(_ request: Request, _ context: ExchangeContext) async -> Response {
        await site.form(request, context, for: .readTrace, undone: "Nothing was looked for.") { open, fields in
            let asked = fields["id"] ?? ""
            let id = asked.lowercased().filter { !$0.isWhitespace }
            guard Traces.isID(id) else { return mistaken(asked, "That is not an id as the hub gives them", open) }
            return StaffSite.redirect(to: "\(Console.Section.messages.path)/\(id)")
        }
    }

    @Sendable
    private func showLife(_ request: Request, _ context: ExchangeContext) async -> Response {
        await site.page(request, context, for: .readTrace) { open in
            let id = context.parameters.get("id")?.lowercased() ?? ""
            guard Traces.isID(id) else { return mistaken(id, "That is not an id as the hub gives them", open) }
            let events = try await traces.events(of: id, by: open.principal.id)
            guard !events.isEmpty else { return mistaken(id, "Nothing is known of that id", open) }
            let life = Life(
                id: id, events: events.map(Life.Event.init), mayOpenDocuments: open.may(.readReferral),
                maySeeSent: open.may(.previewShare))
            return desk.shown(open) { desk.pages.life(life, at: Instant(.now()), $0, sections: $1) }
        }
    }

    private func mistaken(_ asked: String, _ mistake: String, _ open: StaffSessions.Open) -> Response {
        desk.shown(open, status: .notFound) {
            desk.pages.find(asked: String(asked.prefix(100)), mistake: mistake, $0, sections: $1)
        }
    }
}

extension Life.Event {
    fileprivate init(_ event: TraceEvent) {
        let reason = event.details.first { $0.name == "reason" }.flatMap { ReasonCode(rawValue: $0.words) }
        self.init(
            at: Instant(event.at), kind: event.kind, queueEvent: event.queueEvent, id: event.id, details: event.details,
            explanation: reason.map { "As the person is told: “\($0.explanation)”" })
    }
}
