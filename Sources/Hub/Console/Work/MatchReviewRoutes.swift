import CaseStore
import Console
import HTTPTypes
import Hummingbird
import Postgres
import Referral
import Rights
import Translation

/// Two persons side by side, and what somebody says about them: `GET` and `POST /console/work/matches/{id}`.
struct MatchReviewRoutes {
    let desk: ConsoleDesk
    let matches: Matches

    func add(to router: Router<ExchangeContext>) {
        router.get("\(Console.matchPath("{id}"))", use: show)
        router.post("\(Console.matchPath("{id}"))", use: decide)
    }

    @Sendable
    private func show(_ request: Request, _ context: ExchangeContext) async -> Response {
        await desk.site.page(request, context, for: .readMatch) { open in
            guard let id = ConsoleDesk.id(context) else { return desk.unknown }
            return try await page(id, open)
        }
    }

    private func page(
        _ id: UUIDValue, _ open: StaffSessions.Open, entered: Console.Entered = .init(),
        status: HTTPResponse.Status = .ok
    ) async throws -> Response {
        let value: Value?
        do {
            value = try await matches.match(id, viewedBy: open.principal.id)
        } catch CaseStoreError.keyDestroyed {
            return erased
        }
        guard let review = value.flatMap(MatchReview.init) else { return desk.unknown }
        let next = try await matches.waiting(limit: 2).first { $0.id != id }
        return desk.shown(open, status: status) {
            desk.pages.match(
                review, because: WorkItemKind.matchReview.explanation(of: review.code),
                next: next.map { Console.matchPath($0.id.description) }, mayDecide: open.may(.decideMatch),
                at: Instant(.now()), entered: entered, $0, sections: $1)
        }
    }

    private var erased: Response {
        desk.site.failure(
            .gone, "One of the two was erased", "What was known of them can be read no more, nor be compared.")
    }

    @Sendable
    private func decide(_ request: Request, _ context: ExchangeContext) async -> Response {
        await desk.site.form(request, context, for: .decideMatch, undone: "Nothing was decided.") { open, fields in
            guard let id = ConsoleDesk.id(context), let match = try await matches.match(id) else {
                return desk.unknown
            }
            guard let verdict = fields["decision"].flatMap(MatchVerdict.init) else {
                return try await refused("Press one of the buttons below", id, open, fields)
            }
            let state = match["state"]?.stringValue.flatMap(MatchState.init) ?? .open
            guard state.isDecided == (verdict == .undo) else { return try await tooLate(id, open) }
            if verdict != .later, verdict != .different, !ConsoleDesk.isConfirmed(fields) {
                return desk.asked(Self.question(verdict, id, fields), open)
            }
            var body: Object = ["decision": .string(verdict.rawValue)]
            body["reason"] = ConsoleDesk.text(fields, "reason").map(Value.string)
            do {
                _ = try await matches.decide(id, StrictJSON.write(.object(body)), by: open.principal.id)
            } catch let error as RequestError {
                let words = ["reason": "Say why in at most 2,000 letters"]
                return try await page(
                    id, open, entered: .init(fields: fields, mistakes: ConsoleDesk.mistakes(error, words)),
                    status: .unprocessableContent)
            } catch let problem as Problem where problem.status == .conflict {
                return try await tooLate(id, open)
            } catch CaseStoreError.keyDestroyed {
                return erased
            }
            guard verdict == .later else { return StaffSite.redirect(to: Console.matchPath(id.description)) }
            // Those at which nobody has looked come first.
            let next = try await matches.waiting(limit: 2).first { $0.id != id && $0.state == .open }
            return StaffSite.redirect(
                to: next.map { Console.matchPath($0.id.description) } ?? Console.workPath(kind: nil))
        }
    }

    private func refused(
        _ text: String, _ id: UUIDValue, _ open: StaffSessions.Open, _ fields: [String: String]
    ) async throws -> Response {
        try await page(
            id, open, entered: .init(fields: fields, mistakes: [("reason", text)]), status: .unprocessableContent)
    }

    /// Somebody else was quicker.
    private func tooLate(_ id: UUIDValue, _ open: StaffSessions.Open) async throws -> Response {
        let text = "Somebody was quicker: it stands as you see it here now. Nothing was changed by you."
        return try await page(id, open, entered: .init(mistakes: [("", text)]), status: .conflict)
    }

    private static func question(_ verdict: MatchVerdict, _ id: UUIDValue, _ fields: [String: String]) -> Confirmation {
        let isSame = verdict == .same
        var kept = [(name: "decision", value: verdict.rawValue)]
        if let reason = fields["reason"], !reason.isEmpty { kept.append(("reason", reason)) }
        return Confirmation(
            isSame ? "Are they one person?" : "Take the decision back?",
            effects: isSame
                ? [
                    "Both records are read as one from now on, under the id of the older. Nothing is moved "
                        + "or overwritten.",
                    "What waits to be shared about either is stopped until somebody has looked at it.",
                    "Only an agreement that is entered afterwards permits anything.",
                    "You can take it back: both are then again what they were.",
                ]
                : [
                    "Both are again what they were before, each with what has come for it since.",
                    "It waits for a decision again.",
                ],
            path: Console.matchPath(id.description), fields: kept,
            deed: isSame ? "Yes, they are one person" : "Yes, take it back")
    }
}
