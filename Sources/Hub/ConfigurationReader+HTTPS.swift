import Channels
import Referral
import Yams

extension ConfigurationReader {
    /// A partner's HTTPS interface.
    mutating func https(_ node: Node, _ key: String) -> Configuration.HTTPSEndpoint {
        let map = mapping(node, key)
        only(map, key, Self.serverKeys + Self.tokenKeys + ["signing_secret"])
        var endpoint = server(map, key, node)
        tokens(map, key, of: &endpoint)
        endpoint.signingSecret = map["signing_secret"].flatMap { secret($0, "\(key).signing_secret") }
        return endpoint
    }

    /// A GovTalk gateway.
    mutating func govTalk(_ node: Node, _ key: String) -> Configuration.GovTalkEndpoint {
        let map = mapping(node, key)
        only(map, key, Self.serverKeys + ["class", "sender", "password"])
        return Configuration.GovTalkEndpoint(
            server: server(map, key, node),
            messageClass: required(map, "class", key, node),
            sender: required(map, "sender", key, node),
            password: requiredSecret(map, "password", key, node))
    }

    /// A receiver of BaRS messages.
    mutating func bars(_ node: Node, _ key: String) -> Configuration.BaRSEndpoint {
        let map = mapping(node, key)
        only(map, key, Self.serverKeys + Self.tokenKeys + ["service", "use_case"])
        var endpoint = server(map, key, node)
        tokens(map, key, of: &endpoint)
        return Configuration.BaRSEndpoint(
            server: endpoint, service: word(map, "service", key, node), useCase: word(map, "use_case", key, node))
    }

    /// A word that goes into a header and a message.
    private mutating func word(_ map: [String: Node], _ name: String, _ key: String, _ node: Node) -> String {
        let text = required(map, name, key, node)
        if map[name] != nil, !text.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") }) {
            problem(map[name], "\(key).\(name)", "must be letters, digits and hyphens")
        }
        return text
    }

    /// The keys of how we are let in.
    private static let tokenKeys = ["token", "oauth"]

    private mutating func tokens(_ map: [String: Node], _ key: String, of endpoint: inout Configuration.HTTPSEndpoint) {
        endpoint.token = map["token"].flatMap { secret($0, key + ".token") }
        endpoint.oauth = map["oauth"].map { oauth($0, "\(key).oauth") }
        if map["oauth"] != nil && map["token"] != nil {
            problem(map["token"], "\(key).token", "stands beside oauth: give one of them")
        }
    }

    /// The keys of every HTTPS server.
    private static let serverKeys = [
        "url", "ca", "certificate", "key", "timeout", "private_network", "tls12_until",
    ]

    private mutating func server(_ map: [String: Node], _ key: String, _ node: Node) -> Configuration.HTTPSEndpoint {
        var endpoint = Configuration.HTTPSEndpoint(
            url: required(map, "url", key, node),
            authority: path(map, "ca"),
            certificate: path(map, "certificate"),
            privateKey: path(map, "key")
        )
        if let seconds = integer(map, "timeout", key, 1...300) { endpoint.timeout = .seconds(seconds) }
        endpoint.isOnPrivateNetwork = truth(map, "private_network", key)
        endpoint.tls12Until = day(map, "tls12_until", key)
        return endpoint
    }

    private mutating func oauth(_ node: Node, _ key: String) -> Configuration.HTTPSEndpoint.OAuth {
        let map = mapping(node, key)
        only(map, key, ["token_url", "client_id", "key", "kid", "algorithm", "scope", "ca"])
        let word = string(map, "algorithm", key) ?? OAuthClient.Algorithm.rs512.rawValue
        let algorithm = OAuthClient.Algorithm(rawValue: word)
        if algorithm == nil {
            let known = OAuthClient.Algorithm.allCases.map(\.rawValue).joined(separator: ", ")
            problem(map["algorithm"], "\(key).algorithm", "must be one of \(known)")
        }
        return .init(
            tokenURL: required(map, "token_url", key, node),
            clientID: required(map, "client_id", key, node),
            key: requiredSecret(map, "key", key, node),
            keyID: required(map, "kid", key, node),
            algorithm: algorithm ?? .rs512,
            scope: string(map, "scope", key),
            authority: path(map, "ca")
        )
    }

    /// True or false; false when it is left out.
    mutating func truth(_ map: [String: Node], _ name: String, _ key: String) -> Bool {
        guard let node = map[name] else { return false }
        guard let flag = node.bool else {
            problem(node, "\(key).\(name)", "must be true or false")
            return false
        }
        return flag
    }

    /// A day such as `2027-03-31`.
    mutating func day(_ map: [String: Node], _ name: String, _ key: String) -> CalendarDate? {
        guard let node = map[name] else { return nil }
        guard let day = node.scalar.flatMap({ CalendarDate(iso: $0.string) }) else {
            problem(node, "\(key).\(name)", "must be a day such as 2027-03-31")
            return nil
        }
        return day
    }
}
