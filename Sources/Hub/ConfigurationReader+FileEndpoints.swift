import Yams

extension ConfigurationReader {
    mutating func sftp(_ node: Node, _ key: String) -> Configuration.SFTPEndpoint {
        let map = mapping(node, key)
        only(map, key, ["url", "user", "key", "host_key", "folder", "receipts", "timeout"])
        _ = required(map, "key", key, node)
        var endpoint = Configuration.SFTPEndpoint(
            url: required(map, "url", key, node),
            user: required(map, "user", key, node),
            privateKey: path(map, "key") ?? "",
            hostKey: required(map, "host_key", key, node),
            folder: required(map, "folder", key, node)
        )
        if let receipts = string(map, "receipts", key) { endpoint.receipts = receipts }
        if let seconds = integer(map, "timeout", key, 1...600) { endpoint.timeout = .seconds(seconds) }
        return endpoint
    }

    mutating func pickupFolder(_ node: Node, _ key: String, of partner: String) -> Configuration.FolderEndpoint {
        let map = mapping(node, key)
        only(map, key, ["account"])
        return Configuration.FolderEndpoint(account: string(map, "account", key) ?? partner)
    }

    mutating func portal(_ node: Node, _ key: String) -> Configuration.Endpoint {
        only(mapping(node, key), key, [])
        return .portal
    }

    mutating func exercise(_ node: Node, _ key: String) -> Configuration.ExerciseEndpoint {
        let map = mapping(node, key)
        only(map, key, ["folder", "sheet"])
        for name in ["folder", "sheet"] { _ = required(map, name, key, node) }
        return Configuration.ExerciseEndpoint(folder: path(map, "folder") ?? "", sheet: path(map, "sheet") ?? "")
    }
}
