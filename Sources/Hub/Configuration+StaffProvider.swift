import Channels
import Referral
package import Rights

extension Configuration {
    /// The council's identity provider, by which staff sign in (OpenID Connect).
    package struct StaffProvider: Sendable {
        /// As the provider calls itself.
        package var issuer: String
        package var clientID: String
        package var clientSecret: SecretReference
        /// PEM of the authorities of its certificate. Left out: those of the system.
        package var authority: String?
        package var isOnPrivateNetwork = false
        /// What is asked for. Defaults to `openid profile`.
        package var scope = "openid profile"
        /// Where the user name stands in the ID token. Defaults to `preferred_username`.
        package var nameClaim = "preferred_username"
        /// Where the roles or groups stand. Defaults to `roles`.
        package var rolesClaim = "roles"
        /// What each of the provider's roles or groups is here. Whoever has none of them is not let in.
        package var roles: [String: Role]
        /// The `acr` values that are a second factor.
        package var contexts: [String] = []
        /// The `amr` values that are a second factor.
        package var methods: [String] = []

        /// - Throws: ``ConfigurationError`` where the secret cannot be read, or the address or the authority be used.
        func open(environment: HubEnvironment) throws(ConfigurationError) -> OpenIDProvider {
            let secret = try clientSecret.resolve()
            do {
                return try OpenIDProvider(
                    .init(
                        issuer: issuer, clientID: clientID, clientSecret: secret,
                        tls: TLSFiles(certificateAuthority: authority), privateNetworkAllowed: isOnPrivateNetwork,
                        insecureLoopbackAllowed: environment == .test))
            } catch {
                throw ConfigurationError(
                    problems: [.init(line: nil, key: "staff_provider", text: "cannot be used: \(error)")])
            }
        }
    }
}
