import CaseStore
import Console
import Hummingbird
import Matching
import Postgres
import Referral
import Rights

/// Where staff who may read referrals find a person: `GET` and `POST /console/persons`. What is typed comes in a body
/// and goes into the page that answers, and nowhere else.
struct PersonSearchRoutes {
    private let desk: ConsoleDesk
    private let installation: Installation

    init(_ installation: Installation, _ desk: ConsoleDesk) {
        self.desk = desk
        self.installation = installation.acting(as: .console)
    }

    func add(to router: Router<ExchangeContext>) {
        router.get("\(Console.MessagePath.persons)", use: start)
        router.post("\(Console.MessagePath.persons)", use: search)
        // Where it was before.
        router.get("\(Console.Section.messages.path)/persons") { _, _ in
            StaffSite.redirect(to: Console.MessagePath.persons)
        }
    }

    @Sendable
    private func start(_ request: Request, _ context: ExchangeContext) async -> Response {
        await desk.site.page(request, context, for: .readReferral) { open in shown(PersonSearch(), open) }
    }

    @Sendable
    private func search(_ request: Request, _ context: ExchangeContext) async -> Response {
        await desk.site.form(request, context, for: .readReferral, undone: "Nobody was looked for.") { open, fields in
            let now = Instant(.now())
            let today = LondonTime.clock(now).date
            var search = PersonSearch(fields, today: today)
            guard search.mistakes.isEmpty else { return shown(search, open) }
            let query = PersonQuery(
                nhsNumber: search.nhsNumber, family: search.family, birthDate: search.birthDate,
                postcode: search.postcode)
            guard let query, query.canBeAnswered(today: today) else {
                search.add("family_name", "By so short a name alone nobody is found: fill in another field too")
                return shown(search, open)
            }
            let found = try await installation.database.transaction { [store = installation.store] connection in
                try store.find(query, today: today, by: open.principal.id, in: connection)
            }
            return desk.shown(open) {
                desk.pages.personsFound(
                    found.persons.map(MaskedPerson.init), mayBeMore: found.mayBeMore, for: search, at: now,
                    keyInPath: keyInPath(open), $0, sections: $1)
            }
        }
    }

    private func keyInPath(_ open: StaffSessions.Open) -> String? {
        installation.configuration.servesStaffForm && open.may(.enterReferral) ? StaffFormRoutes.path : nil
    }

    private func shown(_ search: PersonSearch, _ open: StaffSessions.Open) -> Response {
        desk.shown(open, status: search.mistakes.isEmpty ? .ok : .unprocessableContent) {
            desk.pages.personSearch(search, keyInPath: keyInPath(open), $0, sections: $1)
        }
    }
}

extension MaskedPerson {
    fileprivate init(_ found: SearchedPerson) {
        self.init(
            id: found.id.description, given: found.profile.person.given, family: found.profile.person.family,
            birthDate: found.profile.person.dob, postcode: found.profile.address?.postcode,
            referrals: found.referrals.map { referral in
                .init(
                    id: referral.id.description, at: Instant(referral.receivedAt), sender: referral.sender,
                    type: referral.type, state: referral.state)
            })
    }
}
