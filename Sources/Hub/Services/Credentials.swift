import CaseStore
import Channels
import Crypto
import Postgres
import Synchronization
import Vault

/// Which credential belongs to whom, and who is enabled.
///
/// One that was good is trusted for a second without asking PostgreSQL again, so that a burst of referrals costs one
/// look-up and a disabled partner is shut out within that second. Those that were refused are asked for each time.
/// Only digests of keys are held.
package final class Credentials: Sendable {
    /// A partner's name for one of its public keys.
    private struct ClientKeyName: Hashable, Sendable {
        var partner: String
        var kid: String
    }

    private let database: Database
    private let store: CaseStore
    private let vault: Vault
    private let keys = Trusted<SHA256Digest>()
    private let certificates = Trusted<ClientCertificate>()
    private let clientKeys = Trusted<ClientKeyName>()
    /// Those whom a listener knows without a key.
    private let named = Trusted<String>()

    init(_ installation: Installation) {
        let installation = installation.acting(as: .ingest)
        database = installation.database
        store = installation.store
        vault = installation.vault
    }

    /// The enabled partner of an id, for channels that know by themselves who it is; nil for any other.
    func principal(ofPartner id: String) async throws -> Principal? {
        try await named.principal(id) { [database, store] in
            let partner = try await database.read { try store.partner(id, in: $0) }
            return partner.flatMap { $0.isEnabled && $0.kind == .partner ? $0 : nil }
        }
    }

    /// The enabled partner or staff system whose live key this is, or nil.
    func principal(for key: String) async throws -> Principal? {
        try await keys.principal(SHA256.hash(data: Array(key.utf8))) { [database, store] in
            try await database.read { try store.authenticate(key, at: .now(), in: $0) }
        }
    }

    /// Whose a certificate is.
    enum Holder: Sendable, Hashable {
        case principal(Principal)
        /// One that was revoked, a disabled partner's, or one with the names of several: whoever shows it is let in by nothing.
        case refused
        case nobody
    }

    /// Whose a certificate is that a caller shows.
    func holder(of certificate: ClientCertificate) async throws -> Holder {
        var isRefused = false
        let principal = try await certificates.principal(certificate) { [database, store] in
            let holder = try await database.read { connection in
                try store.holder(ofKey: certificate.keyHash, names: certificate.names, in: connection)
            }
            isRefused = holder == .refused
            if case .partner(let partner) = holder { return partner }
            return nil
        }
        return principal.map(Holder.principal) ?? (isRefused ? .refused : .nobody)
    }

    /// The enabled partner that an access token was given to, if it is good for this caller and the key that it was given
    /// for still is; or nil.
    func principal(
        token text: String, with certificate: ClientCertificate?, at second: Int64 = WallClock.now()
    ) async throws -> Principal? {
        guard let token = AccessToken(text, openedBy: vault), token.isGood(at: second, with: certificate) else {
            return nil
        }
        let name = ClientKeyName(partner: token.partner, kid: token.kid)
        return try await clientKeys.principal(name) { [database, store] in
            try await database.read { try store.clientKey(kid: token.kid, of: token.partner, in: $0)?.partner }
        }
    }
}

/// Who was found by a credential of one kind less than a second ago.
private final class Trusted<Credential: Hashable & Sendable>: Sendable {
    private struct Known {
        var principal: Principal
        var until: ContinuousClock.Instant
    }

    private static var trustedFor: Duration { .seconds(1) }
    /// With more, all are forgotten, and asked for again.
    private static var most: Int { 1_000 }

    private let known = Mutex<[Credential: Known]>([:])

    func principal(
        _ credential: Credential, else find: () async throws -> Partner?
    ) async throws -> Principal? {
        let now = ContinuousClock.now
        if let known = known.withLock({ $0[credential] }), known.until > now { return known.principal }
        guard let partner = try await find() else {
            known.withLock { $0[credential] = nil }
            return nil
        }
        let principal = Principal(partner)
        known.withLock {
            if $0.count >= Self.most { $0.removeAll() }
            $0[credential] = Known(principal: principal, until: now + Self.trustedFor)
        }
        return principal
    }
}
