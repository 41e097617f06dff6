import Rights
import Yams

extension ConfigurationReader {
    /// - Parameter listener: Where staff sign in.
    mutating func staffProvider(_ node: Node, listener: Node?) -> Configuration.StaffProvider {
        let (map, key) = (mapping(node, "staff_provider"), "staff_provider")
        only(
            map, key,
            [
                "issuer", "client_id", "client_secret", "ca", "private_network", "scope", "name_claim", "roles_claim",
                "roles", "acr", "amr",
            ])
        var provider = Configuration.StaffProvider(
            issuer: required(map, "issuer", key, node), clientID: required(map, "client_id", key, node),
            clientSecret: requiredSecret(map, "client_secret", key, node), authority: path(map, "ca"), roles: [:])
        provider.isOnPrivateNetwork = truth(map, "private_network", key)
        if let scope = string(map, "scope", key) { provider.scope = scope }
        if let claim = string(map, "name_claim", key) { provider.nameClaim = claim }
        if let claim = string(map, "roles_claim", key) { provider.rolesClaim = claim }
        let roles = map["roles"].map { mapping($0, "\(key).roles") } ?? [:]
        if roles.isEmpty {
            problem(map["roles"] ?? node, "\(key).roles", "is missing: say which role each of the provider's is here")
        }
        for (name, node) in roles {
            guard let role = node.string.flatMap(Role.init), role.isOfStaff else {
                let words = Role.ofStaff.map(\.rawValue).joined(separator: ", ")
                problem(node, "\(key).roles.\(name)", "must be one of \(words)")
                continue
            }
            provider.roles[name] = role
        }
        provider.contexts = texts(map, "acr", key)
        provider.methods = texts(map, "amr", key)
        if provider.contexts.isEmpty && provider.methods.isEmpty {
            problem(node, key, "names no second factor: list the values of acr, or of amr, that are one")
        }
        if listener?.mapping?["url"] == nil {
            problem(node, key, "needs listen.url: the provider sends people back there")
        }
        return provider
    }
}
