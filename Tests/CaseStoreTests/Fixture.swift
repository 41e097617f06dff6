import CaseStore
import Disclosure
import MessageQueue
import Postgres
import Referral
import TestSupport
import Testing
import Vault

extension Trait where Self == DatabaseTrait {
    /// A database with the schemas of the case store, and of the queue, at which some of its statements look.
    static var store: DatabaseTrait {
        .database(
            RoleSchema.migrations, QueueSchema.migrations, RecordSchema.migrations, LedgerSchema.migrations,
            AccessSchema.migrations, GrantSchema.migrations)
    }
}

/// A store on the test's database, used as the hub's roles.
struct Fixture: Sendable {
    let store: CaseStore
    /// The keys that it seals by.
    let ring: KeyRing
    let database: Database
    let now = Timestamp(rfc3339: "2026-03-02T10:00:00Z")!

    static func run(
        connections: Int = 2, _ body: (Fixture) async throws -> Void
    ) async throws {
        let database = TestDatabase.current.pool(connections: connections) {
            $0.role = .app
            $0.plansByIndex = true
        }
        let ring = KeyRing(InstallationKey())
        let fixture = Fixture(store: CaseStore(vault: Vault(ring: ring)), ring: ring, database: database)
        do { try await body(fixture) } catch {
            await database.close()
            throw error
        }
        await database.close()
    }

    /// - Parameter role: As whom; left alone, as an operator's command. What the helpers below do, they do as the function
    ///   that does it in the running hub.
    func transaction<T: Sendable>(
        as role: DatabaseRole = .app, _ body: @Sendable (Connection) throws -> T
    ) async throws -> T {
        try await database.acting(as: role).transaction { try body($0) }
    }

    func submission(_ id: String = "m-1", _ text: String = "document", sender: String = "uhdb") -> Submission {
        Submission(
            sender: sender, messageID: id, channel: "https", format: "json", adapter: sender, bytes: Array(text.utf8),
            receivedAt: now)
    }

    /// Accepts a submission and gives its receipt.
    func accept(_ submission: Submission) async throws -> UUIDValue {
        let sealed = store.seal(submission)
        _ = try await transaction(as: .ingest) { try store.accept([sealed], in: $0) }
        return sealed.receipt
    }

    /// A referral as translation makes it; the synthetic NHS numbers are those of the standards.
    func referral(
        id: String = "r-1", nhs: String? = "9990000018", isVerified: Bool = true, dob: String? = "1950-04-30",
        family: String = "Canary", type: MessageType = .referral, inReplyTo: String? = nil, sentAt: Timestamp? = nil
    ) -> Referral {
        var person = Person()
        person.given = "Elsie"
        person.family = family
        person.dob = dob.flatMap(CalendarDate.init(iso:))
        person.identifiers =
            nhs.map {
                [Identifier(type: .known(.nhsNumber), value: $0, source: "uhdb", verified: isVerified)]
            } ?? []
        var address = Address()
        address.lines = ["12 Example Street"]
        address.postcode = "DE1 2FS"
        return Referral(
            messageID: id, sender: "uhdb", sentAt: Instant(microseconds: (sentAt ?? now).microseconds),
            type: .known(type), inReplyTo: inReplyTo, person: person, address: address,
            reason: "Feels alone since a bereavement", needs: [.known(.isolation)], urgency: .known(.soon))
    }

    /// Brings a referral in, as intake does.
    @discardableResult
    func take(
        _ referral: Referral, status: ReferralReading.Status = .accepted, opensCase: Bool = true,
        sender: String = "uhdb"
    ) async throws -> IntakeResult {
        let receipt = try await accept(submission("\(UUIDValue.v7())", sender: sender))
        return try await take(
            [IntakeItem(ordinal: 0, status: status, referral: referral, opensCase: opensCase)], receipt, sender)[0]
    }

