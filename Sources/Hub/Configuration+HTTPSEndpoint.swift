package import Channels
package import Referral
import Translation

extension Configuration {
    /// A partner's HTTPS interface. TLS files are PEM.
    package struct HTTPSEndpoint: Sendable {
        /// How access tokens are fetched for the partner (``Channels/OAuthClient``).
        package struct OAuth: Sendable {
            package var tokenURL: String
            package var clientID: String
            /// The private key in PEM.
            package var key: SecretReference
            package var keyID: String
            package var algorithm: OAuthClient.Algorithm
            package var scope: String?
            /// Authorities of the token server's certificate. Left out: those of the system.
            package var authority: String?
        }

        package var url: String
        package var authority: String?
        package var certificate: String?
        package var privateKey: String?
        /// Bearer token or API key, sent as `Authorization: Bearer`; left out when absent.
        package var token: SecretReference?
        /// How long one attempt may take. Defaults to 30 s.
        package var timeout: Duration = .seconds(30)
        /// Left out: no access tokens are fetched.
        package var oauth: OAuth?
        /// The secret by which deliveries are signed (``Channels/WebhookSignature``). Left out: they are not.
        package var signingSecret: SecretReference?
        /// Whether the partner is on a private network, such as the council's own or HSCN. Defaults to not.
        package var isOnPrivateNetwork = false
        /// The last day on which TLS 1.2 is spoken, as UTC has it. Left out: TLS 1.3 only.
        package var tls12Until: CalendarDate?

        /// How long one delivery may take: with access tokens two attempts, each after a token.
        var longest: Duration { oauth == nil ? timeout : timeout * 4 }

        /// The channel to it.
        ///
        /// - Parameter connections: as many as deliveries go there at once.
        /// - Throws: ``ConfigurationError`` or `ChannelConfigurationError`.
        func channel(connections: Int) throws -> HTTPSChannel {
            try HTTPSChannel(configuration: settings(connections: connections))
        }

        /// What a channel to it needs to know.
        fileprivate func settings(connections: Int) throws -> HTTPSChannel.Configuration {
            var headers: [(name: String, value: String)] = []
            if let token { headers.append((name: "Authorization", value: "Bearer \(try token.resolve())")) }
            let tls = TLSFiles(
                certificateAuthority: authority, certificate: certificate, key: privateKey,
                tls12Until: tls12Until?.endOfDay)
            var channel = HTTPSChannel.Configuration(
                url: url, tls: tls, headers: headers, requestTimeout: timeout, connections: connections)
            channel.privateNetworkAllowed = isOnPrivateNetwork
            channel.signature = try signingSecret.map { try WebhookSignature(secret: $0.resolve()) }
            channel.oauth = try oauth.map { oauth in
                var tls = tls
                tls.certificateAuthority = oauth.authority
                return OAuthClient(
                    tokenURL: oauth.tokenURL, clientID: oauth.clientID, privateKey: try oauth.key.resolve(),
                    keyID: oauth.keyID, algorithm: oauth.algorithm, scope: oauth.scope, tls: tls)
            }
            return channel
        }
    }

    /// A GovTalk gateway, by which a partner is sent documents and answers to them (``Channels/GovTalkChannel``).
    package struct GovTalkEndpoint: Sendable {
        package var server: HTTPSEndpoint
        /// The word by which the gateway knows what the documents are, and for whom.
        package var messageClass: String
        /// Our id there.
        package var sender: String
        package var password: SecretReference

        /// The channel to it.
        ///
        /// - Throws: ``ConfigurationError`` or `ChannelConfigurationError`.
        func channel(connections: Int) throws -> GovTalkChannel {
            try GovTalkChannel(
                configuration: .init(
                    https: server.settings(connections: connections), messageClass: messageClass,
                    sender: .init(id: sender, password: password.resolve())))
        }
    }
}

extension Configuration {
    /// A receiver of messages by the Booking and Referral Standard, or the proxy before it (``Channels/BaRSChannel``).
    package struct BaRSEndpoint: Sendable {
        /// Its address is that below which `$process-message` and `metadata` lie.
        package var server: HTTPSEndpoint
        /// The receiver's id in the directory of services.
        package var service: String
        /// What the message is for, by the code that both sides agreed on.
        package var useCase: String

        /// The channel to it.
        ///
        /// - Throws: ``ConfigurationError`` or `ChannelConfigurationError`.
        func channel(of organisation: Organisation, connections: Int) throws -> BaRSChannel {
            guard let ods = organisation.ods else {
                throw ConfigurationError(problems: [
                    .init(line: nil, key: "organisation.ods", text: "is missing: BaRS messages name their sender by it")
                ])
            }
            return try BaRSChannel(
                configuration: .init(
                    https: server.settings(connections: connections), service: service, useCase: useCase,
                    organisation: .init(ods: ods, name: organisation.name)))
        }
    }
}

extension Configuration.Endpoint {
    /// The HTTPS server that it leads to; nil for every other kind.
    var server: Configuration.HTTPSEndpoint? {
        switch self {
        case .https(let server): server
        case .govTalk(let govTalk): govTalk.server
        case .bars(let bars): bars.server
        case .mesh, .sftp, .folder, .exercise, .portal, .mail, .mllp: nil
        }
    }
}

extension CalendarDate {
    /// The moment at which the day is over in UTC, in seconds since 1970.
    var endOfDay: Int64 { (Int64(daysSince1970) + 1) * 86400 }
}
