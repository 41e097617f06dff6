import CaseStore
import Console
import HTTPTypes
import Hummingbird
import Postgres
import Referral
import Rights
import Translation

/// Adapters and their samples: `GET /console/settings/adapters`, a page for each, and `POST` to either to run the samples.
struct AdapterRoutes: Sendable {
    private static let path = Console.SettingsPart.adapters.path

    private let desk: ConsoleDesk
    private let installation: Installation
    private let tests: AdapterTests
    private let digests: AdapterDigests

    init(desk: ConsoleDesk, _ installation: Installation, tests: AdapterTests) {
        self.desk = desk
        self.installation = installation.acting(as: .partners)
        self.tests = tests
        digests = AdapterDigests(installation.catalogue, folder: installation.configuration.adapters)
    }

    func add(to router: Router<ExchangeContext>) {
        router.get("\(Self.path)", use: list)
        router.post("\(Self.path)", use: testAll)
        router.get("\(Self.path)/{id}", use: show)
        router.post("\(Self.path)/{id}", use: testOne)
    }

    @Sendable
    private func list(_ request: Request, _ context: ExchangeContext) async -> Response {
        await desk.site.page(request, context, for: .readSettings) { open in
            let users = try await users()
            let (outcomes, waiting) = await (tests.outcomes, tests.waiting)
            let all = installation.catalogue.all.map {
                settings($0, usedBy: users[$0.id] ?? [], outcomes[$0.id], isWaiting: waiting.contains($0.id))
            }
            var response = desk.shown(open) {
                desk.pages.adapters(
                    all, isRunning: !waiting.isEmpty, parts: ConsoleDesk.parts(open), at: Instant(.now()), $0,
                    sections: $1)
            }
            if !waiting.isEmpty { StaffSite.refresh(&response, Self.path, after: 2) }
            return response
        }
    }

    @Sendable
    private func show(_ request: Request, _ context: ExchangeContext) async -> Response {
        await desk.site.page(request, context, for: .readSettings) { open in
            guard let adapter = adapter(context) else { return unknown }
            let users = try await users()
            let (outcomes, waiting) = await (tests.outcomes, tests.waiting)
            var settings = settings(
                adapter, usedBy: users[adapter.id] ?? [], outcomes[adapter.id], isWaiting: waiting.contains(adapter.id))
            settings.isChanged = digests.isChanged(adapter)
            var response = desk.shown(open) {
                desk.pages.adapter(
                    settings, parts: ConsoleDesk.parts(open), at: Instant(.now()), $0, sections: $1)
            }
            if waiting.contains(adapter.id) {
                StaffSite.refresh(&response, Console.adapterPath(adapter.id), after: 2)
            }
            return response
        }
    }

    @Sendable
    private func testAll(_ request: Request, _ context: ExchangeContext) async -> Response {
        await desk.site.form(request, context, for: .readSettings, undone: "Nothing was tested.") { _, _ in
            // Where somebody else has begun, the page shows how far that is.
            await tests.begin()
            return StaffSite.redirect(to: Self.path)
        }
    }

    @Sendable
    private func testOne(_ request: Request, _ context: ExchangeContext) async -> Response {
        await desk.site.form(request, context, for: .readSettings, undone: "Nothing was tested.") { _, _ in
            guard let adapter = adapter(context) else { return unknown }
            let isBegun = await tests.begin(adapter.id)
            // Whoever presses twice sees what the first has begun.
            let isUnderWay = await tests.waiting.contains(adapter.id)
            guard isBegun || isUnderWay else {
                return desk.site.failure(
                    .conflict, "Other adapters are being tested", "Wait a little, then test this one.")
            }
            return StaffSite.redirect(to: Console.adapterPath(adapter.id))
        }
    }

    private func adapter(_ context: ExchangeContext) -> Adapter? {
        context.parameters.get("id").flatMap { installation.catalogue[$0] }
    }

    /// Ids of partners by the adapter that reads what they send, or writes what they are sent.
    private func users() async throws -> [String: [String]] {
        let known = try await installation.database.read { [store = installation.store] in try store.partners(in: $0) }
        var users: [String: Set<String>] = [:]
        for partner in known {
            if let adapter = partner.adapter { users[adapter, default: []].insert(partner.id) }
            if installation.configuration.outbound[partner.id] != nil,
                let adapter = installation.partners.adapter(partner.id)
            {
                users[adapter.id, default: []].insert(partner.id)
            }
        }
        return users.mapValues { $0.sorted() }
    }

    private func settings(
        _ adapter: Adapter, usedBy partners: [String], _ outcome: AdapterTests.Outcome?, isWaiting: Bool
    ) -> AdapterSettings {
        let inbound = adapter.inbound.map { way in
            AdapterSettings.Way(
                purpose: "in", channel: way.channel.rawValue, format: way.format.rawValue, file: way.mappingFile,
                digest: way.isBuiltIn ? .builtIn : digest(of: way.mappingFile))
        }
        let outbound = adapter.outbound.map { way in
            let file = way.shapeFile.isEmpty ? "\(adapter.id)/adapter.yaml" : way.shapeFile
            return AdapterSettings.Way(
                purpose: way.purpose, channel: way.channel.rawValue, format: way.format.rawValue, file: file,
                digest: digest(of: file))
        }
        let ways = inbound + outbound
        let result: AdapterSettings.Tests =
            switch (isWaiting, outcome) {
            case (true, _): .running
            case (false, nil): .never
            case (false, .leftOut(let at)): .leftOut(at: Instant(at))
            case (false, .done(let samples, let at)):
                .done(
                    samples.map { sample in
                        AdapterSettings.Sample(
                            file: sample.file, differences: sample.differences.map { ($0.path, $0.expected, $0.got) })
                    }, at: Instant(at))
            }
        return AdapterSettings(
            id: adapter.id, name: adapter.name, kind: adapter.kind.rawValue, ways: ways,
            others: adapter.files.subtracting(ways.map(\.file)).sorted().map { ($0, digest(of: $0)) },
            shared: .sha256(String(digests.shared.prefix(16))),
            partners: partners, isChanged: false, tests: result)
    }

    private func digest(of file: String) -> AdapterSettings.Digest {
        digests[file].map { .sha256(String($0.prefix(16))) } ?? .unreadable
    }

    private var unknown: Response {
        desk.site.failure(.notFound, "There is no such adapter", "The list of adapters shows those there are.")
    }
}
