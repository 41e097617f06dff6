import CaseStore
import Dispatch
import Postgres
import Referral
import Rights
import TestSupport
import Testing

@testable import Hub

/// What the console does about partners, as the role that it does it as.
@Suite(.installation) struct PartnerDeskTests {
    private func run(
        _ body: (Installation, PartnerDesk, IssuedKey, SettingsActor) async throws -> Void
    ) async throws {
        try await TestInstallation.run { hub in
            let key = try await hub.database.transaction { [store = hub.store] connection in
                _ = try store.add(Partner(id: "uhdb", name: "Trust", adapter: "uhdb"), by: "command", in: connection)
                _ = try store.addStaff("an.admin", roles: [.administrator], by: "command", in: connection)
                return try store.issueKey(for: "uhdb", by: "command", in: connection)
            }
            let session = try #require(try await StaffSessions(hub).open("an.admin", insteadOf: nil))
            try await body(
                hub, PartnerDesk(hub.acting(as: .partners)), try #require(key), SettingsActor(session))
        }
    }

    private func isDone<Value>(_ outcome: PartnerDesk.Outcome<Value>) -> Bool {
        if case .done = outcome { true } else { false }
    }

    private func isOvertaken<Value>(_ outcome: PartnerDesk.Outcome<Value>) -> Bool {
        if case .overtaken = outcome { true } else { false }
    }

    /// Revokes a key of somebody who sees how things stand now.
    private func revoke(
        _ prefix: String, _ desk: PartnerDesk, _ actor: SettingsActor
    ) async throws -> PartnerDesk.Outcome<Void> {
        let sheet = try #require(try await desk.sheet(of: "uhdb"))
        return try await desk.revoke(.key(prefix), of: "uhdb", seen: sheet.seen(at: .now()), by: actor)
    }

    private func who(_ text: String, _ hub: Installation) async throws -> String? {
        try await hub.acting(as: .ingest).database.read { [store = hub.store] in
            try store.authenticate(text, in: $0)?.id
        }
    }

    @Test func `a partner is suspended by who saw it active, once`() async throws {
        try await run { hub, desk, key, actor in
            #expect(isOvertaken(try await desk.setEnabled(true, partner: "uhdb", seen: false, by: actor)))
            #expect(isDone(try await desk.setEnabled(false, partner: "uhdb", seen: true, by: actor)))
            #expect(try await who(key.text, hub) == nil)
            #expect(isOvertaken(try await desk.setEnabled(false, partner: "uhdb", seen: true, by: actor)))
            #expect(isDone(try await desk.setEnabled(true, partner: "uhdb", seen: false, by: actor)))
            #expect(try await who(key.text, hub) == "uhdb")
            let outcome = try await desk.setEnabled(false, partner: "nobody", by: actor)
            #expect(!isDone(outcome) && !isOvertaken(outcome))
        }
    }

    @Test func `the next key is made once for a form, and the one before stays good`() async throws {
        try await run { hub, desk, key, actor in
            let seen: Set<String> = [key.prefix]
            let made = try await desk.issueNextKey(for: "uhdb", expiresAt: nil, seen: seen, by: actor)
            guard case .done(let next) = made else {
                Issue.record("no key was made")
                return
            }
            #expect(try await who(key.text, hub) == "uhdb")
            #expect(try await who(next.text, hub) == "uhdb")
            #expect(isOvertaken(try await desk.issueNextKey(for: "uhdb", expiresAt: nil, seen: seen, by: actor)))
            let both: Set<String> = [key.prefix, next.prefix]
            #expect(isOvertaken(try await desk.issueNextKey(for: "uhdb", expiresAt: nil, seen: both, by: actor)))
            #expect(isDone(try await revoke(key.prefix, desk, actor)))
            #expect(try await who(key.text, hub) == nil)
            #expect(try await who(next.text, hub) == "uhdb")
            #expect(isOvertaken(try await revoke(key.prefix, desk, actor)))
        }
    }

    @Test func `of two who each leave a partner the other's credential, the second is overtaken`() async throws {
        try await run { hub, desk, key, actor in
            for round in 0..<5 {
                let live = try #require(try await desk.sheet(of: "uhdb")).liveKeys(at: .now())
                let next = try await desk.issueNextKey(
                    for: "uhdb", expiresAt: nil, seen: Set(live.map(\.id.description)), by: actor)
                guard case .done(let next) = next, let first = live.first else {
                    Issue.record("no key was made")
                    return
                }
                let seen = try #require(try await desk.sheet(of: "uhdb")).seen(at: .now())
                async let one = desk.revoke(first.id, of: "uhdb", seen: seen, by: actor)
                async let two = desk.revoke(.key(next.prefix), of: "uhdb", seen: seen, by: actor)
                let outcomes = [try await one, try await two]
                #expect(outcomes.count(where: isDone) == 1 && outcomes.count(where: isOvertaken) == 1, "\(round)")
                #expect(try #require(try await desk.sheet(of: "uhdb")).liveKeys(at: .now()).count == 1, "\(round)")
            }
        }
    }

    @Test func `the ids of credentials are told apart however their partners named them`() {
        func sheet(_ kids: String...) -> PartnerDesk.Sheet {
            .init(
                partner: Partner(id: "a", name: "A", adapter: "a"),
                credentials: kids.map {
                    .init(
                        partner: "a", kind: .clientKey, id: .clientKey(kid: $0, of: "a"), mark: "", addedAt: .now())
                })
        }
        let now = Timestamp.now()
        #expect(sheet("1 a/2").seen(at: now) != sheet("1", "2").seen(at: now))
        #expect(sheet("1", "2").seen(at: now) == sheet("2", "1").seen(at: now))
    }

    @Test func `a certificate is live after its noted end, for its key lets in, and is revoked as any other`()
        async throws
    {
        try await run { hub, desk, _, actor in
            let key = [UInt8](repeating: 7, count: 32)
            let id = try await hub.database.transaction { [store = hub.store] connection in
                try store.add(
                    .key(key), of: "uhdb", expiresAt: .now() + .seconds(-86_400), by: "command", in: connection)
            }
            func holder() async throws -> CertificateHolder {
                try await hub.acting(as: .ingest).database.read { [store = hub.store] in
                    try store.holder(ofKey: key, names: [], in: $0)
                }
            }
            guard case .partner(let partner) = try await holder(), partner.id == "uhdb" else {
                Issue.record("the certificate lets nobody in")
                return
            }
            let sheet = try #require(try await desk.sheet(of: "uhdb"))
            let known = try #require(sheet.credentials.first { $0.kind == .certificate })
            #expect(known.state(at: .now()) == .live)
            #expect(
                isDone(
                    try await desk.revoke(
                        .certificate(try #require(id)), of: "uhdb", seen: sheet.seen(at: .now()), by: actor)))
            guard case .refused = try await holder() else {
                Issue.record("the certificate lets somebody in")
                return
            }
        }
    }

    @Test func `a key that ends is followed by one that ends`() async throws {
        try await run { hub, desk, key, actor in
            let ends = Timestamp.now() + .seconds(90 * 86_400)
            #expect(try #require(try await desk.sheet(of: "uhdb")).nextKeyMustEnd(at: .now()) == false)
            let next = try await desk.issueNextKey(for: "uhdb", expiresAt: ends, seen: [key.prefix], by: actor)
            guard case .done(let next) = next else {
                Issue.record("no key was made")
                return
            }
            #expect(isDone(try await revoke(key.prefix, desk, actor)))
            #expect(try #require(try await desk.sheet(of: "uhdb")).nextKeyMustEnd(at: .now()))
            let endless = try await desk.issueNextKey(for: "uhdb", expiresAt: nil, seen: [next.prefix], by: actor)
            #expect(isOvertaken(endless))
            #expect(
                isDone(try await desk.issueNextKey(for: "uhdb", expiresAt: ends, seen: [next.prefix], by: actor)))
        }
    }

    @Test func `a credential is revoked at its own partner's page alone`() async throws {
        try await run { hub, desk, key, actor in
            _ = try await hub.database.transaction { [store = hub.store] in
                try store.add(Partner(id: "dchs", name: "Other", adapter: "dchs"), by: "command", in: $0)
            }
            let outcome = try await desk.revoke(
                .key(key.prefix), of: "dchs",
                seen: try #require(try await desk.sheet(of: "dchs")).seen(at: .now()), by: actor)
            #expect(!isDone(outcome))
            #expect(try await who(key.text, hub) == "uhdb")
        }
    }

    @Test(arguments: [nil, [Role.auditor], [.administrator]])
    func `whoever was signed out or shut out, or lost the role, changes nothing any more`(roles: [Role]?) async throws {
        try await run { hub, desk, key, actor in
            try await hub.database.transaction { [store = hub.store] connection in
                if let roles {
                    _ = try store.setStaffRoles(roles, of: "an.admin", by: "command", in: connection)
                } else {
                    _ = try store.signOutStaff("an.admin", by: "command", in: connection)
                }
            }
            await #expect(throws: StaffSessions.Ended.self) {
                try await desk.setEnabled(false, partner: "uhdb", seen: true, by: actor)
            }
            await #expect(throws: StaffSessions.Ended.self) {
                try await revoke(key.prefix, desk, actor)
            }
            await #expect(throws: StaffSessions.Ended.self) {
                try await desk.issueNextKey(for: "uhdb", expiresAt: nil, seen: [key.prefix], by: actor)
            }
            #expect(try await who(key.text, hub) == "uhdb")
            #expect(try await desk.sheet(of: "uhdb")?.credentials.count == 1)
        }
    }

    @Test func `a session that is open and may not do it changes nothing either`() async throws {
        try await run { hub, desk, _, _ in
            _ = try await hub.database.transaction { [store = hub.store] in
                try store.addStaff("an.operator", roles: [.operator], by: "command", in: $0)
            }
            let session = try #require(try await StaffSessions(hub).open("an.operator", insteadOf: nil))
            await #expect(throws: StaffSessions.Ended.self) {
                try await desk.setEnabled(false, partner: "uhdb", by: SettingsActor(session))
            }
        }
    }

