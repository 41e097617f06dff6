import CaseStore
import Channels
import Postgres
import Referral
import Rights

/// By what callers are known, and which of them are control rooms that may ask: so that they are told apart without the
/// database as with it.
struct EmergencyCallers: Sendable, Equatable {
    struct Caller: Sendable, Hashable {
        var id: String
        /// Whether it is enabled, and the disclosure rules give it something in an emergency: then it is a control room.
        var isControlRoom: Bool
        var isEnabled: Bool
        /// SHA-256 of the public keys of its certificates, in hexadecimal.
        var keys: Set<String> = []
        var names: Set<String> = []
        /// Its names for the public keys by which it signs for access tokens.
        var kids: Set<String> = []

        /// Whether it may look somebody up.
        var mayAsk: Bool {
            let roles: Set<Role> = isControlRoom ? [.partner, .controlRoom] : [.partner]
            return Rights.reach(of: roles, for: .lookUp) != nil
        }
    }

    /// Whose a certificate is.
    enum Holder: Sendable, Hashable {
        case caller(Caller)
        /// One that was revoked, a disabled partner's, or one with the names of several.
        case refused
        case nobody
    }

    private(set) var callers: [Caller] = []
    /// Keys of certificates that were revoked, which are refused under a name, too.
    private(set) var revoked: Set<String> = []

    init() {}

    /// - Parameter recipients: Those whom the disclosure rules give anything in an emergency.
    init(
        partners: [Partner], certificates: [KnownCertificate], keys: [KnownClientKey], recipients: Set<String>,
        at now: Timestamp
    ) {
        let certificates = Dictionary(grouping: certificates, by: \.partner)
        let keys = Dictionary(grouping: keys, by: \.partner)
        for partner in partners {
            var caller = Caller(
                id: partner.id, isControlRoom: partner.isEnabled && recipients.contains(partner.id),
                isEnabled: partner.isEnabled)
            for certificate in certificates[partner.id] ?? [] {
                switch certificate.mark {
                case .key(let hash) where certificate.revokedAt == nil: caller.keys.insert(Hexadecimal.text(hash))
                case .key(let hash): revoked.insert(Hexadecimal.text(hash))
                case .name(let name) where certificate.revokedAt == nil: caller.names.insert(name)
                case .name: break
                }
            }
            let live = (keys[partner.id] ?? []).filter { key in
                key.revokedAt == nil && key.expiresAt.map { now < $0 } ?? true
            }
            caller.kids = Set(live.map(\.kid))
            callers.append(caller)
        }
    }

    /// Whose a certificate is: as ``CaseStore/holder(ofKey:names:in:)`` tells it.
    func holder(of certificate: ClientCertificate) -> Holder {
        let key = Hexadecimal.text(certificate.keyHash)
        guard !revoked.contains(key) else { return .refused }
        if let byKey = callers.first(where: { $0.keys.contains(key) }) {
            return byKey.isEnabled ? .caller(byKey) : .refused
        }
        let byName = callers.filter { !$0.names.isDisjoint(with: certificate.names) }
        guard let one = byName.first else { return .nobody }
        return byName.count == 1 && one.isEnabled ? .caller(one) : .refused
    }

    /// Who was given an access token; nil where its key, or it, is good no more.
    func caller(with token: AccessToken) -> Caller? {
        callers.first { $0.id == token.partner && $0.isEnabled && $0.kids.contains(token.kid) }
    }
}

extension EmergencyCallers {
    var value: Value {
        func texts(_ set: Set<String>) -> Value { .array(set.sorted().map(Value.string)) }
        return [
            "callers": .array(
                callers.map { caller in
                    [
                        "id": .string(caller.id), "may_ask": .bool(caller.isControlRoom),
                        "enabled": .bool(caller.isEnabled),
                        "keys": texts(caller.keys), "names": texts(caller.names), "kids": texts(caller.kids),
                    ]
                }),
            "revoked": texts(revoked),
        ]
    }

    /// Reads what ``value`` wrote.
    init?(_ value: Value) {
        func texts(_ value: Value?) -> Set<String> { Set(value?.arrayValue?.compactMap(\.stringValue) ?? []) }
        guard let callers = value["callers"]?.arrayValue else { return nil }
        self.callers = callers.compactMap { caller in
            guard let id = caller["id"]?.stringValue else { return nil }
            return Caller(
                id: id, isControlRoom: caller["may_ask"]?.boolValue ?? false,
                isEnabled: caller["enabled"]?.boolValue ?? false,
                keys: texts(caller["keys"]), names: texts(caller["names"]), kids: texts(caller["kids"]))
        }
        revoked = texts(value["revoked"])
    }
}
