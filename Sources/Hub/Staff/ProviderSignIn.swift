import CaseStore
import Channels
import Crypto
import Logging
import Postgres
import Referral
import Rights
import Vault

/// Signs staff in by the council's identity provider.
struct ProviderSignIn: Sendable {
    /// What is kept in the browser between leaving for the provider and coming back.
    struct Begun: Sendable {
        /// Where the browser goes.
        var address: String
        /// Sealed: the state, the nonce and the verifier.
        var cookie: String
    }

    /// How somebody came back.
    enum Answer: Sendable {
        case account(String, next: NextPage?)
        /// In words for whoever tried.
        case refused(String)
    }

    /// For so long somebody may be away at the provider.
    static let patience: Duration = .seconds(600)
    private static let place = "staff sign-in by the provider"

    private let settings: Configuration.StaffProvider
    private let provider: OpenIDProvider
    /// The address that the provider sends people back to.
    private let redirect: String
    private let database: Database
    private let store: CaseStore
    private let vault: Vault
    private let metrics: Metrics
    private let logger: Logger

    init(
        _ settings: Configuration.StaffProvider, provider: OpenIDProvider, redirect: String,
        _ installation: Installation
    ) {
        self.settings = settings
        self.provider = provider
        self.redirect = redirect
        database = installation.acting(as: .console).database
        store = installation.store
        vault = installation.vault
        metrics = installation.metrics
        logger = installation.logger
    }

    /// - Parameter next: The page that comes after.
    /// - Throws: ``OpenIDProvider/Failure``.
    func begin(next: NextPage?, at now: Timestamp = .now()) async throws -> Begun {
        func random() -> String { Base64URL.text(SymmetricKey(size: .bits256).withUnsafeBytes { Array($0) }) }
        let (state, nonce, verifier) = (random(), random(), random())
        let challenge = Base64URL.text(Array(SHA256.hash(data: Array(verifier.utf8))))
        var query = [
            ("response_type", "code"), ("client_id", provider.clientID), ("redirect_uri", redirect),
            ("scope", settings.scope), ("state", state), ("nonce", nonce), ("code_challenge", challenge),
            ("code_challenge_method", "S256"),
        ]
        if !settings.contexts.isEmpty { query.append(("acr_values", settings.contexts.joined(separator: " "))) }
        let endpoint = try await provider.metadata().authorizationEndpoint
        let text = query.map { "\($0)=\(OpenIDProvider.encoded($1))" }.joined(separator: "&")
        let held: Value = [
            "state": .string(state), "nonce": .string(nonce), "verifier": .string(verifier),
            "at": .number(String(now.microseconds)), "next": next.map { .string($0.path) } ?? .null,
        ]
        return Begun(
            address: endpoint + (endpoint.contains("?") ? "&" : "?") + text,
            cookie: Base64URL.text(vault.sealApart(StrictJSON.write(held), context: Self.place)))
    }

    /// Takes what the provider sent somebody back with.
    ///
    /// - Parameter cookie: That of ``begin(at:)``; without it the browser is another than the one that left.
    /// - Throws: ``OpenIDProvider/Failure``.
    func finish(
        state: String?, code: String?, issuer: String?, error: String?, cookie: String, at now: Timestamp = .now()
    ) async throws -> Answer {
        guard let held = held(cookie), held.at + Self.patience > now, let state, state == held.state else {
            return refuse("state", "Too much time has passed, or the sign-in was begun in another browser. Try again.")
        }
        // Whose answer it is, where the provider says so (RFC 9207).
        guard issuer == nil || issuer == provider.issuer else {
            return refuse("issuer", "The answer came from another provider. Try again.")
        }
        guard error == nil, let code, code.utf8.count <= 4_096 else {
            return refuse("provider", "You were not signed in there. Try again, or ask your administrator.")
        }
        let text = try await provider.idToken(for: code, verifier: held.verifier, redirect: redirect)
        do {
            let token = try await verified(text, nonce: held.nonce, at: now.microseconds / 1_000_000)
            let roles = Set(token.roles.compactMap { settings.roles[$0] }).sorted()
            let subject = "\(provider.issuer) \(token.subject)"
            guard !roles.isEmpty else {
                // Wherever else they are signed in, too.
                try await database.transaction { [store] in try store.endSessions(ofSubject: subject, in: $0) }
                throw IDToken.Refusal.role
            }
            guard let name = Self.userName(token.name) else { throw IDToken.Refusal.name }
            let account = try await database.transaction { [store] connection in
                try store.staffAccount(ofSubject: subject, name: name, roles: roles, in: connection)
            }
            guard let account else {
                return refuse(
                    "account", "Your account here is disabled, or its name is another's. Ask your administrator.")
            }
            return .account(account, next: held.next)
        } catch let refusal as IDToken.Refusal {
            logger.warning(
                "an ID token of the provider lets nobody in", metadata: ["reason": "\(refusal)"])
            switch refusal {
            case .secondFactor: return refuse("second_factor", "Sign in there with a second factor, then try again.")
            case .role: return refuse("role", "No role is given to you for this service. Ask your administrator.")
            default: return refuse("token", "The provider's answer could not be used. Ask your administrator.")
            }
        }
    }

    private func verified(_ text: String, nonce: String, at second: Int64) async throws -> IDToken {
        guard let token = try? JSONWebToken(text) else { throw IDToken.Refusal.malformed }
        guard IDToken.algorithms.contains(token.algorithm) else { throw IDToken.Refusal.algorithm }
        var isSigned = await IDToken.isSigned(token, byOneOf: try await provider.keys(isMissing: false))
        // A key that the provider has begun to use since.
        if isSigned == nil {
            isSigned = await IDToken.isSigned(token, byOneOf: try await provider.keys(isMissing: true))
        }
        guard isSigned == true else { throw IDToken.Refusal.key }
        let expectation = IDToken.Expectation(
            issuer: provider.issuer, clientID: provider.clientID, nameClaim: settings.nameClaim,
            rolesClaim: settings.rolesClaim, contexts: Set(settings.contexts), methods: Set(settings.methods))
        return try IDToken(token, expectation, nonce: nonce, at: second)
    }

    /// A provider's user name as one of ours: of an address, what stands before the `@`.
    static func userName(_ text: String) -> String? {
        let name = text.lowercased().prefix { $0 != "@" }
        return StaffAccount.isName(String(name)) ? String(name) : nil
    }

    private func refuse(_ why: String, _ text: String) -> Answer {
        metrics.count(.refusedRequests, "sign_in_\(why)")
        logger.warning("nobody is signed in by the provider", metadata: ["reason": "\(why)"])
        return .refused(text)
    }

    private func held(
        _ cookie: String
    ) -> (state: String, nonce: String, verifier: String, at: Timestamp, next: NextPage?)? {
        guard cookie.utf8.count <= 2_000, let sealed = Base64URL.bytes(cookie[...]),
            let plain = try? vault.openApart(sealed, context: Self.place), let held = try? StrictJSON.parse(plain),
            let state = held["state"]?.stringValue, let nonce = held["nonce"]?.stringValue,
            let verifier = held["verifier"]?.stringValue, let at = held["at"]?.intValue
        else { return nil }
        return (state, nonce, verifier, Timestamp(microseconds: Int64(at)), NextPage(held["next"]?.stringValue))
    }
}
