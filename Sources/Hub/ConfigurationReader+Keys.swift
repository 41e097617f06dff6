import Vault
import Yams

extension ConfigurationReader {
    /// A path, or `credential:` and the name of one that systemd keeps for the service.
    mutating func keyFile(_ map: [String: Node]) -> String? {
        let prefix = "credential:"
        guard let text = string(map, "installation", "keys"), text.hasPrefix(prefix) else {
            return path(map, "installation")
        }
        let name = String(text.dropFirst(prefix.count))
        guard !name.isEmpty, !name.contains("/") else {
            problem(
                map["installation"], "keys.installation", "must be credential: and a name, as LoadCredential= has it")
            return nil
        }
        guard let folder = KeyFile.credentialsFolder else {
            problem(
                map["installation"], "keys.installation",
                "is a credential, but this process has none: systemd gives it to the service, and to commands by "
                    + "`systemd-run -p LoadCredential=…` (deploy/README.md, Keys)")
            return nil
        }
        return "\(folder)/\(name)"
    }

    mutating func keyStore(_ node: Node) -> Configuration.KeyStoreSettings {
        let (map, key) = (mapping(node, "key_store"), "key_store")
        only(map, key, ["folder", "keep_days"])
        var settings = Configuration.KeyStoreSettings(folder: "")
        if let folder = path(map, "folder") {
            settings.folder = folder
        } else {
            problem(node, "key_store.folder", "is missing")
        }
        if let days = integer(map, "keep_days", key, 1...3650) { settings.keepDays = days }
        return settings
    }
}
