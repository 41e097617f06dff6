import CaseStore
import Console
import HTTPTypes
import Hummingbird
import Postgres
import Referral
import Rights

/// A person's page, and who looked at the person: `GET /console/persons/{id}` and `/looks`.
struct PersonRoutes {
    let desk: ConsoleDesk
    let persons: PersonReader

    init(desk: ConsoleDesk, _ installation: Installation, _ sharing: Sharing) {
        self.desk = desk
        persons = PersonReader(installation, sharing)
    }

    func add(to router: Router<ExchangeContext>) {
        router.get("\(Console.personPath("{id}"))", use: show)
        router.get("\(Console.personLooksPath("{id}"))", use: showLooks)
        NewShareRoutes(desk: desk, persons: persons).add(to: router)
        AgreementRoutes(desk: desk, persons: persons).add(to: router)
    }

    /// For whoever may read one of its parts: all who may, may read shares.
    @Sendable
    private func show(_ request: Request, _ context: ExchangeContext) async -> Response {
        await desk.site.page(request, context, for: .readShare) { open in
            guard let id = ConsoleDesk.id(context), let edges = Self.edges(request) else { return desk.unknownPerson }
            switch try await persons.file(of: id, from: edges, for: open) {
            case .unknown: return desk.unknownPerson
            case .merged(let survivor): return StaffSite.redirect(to: Console.personPath(survivor.description))
            case .file(let file):
                return desk.shown(open) { desk.pages.person(file, at: Instant(.now()), $0, sections: $1) }
            }
        }
    }

    private static func edges(_ request: Request) -> PersonReader.Edges? {
        let query = request.uri.queryParameters
        func id(_ name: Substring) -> UUIDValue?? { query[name].map { UUIDValue(String($0)) } }
        let agreements = query["agreements"].map { Int($0) }
        for name: Substring in ["referrals", "shares", "told"] {
            if case .some(nil) = id(name) { return nil }
        }
        if case .some(nil) = agreements { return nil }
        return .init(
            referrals: id("referrals") ?? nil, shares: id("shares") ?? nil, told: id("told") ?? nil,
            agreements: agreements ?? nil)
    }

    @Sendable
    private func showLooks(_ request: Request, _ context: ExchangeContext) async -> Response {
        await desk.site.page(request, context, for: .readShare) { open in
            guard open.may(.readPersonLooks) || open.may(.readLedger) else { return desk.site.mayNot }
            let query = request.uri.queryParameters
            let look = query["looks"].map { UUIDValue(String($0)) }
            let view = query["views"].map { UUIDValue(String($0)) }
            guard let id = ConsoleDesk.id(context), let summary = try await persons.summary(of: id),
                look != .some(nil), view != .some(nil)
            else { return desk.unknownPerson }
            if let survivor = summary.mergedInto {
                return StaffSite.redirect(to: Console.personLooksPath(survivor.description))
            }
            let looks = try await persons.looks(
                at: summary, before: look ?? nil, beforeView: view ?? nil, for: open)
            guard let looks else { return desk.unknownPerson }
            return desk.shown(open) { desk.pages.personLooks(looks, at: Instant(.now()), $0, sections: $1) }
        }
    }
}

extension ConsoleDesk {
    /// For what is to be begun about somebody who was erased.
    var erasedPerson: Response {
        site.failure(
            .gone, "This person was erased", "What was known of them can be read no more, and nothing new is begun.")
    }

    /// For an id that no person has.
    var unknownPerson: Response {
        site.failure(.notFound, "Nobody is known by that id", "Go to People, and search for the person.")
    }
}
