import CaseStore
import Disclosure
import MessageQueue
package import Postgres
package import Referral

extension Sharing {
    /// What became of a named person's answer to a share.
    package enum Answered: Sendable {
        /// Entered; this is how the share stands. It may wait for somebody else now.
        case entered(Value)
        /// Not taken, and nothing was changed.
        case refused(Finding)
    }

    /// Takes a named person's answer to a share that waits for one, judges the share again with it, and queues it when it
    /// may leave now.
    ///
    /// - Parameter body: The JSON of `POST /v1/shares/{id}/approvals`.
    /// - Returns: Nothing when there is no such share.
    /// - Throws: ``RequestError`` naming everything that is wrong with the body.
    package func answer(_ body: [UInt8], to id: UUIDValue, by actor: String) async throws -> Answered? {
        try await answer(ApprovalRequest(body), to: id, by: actor)
    }

    /// As ``answer(_:to:by:)``, of what was read.
    func answer(_ request: ApprovalRequest, to id: UUIDValue, by actor: String) async throws -> Answered? {
        let answer = request.approval(by: actor)
        let outcome = try await database.transaction { [self] connection -> Entering? in
            guard let waiting = try store.share(id, in: connection) else { return nil }
            let setup = try partners.setup(of: waiting.request.recipient, store, in: connection)
            switch try store.prepareAnswer(answer, to: id, in: connection, recipient: { _ in setup }) {
            case nil: return nil
            case .refused(let refusal): return .refused(refusal)
            case .taken(let prepared) where !answer.isApproved:
                return .entered(try store.refuse(answer, prepared, in: connection))
            case .taken(let prepared):
                let decision = Policy.decide(prepared.facts, rules: rules, tracing: false)
                let message = try enqueue(prepared.share, decision, in: connection)
                return .entered(
                    try store.approve(answer, prepared, decision: decision, message: message, in: connection))
            }
        }
        switch outcome {
        case nil: return nil
        case .refused(let refusal)?: return .refused(refusal.finding)
        case .entered(let share)?:
            metrics.count(.decisions, share.outcome ?? "none")
            wake(for: share)
            return .entered(Self.value(of: share))
        }
    }

    private enum Entering {
        case entered(Share)
        case refused(ApprovalRefusal)
    }

    /// Queues a share that waited for a person, if it may leave now.
    ///
    /// - Returns: The message that will send it.
    func enqueue(_ share: Share, _ decision: Decision, in connection: Connection) throws -> Int64? {
        guard decision.mayLeave, share.state == .parked else { return nil }
        return try queue.enqueue([partners.message(for: share.request)], in: connection).first?.rawValue
    }

    /// Who answered to a share, when, and why, the oldest first; that somebody looked is entered. Nil when there is no
    /// such share.
    package func answers(to id: UUIDValue, by actor: String) async throws -> Value? {
        let answers = try await database.transaction { [store] connection in
            try store.share(id, in: connection).map { _ in
                try store.answers(to: id, viewedBy: actor, in: connection)
            }
        }
        return answers.map { answers in
            [
                "answers": .array(
                    answers.map { answer, name, reason in
                        [
                            "role": .string(answer.role.rawValue), "approved_by": .string(answer.approver),
                            "verdict": answer.isApproved ? "approve" : "refuse", "at": .string(answer.at.rfc3339),
                            "name": .string(name), "reason": .string(reason),
                        ]
                    })
            ]
        }
    }
}

extension ApprovalRefusal {
    /// The same for whoever gave the answer.
    fileprivate var finding: Finding {
        switch self {
        case .notWaiting: Finding(.conflict, at: "", "It does not wait for a person")
        case .otherRole(let role?): Finding(.conflict, at: "role", "It waits for the approval of: \(role.rawValue)")
        case .otherRole(nil):
            Finding(.conflict, at: "role", "No approval helps: mend the record, or take the share back and ask again")
        case .samePerson: Finding(.conflict, at: "approved_by", "This person asked for it, or has answered already")
        case .authority:
            Finding(.conflict, at: "authority_ref", "Is given when, and only when, the asker has named no authority")
        }
    }
}
