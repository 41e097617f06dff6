package import Disclosure
import Ledger
package import Postgres

extension CaseStore {
    /// The facts on which a share is judged when it is asked for; nothing when there is no such person.
    package func facts(
        for request: ShareRequest, recipient: RecipientSetup, at: Timestamp = .now(), in connection: Connection
    ) throws -> DisclosureFacts? {
        var reads = Pipeline()
        addReads(of: "= \(request.person)", isLocked: false, to: &reads)
        guard let person = try circumstances(connection.pipeline(reads)[...])[request.person] else { return nil }
        return facts(request, recipient, person, stage: .request, queuedAt: nil, at: at)
    }

    /// Enters a share with the decision about it: queued, refused or parked.
    ///
    /// A queued one still needs its message: enqueue it in the same transaction and call ``attach(message:to:in:)``.
    package func create(
        _ request: ShareRequest, facts: DisclosureFacts, decision: Decision, in connection: Connection
    ) throws -> Share {
        let state: ShareState =
            switch decision.outcome {
            case .permit, .permitReduced: .queued
            case .refer: .parked
            case .deny: .refused
            }
        let decidedAt = Timestamp(decision.at)
        let share = Share(
            request: request, state: state, outcome: decision.outcome.rawValue, reason: decision.reason.rawValue,
            agreement: decision.agreement, agreementVersion: decision.agreementVersion,
            policyVersion: decision.policyVersion, released: decision.released.words, attempts: 0,
            decidedAt: decidedAt, queuedAt: state == .queued ? decidedAt : nil,
            finishedAt: state == .refused ? decidedAt : nil)
        let kept = try KeptDecision(
            decision, facts, of: request, key: key(of: request.person, in: connection), vault: vault)
        let asked: [LedgerField: String] = [
            .share: request.id.description, .person: request.person.description, .recipient: request.recipient,
            .purpose: request.purpose, .level: request.level, .channel: request.channel,
            .asked: request.groups.joined(separator: " "), .actor: request.requestedBy,
        ]
        var writes = Pipeline()
        writes.add(inserting(share), name: "record.create_share")
        writes.add(KeptDecision.inserting([kept]), name: "record.keep_decision")
        writes.add(
            appending([
                entry(.shareRequested, at: request.requestedAt, asked),
                entry(.shareDecided, at: decidedAt, kept.fields.merging([.state: state.rawValue]) { $1 }),
            ]), name: "ledger.append")
        if state == .parked { writes.add(parking(request, decision), name: "record.add_work_item") }
        _ = try connection.pipeline(writes)
        return share
    }

    private func inserting(_ share: Share) -> SQL {
        """
        INSERT INTO record.share (
            id, person, referral, agreement, requested_at, decided_at, queued_at, finished_at, agreement_version, state,
            recipient, purpose, level, channel, requested_by, asked, outcome, reason, policy_version, released
        )
        VALUES (
            \(share.id), \(share.request.person), \(share.request.referral), \(share.agreement),
            \(share.request.requestedAt), \(share.decidedAt), \(share.queuedAt), \(share.finishedAt),
            \(share.agreementVersion), \(share.state)::record.share_state, \(share.request.recipient),
            \(share.request.purpose), \(share.request.level), \(share.request.channel), \(share.request.requestedBy),
            \(share.request.groups), \(share.outcome), \(share.reason), \(share.policyVersion), \(share.released)
        )
        """
    }

    /// The work item of a share on which a named person must decide.
    func parking(_ request: ShareRequest, _ decision: Decision) -> SQL {
        adding(
            NewWorkItem(
                kind: .parkedShare, code: decision.reason.rawValue, person: request.person, share: request.id,
                partner: request.recipient),
            at: Timestamp(decision.at))
    }

    /// Notes which message of the queue will send a share.
    package func attach(message: Int64, to share: UUIDValue, in connection: Connection) throws {
        let changed = try connection.execute(
            "UPDATE record.share SET message = \(message) WHERE id = \(share) AND state = 'queued'",
            name: "record.attach_message")
        guard changed > 0 else { throw CaseStoreError.wrongState(share: share) }
    }

    /// Gives a share up that cannot be delivered, as when its message was dead-lettered, and makes a work item.
    ///
    /// - Parameter code: Why, as a code word.
    /// - Returns: Whether it still waited.
    @discardableResult
    package func fail(
        _ id: UUIDValue, code: String, at: Timestamp = .now(), in connection: Connection
    ) throws -> Bool {
        let rows = try connection.query(
            """
            UPDATE record.share
            SET state = 'failed', finished_at = \(at), failure = \(code)
            WHERE id = \(id) AND state IN ('queued', 'sending')
            RETURNING person, recipient
            """, name: "record.fail_share")
        guard let (person, recipient) = try rows.first?.decode(UUIDValue.self, String.self) else { return false }
        let fields: [LedgerField: String] = [
            .share: id.description, .person: person.description, .state: ShareState.failed.rawValue, .reason: code,
            .actor: "hub",
        ]
        try append([entry(.releaseOutcome, at: at, fields)], in: connection)
        try add(
            NewWorkItem(kind: .failedShare, code: code, person: person, share: id, partner: recipient), at: at,
            in: connection)
        return true
    }

    /// One share as it stands.
    package func share(_ id: UUIDValue, in connection: Connection) throws -> Share? {
        try connection.query(
            "SELECT \(Share.columns) FROM record.share WHERE id = \(id)", name: "record.share"
        ).first.map(Share.init)
    }

    /// Shares, newest first.
    ///
    /// - Parameter before: The last of the page before.
    package func shares(
        of person: UUIDValue? = nil, before: UUIDValue? = nil, limit: Int = 100, in connection: Connection
    ) throws -> [Share] {
        let rows = try connection.query(
            """
            SELECT \(Share.columns)
            FROM record.share
            WHERE id < coalesce(\(before), 'ffffffff-ffff-ffff-ffff-ffffffffffff')
                AND person = coalesce(\(person), person)
            ORDER BY id DESC
            LIMIT \(limit)
            """, name: "record.shares")
        return try rows.map(Share.init)
    }
}

extension Share {
    /// What ``init(_:)`` reads.
    static let columns: SQL = """
        id, person, referral, recipient, purpose, level, asked, channel, requested_by, requested_at, state, outcome,
        reason, agreement, agreement_version, policy_version, released, message, reference, failure, attempts,
        decided_at, queued_at, finished_at
        """

    /// Reads a row of ``columns``.
    init(_ row: Row) throws {
        self.init(
            request: ShareRequest(
                id: try row.value("id"), person: try row.value("person"), referral: try row.value("referral"),
                recipient: try row.value("recipient"), purpose: try row.value("purpose"),
                level: try row.value("level"), groups: try row.value("asked"), channel: try row.value("channel"),
                requestedBy: try row.value("requested_by"), requestedAt: try row.value("requested_at")),
            state: try row.value("state"), outcome: try row.value("outcome"), reason: try row.value("reason"),
            agreement: try row.value("agreement"), agreementVersion: try row.value("agreement_version"),
            policyVersion: try row.value("policy_version"), released: try row.value("released"),
            message: try row.value("message"), reference: try row.value("reference"),
            failure: try row.value("failure"), attempts: try row.value("attempts"),
            decidedAt: try row.value("decided_at"), queuedAt: try row.value("queued_at"),
            finishedAt: try row.value("finished_at"))
    }
}
