import CaseStore
import Console
import HTTPTypes
import Hummingbird
import Postgres
import Referral
import Rights
import Translation

/// Partners and keys: `GET /console/settings/partners`, a page for each, and for who manages them what is changed there.
struct PartnerRoutes: Sendable {
    private static let path = Console.SettingsPart.partners.path
    /// What has not happened when a form is refused.
    private static let undone = "Nothing was changed."
    /// The most days that a key is made for.
    private static let longest = 3_650

    private let desk: ConsoleDesk
    private let partners: PartnerDesk
    private let installation: Installation

    init(desk: ConsoleDesk, _ installation: Installation) {
        self.desk = desk
        self.installation = installation
        partners = PartnerDesk(installation.acting(as: .partners))
    }

    func add(to router: Router<ExchangeContext>) {
        router.get("\(Self.path)", use: list)
        router.get("\(Self.path)/{id}", use: show)
        router.post("\(Self.path)/{id}", use: act)
        router.get("\(Self.path)/{id}/key", use: showKeyForm)
        router.post("\(Self.path)/{id}/key", use: makeKey)
    }

    // MARK: Looking

    @Sendable
    private func list(_ request: Request, _ context: ExchangeContext) async -> Response {
        await desk.site.page(request, context, for: .readSettings) { open in
            let now = Timestamp.now()
            let all = try await partners.sheets().map { settings($0, at: now) }
            return desk.shown(open) {
                desk.pages.partners(all, parts: ConsoleDesk.parts(open), at: Instant(now), $0, sections: $1)
            }
        }
    }

    @Sendable
    private func show(_ request: Request, _ context: ExchangeContext) async -> Response {
        await desk.site.page(request, context, for: .readSettings) { open in
            guard let sheet = try await sheet(context) else { return unknown }
            let change = request.uri.queryParameters["done"].flatMap { Console.PartnerChange(rawValue: String($0)) }
            // No address tells whether somebody was overtaken.
            return shown(sheet, change == .overtaken ? nil : change, open)
        }
    }

    @Sendable
    private func showKeyForm(_ request: Request, _ context: ExchangeContext) async -> Response {
        await desk.site.page(request, context, for: .managePartners) { open in
            guard let sheet = try await sheet(context) else { return unknown }
            return keyForm(sheet, open)
        }
    }

    private func shown(
        _ sheet: PartnerDesk.Sheet, _ change: Console.PartnerChange?, _ open: StaffSessions.Open,
        status: HTTPResponse.Status = .ok
    ) -> Response {
        let now = Timestamp.now()
        return desk.shown(open, status: status) {
            desk.pages.partner(
                settings(sheet, at: now), mayManage: open.may(.managePartners),
                hasNextKey: sheet.obstacle(toNextKey: installation.configuration.environment, at: now) == nil,
                change: change, parts: ConsoleDesk.parts(open), at: Instant(now), $0, sections: $1)
        }
    }

    /// The form, or why there is none.
    private func keyForm(
        _ sheet: PartnerDesk.Sheet, _ open: StaffSessions.Open, entered: Console.Entered = .init()
    ) -> Response {
        let now = Timestamp.now()
        switch sheet.obstacle(toNextKey: installation.configuration.environment, at: now) {
        case nil: break
        case .noKey:
            return desk.site.failure(
                .conflict, "It has no API key that another would take the place of",
                "Its first key is made by the command hub partner key, where it is decided whether a key is safe enough."
            )
        case .several:
            return desk.site.failure(
                .conflict, "It has two API keys already", "Revoke the one that it uses no more, then make the next.")
        case .highRisk:
            return desk.site.failure(
                .conflict, "An API key is not safe enough for this partner",
                "Give it a certificate or a client key: hub partner certificate, hub partner client-key.")
        }
        return desk.shown(open, status: entered.mistakes.isEmpty ? .ok : .unprocessableContent) {
            desk.pages.nextKey(
                of: settings(sheet, at: now), entered: entered, parts: ConsoleDesk.parts(open), at: Instant(now), $0,
                sections: $1)
        }
    }

    // MARK: Changing

    @Sendable
    private func act(_ request: Request, _ context: ExchangeContext) async -> Response {
        await desk.site.form(request, context, for: .managePartners, undone: Self.undone) { open, fields in
            guard let sheet = try await sheet(context) else { return unknown }
            switch fields["do"] {
            case "suspend": return try await setEnabled(false, sheet, fields, open)
            case "resume": return try await setEnabled(true, sheet, fields, open)
            case "revoke": return try await revoke(sheet, fields, open)
            default: return desk.unreadable(Self.undone)
            }
        }
    }

    private func setEnabled(
        _ isEnabled: Bool, _ sheet: PartnerDesk.Sheet, _ fields: [String: String], _ open: StaffSessions.Open
    ) async throws -> Response {
        // The form is one of a page on which it was the other way.
        guard fields["seen"] == (isEnabled ? "suspended" : "active") else { return desk.unreadable(Self.undone) }
        guard sheet.partner.isEnabled != isEnabled else { return shown(sheet, .overtaken, open, status: .conflict) }
        guard ConsoleDesk.isConfirmed(fields) else {
            return asked(Console.question(suspending: settings(sheet, at: .now())), open)
        }
        let outcome = try await partners.setEnabled(
            isEnabled, partner: sheet.partner.id, seen: !isEnabled, by: SettingsActor(open))
        return try await told(outcome, isEnabled ? .resumed : .suspended, of: sheet, open)
    }

