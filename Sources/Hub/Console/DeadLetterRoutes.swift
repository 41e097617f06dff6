import CaseStore
import Console
import HTTPTypes
import Hummingbird
import MessageQueue
import Postgres
import Referral
import Rights

/// What was set aside: `/console/dead-letters`, a page for each group and for each time that somebody has some tried again.
/// Whoever may read traces sees them; to change anything takes the right to mend queues.
struct DeadLetterRoutes: Sendable {
    private static let path = Console.Section.deadLetters.path
    /// What has not happened when a form is refused.
    private static let undone = "Nothing was changed."
    /// What to do when it is not known what became of a form: looking tells.
    private static let advice = "Look at the dead letters again: what has been asked for is shown there."

    private let desk: ConsoleDesk
    private let reader: DeadLetterReader
    private let replays: Replays
    private let trials: MappingTrials
    /// For what staff note.
    private let console: Installation

    init(desk: ConsoleDesk, _ installation: Installation) {
        self.desk = desk
        reader = DeadLetterReader(installation)
        replays = Replays(installation)
        trials = MappingTrials(installation)
        console = installation.acting(as: .console)
    }

    func add(to router: Router<ExchangeContext>) {
        router.get("\(Self.path)", use: list)
        router.get("\(Self.path)/replays/{id}", use: showReplay)
        router.post("\(Self.path)/replays/{id}/cancel", use: cancel)
        router.get("\(Self.path)/{queue}/{group}", use: showGroup)
        router.post("\(Self.path)/{queue}/{group}/owner", use: setOwner)
        router.post("\(Self.path)/{queue}/{group}/note", use: setNote)
        router.post("\(Self.path)/{queue}/{group}/replays", use: replay)
        router.get("\(Self.path)/{queue}/{group}/draft", use: showDraft)
        router.post("\(Self.path)/{queue}/{group}/draft", use: tryDraft)
    }

    // MARK: Looking

    @Sendable
    private func list(_ request: Request, _ context: ExchangeContext) async -> Response {
        await desk.site.page(request, context, for: .readTrace) { open in
            let queue = request.uri.queryParameters["queue"].map(String.init)
            guard queue.map(Self.isQueueName) ?? true else { return unknownGroup }
            let groups = try await reader.groups(of: queue)
            return desk.shown(open) {
                desk.pages.deadLetters(
                    groups, ofQueue: queue.map(reader.words), at: Instant(.now()), $0, sections: $1)
            }
        }
    }

    @Sendable
    private func showGroup(_ request: Request, _ context: ExchangeContext) async -> Response {
        await desk.site.page(request, context, for: .readTrace) { open in
            let from = request.uri.queryParameters["from"].map(String.init)
            let place = from.flatMap(DeadLetterPlace.init(words:))
            guard let (queue, fingerprint) = group(context), from == nil || place != nil,
                let page = try await reader.page(of: queue, fingerprint: fingerprint, from: place)
            else { return unknownGroup }
            return shown(page, open)
        }
    }

    @Sendable
    private func showReplay(_ request: Request, _ context: ExchangeContext) async -> Response {
        await desk.site.page(request, context, for: .readTrace) { open in
            guard let id = context.parameters.get("id").flatMap(UUIDValue.init),
                let replay = try await reader.replay(id)
            else { return unknownReplay }
            let now = Instant(.now())
            var response = desk.shown(open) {
                desk.pages.replay(replay, mayMend: open.may(.mendQueues), at: now, $0, sections: $1)
            }
            if let seconds = replay.refresh(at: now) {
                StaffSite.refresh(&response, ReplayProgress.path(id.description), after: seconds)
            }
            return response
        }
    }

    private func shown(
        _ page: CausePage, _ open: StaffSessions.Open, draft: (text: String, mistake: String)? = nil
    ) -> Response {
        desk.shown(open, status: draft == nil ? .ok : .unprocessableContent) {
            desk.pages.cause(
                page, mayMend: open.may(.mendQueues), mayTryDraft: Self.mayTryDraft(open, page.queue), draft: draft,
                at: Instant(.now()), $0, sections: $1)
        }
    }

    // MARK: Noting

    @Sendable
    private func setOwner(_ request: Request, _ context: ExchangeContext) async -> Response {
        await change(request, context) { open, fields, queue, fingerprint in
            guard let owner = fields["owner"], ["me", "nobody"].contains(owner) else { return unreadable }
            try await console.database.transaction { [store = console.store] in
                try store.setOwner(
                    owner == "me" ? open.principal.id : nil, ofDeadLettersIn: queue, fingerprint: fingerprint,
                    by: open.principal.id, in: $0)
            }
            return StaffSite.redirect(to: CauseGroup.path(queue, fingerprint))
        }
    }

    @Sendable
    private func setNote(_ request: Request, _ context: ExchangeContext) async -> Response {
        await change(request, context) { open, fields, queue, fingerprint in
            guard let sent = fields["note"] else { return unreadable }
            // A browser ends each line with two characters, and counts one. A zero byte is no text to PostgreSQL.
            let note = sent.replacing("\r\n", with: "\n").replacing("\0", with: "").trimmed
            guard note.unicodeScalars.count <= DeadLetterNote.longest else {
                guard let page = try await reader.page(of: queue, fingerprint: fingerprint) else { return unknownGroup }
                let mistake =
                    "The note has \(note.unicodeScalars.count) characters: write it in \(DeadLetterNote.longest) at most"
                return shown(page, open, draft: (note, mistake))
            }
            try await console.database.transaction { [store = console.store] in
                try store.setNote(
                    note, ofDeadLettersIn: queue, fingerprint: fingerprint, by: open.principal.id, in: $0)
            }
            return StaffSite.redirect(to: CauseGroup.path(queue, fingerprint))
        }
    }

