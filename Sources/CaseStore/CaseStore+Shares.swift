import Disclosure
import Ledger
package import Postgres
import Referral

extension CaseStore {
    /// Gathers the facts on which shares are judged when they are asked for; one round trip.
    ///
    /// - Parameters:
    ///   - at: The moment judged.
    ///   - recipient: What is set up for the recipient of a request.
    /// - Returns: In the order of the requests; nothing where there is no such person.
    package func ask(
        _ requests: [ShareRequest], at: Timestamp = .now(), in connection: Connection,
        recipient: (ShareRequest) -> RecipientSetup
    ) throws -> [AskedShare?] {
        var reads = Pipeline()
        addReads(of: "= ANY (\(Array(Set(requests.map(\.person)))))", isLocked: false, to: &reads)
        let persons = try circumstances(connection.pipeline(reads)[...])
        return requests.map { request in
            persons[request.person].map { person in
                AskedShare(
                    request: request,
                    facts: facts(request, recipient(request), person, stage: .request, queuedAt: nil, at: at),
                    key: person.key, profile: person.profile)
            }
        }
    }

    /// Enters shares with the decisions about them: queued, refused or parked; one round trip.
    package func create(_ shares: [NewShare], in connection: Connection) throws -> [Share] {
        guard !shares.isEmpty else { return [] }
        let created = shares.map(\.share)
        var kept: [KeptDecision] = []
        var entries: [LedgerEntry] = []
        var writes = Pipeline()
        for new in shares {
            let request = new.asked.request
            let decision = try KeptDecision(
                new.decision, new.asked.facts, of: request, key: new.asked.key, vault: vault)
            kept.append(decision)
            let asked: [LedgerField: String] = [
                .share: request.id.description, .person: request.person.description, .recipient: request.recipient,
                .purpose: request.purpose, .level: request.level, .channel: request.channel,
                .asked: request.groups.joined(separator: " "), .actor: request.requestedBy,
            ]
            entries.append(entry(.shareRequested, at: request.requestedAt, asked))
            entries.append(
                entry(
                    .shareDecided, at: Timestamp(new.decision.at),
                    decision.fields.merging([.state: new.state.rawValue]) { $1 }))
        }
        writes.add(inserting(created), name: "record.create_shares")
        writes.add(KeptDecision.inserting(kept), name: "record.keep_decisions")
        writes.add(appending(entries), name: "ledger.append")
        writes.add(finishingProposals(of: created.filter { $0.state != .refused }), name: "record.finish_proposals")
        let parked = shares.filter { $0.state == .parked }.map { parking($0.asked.request, $0.decision) }
        if !parked.isEmpty { writes.add(adding(parked), name: "record.add_work_items") }
        _ = try connection.pipeline(writes)
        return created
    }

    private func inserting(_ shares: [Share]) -> SQL {
        """
        INSERT INTO record.share (
            id, person, referral, agreement, message, requested_at, decided_at, queued_at, finished_at, agreement_version,
            state, recipient, purpose, level, channel, requested_by, asked, outcome, reason, policy_version, released,
            failure, authority_ref, ordered, is_public_body, is_identity_verified
        )
        SELECT
            id, person, referral, agreement, message, requested_at, decided_at, queued_at, finished_at, agreement_version,
            state::record.share_state, recipient, purpose, level, channel, requested_by, string_to_array(asked, ' '),
            outcome, reason, policy_version, string_to_array(released, ' '), failure, authority_ref,
            string_to_array(ordered, ' '), is_public_body, is_identity_verified
        FROM unnest(
            \(shares.map(\.id)), \(shares.map(\.request.person)), \(shares.map(\.request.referral)),
            \(shares.map(\.agreement)), \(shares.map(\.message)), \(shares.map(\.request.requestedAt)),
            \(shares.map(\.decidedAt)), \(shares.map(\.queuedAt)), \(shares.map(\.finishedAt)),
            \(shares.map { $0.agreementVersion.map(Int32.init) }), \(shares.map(\.state.rawValue)),
            \(shares.map(\.request.recipient)), \(shares.map(\.request.purpose)), \(shares.map(\.request.level)),
            \(shares.map(\.request.channel)), \(shares.map(\.request.requestedBy)),
            \(shares.map { $0.request.groups.joined(separator: " ") }), \(shares.map(\.outcome)),
            \(shares.map(\.reason)), \(shares.map(\.policyVersion)), \(shares.map { $0.released.joined(separator: " ") }),
            \(shares.map(\.failure)), \(shares.map(\.request.grounds.authorityReference)),
            \(shares.map { $0.request.grounds.orderedGroups.words.joined(separator: " ") }),
            \(shares.map(\.request.grounds.isPublicBody)), \(shares.map(\.request.grounds.isIdentityVerified))
        ) AS new (
            id, person, referral, agreement, message, requested_at, decided_at, queued_at, finished_at, agreement_version,
            state, recipient, purpose, level, channel, requested_by, asked, outcome, reason, policy_version, released,
            failure, authority_ref, ordered, is_public_body, is_identity_verified
        )
        """
    }

