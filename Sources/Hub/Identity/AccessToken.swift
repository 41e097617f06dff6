import Postgres
import Referral
import Vault

/// What lets a partner in for five minutes: opaque to it, sealed, so that any node knows it and none keeps it.
///
/// It ends at once with the key that it was given for, and with its partner (``Credentials``).
struct AccessToken: Sendable, Hashable {
    /// In seconds.
    static let lifetime: Int64 = 300

    private static let prefix = "hubt_"
    private static let place = "access token"

    var partner: String
    /// The partner's name for the key that it signed with.
    var kid: String
    /// When it ends, in seconds since 1970.
    var ends: Int64
    /// The thumbprint of the certificate with which alone it may be used (RFC 8705); nil where it was asked for without one.
    var thumbprint: [UInt8]?

    /// Whether a text that a caller brings means to be one.
    static func isNamed(_ text: String) -> Bool { text.hasPrefix(prefix) }

    /// The text that the partner gets.
    func text(sealedBy vault: Vault) -> String {
        var value: Value = [
            "partner": .string(partner), "kid": .string(kid), "ends": .number(String(ends)),
        ]
        value["certificate"] = thumbprint.map { .string(Base64URL.text($0)) }
        return Self.prefix + Base64URL.text(vault.sealApart(StrictJSON.write(value), context: Self.place))
    }
}

extension AccessToken {
    /// Reads what a caller brings; nil when it is none of this installation's.
    init?(_ text: String, openedBy vault: Vault) {
        guard Self.isNamed(text), text.utf8.count <= 2_000,
            let sealed = Base64URL.bytes(text.dropFirst(Self.prefix.count)),
            let plain = try? vault.openApart(sealed, context: Self.place), let value = try? StrictJSON.parse(plain),
            let partner = value["partner"]?.stringValue, let kid = value["kid"]?.stringValue,
            let ends = value["ends"]?.intValue
        else { return nil }
        self.init(
            partner: partner, kid: kid, ends: Int64(ends),
            thumbprint: value["certificate"]?.stringValue.flatMap { Base64URL.bytes($0[...]) })
    }

    /// Whether it may be used now, by a caller that shows this certificate.
    func isGood(at second: Int64, with certificate: ClientCertificate?) -> Bool {
        second < ends && (thumbprint == nil || thumbprint == certificate?.thumbprint)
    }
}
