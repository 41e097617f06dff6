import CaseStore
import Channels
import Postgres
import Referral

/// The control rooms that may ask, and by what each is known, so that they are known without the database too.
struct EmergencyCallers: Sendable, Equatable {
    struct Caller: Sendable, Hashable {
        var id: String
        var name: String
        /// SHA-256 of the public keys of its certificates, in hexadecimal.
        var keys: Set<String> = []
        var names: Set<String> = []
        /// Its names for the public keys by which it signs for access tokens.
        var kids: Set<String> = []
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
        for partner in partners where partner.isEnabled && recipients.contains(partner.id) {
            var caller = Caller(id: partner.id, name: partner.name)
            for certificate in certificates where certificate.partner == partner.id {
                switch certificate.mark {
                case .key(let hash) where certificate.revokedAt == nil:
                    caller.keys.insert(Hexadecimal.text(hash))
                case .name(let name) where certificate.revokedAt == nil:
                    caller.names.insert(name)
                default: break
                }
            }
            caller.kids = Set(
                keys.filter { key in
                    key.partner == partner.id && key.revokedAt == nil && key.expiresAt.map { now < $0 } ?? true
                }.map(\.kid))
            callers.append(caller)
        }
        for certificate in certificates {
            if case .key(let hash) = certificate.mark, certificate.revokedAt != nil {
                revoked.insert(Hexadecimal.text(hash))
            }
        }
    }

    /// Who shows a certificate: as ``CaseStore/holder(ofKey:names:in:)`` tells it.
    func caller(with certificate: ClientCertificate) -> Caller? {
        let key = Hexadecimal.text(certificate.keyHash)
        guard !isRevoked(certificate) else { return nil }
        if let byKey = callers.first(where: { $0.keys.contains(key) }) { return byKey }
        let byName = callers.filter { !$0.names.isDisjoint(with: certificate.names) }
        return byName.count == 1 ? byName[0] : nil
    }

    func isRevoked(_ certificate: ClientCertificate) -> Bool { revoked.contains(Hexadecimal.text(certificate.keyHash)) }

    /// Who was given an access token.
    func caller(with token: AccessToken) -> Caller? {
        callers.first { $0.id == token.partner && $0.kids.contains(token.kid) }
    }
}

extension EmergencyCallers {
    var value: Value {
        func texts(_ set: Set<String>) -> Value { .array(set.sorted().map(Value.string)) }
        return [
            "callers": .array(
                callers.map { caller in
                    [
                        "id": .string(caller.id), "name": .string(caller.name), "keys": texts(caller.keys),
                        "names": texts(caller.names), "kids": texts(caller.kids),
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
            guard let id = caller["id"]?.stringValue, let name = caller["name"]?.stringValue else { return nil }
            return Caller(
                id: id, name: name, keys: texts(caller["keys"]), names: texts(caller["names"]),
                kids: texts(caller["kids"]))
        }
        revoked = texts(value["revoked"])
    }
}
