import Crypto
package import Disclosure
import Ledger
package import Postgres
import Referral
import Vault

extension CaseStore {
    /// The facts on which a share is judged when it is asked for; nothing when there is no such person.
    package func facts(
        for request: ShareRequest, recipient: RecipientSetup, at: Timestamp = .now(), in connection: Connection
    ) throws -> DisclosureFacts? {
        guard let person = try circumstances(of: request.person, lock: "", in: connection) else { return nil }
        let agreements = try agreements(where: "agreement.person = \(request.person)", isLocked: false, in: connection)
        return facts(request, recipient, person, agreements, stage: .request, queuedAt: nil, at: at)
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
        try connection.execute(
            """
            INSERT INTO record.share (
                id, person, referral, agreement, requested_at, decided_at, queued_at, finished_at, agreement_version,
                state, recipient, purpose, level, channel, requested_by, asked, outcome, reason, policy_version, released
            )
            VALUES (
                \(request.id), \(request.person), \(request.referral), \(decision.agreement), \(request.requestedAt),
                \(decidedAt), \(state == .queued ? decidedAt : nil), \(state == .refused ? decidedAt : nil),
                \(decision.agreementVersion), \(state)::record.share_state, \(request.recipient), \(request.purpose),
                \(request.level), \(request.channel), \(request.requestedBy), \(request.groups),
                \(decision.outcome.rawValue), \(decision.reason.rawValue), \(decision.policyVersion),
                \(decision.released.words)
            )
            """, name: "record.create_share")
        let asked: [LedgerField: String] = [
            .share: request.id.description, .person: request.person.description, .recipient: request.recipient,
            .purpose: request.purpose, .level: request.level, .channel: request.channel,
            .asked: request.groups.joined(separator: " "), .actor: request.requestedBy,
        ]
        let judged = try keep(decision, facts, of: request, in: connection)
        try append(
            [
                entry(.shareRequested, at: request.requestedAt, asked),
                entry(.shareDecided, at: decidedAt, judged.merging([.state: state.rawValue]) { $1 }),
            ], in: connection)
        if state == .parked { try park(request, reason: decision.reason, in: connection) }
        guard let share = try share(request.id, in: connection) else {
            throw CaseStoreError.wrongState(share: request.id)
        }
        return share
    }

    /// Notes which message of the queue will send a share.
    package func attach(message: Int64, to share: UUIDValue, in connection: Connection) throws {
        let changed = try connection.execute(
            "UPDATE record.share SET message = \(message) WHERE id = \(share) AND state = 'queued'",
            name: "record.attach_message")
        guard changed > 0 else { throw CaseStoreError.wrongState(share: share) }
    }

    /// Locks what a release rests on and gathers the facts of this moment, for the decision at send.
    ///
    /// The person and the agreements are held FOR SHARE, the share FOR UPDATE, until the transaction ends: commit it
    /// with the release entry (``beginRelease(of:decision:bytesHash:in:)``), and only then let bytes leave.
    ///
    /// - Parameter at: The moment judged; left out, the database's clock once the locks are held. A withdrawal is entered
    ///   by that clock at the latest, so no node whose clock is slow can judge before it.
    /// - Returns: Nothing when there is no such share or it no longer waits: acknowledge the message.
    package func prepareSending(
        of id: UUIDValue, recipient: RecipientSetup, at: Timestamp? = nil, in connection: Connection
    ) throws -> PreparedShare? {
        let owners = try connection.query(
            "SELECT person FROM record.share WHERE id = \(id)", name: "record.share_person")
        guard let owner = try owners.first?.decode(UUIDValue.self),
            let person = try circumstances(of: owner, lock: "FOR SHARE OF person", in: connection)
        else { return nil }
        let agreements = try agreements(where: "agreement.person = \(owner)", isLocked: true, in: connection)
        let rows = try connection.query(
            """
            SELECT \(Self.shareColumns), coalesce(\(at), clock_timestamp()) AS judged_at
            FROM record.share
            WHERE id = \(id) AND state IN ('queued', 'sending')
            FOR UPDATE
            """, name: "record.lock_share")
        guard let row = rows.first else { return nil }
        let share = try Self.share(row)
        let facts = facts(
            share.request, recipient, person, agreements, stage: .send, queuedAt: share.queuedAt,
            at: try row.value("judged_at"))
        return PreparedShare(share: share, facts: facts, profile: person.profile)
    }

