import CaseStore
import Console
import HTTPTypes
import Hummingbird
import Postgres
import Referral
import Rights

/// The section Settings: `GET /console/settings`, `/rights` below it, and what its other parts add.
struct SettingsRoutes: Sendable {
    private let desk: ConsoleDesk
    private let reader: SettingsReader
    private let adapters: AdapterRoutes
    private let partners: PartnerRoutes
    private let users: UserRoutes
    private let policy: PolicyRoutes

    init(desk: ConsoleDesk, _ installation: Installation) {
        self.desk = desk
        let tests = AdapterTests(installation.catalogue)
        reader = SettingsReader(installation, tests: tests)
        adapters = AdapterRoutes(desk: desk, installation, tests: tests)
        partners = PartnerRoutes(desk: desk, installation)
        users = UserRoutes(desk: desk, installation)
        policy = PolicyRoutes(desk: desk, installation)
    }

    func add(to router: Router<ExchangeContext>) {
        router.get("\(Console.SettingsPart.overview.path)", use: show)
        router.get("\(Console.SettingsPart.rights.path)", use: showRights)
        partners.add(to: router)
        adapters.add(to: router)
        users.add(to: router)
        policy.add(to: router)
    }

    @Sendable
    private func show(_ request: Request, _ context: ExchangeContext) async -> Response {
        await desk.site.page(request, context, for: .readSettings) { open in
            let overview = try await reader.overview(withUsers: open.may(.readStaff))
            return desk.shown(open) {
                desk.pages.settingsOverview(overview, parts: ConsoleDesk.parts(open), $0, sections: $1)
            }
        }
    }

    @Sendable
    private func showRights(_ request: Request, _ context: ExchangeContext) async -> Response {
        await desk.site.page(request, context, for: .readSettings) { open in
            let rights = Operation.allCases.map { operation in
                let row = Rights.row(operation)
                func roles(_ reach: Reach) -> [String] {
                    Role.allCases.filter { row[$0] == reach }.map(\.rawValue)
                }
                return Console.Right(
                    operation: operation.rawValue, words: operation.words, any: roles(.any), own: roles(.own))
            }
            return desk.shown(open) {
                desk.pages.rights(
                    rights, roles: Role.allCases.map(\.rawValue), parts: ConsoleDesk.parts(open), at: Instant(.now()),
                    $0,
                    sections: $1)
            }
        }
    }
}

// What the pages of the section share.
extension ConsoleDesk {
    /// The parts of Settings that an account may open.
    static func parts(_ open: StaffSessions.Open) -> Set<Console.SettingsPart> {
        Set(
            Console.SettingsPart.allCases.filter { part in
                switch part {
                case .overview, .partners, .adapters, .rights, .policy: open.may(.readSettings)
                case .users: open.may(.readStaff)
                }
            })
    }

    /// For a form that says something that its page cannot have sent.
    func unreadable(_ undone: String) -> Response {
        site.failure(.badRequest, "The page could not be read", "\(undone) Please start again.")
    }
}
