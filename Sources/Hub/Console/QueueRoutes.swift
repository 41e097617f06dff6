import Console
import HTTPTypes
import Hummingbird
import MessageQueue
import Postgres
import Referral
import Rights

/// The section Queues: `GET /console/queues` and `/console/queues/{name}`; for who may mend, `POST` to `/pause`, `/resume` and
/// `/trial` below that.
struct QueueRoutes {
    private let desk: ConsoleDesk
    private let reader: QueueReader
    private let pauses: QueuePauses
    private let trials: RouteTrials

    private var site: StaffSite { desk.site }

    init(desk: ConsoleDesk, _ installation: Installation) {
        self.desk = desk
        reader = QueueReader(installation)
        pauses = QueuePauses(installation)
        let test = RouteTest(installation)
        trials = RouteTrials { await test.run($0) }
    }

    func add(to router: Router<ExchangeContext>) {
        let one = "\(Console.Section.queues.path)/{name}"
        router.get("\(Console.Section.queues.path)", use: showAll)
        router.get("\(one)", use: showOne)
        // Where a form with a mistake leaves the browser: its address opens the form again.
        router.get("\(one)/pause", use: showForm)
        router.post("\(one)/pause", use: pause)
        router.post("\(one)/resume", use: resume)
        router.post("\(one)/trial", use: tryRoute)
    }

    @Sendable
    private func showAll(_ request: Request, _ context: ExchangeContext) async -> Response {
        await site.page(request, context, for: .watchFlow) { open in
            let now = Timestamp.now()
            let (partners, stages) = try await reader.stations()
            return desk.shown(open) {
                desk.pages.queues(partners: partners, stages: stages, at: Instant(now), $0, sections: $1)
            }
        }
    }

    @Sendable
    private func showOne(_ request: Request, _ context: ExchangeContext) async -> Response {
        await site.page(request, context, for: .watchFlow) { open in
            let change = request.uri.queryParameters["done"].flatMap { Console.QueueChange(rawValue: String($0)) }
            return try await shown(context, open, change: change)
        }
    }

    @Sendable
    private func showForm(_ request: Request, _ context: ExchangeContext) async -> Response {
        await site.page(request, context, for: .mendQueues) { try await shown(context, $0) }
    }

    @Sendable
    private func pause(_ request: Request, _ context: ExchangeContext) async -> Response {
        await site.form(request, context, for: .mendQueues, undone: "Nothing was paused.") { open, fields in
            let form = PauseForm(fields)
            guard form.isRight, let end = form.end else {
                return try await shown(context, open, form: form, status: .unprocessableContent)
            }
            let time = end.time(from: Instant(.now()))
            return try await changed(context) { queue in
                let pause = try await pauses.pause(
                    queue, reason: form.reason, for: time, replacing: false, by: open.principal.id)
                return pause == nil ? .overtaken : .paused
            }
        }
    }

    @Sendable
    private func resume(_ request: Request, _ context: ExchangeContext) async -> Response {
        await site.form(request, context, for: .mendQueues, undone: "Nothing was resumed.") { open, fields in
            let since = fields["since"].flatMap { Int64($0) }.map { Timestamp(microseconds: $0) }
            guard let since else {
                return site.failure(.badRequest, "The page could not be read", "Please start again.")
            }
            return try await changed(context) { queue in
                try await pauses.resume(queue, only: since, by: open.principal.id) ? .resumed : .overtaken
            }
        }
    }

    /// What comes of it is kept nowhere, so it is the answer itself.
    @Sendable
    private func tryRoute(_ request: Request, _ context: ExchangeContext) async -> Response {
        await site.form(request, context, for: .mendQueues, undone: "Nothing was tried.") { open, _ in
            guard let sheet = try await reader.sheet(of: name(context)), let partner = sheet.partner,
                let trial = await trials.run(partner.id)
            else { return unknown }
            return try await shown(context, open, trial: trial)
        }
    }

    /// Leads back to the queue after a change; or says that there is no such queue.
    private func changed(
        _ context: ExchangeContext, _ change: (String) async throws -> Console.QueueChange
    ) async throws -> Response {
        let queue = name(context)
        do {
            let change = try await change(queue)
            return StaffSite.redirect(to: "\(Console.path(ofQueue: queue))?done=\(change.rawValue)")
        } catch QueueError.unknownQueue {
            return unknown
        }
    }

    private func shown(
        _ context: ExchangeContext, _ open: StaffSessions.Open, form: PauseForm? = nil,
        change: Console.QueueChange? = nil, trial: RouteTrial? = nil, status: HTTPResponse.Status = .ok
    ) async throws -> Response {
        guard let sheet = try await reader.sheet(of: name(context)) else { return unknown }
        return desk.shown(open, status: status) {
            desk.pages.queue(
                sheet, form: open.may(.mendQueues) ? form ?? PauseForm() : nil, isSent: form != nil, change: change,
                trial: trial, $0, sections: $1)
        }
    }

    private func name(_ context: ExchangeContext) -> String { context.parameters.get("name") ?? "" }

    private var unknown: Response {
        site.failure(.notFound, "There is no such queue", "The list of queues shows those there are.")
    }
}
