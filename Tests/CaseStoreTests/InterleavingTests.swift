import CaseStore
import Disclosure
import FoundationEssentials
import Postgres
import Referral
import TestSupport
import Testing

/// Promise 3 of the design over random histories: asking, withdrawing, restricting, claiming, failing, retrying, replaying
/// and taking back, on several connections at once, against real PostgreSQL.
///
/// The oracle knows nothing of the policy's code. It reads what the ledger says left, and what the record says forbade it,
/// by the database's own clock, which both sides read while they hold the locks.
/// `HUB_INTERLEAVINGS` says how many histories there are, 500 unless said otherwise.
@Suite(.store) struct InterleavingTests {
    private static let histories =
        ProcessInfo.processInfo.environment["HUB_INTERLEAVINGS"].flatMap { Int($0) } ?? 500

    /// A name of its own for each number, in letters that sound unlike one another.
    private static func name(_ number: Int) -> String {
        let syllables = ["bar", "dol", "fem", "gus", "hit", "jop", "kun", "lev", "mag", "nor"]
        return String(number).compactMap(\.wholeNumberValue).map { syllables[$0] }.joined()
    }

    @Test func `nothing is released after it was forbidden, whatever happens at the same time`() async throws {
        try await Fixture.run(connections: 4) { f in
            for sql: SQL in [
                "CREATE SCHEMA oracle", "GRANT USAGE ON SCHEMA oracle TO hub_app",
                "CREATE TABLE oracle.forbidden (person uuid, at timestamptz, is_forbidden boolean)",
                "GRANT INSERT ON oracle.forbidden TO hub_app",
            ] { try await TestDatabase.current.database.execute(sql) }
            var random = FixedRandom(seed: 4711)
            var done: [Step: Int] = [:]
            for history in 0..<Self.histories {
                // Nobody looks like anybody, so that matching has nothing to do with it.
                let day = "\(1930 + history % 60)-0\(1 + history % 9)-1\(history % 10)"
                let referral = f.referral(id: "h-\(history)", nhs: nil, dob: day, family: Self.name(history))
                let world = World(f, person: try await f.person(referral))
                let steps = (0..<Int.random(in: 12...24, using: &random)).map { _ in Step.random(using: &random) }
                let seeds = steps.map { _ in random.next() }
                // The first ones alone, so that there is something to race for.
                for step in [Step.agree, .ask, .ask] { try await world.take(step, seed: random.next()) }
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for lane in 0..<4 {
                        let mine = zip(steps, seeds).enumerated().filter { $0.offset % 4 == lane }.map(\.element)
                        group.addTask { for (step, seed) in mine { try await world.take(step, seed: seed) } }
                    }
                    try await group.waitForAll()
                }
                for step in steps { done[step, default: 0] += 1 }
                try await world.check()
            }
            #expect(Set(done.keys) == Set(Step.allCases))
            // Something was let go, and something was held back, or nothing was tested.
            #expect(try await f.value("SELECT count(*) FROM ledger.entry WHERE kind = 'release'", as: Int.self) > 0)
            #expect(
                try await f.value(
                    "SELECT count(*) FROM record.share WHERE state = 'cancelled'", as: Int.self) > 0)
        }
    }
}

/// What may happen next to a person's shares.
private enum Step: CaseIterable, Sendable {
    case agree, ask, withdraw, withdrawLine, restrict, lift, object, claim, deliver, fail, reject, replay, takeBack

    /// Claims are drawn three times as often as anything else.
    static func random(using random: inout FixedRandom) -> Step {
        (allCases + [.claim, .claim]).randomElement(using: &random) ?? .claim
    }
}

/// One person, with everything that is asked and forbidden about them.
private struct World: Sendable {
    let f: Fixture
    let person: UUIDValue

    init(_ f: Fixture, person: UUIDValue) {
        self.f = f
        self.person = person
    }

