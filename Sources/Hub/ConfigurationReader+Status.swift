import Channels
import Yams

extension ConfigurationReader {
    /// The ways below `status`, by partner.
    mutating func status(_ node: Node?) -> [String: Configuration.StatusEndpoint] {
        guard let node else { return [:] }
        var ways: [String: Configuration.StatusEndpoint] = [:]
        for (partner, node) in mapping(node, "status") {
            let key = "status.\(partner)"
            let map = mapping(node, key)
            only(map, key, ["https", "mesh"])
            switch (map["https"], map["mesh"]) {
            case (let node?, nil): ways[partner] = .https(https(node, "\(key).https"))
            case (nil, let node?):
                let mesh = mesh(node, "\(key).mesh")
                if case .named(_) = mesh.workflows {
                    problem(
                        node, "\(key).mesh.workflows",
                        "has no meaning here: give `workflow`, the one of status messages")
                }
                ways[partner] = .mesh(mesh)
            default: problem(node, key, "needs https or mesh, and not both")
            }
        }
        return ways
    }
}
