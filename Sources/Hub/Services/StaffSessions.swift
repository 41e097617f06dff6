import CaseStore
import Channels
import Crypto
import Forms
import Foundation
import Postgres
import Referral
import Vault

/// Sessions of staff at the hub's own pages: an API key, exchanged for a cookie that only this hub can read.
///
/// The cookie is sealed and holds the key, so that no session is kept anywhere: any node takes it, and a key that is
/// revoked ends every session that it opened within a second, as ``Credentials`` has it.
struct StaffSessions: Sendable {
    /// A session ends after so much time without a page, and after ``longest`` whatever happens.
    static let idle: Duration = .seconds(1_800)
    static let longest: Duration = .seconds(8 * 3_600)
    private static let place = "staff session"

    private let vault: Vault
    private let credentials: Credentials

    init(vault: Vault, credentials: Credentials) {
        self.vault = vault
        self.credentials = credentials
    }

    /// An open session, and what the next cookie holds.
    struct Open: Sendable {
        var principal: Principal
        /// Brought back by every form, so that no other site can send one.
        var token: String
        fileprivate var key: String
        fileprivate var openedAt: Int64

        var session: StaffForm.Session { .init(staff: principal.id, token: token) }
    }

    /// Opens a session; nil when the key is not one of an enabled staff system.
    func open(key: String, at now: Timestamp = .now()) async throws -> Open? {
        guard key.utf8.count <= 200, let principal = try await credentials.principal(for: key),
            principal.kind == .staff
        else { return nil }
        let token = Hexadecimal.text(SymmetricKey(size: .bits256).withUnsafeBytes { Array($0) })
        return Open(principal: principal, token: token, key: key, openedAt: now.microseconds)
    }

    /// The session of a cookie; nil when it is none of ours, has ended, or its key is no longer good.
    func resume(_ cookie: String, at now: Timestamp = .now()) async throws -> Open? {
        guard cookie.utf8.count <= 2_000, let sealed = Data(base64Encoded: cookie),
            let plain = try? vault.openApart([UInt8](sealed), context: Self.place),
            let held = try? StrictJSON.parse(plain), let key = held["key"]?.stringValue,
            let token = held["token"]?.stringValue, let openedAt = held["opened"]?.intValue,
            let seenAt = held["seen"]?.intValue
        else { return nil }
        let opened = Timestamp(microseconds: Int64(openedAt))
        let seen = Timestamp(microseconds: Int64(seenAt))
        guard opened <= now, now < opened + Self.longest, now < seen + Self.idle,
            let principal = try await credentials.principal(for: key), principal.kind == .staff
        else { return nil }
        return Open(principal: principal, token: token, key: key, openedAt: Int64(openedAt))
    }

    /// The cookie of a session that was seen now.
    func cookie(_ open: Open, at now: Timestamp = .now()) -> String {
        let held: Value = [
            "key": .string(open.key), "token": .string(open.token), "opened": .number(String(open.openedAt)),
            "seen": .number(String(now.microseconds)),
        ]
        return Data(vault.sealApart(StrictJSON.write(held), context: Self.place)).base64EncodedString()
    }
}
