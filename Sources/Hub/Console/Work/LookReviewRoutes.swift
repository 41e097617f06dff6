import CaseStore
import Console
import Disclosure
import HTTPTypes
import Hummingbird
import Postgres
import Referral
import Rights
import Translation

/// A control room's look, and what somebody found who looked into it: `GET` and `POST /console/work/looks/{id}`.
struct LookReviewRoutes {
    let desk: ConsoleDesk
    let cards: AccessCards
    let work: WorkItems

    func add(to router: Router<ExchangeContext>) {
        router.get("\(Console.lookPath("{id}"))", use: show)
        router.post("\(Console.lookPath("{id}"))", use: review)
    }

    @Sendable
    private func show(_ request: Request, _ context: ExchangeContext) async -> Response {
        await desk.site.page(request, context, for: .readLook) { open in
            guard let id = ConsoleDesk.id(context) else { return desk.unknown }
            return try await page(id, open)
        }
    }

    private func page(
        _ id: UUIDValue, _ open: StaffSessions.Open, entered: Console.Entered = .init(),
        status: HTTPResponse.Status = .ok
    ) async throws -> Response {
        guard let (look, found) = try await cards.look(id, by: open.principal.id) else { return desk.unknown }
        let day = LondonTime.clock(Instant(look.at)).date
        let room = cards.register.recipients[look.caller]?.name(on: day) ?? look.caller
        let next = try await work.first(2, of: .emergencyLook).compactMap(\.item.look).first { $0 != id }
        return desk.shown(open, status: status) {
            desk.pages.look(
                LookReview(look, found, room: room), next: next.map { Console.lookPath($0.description) },
                mayReview: open.may(.reviewLook), at: Instant(.now()), entered: entered, $0, sections: $1)
        }
    }

    @Sendable
    private func review(_ request: Request, _ context: ExchangeContext) async -> Response {
        await desk.site.form(request, context, for: .reviewLook, undone: "Nothing was entered.") { open, fields in
            guard let id = ConsoleDesk.id(context) else { return desk.unknown }
            let path = Console.lookPath(id.description)
            let note = ConsoleDesk.text(fields, "note")
            if let note, note.utf8.count <= AccessCards.longestNote, !ConsoleDesk.isConfirmed(fields) {
                return desk.asked(
                    Confirmation(
                        "Enter the review?",
                        effects: [
                            "The look counts as reviewed, by you, with your note: “\(note)”",
                            "The person may then be told of the look in words.",
                            "It cannot be changed or taken back.",
                        ],
                        path: path, fields: [("note", note)], deed: "Yes, enter it"),
                    open)
            }
            var body = Object()
            body["note"] = note.map(Value.string)
            do {
                let isEntered = try await cards.review(
                    StrictJSON.write(.object(body)), of: id, by: open.principal.id)
                if isEntered { return StaffSite.redirect(to: path) }
            } catch let error as RequestError {
                let words = ["note": "Enter what you found, in at most 2,000 letters"]
                return try await page(
                    id, open, entered: .init(fields: fields, mistakes: ConsoleDesk.mistakes(error, words)),
                    status: .unprocessableContent)
            }
            let text = "Somebody has reviewed it meanwhile, as you see here. Your note was not entered."
            return try await page(id, open, entered: .init(mistakes: [("", text)]), status: .conflict)
        }
    }
}

extension LookReview {
    fileprivate init(_ look: ReviewedLook, _ found: [EmergencyLook.Found], room: String) {
        let review = look.reviewedAt.map { at in
            Review(at: Instant(at), by: look.reviewedBy ?? "", note: look.note)
        }
        self.init(
            id: look.id.description, at: Instant(look.at), reviewBy: Instant(look.reviewBy), controlRoom: room,
            isReveal: look.kind == .reveal, outcome: look.outcome.rawValue, isOffline: look.isOffline,
            isRepeated: look.isRepeated, isUnproved: look.isUnproved, asked: look.details,
            found: found.map { found in
                Found(
                    person: found.person.description,
                    told: FieldGroup.allCases.filter(found.released.contains).map(\.words),
                    refusal: found.refusal.map { "As the person is told: “\($0.explanation)”" })
            },
            review: review)
    }
}