    /// A change that began before somebody was shut out would else be made after they were.
    @Test func `nobody is signed out while a change of theirs is being made, and their other pages do not wait`()
        async throws
    {
        try await run { hub, _, _, actor in
            let (held, isOver) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
            async let change: Void = hub.acting(as: .partners).database.transaction { [store = hub.store] connection in
                try actor.hold(for: .managePartners, store, in: connection)
                held.signal()
                isOver.wait()
            }
            try await hub.database.read { connection in
                defer { isOver.signal() }
                #expect(held.wait(timeout: .now() + 10) == .success)
                try connection.execute("SELECT FROM record.staff_session FOR NO KEY UPDATE NOWAIT")
                let error = #expect(throws: PostgresError.self) {
                    try connection.execute("SELECT FROM record.staff_session FOR UPDATE NOWAIT")
                }
                #expect(error?.state == .lockNotAvailable)
            }
            try await change
        }
    }

    @Test func `in production a key follows another only where somebody has judged it to be of low risk`() {
        let partner = Partner(id: "a", name: "A", adapter: "a")
        func sheet(_ keys: [Bool]) -> PartnerDesk.Sheet {
            .init(
                partner: partner,
                credentials: keys.enumerated().map { index, isLowRisk in
                    .init(
                        partner: "a", kind: .apiKey, id: .key("k\(index)"), mark: "", addedAt: .now(),
                        isLowRisk: isLowRisk)
                })
        }
        #expect(sheet([false]).obstacle(toNextKey: .test, at: .now()) == nil)
        #expect(sheet([false]).obstacle(toNextKey: .production, at: .now()) == .highRisk)
        #expect(sheet([true]).obstacle(toNextKey: .production, at: .now()) == nil)
        #expect(sheet([]).obstacle(toNextKey: .test, at: .now()) == .noKey)
        #expect(sheet([true, true]).obstacle(toNextKey: .test, at: .now()) == .several)
    }

    @Test(arguments: ["abcdefgh", "01997f2e-6d7a-7c3b-8e4f-1a2b3c4d5f12", "uhdb/key/1"])
    func `a credential is named as it was read`(text: String) {
        #expect(PartnerCredential.ID(text).description == text)
    }
}