    /// - Parameter file: Of a file of several parts, how its sender called it.
    func take(
        _ items: [IntakeItem], _ receipt: UUIDValue, _ sender: String = "uhdb", file: DocumentNames? = nil
    ) async throws -> [IntakeResult] {
        var intake = IntakeRecord(receipt: receipt, sender: sender, receivedAt: now, items: items)
        intake.file = file
        return try await transaction(as: .worker) { [intake] in try store.store([intake], in: $0)[0] }
    }

    /// A person with a referral.
    func person(_ referral: Referral? = nil) async throws -> UUIDValue {
        guard case .stored(let stored) = try await take(referral ?? self.referral()) else {
            throw Unexpected()
        }
        return stored.person
    }

    /// An agreement that names Derby Homes and the trust.
    func agree(_ person: UUIDValue, scope: [Agreement.ScopeLine]? = nil) async throws -> StoredAgreement {
        let lines =
            scope ?? [
                .init(recipient: "derby_homes", purposes: [.housingSupport]),
                .init(recipient: "uhdb", purposes: [.careSupport]),
            ]
        let signedOn = Timestamp(rfc3339: "2026-01-10T00:00:00Z")!
        return try #require(
            try await transaction(as: .console) {
                try store.add(
                    NewAgreement(person: person, signedOn: signedOn, scope: lines), by: "staff:1", in: $0)
            })
    }

    /// Asks for a share and enters the decision, as the hub does.
    func share(
        _ person: UUIDValue, recipient: String = "derby_homes", purpose: String = "housing_support",
        groups: [String] = ["NAME", "ADDRESS", "NEEDS"]
    ) async throws -> Share {
        let request = ShareRequest(
            person: person, recipient: recipient, purpose: purpose, groups: groups, channel: "https_mtls",
            requestedBy: "staff:1", requestedAt: now)
        return try #require(
            try await transaction(as: .console) { connection -> Share? in
                guard let asked = try store.ask([request], at: now, in: connection, recipient: { _ in setup })[0] else {
                    return nil
                }
                var new = NewShare(asked, decision: Policy.decide(asked.facts))
                if new.state == .queued { new.message = .random(in: 1...(.max)) }
                return try store.create([new], in: connection).first
            })
    }

    /// The first half of sending: judge, and enter the release. Nothing when it may not go.
    func begin(_ share: UUIDValue, at: Timestamp? = nil) async throws -> Int? {
        try await transaction(as: .worker) { try begin(share, at: at, in: $0) }
    }

    func begin(_ share: UUIDValue, at: Timestamp? = nil, in connection: Connection) throws -> Int? {
        guard let prepared = try store.prepareSending(of: share, recipient: setup, at: at ?? now, in: connection)
        else { return nil }
        let decision = Policy.decide(prepared.facts)
        guard decision.outcome.releases else {
            try store.judge(prepared, decision: decision, in: connection)
            return nil
        }
        let release = NewRelease(
            prepared: prepared, decision: decision, bytesHash: Array(repeating: 1, count: 32))
        try store.beginReleases([release], in: connection)
        return release.attempt
    }

    var setup: RecipientSetup { RecipientSetup(channels: [.httpsMutualTLS, .mesh]) }

    /// One value from the database, as its owner sees it.
    func value<T: SQLDecodable>(_ sql: SQL, as type: T.Type = T.self) async throws -> T {
        try #require(try await TestDatabase.current.database.query(sql).first).decode(T.self)
    }
}

/// One share at a time, where the hub takes several.
extension CaseStore {
    func prepareSending(
        of id: UUIDValue, recipient: RecipientSetup, at: Timestamp? = nil, in connection: Connection
    ) throws -> PreparedShare? {
        try prepareSending(of: [id], at: at, in: connection) { _ in recipient }.first
    }

    func document(_ receipt: UUIDValue, in connection: Connection) throws -> StoredDocument? {
        try documents([receipt], in: connection)[receipt].map(open)
    }

    func finishRelease(
        of id: UUIDValue, attempt: Int, outcome: ReleaseOutcome, in connection: Connection
    ) throws {
        try finishReleases([EndedRelease(share: id, attempt: attempt, outcome: outcome)], in: connection)
    }
}

struct Unexpected: Error {}
