package import Channels

extension Configuration {
    /// A partner's mailbox, to which documents go by a relay of ours (partner interfaces, section 4.3).
    package struct MailEndpoint: Sendable {
        /// What keeps others from reading a document on its way.
        package enum Protection: Sendable {
            case encrypted(Encryption)
            /// Nothing but TLS from server to server, to a domain that is among these.
            case assured([String])
            /// Nothing but TLS from server to server, to a mailbox of CJSM.
            case criminalJustice
        }

        /// Whom mails are encrypted to, and what they are signed with. Files are PEM.
        package struct Encryption: Sendable {
            package var certificate: String
            package var trust: MailCertificate.Trust
            package var signer: String
            package var signerKey: String
            /// Defaults to AES-256-CBC, which every mail program reads.
            package var cipher = MailCipher.aes256CBC
        }

        /// `smtps://host:port`, or `smtp://host:port` with STARTTLS.
        package var relay: String
        package var user: String?
        package var password: SecretReference?
        /// Of the relay's certificate. Left out: the system's.
        package var authority: String?
        /// Ours.
        package var sender: String
        /// The partner's.
        package var recipient: String
        package var protection: Protection
        /// How long one attempt may take. Defaults to 60 s.
        package var timeout: Duration = .seconds(60)

        /// Reads the files; does not connect.
        ///
        /// - Throws: `ChannelConfigurationError` or ``ConfigurationError``, naming what cannot be used.
        func channel() throws -> any OutboundChannel {
            let route = MailRoute(
                relay: relay,
                login: MailLogin(
                    user: user ?? "", password: try password?.resolve() ?? "", certificateAuthority: authority,
                    timeout: timeout),
                from: sender, to: recipient)
            switch protection {
            case .encrypted(let encryption):
                return try EncryptedMailChannel(
                    configuration: .init(
                        route: route, certificate: encryption.certificate, trust: encryption.trust,
                        signer: encryption.signer, signerKey: encryption.signerKey, cipher: encryption.cipher))
            case .assured(let domains): return try TLSMailChannel(route: route, reach: .assured(Set(domains)))
            case .criminalJustice: return try TLSMailChannel(route: route, reach: .criminalJustice)
            }
        }
    }
}
