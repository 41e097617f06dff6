import Channels
import Yams

extension ConfigurationReader {
    private static let mailKeys = ["smtp", "user", "password", "ca", "from", "to", "timeout"]

    /// `smime_email`: a mailbox to whose owner mails are encrypted.
    mutating func encryptedMail(_ node: Node, _ key: String) -> Configuration.MailEndpoint {
        let map = mapping(node, key)
        only(map, key, Self.mailKeys + ["certificate", "authorities", "revocation", "pin", "cipher", "sign"])
        let sign = map["sign"].map { mapping($0, "\(key).sign") } ?? [:]
        only(sign, "\(key).sign", ["certificate", "key"])
        if map["sign"] == nil { problem(node, "\(key).sign", "is missing: name our certificate and its key") }
        var encryption = Configuration.MailEndpoint.Encryption(
            certificate: requiredPath(map, "certificate", key, node), trust: trust(map, key, node),
            signer: requiredPath(sign, "certificate", "\(key).sign", map["sign"] ?? node),
            signerKey: requiredPath(sign, "key", "\(key).sign", map["sign"] ?? node))
        if let name = string(map, "cipher", key) {
            if let cipher = MailCipher(rawValue: name) {
                encryption.cipher = cipher
            } else {
                let known = MailCipher.allCases.map(\.rawValue).joined(separator: " or ")
                problem(map["cipher"], "\(key).cipher", "must be \(known)")
            }
        }
        return mail(map, key, node, .encrypted(encryption))
    }

    /// `tls_email`: a mailbox of a domain on the assured list.
    mutating func assuredMail(_ node: Node, _ key: String) -> Configuration.MailEndpoint {
        let map = mapping(node, key)
        only(map, key, Self.mailKeys + ["assured"])
        let domains = texts(map, "assured", key)
        if domains.isEmpty { problem(map["assured"] ?? node, "\(key).assured", "must list the assured domains") }
        return mail(map, key, node, .assured(domains))
    }

    /// `cjsm_email`: a mailbox of criminal justice secure mail.
    mutating func criminalJusticeMail(_ node: Node, _ key: String) -> Configuration.MailEndpoint {
        let map = mapping(node, key)
        only(map, key, Self.mailKeys)
        return mail(map, key, node, .criminalJustice)
    }

    private mutating func mail(
        _ map: [String: Node], _ key: String, _ node: Node, _ protection: Configuration.MailEndpoint.Protection
    ) -> Configuration.MailEndpoint {
        var endpoint = Configuration.MailEndpoint(
            relay: required(map, "smtp", key, node), user: string(map, "user", key),
            password: map["password"].flatMap { secret($0, "\(key).password") }, authority: path(map, "ca"),
            sender: required(map, "from", key, node), recipient: required(map, "to", key, node), protection: protection)
        if (map["user"] == nil) != (map["password"] == nil) {
            problem(node, key, "a user needs its password and a password its user: give both or neither")
        }
        if let seconds = integer(map, "timeout", key, 1...600) { endpoint.timeout = .seconds(seconds) }
        return endpoint
    }

    private mutating func trust(_ map: [String: Node], _ key: String, _ node: Node) -> MailCertificate.Trust {
        let revocation = path(map, "revocation")
        switch (path(map, "authorities"), string(map, "pin", key)) {
        case (let authorities?, nil): return .authorities(authorities, revocationLists: revocation)
        case (nil, let pin?):
            if revocation != nil {
                problem(map["revocation"], "\(key).revocation", "goes with authorities; a pin is taken back by hand")
            }
            return .pinned(pin)
        default:
            problem(node, key, "must say why the certificate is trusted: give one of authorities and pin")
            return .pinned("")
        }
    }

    private mutating func requiredPath(
        _ map: [String: Node], _ name: String, _ key: String, _ parent: Node
    ) -> String {
        if let path = path(map, name) { return path }
        problem(map[name] ?? parent, "\(key).\(name)", "is missing")
        return ""
    }
}
