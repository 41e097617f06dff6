import CaseStore
import Console
import Disclosure
import Postgres
import Referral
import Translation

/// Reads how the installation is set up, for the first page of Settings.
struct SettingsReader: Sendable {
    /// How often the policy's changes are looked back for: one for each start with another version.
    static let policyChanges = 200

    private let installation: Installation
    private let partners: PartnerDesk
    private let staff: StaffDirectory
    private let tests: AdapterTests
    private let servingSince = Timestamp.now()

    init(_ installation: Installation, tests: AdapterTests) {
        self.installation = installation.acting(as: .audit)
        partners = PartnerDesk(installation.acting(as: .partners))
        staff = StaffDirectory(installation)
        self.tests = tests
    }

    /// - Parameter withUsers: Whether accounts are counted and named.
    func overview(withUsers: Bool, at now: Timestamp = .now()) async throws -> SettingsOverview {
        let (changes, keys, nodes, endings) = try await installation.database.read {
            [installation, store = installation.store] connection in
            (
                try store.policyChanges(limit: Self.policyChanges, in: connection),
                try store.wrappingKeys(in: connection),
                try store.nodes(seenWithin: KeyKeeper.patience, in: connection),
                try Endings.all(installation.configuration, installation.policy.inForce, in: connection)
            )
        }
        let known = try await partners.sheets()
        let accounts = withUsers ? try await staff.sheets().map(\.account) : nil
        let inForce = installation.policy.inForce.version
        let near = endings.filter { $0.isNear(at: now) }.map {
            SettingsOverview.End(what: $0.words, at: Instant($0.ends))
        }
        let certificates = installation.certificates.filter { $0.isNearItsEnd(at: now) }.map {
            SettingsOverview.End(what: "the certificate of \($0.setting)", at: $0.ends.map(Instant.init))
        }
        let mark = installation.store.currentMark
        return SettingsOverview(
            at: Instant(now),
            schema: Installation.migrations.compactMap { line in
                line.migrations.last.map { "\(line.name) \($0.number)" }
            },
            node: Installation.nodeName(), servingSince: Instant(servingSince),
            nodes: nodes.map { ($0.node, Instant($0.seenAt)) },
            policy: (
                inForce, installation.policy.digest(of: inForce),
                changes.first.flatMap { $0.version == inForce ? Instant($0.at) : nil }
            ),
            partners: .init(all: known.count, enabled: known.count(where: \.partner.isEnabled)),
            adapters: installation.catalogue.all.count, failingAdapters: await tests.failing,
            users: accounts.map { .init(all: $0.count, enabled: $0.count(where: \.isEnabled)) },
            unprotected: accounts?.filter { $0.isEnabled && $0.proof == .none }.map(\.id) ?? [],
            key: .init(
                // The first key of an installation that never changed it stands in no list.
                mark: mark,
                currentSince: keys.count < 2 ? nil : keys.first { $0.mark == mark }?.currentSince.map(Instant.init)),
            backup: backup(),
            ends: (near + certificates).sorted { ($0.at?.microseconds ?? 0) < ($1.at?.microseconds ?? 0) })
    }

    private func backup() -> SettingsOverview.Backup {
        guard let settings = installation.configuration.keyStore else { return .none }
        guard let backups = try? KeyStore.backups(in: settings.folder) else { return .unreadable }
        return .folder(last: backups.last.map { Instant($0.at) })
    }
}

extension Ending {
    /// What ends, for staff who read a page.
    fileprivate var words: String {
        switch kind {
        case .secret: "the secret \(about)"
        case .contract: "the contract of \(about)"
        case .project: "the project \(about)"
        case .apiKey: "the last API key of \(about)"
        case .certificate: "the last certificate of \(about)"
        case .clientKey: "the last client key of \(about)"
        }
    }
}
