import CaseStore
import Console
import Disclosure
import HTTPTypes
import Hummingbird
import Postgres
import Referral
import Rights

/// The disclosure rules: `GET /console/settings/policy`, which is the version in force, and a page for each version.
struct PolicyRoutes: Sendable {
    private static let path = Console.SettingsPart.policy.path

    private let desk: ConsoleDesk
    private let installation: Installation

    init(desk: ConsoleDesk, _ installation: Installation) {
        self.desk = desk
        self.installation = installation.acting(as: .audit)
    }

    func add(to router: Router<ExchangeContext>) {
        router.get("\(Self.path)", use: show)
        router.get("\(Self.path)/{version}", use: show)
    }

    @Sendable
    private func show(_ request: Request, _ context: ExchangeContext) async -> Response {
        await desk.site.page(request, context, for: .readSettings) { open in
            let shelf = installation.policy
            let asked = context.parameters.get("version") ?? shelf.inForce.version
            guard let rules = shelf[asked] else {
                return desk.site.failure(
                    .notFound, "There is no such version",
                    "The hub has the versions whose files lie beside the one in force.")
            }
            let changes = try await installation.database.read { [store = installation.store] in
                try store.policyChanges(limit: SettingsReader.policyChanges, in: $0)
            }
            func version(_ rules: PolicyRules) -> PolicySettings.Version {
                .init(
                    name: rules.version, isInForce: rules.version == shelf.inForce.version,
                    digest: shelf.digest(of: rules.version),
                    used: changes.filter { $0.version == rules.version }.map { Instant($0.at) })
            }
            let policy = PolicySettings(
                version: version(rules), versions: shelf.all.map(version),
                rules: rules.matrix.map(PolicySettings.Rule.init),
                rulesInForce: shelf.inForce.matrix.map(PolicySettings.Rule.init),
                purposes: Purpose.allCases.filter(rules.enabledPurposes.contains).map(\.rawValue),
                recipients: rules.register.recipients.count)
            return desk.shown(open) {
                desk.pages.policy(policy, parts: ConsoleDesk.parts(open), at: Instant(.now()), $0, sections: $1)
            }
        }
    }
}

extension PolicySettings.Rule {
    fileprivate init(_ row: MatrixRow) {
        let unlisted: [String] =
            switch row.unlisted {
            case .publicBody: ["another public body, after review"]
            case .researchThirdParty: ["a third party authorised for research"]
            case nil: []
            }
        self.init(
            purpose: row.purpose.rawValue, level: row.level.rawValue, recipients: row.recipients.sorted() + unlisted,
            groups: FieldGroup.allCases.filter(row.groups.contains).map(\.words),
            channels: ReleaseChannel.allCases.filter(row.channels.contains).map(\.rawValue), clauses: row.clauses)
    }
}