    /// The work item of a share on which a named person must decide.
    func parking(_ request: ShareRequest, _ decision: Decision) -> (item: NewWorkItem, at: Timestamp) {
        let item = NewWorkItem(
            kind: .parkedShare, code: decision.code, person: request.person, share: request.id,
            partner: request.recipient)
        return (item, Timestamp(decision.at))
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

    /// Takes a share back that has not left: whoever asked for it, or whoever was to decide on it, no longer wants it.
    ///
    /// Takes the share's row FOR UPDATE, as a release that is being decided does: either the release entry is committed
    /// before this, and it is too late, or it is judged after this and finds nothing that waits. A retry waits too: no
    /// further attempt is made, and one before may have arrived.
    package func cancel(
        share id: UUIDValue, by actor: String, at: Timestamp? = nil, in connection: Connection
    ) throws -> ShareCancellation? {
        guard
            let locked = try connection.query(
                "SELECT \(Share.columns) FROM record.share WHERE id = \(id) FOR UPDATE", name: "record.lock_share"
            ).first
        else { return nil }
        // Not sooner: an attempt may have begun and failed while the lock was waited for.
        let at = at ?? .now()
        var share = try Share(locked)
        guard share.finishedAt == nil, share.state != .sending else {
            return share.failure == Self.cancelled ? .cancelled(share) : .tooLate(share)
        }
        // One that never waited for its sending was not stopped: it was never allowed to go.
        share.state = share.queuedAt == nil ? .refused : .cancelled
        share.finishedAt = at
        share.failure = Self.cancelled
        var writes = Pipeline()
        writes.add(
            """
            UPDATE record.share
            SET state = \(share.state.rawValue)::record.share_state, finished_at = \(at), failure = \(Self.cancelled)
            WHERE id = \(id)
            """, name: "record.cancel_share")
        writes.add(finishingItems([id], by: actor, at: at), name: "record.finish_items_of_shares")
        let fields: [LedgerField: String] = [
            .share: id.description, .person: share.request.person.description, .state: share.state.rawValue,
            .reason: Self.cancelled, .actor: actor,
        ]
        writes.add(appending([entry(.shareDecided, at: at, fields)]), name: "ledger.append")
        _ = try connection.pipeline(writes)
        return .cancelled(share)
    }

    /// The code of a share that was taken back.
    private static let cancelled = "taken_back"

    /// One share as it stands, with who let it go on.
    package func share(_ id: UUIDValue, in connection: Connection) throws -> Share? {
        var reads = Pipeline()
        reads.add("SELECT \(Share.columns) FROM record.share WHERE id = \(id)", name: "record.share")
        reads.add(readingApprovals(of: [id]), name: "record.approvals")
        reads.add(readingAcknowledgement(of: id), name: "record.acknowledgement")
        let results = try connection.pipeline(reads)
        var share = try results[0].first.map(Share.init)
        share?.approvals = try Self.approvals(results[1])[id] ?? []
        share?.acknowledgement = try results[2].first.map(Acknowledgement.init)
        return share
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
        decided_at, queued_at, finished_at, authority_ref, ordered, is_public_body, is_identity_verified
        """

    /// Reads a row of ``columns``.
    init(_ row: Row) throws {
        self.init(
            request: ShareRequest(
                id: try row.value("id"), person: try row.value("person"), referral: try row.value("referral"),
                recipient: try row.value("recipient"), purpose: try row.value("purpose"),
                level: try row.value("level"), groups: try row.value("asked"), channel: try row.value("channel"),
                grounds: ShareGrounds(
                    authorityReference: try row.value("authority_ref"),
                    orderedGroups: Set(try row.value("ordered", as: [String].self).compactMap(FieldGroup.init)),
                    isPublicBody: try row.value("is_public_body"),
                    isIdentityVerified: try row.value("is_identity_verified")),
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
