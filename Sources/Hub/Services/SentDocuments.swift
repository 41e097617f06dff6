import CaseStore
import Channels
import Crypto
import Disclosure
import Ledger
import Postgres
import Referral
import Translation

/// What left for shares. The bytes are not kept: they are made again of what is kept, and are what left exactly when their
/// SHA-256 is the one that the ledger has of them.
struct SentDocuments: Sendable {
    enum Sent: Sendable {
        /// Nothing has left.
        case nothing
        /// What left, and the release of which a part was written into it.
        case same(Value, Rendered, at: Timestamp, digest: String)
        /// Something left that cannot be made again: what is known of the person, the adapter, or the policy changed since.
        case changed(at: Timestamp, digest: String)
        /// The person was erased.
        case destroyed(at: Timestamp?)
    }

    let sharing: Sharing
    private let audit: Database

    init(_ installation: Installation, _ sharing: Sharing) {
        self.sharing = sharing
        audit = installation.acting(as: .audit).database
    }

    /// What left for a share the last time, with the share; that it was looked at is entered first.
    ///
    /// - Returns: With the groups of facts of which it was made; nil when there is no such share.
    func sent(_ id: UUIDValue, by actor: String) async throws -> (share: Share, groups: [String], sent: Sent)? {
        guard let share = try await sharing.standing(id) else { return nil }
        guard share.attempts > 0 else { return (share, [], .nothing) }
        let entry = try await audit.read { [store = sharing.store] connection in
            try store.lastReleaseEntry(of: id, in: connection)
        }
        guard let entry else { return (share, [], .nothing) }
        return (share, entry.released, try await sent(share, entry.at, entry.digest, by: actor))
    }

    /// What left at a moment, with a SHA-256 in hexadecimal.
    private func sent(_ share: Share, _ at: Timestamp, _ digest: String, by actor: String) async throws -> Sent {
        let kept: KeptRelease?
        do {
            kept = try await sharing.database.transaction { [store = sharing.store] connection in
                try store.lastRelease(of: share.id, viewedBy: actor, in: connection)
            }
        } catch CaseStoreError.keyDestroyed {
            return .destroyed(at: at)
        }
        let changed = Sent.changed(at: at, digest: digest)
        guard let kept else { return changed }
        let decision = Policy.decide(kept.prepared.facts, rules: sharing.rules, tracing: false)
        guard decision.mayLeave, kept.decision.agrees(with: decision),
            case .by(let way) = sharing.partners.way(for: kept.prepared, decision)
        else { return changed }
        let release = kept.prepared.release(decision, from: sharing.sender)
        guard let rendered = try? way.document(release),
            Hexadecimal.text(SHA256.hash(data: rendered.bytes)) == digest
        else { return changed }
        return .same(release, rendered, at: at, digest: digest)
    }
}
