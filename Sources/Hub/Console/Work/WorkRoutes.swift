import CaseStore
import Console
import HTTPTypes
import Hummingbird
import Postgres
import Referral
import Rights

/// The section Work: the list `GET /console/work`, an item `GET` and `POST /console/work/items/{id}`, and the pages on which
/// something is decided.
struct WorkRoutes {
    /// Items on a page.
    private static let length = 50

    private let desk: ConsoleDesk
    private let work: WorkItems
    private let hub: HubServices

    init(desk: ConsoleDesk, hub: HubServices) {
        self.desk = desk
        self.hub = hub
        work = WorkItems(hub.installation)
    }

    func add(to router: Router<ExchangeContext>) {
        router.get("\(Console.Section.work.path)", use: list)
        router.get("\(Console.itemPath("{id}"))", use: show)
        router.post("\(Console.itemPath("{id}"))", use: act)
        MatchReviewRoutes(desk: desk, matches: hub.matches).add(to: router)
        LookReviewRoutes(desk: desk, cards: AccessCards(hub.installation), work: work).add(to: router)
        ShareReviewRoutes(desk: desk, sharing: hub.sharing, work: work).add(to: router)
    }

    // MARK: The list

    @Sendable
    private func list(_ request: Request, _ context: ExchangeContext) async -> Response {
        await desk.site.page(request, context, for: .watchFlow) { open in
            let query = request.uri.queryParameters
            let chosen = query["kind"].map { WorkItemKind(rawValue: String($0)) }
            let last = query["after"].map { UUIDValue(String($0)) }
            if case .some(nil) = chosen { return unlisted }
            if case .some(nil) = last { return unlisted }
            let list = try await list(of: chosen ?? nil, after: last ?? nil, open)
            return desk.shown(open) { desk.pages.work(list, $0, sections: $1) }
        }
    }

    private var unlisted: Response {
        desk.site.failure(.notFound, "There is no such list", "Go to Work, which lists everything that waits.")
    }

    private func list(
        of chosen: WorkItemKind?, after last: UUIDValue?, _ open: StaffSessions.Open
    ) async throws -> WorkList {
        let now = Timestamp.now()
        let own = WorkItemKind.dealtWith(by: open)
        let (items, waiting) = try await work.page(
            of: chosen.map { own.intersection([$0]) } ?? own, after: last, limit: Self.length + 1)
        let page = items.prefix(Self.length)
        return WorkList(
            at: Instant(now),
            kinds: waiting.filter { own.contains($0.kind) }
                .sorted { ($0.kind.urgency, $0.since) < ($1.kind.urgency, $1.since) }
                .map { .init(id: $0.kind.rawValue, count: $0.count, words: $0.kind.words($0.count)) },
            chosen: chosen?.rawValue, items: page.map(WorkList.Item.init),
            last: items.count > page.count ? page.last?.id.description : nil,
            isForReader: chosen.map(own.contains) ?? !own.isEmpty)
    }

    // MARK: One item

    @Sendable
    private func show(_ request: Request, _ context: ExchangeContext) async -> Response {
        await desk.site.page(request, context, for: .watchFlow) { open in
            guard let id = ConsoleDesk.id(context), let item = try await work.item(id) else { return desk.unknown }
            guard item.item.kind.operations.contains(where: open.may) else { return desk.site.mayNot }
            if item.doneAt == nil, let path = try await decidingPage(of: item) { return StaffSite.redirect(to: path) }
            return try await page(item, open)
        }
    }

    /// The page on which an item is decided; nil where it is over by somebody's word.
    private func decidingPage(of work: WorkItem) async throws -> String? {
        let item = work.item
        switch item.kind {
        case .matchReview:
            guard let person = item.person else { return nil }
            let matches = try await hub.matches.waiting(of: person)
            return matches.first { $0.referral == item.referral }.map { Console.matchPath($0.id.description) }
        case .parkedShare: return item.share.map { Console.approvalPath($0.description) }
        case .emergencyLook: return item.look.map { Console.lookPath($0.description) }
        default: return nil
        }
    }

    private func page(
        _ item: WorkItem, _ open: StaffSessions.Open, entered: Console.Entered = .init(),
        status: HTTPResponse.Status = .ok
    ) async throws -> Response {
        let kind = item.item.kind
        let next = try await work.first(2, of: kind).first { $0.id != item.id }
        let way: Console.WorkItemPage.Way =
            kind == .under13 ? .permission : kind.isDecided ? .elsewhere : .word
        let shown = Console.WorkItemPage(
            item: .init(item), advice: kind.advice,
            done: item.doneAt.map { (by: item.doneBy ?? "", at: Instant($0)) }, way: way)
        return desk.shown(open, status: status) {
            desk.pages.item(
                shown, next: next.map { WorkList.Item($0).path }, at: Instant(.now()), entered: entered, $0,
                sections: $1)
        }
    }

