import CaseStore
import Matching
import Postgres
package import Referral

/// How well and how fast persons are found, measured with records of which it is known who is who.
///
/// Records are taken in as referrals are; then others are looked up among them, one at a time, as intake would. Only for
/// an installation in the environment `test` without persons: it fills the database with the records.
package struct MatchEvaluation: Sendable {
    /// One look-up: how long it took and whom it found.
    package struct LookUp: Sendable {
        package var id: String
        package var microseconds: Int
        /// Whose record was found, what is made of it, and the weight in bits.
        package var found: [(known: String, outcome: String, weight: Double)]
    }

    private let database: Database
    private let store: CaseStore
    private static let sender = "evaluation"
    private static let longestSubmission = 500

    /// Nothing outside the environment `test`, or when there are persons already.
    package init?(_ installation: Installation) async throws {
        guard installation.configuration.environment == .test else { return nil }
        database = installation.database
        store = installation.store
        let persons = try await database.read { [store] connection in try store.counters(in: connection).persons }
        guard persons == 0 else { return nil }
    }

    /// Takes records in, each as a referral of its own, and looks others up.
    ///
    /// - Parameters:
    ///   - known: Envelopes with a `message_id`, as JSON Lines.
    ///   - asked: The same.
    ///   - report: Called after each look-up.
    package func run(known: [Referral], asked: [Referral], _ report: (LookUp) -> Void) async throws {
        var names: [UUIDValue: String] = [:]
        for start in stride(from: 0, to: known.count, by: Self.longestSubmission) {
            let part = Array(known[start..<min(known.count, start + Self.longestSubmission)])
            for (referral, person) in zip(part, try await take(part)) {
                names[person] = referral.messageID ?? ""
            }
        }
        for referral in asked {
            let began = ContinuousClock.now
            let found = try await database.read { [store] connection in
                try store.lookUp(referral, sender: Self.sender, in: connection)
            }
            let took = began.duration(to: .now)
            report(
                LookUp(
                    id: referral.messageID ?? "",
                    microseconds: Int(
                        took.components.seconds * 1_000_000 + took.components.attoseconds / 1_000_000_000_000),
                    found: found.map { (names[$0.person] ?? "", $0.score.outcome.rawValue, $0.score.weight) }))
        }
    }

    /// The persons of the records, in their order.
    private func take(_ records: [Referral]) async throws -> [UUIDValue] {
        let receivedAt = Timestamp.now()
        let submission = store.seal(
            Submission(
                sender: Self.sender, messageID: "\(UUIDValue.v7())", channel: "https", format: "json", adapter: nil,
                bytes: [], receivedAt: receivedAt))
        let items = records.enumerated().map { number, referral in
            IntakeItem(ordinal: number, status: .accepted, referral: referral)
        }
        let record = IntakeRecord(
            receipt: submission.receipt, sender: Self.sender, receivedAt: receivedAt, items: items)
        let results = try await database.transaction { [store] connection in
            _ = try store.accept([submission], in: connection)
            return try store.store([record], in: connection)[0]
        }
        return results.compactMap { if case .stored(let stored) = $0 { stored.person } else { nil } }
    }
}