    private func revoke(
        _ sheet: PartnerDesk.Sheet, _ fields: [String: String], _ open: StaffSessions.Open
    ) async throws -> Response {
        let now = Timestamp.now()
        let named = fields["credential"] ?? ""
        guard let seen = fields["seen"], let known = sheet.credentials.first(where: { $0.id.description == named })
        else { return desk.unreadable(Self.undone) }
        guard known.state(at: now) != .revoked, sheet.seen(at: now) == seen else {
            return shown(sheet, .overtaken, open, status: .conflict)
        }
        guard ConsoleDesk.isConfirmed(fields) else {
            return asked(
                Console.question(revoking: .init(known, at: now), of: settings(sheet, at: now)), open)
        }
        let outcome = try await partners.revoke(
            known.id, of: sheet.partner.id, seen: seen, by: SettingsActor(open))
        return try await told(outcome, .revoked, of: sheet, open)
    }

    /// Answers with the key at once, which no other page has.
    @Sendable
    private func makeKey(_ request: Request, _ context: ExchangeContext) async -> Response {
        await desk.site.form(
            request, context, for: .managePartners, undone: "No key was made.",
            advice: "Look at the partner’s page: a key that nobody has seen is revoked there."
        ) { open, fields in
            guard let sheet = try await sheet(context) else { return unknown }
            guard let seen = fields["seen"], let text = fields["days"] else {
                return desk.unreadable("No key was made.")
            }
            let days = Int(text.trimmed)
            let mustEnd = sheet.nextKeyMustEnd(at: .now())
            guard text.trimmed.isEmpty && !mustEnd || days.map((1...Self.longest).contains) ?? false else {
                let mistake = "Enter a number of days from 1 to \(Self.longest)\(mustEnd ? "" : ", or nothing")"
                return keyForm(
                    sheet, open,
                    entered: .init(fields: ["days": String(text.prefix(20))], mistakes: [("days", mistake)]))
            }
            let outcome = try await partners.issueNextKey(
                for: sheet.partner.id, expiresAt: days.map { .now() + .seconds($0 * 86_400) },
                seen: Set(seen.split(separator: " ").map(String.init)), by: SettingsActor(open))
            switch outcome {
            case .unknown: return unknown
            // Whoever sends a form again does not get a second key.
            case .overtaken: return try await overtaken(sheet.partner.id, open)
            case .done(let key):
                let now = Timestamp.now()
                return desk.shown(open) {
                    desk.pages.issuedKey(
                        key.text, prefix: key.prefix, of: settings(sheet, at: now), parts: ConsoleDesk.parts(open),
                        at: Instant(now), $0, sections: $1)
                }
            }
        }
    }

    private func told(
        _ outcome: PartnerDesk.Outcome<Void>, _ change: Console.PartnerChange, of sheet: PartnerDesk.Sheet,
        _ open: StaffSessions.Open
    ) async throws -> Response {
        switch outcome {
        case .done:
            return StaffSite.redirect(to: "\(Console.partnerPath(sheet.partner.id))?done=\(change.rawValue)")
        case .overtaken: return try await overtaken(sheet.partner.id, open)
        case .unknown: return unknown
        }
    }

    /// How a partner stands now, for somebody who had seen it otherwise.
    private func overtaken(_ partner: String, _ open: StaffSessions.Open) async throws -> Response {
        guard let sheet = try await partners.sheet(of: partner) else { return unknown }
        return shown(sheet, .overtaken, open, status: .conflict)
    }

    private func asked(_ confirmation: Confirmation, _ open: StaffSessions.Open) -> Response {
        desk.shown(open) { desk.pages.confirm(confirmation, in: .settings, $0, sections: $1) }
    }

    // MARK: All of them

    private func sheet(_ context: ExchangeContext) async throws -> PartnerDesk.Sheet? {
        guard let id = context.parameters.get("id").flatMap(RequestReader.id) else { return nil }
        return try await partners.sheet(of: id)
    }

    private func settings(_ sheet: PartnerDesk.Sheet, at now: Timestamp) -> PartnerSettings {
        let partner = sheet.partner
        let inbound = partner.adapter.flatMap { installation.catalogue[$0] }?.inbound ?? []
        let outbound = installation.configuration.outbound[partner.id]?.values.map(\.words) ?? []
        let status = installation.configuration.status[partner.id].map {
            ["\($0.endpoint.words) (what became of its referrals)"]
        }
        return PartnerSettings(
            id: partner.id, name: partner.name, isOfStaff: partner.kind == .staff, isEnabled: partner.isEnabled,
            isControlRoom: partner.kind == .partner
                && installation.policy.inForce.emergencyRecipients.contains(partner.id),
            adapter: partner.adapter, roles: partner.roles.map(\.rawValue),
            waysIn: Set(inbound.map(\.channel.rawValue)).sorted(), waysOut: outbound.sorted() + (status ?? []),
            credentials: sheet.credentials.map { .init($0, at: now) }, seen: sheet.seen(at: now))
    }

    private var unknown: Response {
        desk.site.failure(.notFound, "There is no such partner", "The list of partners shows those there are.")
    }
}

extension PartnerSettings.Credential {
    fileprivate init(_ credential: PartnerCredential, at now: Timestamp) {
        let kind: Kind =
            switch credential.kind {
            case .apiKey: .apiKey
            case .certificate: .certificate
            case .certificateName: .certificateName
            case .clientKey: .clientKey
            }
        let state: State =
            switch credential.state(at: now) {
            case .live: .live
            case .ended: .ended
            case .revoked: .revoked
            }
        self.init(
            kind: kind, id: credential.id.description, mark: credential.mark, state: state,
            addedAt: Instant(credential.addedAt), endsAt: credential.expiresAt.map(Instant.init),
            revokedAt: credential.revokedAt.map(Instant.init))
    }
}
