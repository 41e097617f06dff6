import CaseStore
import Crypto
import Disclosure
import MessageQueue
package import Postgres
package import Referral
package import Translation

extension Sharing {
    /// What would leave for a share if it left now.
    package enum Preview: Sendable {
        /// The exact bytes, with the groups that they hold. They leave as they are unless what is known of the person,
        /// the agreement or the adapter changes before.
        case document(Rendered, sha256: [UInt8])
        /// Nothing would leave, though all who can approve did.
        case nothing(Finding)
    }

    /// The exact bytes that would leave for a share that waits, as if everybody whose approval it lacks had approved;
    /// that somebody looked is entered first. Nil when there is no such share.
    ///
    /// - Parameter authority: The id of the authority that the officer will name, where the asker has named none.
    package func preview(_ id: UUIDValue, authority: String? = nil, by actor: String) async throws -> Preview? {
        let found = try await database.transaction { [self] connection -> PreparedShare?? in
            guard let share = try store.share(id, in: connection) else { return nil }
            let setup = try partners.setup(of: share.request.recipient, store, in: connection)
            let prepared = try store.prepareShowing(id, in: connection) { _ in setup }
            if prepared != nil { try store.enterView(of: share, by: actor, in: connection) }
            return .some(prepared)
        }
        guard let found else { return nil }
        guard let prepared = found else { return .nothing(Finding(.conflict, at: "", "The share has ended")) }
        return shown(prepared, authority: authority)
    }

    /// What would leave for a share with the facts that it was prepared with, as if everybody whose approval it lacks had
    /// approved.
    func shown(_ prepared: PreparedShare, authority: String? = nil) -> Preview {
        var prepared = prepared
        if let authority { prepared = prepared.naming(authority: authority) }
        var decision = Policy.decide(prepared.facts, rules: rules, tracing: false)
        // Each approval may show that another is lacking.
        for _ in ApprovalRole.allCases {
            guard let role = decision.awaits else { break }
            prepared = prepared.approved(as: role)
            decision = Policy.decide(prepared.facts, rules: rules, tracing: false)
        }
        guard decision.mayLeave else {
            return .nothing(Finding(.conflict, at: "", "Nothing would leave: \(decision.code)"))
        }
        let way: OutboundPartners.Way
        switch partners.way(for: prepared, decision) {
        case .by(let found): way = found
        case .never(let cause): return .nothing(Finding(.conflict, at: "", "Nothing would leave: \(cause.code)"))
        }
        do {
            let rendered = try way.document(prepared.release(decision, from: sender))
            return .document(rendered, sha256: Array(SHA256.hash(data: rendered.bytes)))
        } catch let error as RenderError where error.fault != nil {
            // The rule and the column, never what stands there.
            return .nothing(Finding(.conflict, at: "", "The row would be left out: \(error.fault?.text ?? "")"))
        } catch {
            return .nothing(Finding(.conflict, at: "", "The document for this partner cannot be made"))
        }
    }
}
