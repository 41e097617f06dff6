import CaseStore
import Console
import Forms
import HTTPTypes
import Hummingbird
import Postgres
import Referral
import Rights
import Translation

/// The form for staff: `GET` and `POST /staff/referral`.
struct StaffFormRoutes {
    static let path = "/staff/referral"

    /// What the other pages of staff share with these.
    let site: StaffSite
    private let intake: Intake
    private let form: StaffForm
    private let sender: Principal

    init(_ configuration: Configuration, sessions: StaffSessions, intake: Intake, isSecure: Bool) {
        let organisation = configuration.organisation
        self.intake = intake
        sender = Principal(id: organisation.id, kind: .partner, adapter: "envelope", name: organisation.name)
        form = StaffForm(
            team: organisation.name, sender: organisation.id, path: Self.path, documentsPath: PortalRoutes.path,
            console: configuration.servesConsole
                ? .init(people: Console.Section.people.path, lives: Console.Section.messages.path) : nil)
        site = StaffSite(sessions: sessions, isSecure: isSecure) { [form] in form.failure(title: $0, text: $1) }
    }

    func add(to router: Router<ExchangeContext>) {
        router.get("\(Self.path)", use: start)
        router.post("\(Self.path)", use: answer)
        router.get("\(Self.path)/form.css") { _, _ in FormRoutes.styleSheet() }
    }

    @Sendable
    private func start(_ request: Request, _ context: ExchangeContext) async -> Response {
        await site.page(request, context, for: .enterReferral) { open in
            site.shown(form.start(FormRoutes.begin(), open.session), open)
        }
    }

    @Sendable
    private func answer(_ request: Request, _ context: ExchangeContext) async -> Response {
        await site.form(request, context, for: .enterReferral, undone: "Nothing was stored.") { open, fields in
            guard let begun = FormRoutes.begun(fields["form"]) else {
                return site.failure(
                    .unprocessableContent, "The page is too old", "Nothing was stored. Please start again.")
            }
            let today = LondonTime.clock(FormRoutes.now()).date
            switch form.reply(to: fields, begun: begun, today: today, open.session) {
            case .mistaken(let html): return site.shown(html, open, status: .unprocessableContent)
            case .send(let sent): return try await send(sent, open)
            }
        }
    }

    private func send(_ sent: StaffForm.Sent, _ open: StaffSessions.Open) async throws -> Response {
        let arrival = Arrival(
            sender: sender, channel: .staffForm, format: .json, bytes: StrictJSON.write(sent.envelope))
        switch try await intake.receive(arrival) {
        case .received(let receipt), .duplicate(let receipt):
            return site.shown(form.sent(reference: receipt.id.description, open.session), open)
        case .conflict:
            return site.failure(
                .conflict, "This form was sent already", "What was sent first is stored. To add to it, enter another.")
        case .quarantined:
            // The envelope is our own making, so this is a mistake of ours: staff have it all the same.
            return site.failure(
                .internalServerError, "Sorry, there is a problem with the service",
                "What you entered is stored, and waits among the work items.")
        }
    }
}
