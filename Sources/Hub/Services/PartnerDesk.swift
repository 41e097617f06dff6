package import CaseStore
import Channels
import Crypto
package import Postgres
package import Referral
import Rights

/// Partners and their credentials, as whoever looks after them sees and changes them: by a command or in the console.
package struct PartnerDesk: Sendable {
    /// A partner, and all by which it is or was let in.
    package struct Sheet: Sendable {
        package var partner: Partner
        package var credentials: [PartnerCredential]

        /// API keys by which it is let in now.
        func liveKeys(at now: Timestamp) -> [PartnerCredential] {
            credentials.filter { $0.kind == .apiKey && $0.state(at: now) == .live }
        }

        /// Whether its next API key must have an end, because that in the place of which it comes has one: how long is long enough
        /// was judged of that one.
        func nextKeyMustEnd(at now: Timestamp) -> Bool { liveKeys(at: now).contains { $0.expiresAt != nil } }

        /// What stands for the credentials by which it is let in now, in a form: who sends it decided by those. A
        /// digest, for a client key has a name of its owner's, which may hold anything.
        func seen(at now: Timestamp) -> String {
            let live = credentials.filter { $0.state(at: now) == .live }.map(\.id.description).sorted()
            return Hexadecimal.text(SHA256.hash(data: StrictJSON.write(.array(live.map(Value.string)))))
        }

        /// Why it cannot have another API key beside the one it has; nil where it can.
        ///
        /// A page gives a key only as the next in the place of one: who is first let in by a key, and who is judged to be of
        /// low risk, is decided with the command.
        func obstacle(toNextKey environment: HubEnvironment, at now: Timestamp) -> KeyObstacle? {
            let live = liveKeys(at: now)
            guard let known = live.first else { return .noKey }
            if live.count > 1 { return .several }
            return PartnerDesk.mayHaveKey(partner, isLowRisk: known.isLowRisk, in: environment) ? nil : .highRisk
        }
    }

    package enum KeyObstacle: Sendable {
        /// It has no live key that the next would take the place of.
        case noKey
        /// It has two or more.
        case several
        /// Nobody has judged that little can come of its key in wrong hands.
        case highRisk
    }

    /// What came of a change that somebody asked for, who had seen how things stood.
    package enum Outcome<Value: Sendable>: Sendable {
        case done(Value)
        /// It is not as they saw it any more: nothing was changed.
        case overtaken
        case unknown
    }

    private let database: Database
    private let store: CaseStore
    private let environment: HubEnvironment

    /// - Parameter installation: Acts as whoever it does.
    package init(_ installation: Installation) {
        database = installation.database
        store = installation.store
        environment = installation.configuration.environment
    }

    /// Whether a partner may be let in by an API key: in production a system of staff, or a sender of low risk.
    package static func mayHaveKey(_ partner: Partner, isLowRisk: Bool, in environment: HubEnvironment) -> Bool {
        environment != .production || partner.kind != .partner || isLowRisk
    }

    /// All of them, by id.
    package func sheets() async throws -> [Sheet] {
        try await database.read { [store] connection in
            let credentials = Dictionary(grouping: try store.credentials(in: connection), by: \.partner)
            return try store.partners(in: connection).map {
                Sheet(partner: $0, credentials: credentials[$0.id] ?? [])
            }
        }
    }

    package func sheet(of id: String) async throws -> Sheet? {
        try await database.read { [store] connection in
            guard let partner = try store.partner(id, in: connection) else { return nil }
            return Sheet(partner: partner, credentials: try store.credentials(of: id, in: connection))
        }
    }

    /// Suspends a partner, or lets it in again.
    ///
    /// - Parameter seen: Whether it was enabled when somebody decided this; nil for one who does not look.
    package func setEnabled(
        _ isEnabled: Bool, partner: String, seen: Bool? = nil, by actor: SettingsActor
    ) async throws -> Outcome<Void> {
        try await database.transaction { [store] connection in
            try actor.hold(for: .managePartners, store, in: connection)
            guard let known = try store.lockedPartner(partner, in: connection) else { return .unknown }
            if let seen, known.isEnabled != seen { return .overtaken }
            _ = try store.setEnabled(isEnabled, partner: partner, by: actor.id, in: connection)
            return .done(())
        }
    }

    /// Revokes a credential of a partner, on every node within a second.
    ///
    /// - Parameter seen: As ``Sheet/seen(at:)`` was when somebody decided this: two who each leave it the other's do not shut it out
    ///   together.
    func revoke(
        _ credential: PartnerCredential.ID, of partner: String, seen: String, by actor: SettingsActor
    ) async throws -> Outcome<Void> {
        try await database.transaction { [store] connection in
            try actor.hold(for: .managePartners, store, in: connection)
            guard let known = try store.lockedPartner(partner, in: connection) else { return .unknown }
            let sheet = Sheet(partner: known, credentials: try store.credentials(of: partner, in: connection))
            guard sheet.credentials.contains(where: { $0.id == credential }) else { return .unknown }
            guard sheet.seen(at: .now()) == seen else { return .overtaken }
            return try store.revoke(credential, by: actor.id, in: connection) ? .done(()) : .overtaken
        }
    }

    /// Gives a partner the API key that takes the place of the one that it has, which stays good until it is revoked.
    ///
    /// - Parameter seen: The prefixes of its live keys when somebody decided this: a form that is sent twice makes one key.
    package func issueNextKey(
        for partner: String, expiresAt: Timestamp?, seen: Set<String>, by actor: SettingsActor
    ) async throws -> Outcome<IssuedKey> {
        try await database.transaction { [store, environment] connection in
            try actor.hold(for: .managePartners, store, in: connection)
            guard let known = try store.lockedPartner(partner, in: connection) else { return .unknown }
            let now = Timestamp.now()
            let sheet = Sheet(partner: known, credentials: try store.credentials(of: partner, in: connection))
            let live = sheet.liveKeys(at: now)
            guard Set(live.map(\.id.description)) == seen, sheet.obstacle(toNextKey: environment, at: now) == nil,
                expiresAt != nil || !sheet.nextKeyMustEnd(at: now)
            else { return .overtaken }
            let key = try store.issueKey(
                for: partner, expiresAt: expiresAt, isLowRisk: live.allSatisfy(\.isLowRisk), by: actor.id,
                in: connection)
            return key.map(Outcome.done) ?? .unknown
        }
    }
}