    /// Enters a release before its bytes leave: the decision of this moment, the attempt, the ledger entry.
    ///
    /// - Parameter bytesHash: SHA-256 of the bytes that will leave.
    /// - Returns: The attempt's number, from 1.
    package func beginRelease(
        of prepared: PreparedShare, decision: Decision, bytesHash: [UInt8], in connection: Connection
    ) throws -> Int {
        precondition(decision.outcome.releases && prepared.facts.stage == .send, "nothing leaves without a permit")
        let (id, at) = (prepared.share.id, Timestamp(decision.at))
        let rows = try connection.query(
            """
            WITH share AS (
                UPDATE record.share
                SET state = 'sending', attempts = attempts + 1, sent_at = \(at), decided_at = \(at),
                    agreement = \(decision.agreement), agreement_version = \(decision.agreementVersion),
                    outcome = \(decision.outcome.rawValue), reason = \(decision.reason.rawValue),
                    policy_version = \(decision.policyVersion), released = \(decision.released.words)
                WHERE id = \(id) AND state IN ('queued', 'sending')
                RETURNING attempts
            )
            INSERT INTO record.share_attempt (share, started_at, attempt)
            SELECT \(id), \(at), attempts
            FROM share
            RETURNING attempt
            """, name: "record.begin_release")
        guard let attempt = try rows.first?.decode(Int.self) else { throw CaseStoreError.wrongState(share: id) }
        var fields = try keep(decision, prepared.facts, of: prepared.share.request, in: connection)
        fields[.attempt] = String(attempt)
        fields[.message] = prepared.share.message?.description
        fields[.channel] = prepared.share.request.channel
        fields[.bytesHash] = hexadecimal(bytesHash)
        try append([entry(.release, at: at, fields)], in: connection)
        return attempt
    }

    /// Enters how an attempt ended: delivered, back to the queue, or failed with a work item.
    ///
    /// Entering it a second time changes nothing.
    package func finishRelease(
        of id: UUIDValue, attempt: Int, outcome: ReleaseOutcome, at: Timestamp = .now(), in connection: Connection
    ) throws {
        let state: ShareState =
            switch outcome {
            case .delivered: .delivered
            case .retry, .unknown: .queued
            case .rejected: .failed
            }
        let reference: String? = if case .delivered(let reference) = outcome { reference } else { nil }
        let rows = try connection.query(
            """
            WITH attempt AS (
                UPDATE record.share_attempt
                SET finished_at = \(at), outcome = \(outcome.name)::record.attempt_outcome, code = \(outcome.code)
                WHERE share = \(id) AND attempt = \(attempt) AND outcome IS NULL
                RETURNING share, attempt
            ), share AS (
                UPDATE record.share
                SET state = \(state)::record.share_state, failure = \(outcome.code),
                    reference = coalesce(\(reference), reference),
                    finished_at = CASE WHEN \(state != .queued) THEN \(at)::timestamptz END
                FROM attempt
                WHERE share.id = attempt.share AND share.state = 'sending' AND share.attempts = attempt.attempt
            )
            SELECT share.person, share.recipient
            FROM attempt JOIN record.share ON share.id = attempt.share
            """, name: "record.finish_release")
        guard let (person, recipient) = try rows.first?.decode(UUIDValue.self, String.self) else { return }
        var fields: [LedgerField: String] = [
            .share: id.description, .person: person.description, .recipient: recipient, .attempt: String(attempt),
            .outcome: outcome.name, .actor: "hub",
        ]
        fields[.reason] = outcome.code
        try append([entry(.releaseOutcome, at: at, fields)], in: connection)
        if state == .failed {
            try add(
                NewWorkItem(
                    kind: .failedShare, code: outcome.code ?? "rejected", person: person, share: id, partner: recipient),
                at: at, in: connection)
        }
    }

