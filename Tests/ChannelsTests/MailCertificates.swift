import Channels
import Foundation
import Synchronization
import Testing

/// Certificates for encrypted mail, made with the `openssl` command in a folder of a test's own.
struct MailCertificates: Sendable {
    let folder: TemporaryFolder

    /// An authority, `ca`, the hub's own certificate, `hub`, and a partner's, `partner`: made once, and a copy for each.
    init() throws {
        folder = try TemporaryFolder()
        let common = try Self.common.get().folder
        for name in common.names(".") where name.hasSuffix(".pem") || name.hasSuffix(".key") {
            try FileManager.default.copyItem(atPath: "\(common.path)/\(name)", toPath: path(name))
        }
    }

    private init(in folder: TemporaryFolder) { self.folder = folder }

    private static let common = Result {
        let made = MailCertificates(in: try TemporaryFolder())
        try made.authority("ca")
        try made.issue("hub", mailbox: "lac@derby.example", key: .p256)
        try made.issue("partner")
        return made
    }

    func path(_ name: String) -> String { "\(folder.path)/\(name)" }

    func authority(_ name: String) throws {
        try openssl(
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "3650",
                "-subj", "/CN=\(name)",
            ]
                + ["-keyout", path("\(name).key"), "-out", path("\(name).pem")]
                + ["-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign"])
    }

    /// The kinds of keys, as `openssl req` takes them.
    enum Key: String, CaseIterable, Sendable {
        case rsa = "rsa:2048"
        case rsaShort = "rsa:1024"
        case p256 = "ec:P-256"
        case p384 = "ec:P-384"
        case secp256k1 = "ec:secp256k1"
        case p224 = "ec:P-224"
        case ed25519 = "ed25519"

        var arguments: [String] {
            rawValue.hasPrefix("ec:")
                ? ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:\(rawValue.dropFirst(3))"] : ["-newkey", rawValue]
        }

        var isSlowToMake: Bool { rawValue.hasPrefix("rsa") }

        var usage: String { rawValue.hasPrefix("rsa") ? "keyEncipherment" : "keyAgreement" }
    }

    /// Makes `NAME.pem` and `NAME.key`, for a year from now.
    ///
    /// - Parameters:
    ///   - names: The value of subjectAltName; `nil` for one without.
    ///   - usage: The value of keyUsage; empty for none.
    func issue(
        _ name: String, mailbox: String = "refer@partner.example", key: Key = .rsa, names: String?? = .none,
        usage: String? = nil, extended: String = "emailProtection", by authority: String? = "ca",
        isAuthority: Bool = false, more: [String] = []
    ) throws {
        var extensions = ["basicConstraints=critical,CA:\(isAuthority ? "TRUE" : "FALSE")"]
        if let names = names ?? "email:\(mailbox)" { extensions.append("subjectAltName=\(names)") }
        let usage = usage ?? "critical,digitalSignature,\(key.usage)"
        if !usage.isEmpty { extensions.append("keyUsage=\(usage)") }
        if !extended.isEmpty { extensions.append("extendedKeyUsage=\(extended)") }
        try openssl(
            ["req", "-x509"] + keyArguments(key, of: name) + ["-nodes", "-days", "365", "-subj", "/CN=\(name)"]
                + ["-out", path("\(name).pem")]
                + extensions.flatMap { ["-addext", $0] } + more
                + (authority.map { ["-CA", path("\($0).pem"), "-CAkey", path("\($0).key")] } ?? []))
        if key.isSlowToMake, let made = FileManager.default.contents(atPath: path("\(name).key")) {
            Self.keys.withLock { $0["\(name) \(key.rawValue)"] = made }
        }
    }

    /// The keys that take long to make, by the certificate's name and the kind: each is made once.
    private static let keys = Mutex<[String: Data]>([:])

    /// What gives a certificate its key: one that was made before, or a new one.
    private func keyArguments(_ key: Key, of name: String) throws -> [String] {
        guard let made = Self.keys.withLock({ $0["\(name) \(key.rawValue)"] }) else {
            return key.arguments + ["-keyout", path("\(name).key")]
        }
        try made.write(to: URL(filePath: path("\(name).key")))
        return ["-key", path("\(name).key")]
    }

    /// Makes `NAME.crl` of an authority, for 30 days, with certificates in it.
    func revocationList(_ name: String, of authority: String = "ca", revoked: [String] = []) throws {
        try folder.write("\(name).index", "")
        try folder.write("\(name).number", "01\n")
        try folder.write(
            "\(name).cnf",
            """
            [ca]
            default_ca = own
            [own]
            database = \(path("\(name).index"))
            crlnumber = \(path("\(name).number"))
            certificate = \(path("\(authority).pem"))
            private_key = \(path("\(authority).key"))
            default_md = sha256
            default_crl_days = 30
            """)
        for certificate in revoked {
            try openssl(["ca", "-config", path("\(name).cnf"), "-revoke", path("\(certificate).pem")])
        }
        try openssl(["ca", "-config", path("\(name).cnf"), "-gencrl", "-out", path("\(name).crl")])
    }

    /// SHA-256 of a certificate, as the command shows it: with colons.
    func fingerprint(_ name: String) throws -> String {
        let line = String(
            decoding: try openssl(["x509", "-in", path("\(name).pem"), "-noout", "-fingerprint", "-sha256"]),
            as: UTF8.self)
        return try #require(line.split(separator: "=").last).trimmingCharacters(in: .whitespacesAndNewlines)
    }

    func certificate(
        _ name: String, trust: MailCertificate.Trust? = nil
    ) throws -> MailCertificate {
        try MailCertificate(
            path: path("\(name).pem"), trust: trust ?? .authorities(path("ca.pem"), revocationLists: nil))
    }

    func signature(_ name: String = "hub") throws -> MailSignature {
        try MailSignature(certificate: path("\(name).pem"), key: path("\(name).key"))
    }

    struct Failed: Error {
        var said: String
    }

    /// Runs the command; what it wrote.
    @discardableResult func openssl(_ arguments: [String]) throws -> Data {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["openssl"] + arguments
        let (output, remarks) = (path("out-\(UUID().uuidString)"), path("err-\(UUID().uuidString)"))
        for file in [output, remarks] { try Data().write(to: URL(filePath: file)) }
        process.standardOutput = FileHandle(forWritingAtPath: output)
        process.standardError = FileHandle(forWritingAtPath: remarks)
        process.standardInput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Failed(said: String(decoding: FileManager.default.contents(atPath: remarks) ?? Data(), as: UTF8.self))
        }
        return FileManager.default.contents(atPath: output) ?? Data()
    }
}
