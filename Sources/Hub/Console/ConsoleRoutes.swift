import Console
import Disclosure
import Forms
import Hummingbird
import Postgres
import Referral
import Rights

/// The console: `GET /console`, `/console/messages` and `/console/messages/{id}`, for whoever of staff is signed in.
struct ConsoleRoutes {
    private let desk: ConsoleDesk
    private let flow: FlowReader
    private let traces: Traces
    private let messages: MessageRoutes
    private let persons: PersonSearchRoutes

    init(_ installation: Installation, isSecure: Bool) {
        desk = ConsoleDesk(installation, isSecure: isSecure)
        flow = FlowReader(installation)
        traces = Traces(installation)
        messages = MessageRoutes(installation, desk)
        persons = PersonSearchRoutes(installation, desk)
    }

    /// What the other pages of staff share with these, where no form is served.
    var site: StaffSite { desk.site }

    func add(to router: Router<ExchangeContext>) {
        router.get("\(Console.path)", use: showFlow)
        router.get("\(Console.Section.messages.path)", use: find)
        router.get("\(Console.Section.messages.path)/{id}", use: showLife)
        messages.add(to: router)
        persons.add(to: router)
        router.get("\(Console.stylePath)") { _, _ in
            FormRoutes.response(
                Console.styleSheet, type: "text/css; charset=utf-8", caching: "public, max-age=3600")
        }
    }

    @Sendable
    private func showFlow(_ request: Request, _ context: ExchangeContext) async -> Response {
        await site.page(request, context, for: .watchFlow) { open in
            site.shown(
                desk.pages.flow(try await flow.picture(), desk.reader(open), sections: desk.sections(open)), open)
        }
    }

    @Sendable
    private func find(_ request: Request, _ context: ExchangeContext) async -> Response {
        await site.page(request, context, for: .readTrace) { open in
            guard let asked = request.uri.queryParameters["id"].map(String.init) else {
                return try await messages.list(request, open)
            }
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
            let life = Life(id: id, events: events.map(Life.Event.init))
            return site.shown(
                desk.pages.life(life, at: Instant(.now()), desk.reader(open), sections: desk.sections(open)), open)
        }
    }

    private func mistaken(_ asked: String, _ mistake: String, _ open: StaffSessions.Open) -> Response {
        let page = desk.pages.find(
            asked: String(asked.prefix(100)), mistake: mistake, desk.reader(open), sections: desk.sections(open))
        return site.shown(page, open, status: .notFound)
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
