import FoundationEssentials

/// The files that encrypted mail is configured with, read.
enum MailFiles {
    /// What is in a file; nil when it cannot be read or has more than 64 MiB.
    static func bytes(_ path: String) -> [UInt8]? {
        guard let handle = try? Data(contentsOf: URL(filePath: path)), handle.count <= 64 << 20 else { return nil }
        return Array(handle)
    }

    /// The certificates of a PEM file, each as DER; at least one.
    static func certificates(_ path: String, _ setting: String) throws(ChannelConfigurationError) -> [[UInt8]] {
        if let bytes = bytes(path), let found = try? Libcrypto.certificates(pem: bytes) { return found }
        throw ChannelConfigurationError(setting: setting, problem: "no PEM certificate can be read from \(path)")
    }
}
