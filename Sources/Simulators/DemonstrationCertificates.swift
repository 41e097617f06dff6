import Foundation

/// A small certificate authority for demonstrations and tests: made once with the `openssl` command, never for real use.
///
/// In the folder: `ca.pem`, and per name `NAME.pem` and `NAME.key` (0600). Servers are valid for `localhost` and `127.0.0.1`.
package enum DemonstrationCertificates {
    package struct Failure: Error, CustomStringConvertible {
        package var description: String
    }

    /// What a certificate is for.
    package enum Use: String, Sendable {
        case server = "serverAuth"
        case client = "clientAuth"
    }

    /// Makes what is missing and keeps what is there.
    /// - Parameter names: such as `["derby_homes": .server, "hub": .client]`.
    package static func make(in folder: String, names: [String: Use]) throws {
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        let authority = "\(folder)/ca"
        if !exists(authority) {
            try openssl(
                authority, subject: "Demonstration authority",
                extensions: ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign"])
        }
        for (name, use) in names.sorted(by: { $0.key < $1.key }) where !exists("\(folder)/\(name)") {
            var extensions = ["basicConstraints=critical,CA:FALSE", "extendedKeyUsage=\(use.rawValue)"]
            if use == .server { extensions.append("subjectAltName=DNS:localhost,IP:127.0.0.1") }
            try openssl("\(folder)/\(name)", subject: name, extensions: extensions, signedBy: authority)
        }
    }

    private static func exists(_ stem: String) -> Bool {
        ["pem", "key"].allSatisfy { FileManager.default.fileExists(atPath: "\(stem).\($0)") }
    }

    /// `openssl req -x509` makes a key and a certificate in one step (OpenSSL 3.0, openssl-req(1)).
    private static func openssl(
        _ stem: String, subject: String, extensions: [String], signedBy authority: String? = nil
    ) throws {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments =
            [
                "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
                "825",
                "-keyout", "\(stem).key", "-out", "\(stem).pem", "-subj", "/O=Referral hub demonstration/CN=\(subject)",
            ] + extensions.flatMap { ["-addext", $0] }
            + (authority.map { ["-CA", "\($0).pem", "-CAkey", "\($0).key"] } ?? [])
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Failure(
                description: "openssl could not make \(stem).pem: is the package openssl (3.0 or later) installed?")
        }
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: "\(stem).key")
    }
}
