package import Channels
package import Referral

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
            return try HTTPSChannel(configuration: channel)
        }
    }
}

extension CalendarDate {
    /// The moment at which the day is over in UTC, in seconds since 1970.
    var endOfDay: Int64 { (Int64(daysSince1970) + 1) * 86400 }
}
