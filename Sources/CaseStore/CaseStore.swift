package import Postgres
import Referral
package import Vault

/// Persons, referrals, cases, agreements, shares and the ledger, in PostgreSQL.
///
/// Every function that takes a `Connection` works in the caller's transaction, so that a message is acknowledged and its
/// effect stored by one commit. The transaction is *read committed*: a statement after a lock must see what the lock's
/// former holder committed, which is what idempotence and promise 3 of the design rest on.
///
/// Locks are taken in one order, so that no two functions deadlock: submission, person, agreement, share.
///
/// Whatever is personal is sealed by the ``Vault`` before it is bound to a statement. It comes out through
/// `document(_:in:)`, `profile(of:viewedBy:in:)`, `content(of:viewedBy:in:)` and `PreparedShare.release(_:from:)` only.
package struct CaseStore: Sendable {
    let vault: Vault
    /// Names the ledger in its checkpoints, as the key that signs them.
    let ledgerOrigin: String
    /// How many persons are known, and how frequent their names are.
    let population = KnownPopulation()

    /// - Parameter ledgerOrigin: One word that names this hub's ledger in its checkpoints, as the key that signs them.
    package init(vault: Vault, ledgerOrigin: String = "referral-hub") {
        self.vault = vault
        self.ledgerOrigin = ledgerOrigin
    }
}

/// What the database and the code disagree about: a mistake of ours, or a tampered row.
package enum CaseStoreError: Error, Equatable, CustomStringConvertible {
    /// The person's key is gone: erased. Nothing about the person can be read.
    case keyDestroyed(person: UUIDValue)
    /// The document is gone, with its key. Its receipt stays, and what was understood of it.
    case documentDestroyed(UUIDValue, at: Timestamp)
    /// Sealed bytes opened to something that is not what was stored there.
    case unreadable(String)
    /// A share was asked to take a step that its state does not allow.
    case wrongState(share: UUIDValue)
    /// The same for an extract that leaves by a channel.
    case wrongExtractState(UUIDValue)

    package var description: String {
        switch self {
        case .keyDestroyed(let person): "the key of person \(person) was destroyed"
        case .documentDestroyed(let receipt, let at): "the document of \(receipt) was destroyed on \(at.rfc3339)"
        case .unreadable(let place): "what is stored at \(place) cannot be read"
        case .wrongState(let share): "share \(share) is not in a state for this step"
        case .wrongExtractState(let extract): "extract \(extract) is not in a state for this step"
        }
    }
}

/// Where sealed bytes are kept. The text is bound into the seal, so a row copied elsewhere does not open.
enum Place {
    static func document(_ receipt: UUIDValue) -> String { "record.document/\(receipt)" }
    static func profile(_ person: UUIDValue) -> String { "record.person/\(person)" }
    static func referral(_ referral: UUIDValue) -> String { "record.referral/\(referral)" }
    static func provenance(_ referral: UUIDValue) -> String { "record.referral/\(referral)/provenance" }
    static func source(_ referral: UUIDValue) -> String { "record.referral/\(referral)/source" }
    static func evidence(_ agreement: UUIDValue) -> String { "record.agreement/\(agreement)" }
    static func fingerprint(_ person: UUIDValue) -> String { "record.person/\(person)/fingerprint" }
    static func match(_ match: UUIDValue) -> String { "record.match/\(match)" }
    static func matchReason(_ decision: UUIDValue) -> String { "record.match_decision/\(decision)" }
    static func approval(_ share: UUIDValue, _ approver: String) -> String {
        "record.share_approval/\(share)/\(approver)"
    }
    static func facts(_ decision: UUIDValue) -> String { "record.decision/\(decision)" }
    static func pseudonymKey(_ key: UUIDValue) -> String { "record.pseudonym_key/\(key)" }
    static func population(_ extract: UUIDValue) -> String { "record.extract_population/\(extract)" }
    static func package(_ extract: UUIDValue) -> String { "record.extract_sending/\(extract)" }
    static func linkable(_ extract: UUIDValue) -> String { "record.extract_sending/\(extract)/linkable" }
    static func accessCard(_ person: UUIDValue) -> String { "access.card/\(person)" }
    static func look(_ look: UUIDValue) -> String { "access.look/\(look)" }
    static func lookNote(_ look: UUIDValue) -> String { "access.look/\(look)/note" }
    static func portal(_ share: UUIDValue) -> String { "record.portal_document/\(share)" }
}

extension Timestamp {
    init(_ instant: Instant) {
        self.init(microseconds: instant.microseconds)
    }
}

extension Instant {
    init(_ timestamp: Timestamp) {
        self.init(microseconds: timestamp.microseconds)
    }
}
