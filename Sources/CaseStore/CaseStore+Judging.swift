package import Disclosure
import Ledger
package import Postgres

extension CaseStore {
    /// Enters a new decision about a share that waits, to be sent or for a person: it is queued, parked, or over.
    ///
    /// - Parameters:
    ///   - message: The queue's message that will send it: of one that may leave and is not queued yet.
    ///   - actor: Who brought the decision about.
    /// - Returns: The share as it stands from now on.
    @discardableResult
    package func judge(
        _ prepared: PreparedShare, decision: Decision, message: Int64? = nil, by actor: String = "hub",
        in connection: Connection
    ) throws -> Share {
        var writes = Pipeline()
        let share = try add(decision, about: prepared, message: message, by: actor, to: &writes)
        _ = try connection.pipeline(writes)
        return share
    }

    /// The statements of ``judge(_:decision:message:by:in:)``, for a pipeline.
    func add(
        _ decision: Decision, about prepared: PreparedShare, message: Int64?, by actor: String,
        to writes: inout Pipeline
    ) throws -> Share {
        let before = prepared.share
        let share = before.judged(decision, message: message)
        let kept = try KeptDecision(decision, prepared.facts, of: share.request, key: prepared.key, vault: vault)
        writes.add(
            """
            UPDATE record.share
            SET state = \(share.state.rawValue)::record.share_state, decided_at = \(share.decidedAt),
                queued_at = \(share.queuedAt), finished_at = \(share.finishedAt), message = \(share.message),
                agreement = \(share.agreement), agreement_version = \(share.agreementVersion),
                outcome = \(share.outcome), reason = \(share.reason), failure = \(share.failure),
                policy_version = \(share.policyVersion), released = \(share.released)
            WHERE id = \(share.id)
            """, name: "record.judge_share")
        writes.add(KeptDecision.inserting([kept]), name: "record.keep_decisions")
        writes.add(
            appending([
                entry(
                    .shareDecided, at: Timestamp(decision.at),
                    kept.fields.merging([.state: share.state.rawValue, .actor: actor]) { $1 })
            ]), name: "ledger.append")
        let isWaitingForTheSame = before.state == .parked && share.state == .parked && before.failure == share.failure
        if before.state == .parked, !isWaitingForTheSame {
            writes.add(
                finishingItems([share.id], by: actor, at: Timestamp(decision.at)),
                name: "record.finish_items_of_shares")
        }
        if share.state == .parked, !isWaitingForTheSame {
            writes.add(adding([parking(share.request, decision)]), name: "record.add_work_items")
        }
        return share
    }

    /// The statement that marks the work items of shares as done that waited for a person, or had failed.
    func finishingItems(_ shares: [UUIDValue], by actor: String, at: Timestamp) -> SQL {
        """
        UPDATE record.work_item
        SET state = 'done', done_at = \(at), done_by = \(actor)
        WHERE share = ANY (\(shares)) AND kind IN ('parked_share', 'failed_share') AND state = 'open'
        """
    }

    /// The shares of a person, and of all who are one with them, that wait to be sent or for somebody to decide.
    package func waitingShares(about person: UUIDValue, in connection: Connection) throws -> [Share] {
        try connection.query(
            """
            SELECT \(Share.columns)
            FROM record.share
            WHERE person IN (SELECT record.members(record.survivor(\(person)))) AND state IN ('queued', 'parked')
            ORDER BY id
            """, name: "record.waiting_shares"
        ).map(Share.init)
    }

    /// Enters that what would leave for a share was looked at.
    package func enterView(of share: Share, by actor: String, in connection: Connection) throws {
        let fields: [LedgerField: String] = [
            .share: share.id.description, .person: share.request.person.description, .actor: actor,
        ]
        try append([entry(.view, fields)], in: connection)
    }

    /// Locks shares that wait and gathers the facts of this moment, to judge them anew outside of sending.
    ///
    /// Locks as ``prepareSending(of:at:in:recipient:)`` does.
    package func prepareJudging(
        of ids: [UUIDValue], in connection: Connection, recipient: (Share) throws -> RecipientSetup
    ) throws -> [PreparedShare] {
        try prepare(of: ids, [.queued, .parked], stage: .request, in: connection, recipient: recipient)
    }

    /// A share that waits or is on its way, with the facts of this moment, to show what would leave. Nothing is locked.
    package func prepareShowing(
        _ id: UUIDValue, in connection: Connection, recipient: (Share) throws -> RecipientSetup
    ) throws -> PreparedShare? {
        try prepare(
            of: [id], [.queued, .parked, .sending], stage: .send, isLocked: false, in: connection, recipient: recipient
        ).first
    }
}

extension Share {
    /// As it stands after a decision. One that was never queued and may not go is refused; one that was is cancelled.
    fileprivate func judged(_ decision: Decision, message: Int64?) -> Share {
        let at = Timestamp(decision.at)
        var share = self
        share.outcome = decision.outcome.rawValue
        share.reason = decision.reason.rawValue
        share.agreement = decision.agreement
        share.agreementVersion = decision.agreementVersion
        share.policyVersion = decision.policyVersion
        share.decidedAt = at
        share.released = []
        share.finishedAt = nil
        if decision.mayLeave {
            share.state = .queued
            share.queuedAt = at
            share.message = message ?? share.message
            share.released = decision.released.words
            share.failure = nil
        } else {
            share.state = decision.outcome == .deny ? (queuedAt == nil ? .refused : .cancelled) : .parked
            share.failure = decision.code
            if share.state != .parked { share.finishedAt = at }
        }
        return share
    }
}
