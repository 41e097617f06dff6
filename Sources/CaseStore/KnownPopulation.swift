import Matching
import Postgres
import Synchronization
import Vault

/// What this process knows of the persons as a whole, for the weights: how many, and how frequent names and places are.
///
/// It is taken from a sample and held in memory: counts in a table would have every intake write the same few rows.
final class KnownPopulation: Sendable {
    private struct State {
        var matcher = Matcher(MatchPopulation(size: 0))
        var readAt: ContinuousClock.Instant?
        var madeSince = 0
    }

    private let state = Mutex(State())

    private static let longestAge: Duration = .seconds(3_600)
    private static let sampleSize = 5_000

    /// Counts persons who were made since the sample was read.
    func note(made: Int) {
        state.withLock { $0.madeSince += made }
    }

    /// The matcher for who is known now. The sample is read again after an hour, and before when there are twice as many
    /// persons; that costs some 50 ms.
    func matcher(vault: Vault, in connection: Connection) throws -> Matcher {
        let current = state.withLock { state -> Matcher? in
            guard let readAt = state.readAt, readAt.duration(to: .now) < Self.longestAge,
                state.madeSince <= max(state.matcher.population.size, 500)
            else { return nil }
            return state.matcher
        }
        if let current { return current }
        let read = Matcher(try population(vault: vault, in: connection))
        state.withLock { $0 = State(matcher: read, readAt: .now, madeSince: 0) }
        return read
    }

    private func population(vault: Vault, in connection: Connection) throws -> MatchPopulation {
        // The planner's own estimate, so that nobody counts a large table; of a small one all are read.
        let estimate = try connection.query(
            "SELECT greatest(reltuples, 0)::bigint FROM pg_class WHERE oid = 'record.person'::regclass",
            name: "record.estimate_persons"
        )[0].decode(Int.self)
        let percent = estimate <= 2 * Self.sampleSize ? 100 : 150 * Double(Self.sampleSize) / Double(estimate)
        let rows = try connection.query(
            """
            SELECT person.id, person.sealed_fingerprint, person_key.wrapped_key
            FROM record.person TABLESAMPLE SYSTEM (\(percent)) JOIN record.person_key ON person_key.person = person.id
            LIMIT \(Self.sampleSize)
            """, name: "record.sample_persons")
        let sample = try rows.map { row in
            let (id, sealed, wrapped) = try row.decode(UUIDValue.self, [UInt8].self, [UInt8].self)
            return try vault.fingerprint(sealed, wrapped, of: id)
        }
        return MatchPopulation(size: max(estimate, sample.count), sample: sample)
    }
}

extension Vault {
    /// Opens the fingerprint of a person, whose key is used for nothing else at this moment.
    func fingerprint(_ sealed: [UInt8], _ wrapped: [UInt8], of person: UUIDValue) throws -> Fingerprint {
        try fingerprint(sealed, with: unwrap(wrapped, isRemembered: false), of: person)
    }

    func fingerprint(_ sealed: [UInt8], with key: DataKey, of person: UUIDValue) throws -> Fingerprint {
        let place = Place.fingerprint(person)
        guard let fingerprint = Fingerprint(bytes: try open(sealed, with: key, context: place)) else {
            throw CaseStoreError.unreadable(place)
        }
        return fingerprint
    }

    func seal(_ fingerprint: Fingerprint, with key: DataKey, of person: UUIDValue) -> [UInt8] {
        seal(fingerprint.bytes, with: key, context: Place.fingerprint(person))
    }
}
