import CaseStore
import Crypto
import Postgres
import Synchronization

/// Which API key belongs to whom, and who is enabled.
///
/// A key that was good is trusted for a second without asking PostgreSQL again, so that a burst of referrals costs one
/// look-up and a disabled partner is shut out within that second. Keys that were refused are asked for each time.
/// Only digests of keys are held.
package final class Credentials: Sendable {
    private struct Known {
        var principal: Principal
        var until: ContinuousClock.Instant
    }

    private static let trustedFor: Duration = .seconds(1)
    private static let most = 1_000

    private let database: Database
    private let store: CaseStore
    private let known = Mutex<[SHA256Digest: Known]>([:])
    /// Those whom a listener knows without a key. No more than there are listeners.
    private let named = Mutex<[String: Known]>([:])

    init(_ installation: Installation) {
        database = installation.database
        store = installation.store
    }

    /// The enabled partner of an id, for channels that know by themselves who it is; nil for any other.
    func principal(ofPartner id: String) async throws -> Principal? {
        let now = ContinuousClock.now
        if let known = named.withLock({ $0[id] }), known.until > now { return known.principal }
        let partner = try await database.read { [store] connection in try store.partner(id, in: connection) }
        guard let partner, partner.isEnabled, partner.kind == .partner else {
            named.withLock { $0[id] = nil }
            return nil
        }
        let principal = Principal(partner)
        named.withLock { $0[id] = Known(principal: principal, until: now + Self.trustedFor) }
        return principal
    }

    /// The enabled partner or staff system whose live key this is, or nil.
    func principal(for key: String) async throws -> Principal? {
        let digest = SHA256.hash(data: Array(key.utf8))
        let now = ContinuousClock.now
        if let known = known.withLock({ $0[digest] }), known.until > now { return known.principal }
        let partner = try await database.read { [store] connection in
            try store.authenticate(key, at: .now(), in: connection)
        }
        guard let partner else {
            known.withLock { $0[digest] = nil }
            return nil
        }
        let principal = Principal(partner)
        known.withLock {
            if $0.count >= Self.most { $0.removeAll() }
            $0[digest] = Known(principal: principal, until: now + Self.trustedFor)
        }
        return principal
    }
}