    func take(_ step: Step, seed: UInt64) async throws {
        var random = FixedRandom(seed: seed)
        let share = try await anyShare(&random)
        switch step {
        case .agree: _ = try await f.agree(person)
        case .ask: _ = try await ask()
        case .withdraw, .withdrawLine:
            guard let agreement = try await anyAgreement(&random) else { return }
            let line: Int? = step == .withdraw ? nil : Int.random(in: 0...1, using: &random)
            // Received later than it is entered: then it counts from the moment at which it is.
            let later = Timestamp.now() + .seconds(3600)
            _ = try await f.transaction(as: .console) {
                try f.store.withdraw(
                    agreement: agreement, scopeLine: line, receivedAt: later, by: "staff:1", in: $0)
            }
        case .restrict: try await change { $0.restrictedOn = $0.restrictedOn ?? $1 }
        case .lift: try await change { subject, _ in subject.restrictedOn = nil }
        case .object: try await change { subject, _ in subject.objections = [.all] }
        case .claim:
            guard let share else { return }
            _ = try await f.transaction(as: .worker) { connection in
                guard let prepared = try f.store.prepareSending(of: share, recipient: f.setup, in: connection) else {
                    return
                }
                let decision = Policy.decide(prepared.facts)
                guard decision.mayLeave else {
                    try f.store.judge(prepared, decision: decision, in: connection)
                    return
                }
                let release = NewRelease(
                    prepared: prepared, decision: decision, bytesHash: Array(repeating: 1, count: 32))
                try f.store.beginReleases([release], in: connection)
            }
        case .deliver: try await end(share, .delivered(reference: nil))
        case .fail: try await end(share, .retry(code: "unavailable"))
        case .reject: try await end(share, .rejected(code: "refused"))
        case .replay:
            guard let share else { return }
            _ = try await f.transaction(as: .console) { try f.store.reopen(share, in: $0) }
        case .takeBack:
            guard let share else { return }
            _ = try await f.transaction(as: .console) { try f.store.cancel(share: share, by: "staff:2", in: $0) }
        }
    }

    /// Asks as of now, unlike the fixture, so that all moments are the database's.
    private func ask() async throws {
        let request = ShareRequest(
            person: person, recipient: "derby_homes", purpose: "housing_support", groups: ["NAME"],
            channel: "https_mtls", requestedBy: "staff:1")
        try await f.transaction(as: .console) { connection in
            guard let asked = try f.store.ask([request], in: connection, recipient: { _ in f.setup })[0] else { return }
            var new = NewShare(asked, decision: Policy.decide(asked.facts))
            if new.state == .queued { new.message = .random(in: 1...(.max)) }
            _ = try f.store.create([new], in: connection)
        }
    }

    /// Changes what the policy must know, as of the database's clock once the person's row is locked.
    private func change(_ body: @escaping @Sendable (inout Subject, Instant) -> Void) async throws {
        try await f.transaction { connection in
            guard var subject = try f.store.subject(of: person, isLocked: true, in: connection) else { return }
            let now = try connection.query("SELECT clock_timestamp()").first?.decode(Timestamp.self) ?? .now()
            body(&subject, Instant(microseconds: now.microseconds))
            try f.store.setCircumstances(subject, of: person, changing: ["test"], by: "staff:1", in: connection)
            // The oracle's own record of it: whether everything is forbidden from this moment on.
            let isForbidden = subject.restrictedOn != nil || !subject.objections.isEmpty
            try connection.execute(
                """
                INSERT INTO oracle.forbidden (person, at, is_forbidden)
                VALUES (\(person), \(now), \(isForbidden))
                """)
        }
    }

    private func end(_ share: UUIDValue?, _ outcome: ReleaseOutcome) async throws {
        guard let share else { return }
        try await f.transaction { connection in
            guard let stored = try f.store.share(share, in: connection), stored.attempts > 0 else { return }
            try f.store.finishRelease(of: share, attempt: stored.attempts, outcome: outcome, in: connection)
        }
    }

    private func anyShare(_ random: inout FixedRandom) async throws -> UUIDValue? {
        try await f.transaction(as: .console) { try f.store.shares(of: person, in: $0) }.randomElement(using: &random)?
            .id
    }

    private func anyAgreement(_ random: inout FixedRandom) async throws -> UUIDValue? {
        try await f.transaction(as: .console) { try f.store.agreements(of: person, in: $0) }.randomElement(
            using: &random)?.id
    }

    /// Whether any release stands on the ledger that something had forbidden before.
    func check() async throws {
        let broken: Int = try await f.value(
            """
            WITH release AS (
                SELECT
                    share, agreement, person, at,
                    row_number() OVER (PARTITION BY share ORDER BY at) AS number,
                    (convert_from(bytes, 'UTF8')::jsonb ->> 'attempt')::integer AS attempt
                FROM ledger.entry
                WHERE kind = 'release' AND person = \(person)
            )
            SELECT count(*)
            FROM release
            WHERE agreement IS NULL
                OR attempt <> number
                OR EXISTS (
                    SELECT FROM record.agreement
                    WHERE agreement.id = release.agreement AND agreement.revoked_at <= release.at
                )
                OR EXISTS (
                    SELECT FROM record.agreement_scope
                    WHERE agreement_scope.agreement = release.agreement
                        AND recipient = 'derby_homes'
                        AND withdrawn_at <= release.at
                )
                OR EXISTS (
                    SELECT FROM record.share
                    WHERE share.id = release.share AND failure = 'taken_back' AND finished_at < release.at
                )
                OR (
                    SELECT is_forbidden FROM oracle.forbidden
                    WHERE forbidden.person = release.person AND forbidden.at <= release.at
                    ORDER BY forbidden.at DESC
                    LIMIT 1
                )
            """)
        #expect(broken == 0)
    }
}
