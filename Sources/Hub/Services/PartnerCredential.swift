package import CaseStore
import Channels
package import Postgres

/// Something by which a partner is let in, without its secret.
package struct PartnerCredential: Sendable, Hashable {
    package enum Kind: String, Sendable {
        case apiKey = "api_key"
        /// Known by its public key.
        case certificate
        /// Known by a DNS name in it.
        case certificateName = "certificate_name"
        case clientKey = "client_key"
    }

    package enum State: String, Sendable {
        case live
        case ended
        case revoked
    }

    package var partner: String
    package var kind: Kind
    package var id: ID
    /// What it is known by besides: SHA-256 of a certificate's public key in hexadecimal, as `openssl dgst` shows it, or the
    /// name in it.
    package var mark: String
    package var addedAt: Timestamp
    /// Of a certificate a reminder alone.
    package var expiresAt: Timestamp?
    package var revokedAt: Timestamp?
    /// Of an API key: whether somebody has judged that little can come of it in wrong hands.
    package var isLowRisk = false

    /// A certificate is live until it is revoked: the end that is noted of it is a reminder, for one that was renewed with the same key
    /// goes on letting its holder in.
    package func state(at now: Timestamp) -> State {
        if revokedAt != nil { return .revoked }
        switch kind {
        case .certificate, .certificateName: return .live
        case .apiKey, .clientKey: return expiresAt.map { $0 <= now } ?? false ? .ended : .live
        }
    }

    /// How a credential is named, to people and by them.
    package enum ID: Sendable, Hashable, CustomStringConvertible {
        /// The prefix of an API key.
        case key(String)
        case certificate(UUIDValue)
        /// A partner's name for a public key.
        case clientKey(kid: String, of: String)

        /// Reads a prefix, a certificate's id, or `PARTNER/KID`.
        package init(_ text: String) {
            if let id = UUIDValue(text) {
                self = .certificate(id)
            } else if let slash = text.firstIndex(of: "/") {
                self = .clientKey(kid: String(text[slash...].dropFirst()), of: String(text[..<slash]))
            } else {
                self = .key(text)
            }
        }

        package var description: String {
            switch self {
            case .key(let prefix): prefix
            case .certificate(let id): id.description
            case .clientKey(let kid, let partner): "\(partner)/\(kid)"
            }
        }
    }
}

extension PartnerCredential {
    init(_ key: KeySummary) {
        self.init(
            partner: key.partner, kind: .apiKey, id: .key(key.prefix), mark: "", addedAt: key.createdAt,
            expiresAt: key.expiresAt, revokedAt: key.revokedAt, isLowRisk: key.isLowRisk)
    }

    init(_ known: KnownCertificate) {
        let (kind, mark): (Kind, String) =
            switch known.mark {
            case .key(let hash): (.certificate, Hexadecimal.text(hash))
            case .name(let name): (.certificateName, name)
            }
        self.init(
            partner: known.partner, kind: kind, id: .certificate(known.id), mark: mark, addedAt: known.addedAt,
            expiresAt: known.expiresAt, revokedAt: known.revokedAt)
    }

    init(_ key: KnownClientKey) {
        self.init(
            partner: key.partner, kind: .clientKey, id: .clientKey(kid: key.kid, of: key.partner), mark: "",
            addedAt: key.addedAt, expiresAt: key.expiresAt, revokedAt: key.revokedAt)
    }
}

extension CaseStore {
    /// Every credential of a partner, or of all, also those that open nothing any more.
    package func credentials(of partner: String? = nil, in connection: Connection) throws -> [PartnerCredential] {
        try keys(of: partner, in: connection).map(PartnerCredential.init)
            + certificates(of: partner, in: connection).map(PartnerCredential.init)
            + clientKeys(of: partner, in: connection).map(PartnerCredential.init)
    }

    /// Revokes a credential of whichever kind from now on.
    ///
    /// - Returns: Whether it was live.
    package func revoke(_ credential: PartnerCredential.ID, by actor: String, in connection: Connection) throws -> Bool
    {
        switch credential {
        case .key(let prefix): try revokeKey(prefix: prefix, by: actor, in: connection)
        case .certificate(let id): try revokeCertificate(id, by: actor, in: connection)
        case .clientKey(let kid, let partner): try revokeClientKey(kid: kid, of: partner, by: actor, in: connection)
        }
    }
}
