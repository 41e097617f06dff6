import Channels
import Referral
import Vault

/// What an answer gives a control room to come back with: one of several candidates, or the key safe of a card. Sealed, so
/// that any node knows it and none keeps it; good for the same control room and incident only.
struct LookToken: Sendable, Hashable {
    enum Kind: String, Sendable {
        case candidate = "emergency candidate"
        case keySafe = "emergency key safe"

        /// How long one is good, in seconds.
        var lifetime: Int64 {
            switch self {
            case .candidate: 3_600
            case .keySafe: 12 * 3_600
            }
        }
    }

    var person: String
    var caller: String
    var incident: String
    /// When it ends, in seconds since 1970.
    var ends: Int64

    func text(_ kind: Kind, sealedBy vault: Vault) -> String {
        let value: Value = [
            "person": .string(person), "caller": .string(caller), "incident": .string(incident),
            "ends": .number(String(ends)),
        ]
        return Base64URL.text(vault.sealApart(StrictJSON.write(value), context: kind.rawValue))
    }
}

extension LookToken {
    /// Reads what a control room brings back; nil when it is none of ours, another control room's, or has ended.
    init?(_ text: String, _ kind: Kind, openedBy vault: Vault, for caller: String, at second: Int64) {
        guard let sealed = Base64URL.bytes(text[...]),
            let plain = try? vault.openApart(sealed, context: kind.rawValue), let value = try? StrictJSON.parse(plain),
            let person = value["person"]?.stringValue, let incident = value["incident"]?.stringValue,
            let ends = value["ends"]?.intValue, value["caller"]?.stringValue == caller, second < ends
        else { return nil }
        self.init(person: person, caller: caller, incident: incident, ends: Int64(ends))
    }
}
