import ArgumentParser
import CaseStore
import FoundationEssentials
import Hub
import Postgres

extension PartnerCommand {
    struct Certificate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Know a partner by a TLS client certificate, beside the credentials that it has.",
            discussion: """
                With --file it is known by the certificate's public key, whoever issued it, and so by a renewed one with the \
                same key; give that too, so that its end is told in time. With --name it is known by that DNS name in a certificate \
                that an authority of `listen.client_ca` issued. For a change-over a partner has both for a while: add the \
                next, let it switch, revoke the last.
                """
        )
        @OptionGroup var installation: InstallationOption
        @Argument(help: "The partner.") var id: String
        @Option(help: "The certificate in PEM; the private key stays with the partner.") var file: String?
        @Option(help: "A DNS name in its certificates.") var name: String?

        func run() async throws {
            guard (file == nil) != (name == nil) else { throw ValidationError("Give --file or --name, and not both.") }
            let (mark, expires) = try mark()
            try await installation.open { hub in
                let added = try await hub.database.transaction { [store = hub.store] connection in
                    guard try store.partner(id, in: connection) != nil else { throw PartnerCommand.noPartner(id) }
                    return try store.add(mark, of: id, expiresAt: expires, by: "command", in: connection)
                }
                guard let added else {
                    throw ValidationError(
                        "That key is another partner's, or the name is known, or it was revoked: `hub partner credentials`."
                    )
                }
                Output.line(added.description)
            }
        }

        private func mark() throws -> (CertificateMark, Timestamp?) {
            if let name {
                let name = name.lowercased()
                let isName =
                    name.utf8.count <= 253 && name.contains(".")
                    && name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || ".-_".contains($0)) }
                guard isName else { throw ValidationError("--name takes a DNS name, such as pas.uhdb.example.") }
                return (.name(name), nil)
            }
            let certificate = try PartnerCommand.reading(file ?? "", "certificate in PEM") {
                try ClientCertificate(pem: $0)
            }
            let ends = Timestamp(microseconds: certificate.validity.upperBound * 1_000_000)
            guard certificate.isValid(at: Timestamp.now().microseconds / 1_000_000) else {
                throw ValidationError("\(file ?? "") \(ClientCertificate.Unsound.notValid).")
            }
            return (.key(certificate.keyHash), ends)
        }
    }

    struct ClientKey: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "client-key",
            abstract: "Take a partner's public key, by which it signs for access tokens (private_key_jwt).",
            discussion: """
                An RSA key of 2048 bits or more signs by RS512 or PS256, a P-256 key by ES256, an Ed25519 key by EdDSA. \
                Tokens are given at /oauth2/token where `listen.url` is set.
                """
        )
        @OptionGroup var installation: InstallationOption
        @Argument(help: "The partner.") var id: String
        @Option(help: "The partner's own name for the key, as it stands in `kid`.") var kid: String
        @Option(help: "The public key in PEM; the private key stays with the partner.") var file: String
        @Option(help: "Days until it expires. Defaults to never.") var days: Int?

        func run() async throws {
            guard (1...200).contains(kid.utf8.count) else { throw ValidationError("--kid has 1 to 200 bytes.") }
            let pem = try PartnerCommand.reading(file, "public key") { pem in
                _ = try Hub.ClientKey(pem: pem)
                return pem
            }
            let expires = days.map { Timestamp.now() + .seconds($0 * 86_400) }
            try await installation.open { hub in
                let isNew = try await hub.database.transaction { [store = hub.store] connection in
                    guard try store.partner(id, in: connection) != nil else { throw PartnerCommand.noPartner(id) }
                    return try store.addClientKey(
                        pem, kid: kid, of: id, expiresAt: expires, by: "command", in: connection)
                }
                guard isNew else {
                    throw ValidationError("\(id) has, or had, a key of that name: `hub partner credentials \(id)`.")
                }
                Output.line("\(id)/\(kid)")
            }
        }
    }

    struct Credentials: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Every credential of a partner, or of all, also those that are revoked or have ended."
        )
        @OptionGroup var installation: InstallationOption
        @OptionGroup var format: JSONOption
        @Argument(help: "The partner. Left out: all.") var id: String?

        func run() async throws {
            try await installation.open { hub in
                let now = Timestamp.now()
                let rows = try await hub.database.read { [store = hub.store] connection in
                    try store.credentials(of: id, in: connection).map { known in
                        [
                            known.partner, known.kind.rawValue, known.id.description, known.state(at: now).rawValue,
                            known.addedAt.rfc3339, known.expiresAt?.rfc3339 ?? "", known.mark,
                        ]
                    }
                }
                Output.table(
                    ["partner", "kind", "id", "state", "added", "expires", "known_by"], rows, json: format.json)
            }
        }
    }

    struct Revoke: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Revoke a credential, on every node within a second.",
            discussion: "A certificate's key that was revoked is never taken again, nor is the name of a client key."
        )
        @OptionGroup var installation: InstallationOption
        @Argument(help: "As `hub partner credentials` shows it: a prefix, a certificate's id, or PARTNER/KID.")
        var credential: String

        func run() async throws {
            try await installation.open { hub in
                let revoked = try await hub.database.transaction { [store = hub.store] connection in
                    try store.revoke(PartnerCredential.ID(credential), by: "command", in: connection)
                }
                guard revoked else { throw ValidationError("No live credential is named so.") }
                Output.line("revoked")
            }
        }
    }

    static func noPartner(_ id: String) -> ValidationError {
        ValidationError("No partner is named \(id). `hub partner list` shows them.")
    }

    /// What a file holds; its text is never repeated.
    private static func reading<T>(_ path: String, _ what: String, _ read: (String) throws -> T) throws -> T {
        guard let bytes = try? LocalFile.read(path), let text = String(validating: bytes, as: UTF8.self) else {
            throw ValidationError("\(path) cannot be read.")
        }
        do {
            return try read(text)
        } catch let error as Hub.ClientKey.Unusable {
            throw ValidationError("\(path) \(error).")
        } catch let error as ClientCertificate.Unsound {
            throw ValidationError("\(path) \(error).")
        } catch {
            throw ValidationError("\(path) holds no \(what).")
        }
    }
}