    /// Stops a share that was judged at send and may not go: a refusal cancels it, a referral parks it.
    package func stop(_ prepared: PreparedShare, decision: Decision, in connection: Connection) throws {
        precondition(!decision.outcome.releases, "a permitted share is sent")
        let id = prepared.share.id
        let state: ShareState = decision.outcome == .refer ? .parked : .cancelled
        let at = Timestamp(decision.at)
        try connection.execute(
            """
            UPDATE record.share
            SET state = \(state)::record.share_state, decided_at = \(at), outcome = \(decision.outcome.rawValue),
                reason = \(decision.reason.rawValue), failure = \(decision.reason.rawValue), released = '{}',
                policy_version = \(decision.policyVersion),
                finished_at = CASE WHEN \(state == .cancelled) THEN \(at)::timestamptz END
            WHERE id = \(id)
            """, name: "record.stop_share")
        let fields = try keep(decision, prepared.facts, of: prepared.share.request, in: connection)
        try append([entry(.shareDecided, at: at, fields.merging([.state: state.rawValue]) { $1 })], in: connection)
        if state == .parked { try park(prepared.share.request, reason: decision.reason, in: connection) }
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

    package func share(_ id: UUIDValue, in connection: Connection) throws -> Share? {
        try connection.query(
            "SELECT \(Self.shareColumns) FROM record.share WHERE id = \(id)", name: "record.share"
        ).first.map(Self.share)
    }

    /// Shares, newest first.
    ///
    /// - Parameter before: The last of the page before.
    package func shares(
        of person: UUIDValue? = nil, before: UUIDValue? = nil, limit: Int = 100, in connection: Connection
    ) throws -> [Share] {
        let rows = try connection.query(
            """
            SELECT \(Self.shareColumns)
            FROM record.share
            WHERE id < coalesce(\(before), 'ffffffff-ffff-ffff-ffff-ffffffffffff')
                AND person = coalesce(\(person), person)
            ORDER BY id DESC
            LIMIT \(limit)
            """, name: "record.shares")
        return try rows.map(Self.share)
    }

    // MARK: Inside

    private static let shareColumns: SQL = """
        id, person, referral, recipient, purpose, level, asked, channel, requested_by, requested_at, state, outcome,
        reason, agreement, agreement_version, policy_version, released, message, reference, failure, attempts,
        decided_at, queued_at, finished_at
        """

    private static func share(_ row: Row) throws -> Share {
        Share(
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

    /// Keeps a decision with the facts it was taken on, sealed, and gives the fields that its ledger entry tells.
    private func keep(
        _ decision: Decision, _ facts: DisclosureFacts, of request: ShareRequest, in connection: Connection
    ) throws -> [LedgerField: String] {
        let id = UUIDValue.v7()
        let bytes = try facts.value.json()
        let sealed = vault.seal(bytes, with: try key(of: request.person, in: connection), context: Place.facts(id))
        try connection.execute(
            """
            INSERT INTO record.decision (id, share, decided_at, stage, outcome, reason, policy_version, sealed_facts)
            VALUES (
                \(id), \(request.id), \(Timestamp(decision.at)), \(facts.stage.rawValue), \(decision.outcome.rawValue),
                \(decision.reason.rawValue), \(decision.policyVersion), \(sealed)
            )
            """, name: "record.keep_decision")
        var fields: [LedgerField: String] = [
            .share: request.id.description, .person: request.person.description, .recipient: request.recipient,
            .purpose: request.purpose, .level: decision.level?.rawValue ?? request.level,
            .stage: facts.stage.rawValue, .outcome: decision.outcome.rawValue, .reason: decision.reason.rawValue,
            .released: decision.released.words.joined(separator: " "),
            .clauses: decision.clauses.joined(separator: " "),
            .obligations: decision.obligations.map(\.rawValue).sorted().joined(separator: " "),
            .policyVersion: decision.policyVersion, .actor: "hub",
            .factsHash: hexadecimal(Array(SHA256.hash(data: bytes))),
        ]
        fields[.agreement] = decision.agreementID
        fields[.agreementVersion] = decision.agreementVersion.map(String.init)
        return fields
    }

    private func park(_ request: ShareRequest, reason: ReasonCode, in connection: Connection) throws {
        try add(
            NewWorkItem(
                kind: .parkedShare, code: reason.rawValue, person: request.person, share: request.id,
                partner: request.recipient),
            in: connection)
    }
}

extension Decision {
    var agreement: UUIDValue? { agreementID.flatMap(UUIDValue.init) }
}

extension Set<FieldGroup> {
    /// The names, in their order.
    var words: [String] { map(\.rawValue).sorted() }
}