    @Sendable
    private func act(_ request: Request, _ context: ExchangeContext) async -> Response {
        await desk.site.form(request, context, for: .watchFlow, undone: "Nothing was entered.") { open, fields in
            guard let id = ConsoleDesk.id(context), let item = try await work.item(id) else { return desk.unknown }
            let kind = item.item.kind
            guard kind.operations.contains(where: open.may) else { return desk.site.mayNot }
            guard item.doneAt == nil else { return try await tooLate(item, open) }
            switch (fields["do"], kind) {
            case ("permit", .under13): return try await permit(item, open, fields)
            case ("done", _) where !kind.isDecided: return try await finish(item, open, fields)
            default:
                return try await page(
                    item, open, entered: .init(mistakes: [("", "Press the button below")]),
                    status: .unprocessableContent)
            }
        }
    }

    private func finish(
        _ item: WorkItem, _ open: StaffSessions.Open, _ fields: [String: String]
    ) async throws -> Response {
        let path = Console.itemPath(item.id.description)
        // Whoever let themselves in to an account would else say by it that this was right.
        guard item.item.actor != open.principal.id, item.item.account != open.account else {
            return try await page(
                item, open,
                entered: .init(mistakes: [("", "It is about yourself: somebody else says that it is right")]),
                status: .unprocessableContent)
        }
        guard ConsoleDesk.isConfirmed(fields) else {
            return desk.asked(
                Confirmation(
                    "Is it dealt with?",
                    effects: [
                        "“\(item.item.kind.title)” waits for nobody any more. That you said so, and when, is kept with it.",
                        "It cannot be opened again. What it is about stays as it is.",
                    ],
                    path: path, fields: [("do", "done")], deed: "Yes, it is done"),
                open)
        }
        guard try await work.finish(item.id, by: open.principal.id) else { return try await tooLate(item, open) }
        return StaffSite.redirect(to: path)
    }

    private func permit(
        _ item: WorkItem, _ open: StaffSessions.Open, _ fields: [String: String]
    ) async throws -> Response {
        let path = Console.itemPath(item.id.description)
        guard let permission = fields["permission"].flatMap(RequestReader.id) else {
            let text = "Enter the permission's id: 1 to 64 letters, digits and . _ : -"
            return try await page(
                item, open, entered: .init(fields: fields, mistakes: [("permission", text)]),
                status: .unprocessableContent)
        }
        guard ConsoleDesk.isConfirmed(fields) else {
            return desk.asked(
                Confirmation(
                    "Is it permitted?",
                    effects: [
                        "What the child wrote is worked on now, like any other referral.",
                        "The ledger holds the permission's id, \(permission), your account and the time.",
                        "It cannot be taken back.",
                    ],
                    path: path, fields: [("do", "permit"), ("permission", permission)],
                    deed: "Yes, a parent or guardian permits it"),
                open)
        }
        guard try await hub.intake.permit(item.id, by: open.principal.id, permission: permission) != nil else {
            return try await tooLate(item, open)
        }
        return StaffSite.redirect(to: path)
    }

    /// Somebody else was quicker.
    private func tooLate(_ item: WorkItem, _ open: StaffSessions.Open) async throws -> Response {
        let text = "It does not wait any more. Nothing was changed by you."
        return try await page(
            try await work.item(item.id) ?? item, open, entered: .init(mistakes: [("", text)]), status: .conflict)
    }
}

extension WorkList.Item {
    fileprivate init(_ work: WorkItem) {
        let item = work.item
        var path = Console.itemPath(work.id.description)
        // The page of two persons is known by their pair, which the item's own page finds.
        if let share = item.share, item.kind == .parkedShare { path = Console.approvalPath(share.description) }
        if let look = item.look, item.kind == .emergencyLook { path = Console.lookPath(look.description) }
        let ids: [(String, String?)] = [
            ("Receipt", item.submission?.description), ("Referral", item.referral?.description),
            ("Person", item.person?.description), ("Known person", item.otherPerson?.description),
            ("Share", item.share?.description), ("Extract", item.extract?.description),
            ("Message", item.message.map { String($0) }),
        ]
        let accounts = [
            item.account.map { Reference("Account", $0, path: Console.userPath($0)) },
            item.actor.map { actor in
                let name = actor.split(separator: "/").last.map(String.init) ?? actor
                return Reference("Done by", actor, path: Console.userPath(name))
            },
        ]
        self.init(
            id: work.id.description, title: item.kind.title, urgency: item.kind.urgency,
            since: Instant(work.createdAt), dueAt: item.dueAt.map(Instant.init), partner: item.partner,
            code: item.code, explanation: item.kind.explanation(of: item.code), path: path,
            references: ids.compactMap { name, id in id.map { Reference(name, $0) } } + accounts.compactMap(\.self))
    }
}
