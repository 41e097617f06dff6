import Crypto
import Foundation
import Glibc
import NIOSSL
import SwiftASN1
import X509

/// Certificates of the test run's authority for `localhost` that no client should rely on.
enum FaultyCertificates {
    enum Fault: String, CaseIterable, Sendable {
        case anotherName, expired, weakKey
    }

    /// What a server needs to show one.
    static func server(_ fault: Fault) throws -> TLSConfiguration {
        try made[fault, default: .failure(NotMade())].get()
    }

    private static let made = Dictionary(
        uniqueKeysWithValues: Fault.allCases.map { fault in (fault, Result { try make(fault) }) })

    private static func make(_ fault: Fault) throws -> TLSConfiguration {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "hub-faulty-\(getpid())-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let stem = "\(folder)/\(fault.rawValue)"
        switch fault {
        case .anotherName:
            try openssl(stem, ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"], "DNS:other.example.org")
        case .weakKey: try openssl(stem, ["rsa:1024"], "DNS:localhost")
        case .expired: try expired(stem)
        }
        return .makeServerConfiguration(
            certificateChain: try NIOSSLCertificate.fromPEMFile("\(stem).pem").map { .certificate($0) },
            privateKey: .privateKey(try NIOSSLPrivateKey(file: "\(stem).key", format: .pem)))
    }

    private struct NotMade: Error {}

    private static func openssl(_ stem: String, _ key: [String], _ name: String) throws {
        let authority = TestCertificates.folder
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments =
            ["openssl", "req", "-x509", "-newkey"] + key + [
                "-nodes", "-days", "5", "-keyout", "\(stem).key", "-out", "\(stem).pem", "-subj", "/CN=faulty",
                "-addext", "subjectAltName=\(name)", "-addext", "extendedKeyUsage=serverAuth",
                "-addext", "basicConstraints=critical,CA:FALSE",
                "-CA", "\(authority)/ca.pem", "-CAkey", "\(authority)/ca.key",
            ]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw NotMade() }
    }

    /// The openssl command of Debian 12 makes none that is over.
    private static func expired(_ stem: String) throws {
        let folder = TestCertificates.folder
        let authority = try Certificate(pemEncoded: String(contentsOfFile: "\(folder)/ca.pem", encoding: .utf8))
        let authorityKey = try Certificate.PrivateKey(
            pemEncoded: String(contentsOfFile: "\(folder)/ca.key", encoding: .utf8))
        let key = P256.Signing.PrivateKey()
        let certificate = try Certificate(
            version: .v3, serialNumber: .init(), publicKey: .init(key.publicKey),
            notValidBefore: Date(timeIntervalSinceNow: -90 * 86400), notValidAfter: Date(timeIntervalSinceNow: -86400),
            issuer: authority.subject, subject: DistinguishedName { CommonName("faulty") },
            signatureAlgorithm: .ecdsaWithSHA256,
            extensions: Certificate.Extensions {
                SubjectAlternativeNames([.dnsName("localhost")])
                try ExtendedKeyUsage([.serverAuth])
            },
            issuerPrivateKey: authorityKey)
        try certificate.serializeAsPEM().pemString.write(toFile: "\(stem).pem", atomically: true, encoding: .utf8)
        try key.pemRepresentation.write(toFile: "\(stem).key", atomically: true, encoding: .utf8)
    }
}