    // MARK: Trying again

    @Sendable
    private func replay(_ request: Request, _ context: ExchangeContext) async -> Response {
        await change(request, context) { open, fields, queue, fingerprint in
            let message = fields["message"].flatMap(MessageID.init)
            guard fields["message"] == nil || message != nil else { return unreadable }
            let asked = try await replays.ask(
                of: queue, fingerprint: fingerprint, message: message, by: open.principal.id)
            guard let asked else {
                return desk.site.failure(
                    .conflict, "It is not set aside any more",
                    "Somebody has had it tried again, or it was ended. Look at the dead letters again.")
            }
            return StaffSite.redirect(to: ReplayProgress.path(asked.description))
        }
    }

    @Sendable
    private func cancel(_ request: Request, _ context: ExchangeContext) async -> Response {
        await desk.site.form(request, context, for: .mendQueues, undone: Self.undone, advice: Self.advice) { open, _ in
            guard let id = context.parameters.get("id").flatMap(UUIDValue.init), try await reader.replay(id) != nil
            else { return unknownReplay }
            // Where it has ended meanwhile, its page says how.
            try await replays.cancel(id, by: open.principal.id)
            return StaffSite.redirect(to: ReplayProgress.path(id.description))
        }
    }

    // MARK: Drafts

    /// To have documents read takes the right to read them. Those of intake alone were read by a mapping.
    private static func mayTryDraft(_ open: StaffSessions.Open, _ queue: String) -> Bool {
        open.may(.readDocument) && queue == Intake.queueName
    }

    @Sendable
    private func showDraft(_ request: Request, _ context: ExchangeContext) async -> Response {
        await desk.site.page(request, context, for: .readDocument) { open in
            guard open.may(.readTrace), var page = try await draftPage(context) else { return unknownGroup }
            if let file = request.uri.queryParameters["file"].map(String.init) {
                guard page.files.contains(file), let text = trials.text(of: file) else { return unknownGroup }
                page.file = file
                page.text = text
            }
            return desk.shown(open) { desk.pages.draft(page, $0, sections: $1) }
        }
    }

    /// Answers with what comes of it at once: nothing was stored, so that to send it again does no harm.
    @Sendable
    private func tryDraft(_ request: Request, _ context: ExchangeContext) async -> Response {
        await desk.site.form(request, context, for: .readDocument, undone: "Nothing was read.") { open, fields in
            guard open.may(.readTrace), var page = try await draftPage(context) else { return unknownGroup }
            guard let file = fields["file"], let text = fields["draft"], page.files.contains(file) else {
                return unreadable
            }
            page.file = file
            page.text = text.replacing("\r\n", with: "\n")
            var status = HTTPResponse.Status.ok
            do {
                page.result = try await trials.run(page.text, as: file, on: page.fingerprint, by: open.principal)
                if case .mistakes = page.result { status = .unprocessableContent }
            } catch is MappingTrials.UnderWay {
                page.result = .mistakes(["Another draft is being tried: wait a little, then try this one again"])
                status = .tooManyRequests
            }
            return desk.shown(open, status: status) {
                desk.pages.draft(page, $0, sections: $1)
            }
        }
    }

    /// The page of a group of intake that there is.
    private func draftPage(_ context: ExchangeContext) async throws -> DraftPage? {
        guard let (queue, fingerprint) = group(context), queue == Intake.queueName,
            let group = try await reader.page(of: queue, fingerprint: fingerprint)?.group
        else { return nil }
        return DraftPage(
            queue: queue, fingerprint: fingerprint, code: group.code, files: try await trials.files(of: fingerprint))
    }

    // MARK: All of them

    /// A form about a group that there is.
    private func change(
        _ request: Request, _ context: ExchangeContext,
        _ body: (StaffSessions.Open, [String: String], String, Int64) async throws -> Response
    ) async -> Response {
        await desk.site.form(request, context, for: .mendQueues, undone: Self.undone, advice: Self.advice) {
            open, fields in
            guard let (queue, fingerprint) = group(context),
                try await reader.page(of: queue, fingerprint: fingerprint) != nil
            else { return unknownGroup }
            return try await body(open, fields, queue, fingerprint)
        }
    }

    /// The queue and the fingerprint of an address; nil where they cannot be any.
    private func group(_ context: ExchangeContext) -> (String, Int64)? {
        guard let queue = context.parameters.get("queue"), Self.isQueueName(queue),
            let group = context.parameters.get("group"), let fingerprint = CauseGroup.fingerprint(group)
        else { return nil }
        return (queue, fingerprint)
    }

    /// Whether a queue can have that name: the rule is `queue_name_form` of the table.
    private static func isQueueName(_ text: String) -> Bool {
        (1...100).contains(text.utf8.count)
            && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "_.:-".contains($0)) }
    }

    private var unknownGroup: Response {
        desk.site.failure(
            .notFound, "There is no such group", "Nothing was set aside by that name. Look at the dead letters again.")
    }

    private var unknownReplay: Response {
        desk.site.failure(
            .notFound, "Nothing was tried again by that id", "After a month it is forgotten what was tried again.")
    }

    private var unreadable: Response {
        desk.site.failure(.badRequest, "The page could not be read", "\(Self.undone) Please start again.")
    }
}
