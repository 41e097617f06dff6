import Disclosure
import Ledger
package import Postgres

extension CaseStore {
    /// Locks what releases rest on and gathers the facts of this moment, for the decisions at send; one round trip.
    ///
    /// Persons and agreements are held FOR SHARE, the shares FOR UPDATE, until the transaction ends: commit it with the
    /// release entries (``beginReleases(_:in:)``), and only then let bytes leave.
    ///
    /// - Parameters:
    ///   - at: The moment judged; left out, the database's clock once the locks are held. A withdrawal is entered by
    ///     that clock at the latest, so no node whose clock is slow can judge before it.
    ///   - recipient: What is set up for the recipient of a share.
    /// - Returns: The shares that still wait, by id. The message of any other is to be acknowledged.
    package func prepareSending(
        of ids: [UUIDValue], at: Timestamp? = nil, in connection: Connection,
        recipient: (Share) throws -> RecipientSetup
    ) throws -> [PreparedShare] {
        try prepare(of: ids, [.queued, .sending], stage: .send, at: at, in: connection, recipient: recipient)
    }

    /// The same for shares in any states and for either stage.
    func prepare(
        of ids: [UUIDValue], _ states: [ShareState], stage: Stage, at: Timestamp? = nil, isLocked: Bool = true,
        in connection: Connection, recipient: (Share) throws -> RecipientSetup
    ) throws -> [PreparedShare] {
        var reads = Pipeline()
        addReads(of: "IN (SELECT person FROM record.share WHERE id = ANY (\(ids)))", isLocked: isLocked, to: &reads)
        let lock: SQL = isLocked ? "FOR UPDATE" : ""
        reads.add(
            """
            SELECT \(Share.columns), coalesce(\(at), clock_timestamp()) AS judged_at
            FROM record.share
            WHERE id = ANY (\(ids)) AND state = ANY (\(states.map(\.rawValue))::record.share_state[])
            ORDER BY id
            \(lock)
            """, name: isLocked ? "record.lock_shares" : "record.read_shares")
        // Statements of their own, which see what the one before has waited for.
        reads.add(readingApprovals(of: ids), name: "record.approvals")
        reads.add(
            """
            SELECT share.id
            FROM record.share JOIN record.share_attempt ON share_attempt.share = share.id AND attempt = attempts
            WHERE share.id = ANY (\(ids)) AND NOT may_repeat AND (share_attempt.outcome IS NULL OR share_attempt.outcome = 'unknown')
            """, name: "record.may_have_arrived")
        let results = try connection.pipeline(reads)
        let mayHaveArrived: Set<UUIDValue> = Set(try results[Self.readsOfPersons + 2].decode(UUIDValue.self))
        let persons = try circumstances(results[..<Self.readsOfPersons])
        let approvals = try Self.approvals(results[Self.readsOfPersons + 1])
        return try results[Self.readsOfPersons].compactMap { row in
            var share = try Share(row)
            share.approvals = approvals[share.id] ?? []
            guard let person = persons[share.request.person] else { return nil }
            let facts = facts(
                share.request, try recipient(share), person, approvals: share.approvals, stage: stage,
                queuedAt: share.queuedAt, at: try row.value("judged_at"))
            return PreparedShare(
                share: share, facts: facts, profile: person.profile, key: person.key,
                mayHaveArrived: mayHaveArrived.contains(share.id))
        }
    }

    /// Enters releases before their bytes leave: the decisions of this moment, the attempts, the ledger entries; one
    /// round trip.
    package func beginReleases(_ releases: [NewRelease], in connection: Connection) throws {
        guard !releases.isEmpty else { return }
        var kept: [KeptDecision] = []
        var entries: [LedgerEntry] = []
        for release in releases {
            precondition(
                release.decision.mayLeave && release.prepared.facts.stage == .send,
                "nothing leaves without a permit of this moment")
            let share = release.prepared.share
            let decision = try KeptDecision(
                release.decision, release.prepared.facts, of: share.request, key: release.prepared.key, vault: vault)
            var fields = decision.fields
            fields[.attempt] = String(release.attempt)
            fields[.message] = share.message?.description
            fields[.channel] = share.request.channel
            fields[.bytesHash] = hexadecimal(release.bytesHash)
            kept.append(decision)
            entries.append(entry(.release, at: Timestamp(release.decision.at), fields))
        }
        var writes = Pipeline()
        writes.add(beginning(releases), name: "record.begin_releases")
        writes.add(KeptDecision.inserting(kept), name: "record.keep_decisions")
        writes.add(appending(entries), name: "ledger.append")
        let begun = try connection.pipeline(writes)[0].affectedRows
        // The shares are locked since they were prepared; only a caller who began one twice comes here.
        guard begun == releases.count else { throw CaseStoreError.wrongState(share: releases[0].prepared.share.id) }
    }

    private func beginning(_ releases: [NewRelease]) -> SQL {
        """
        WITH begun AS (
            SELECT *
            FROM unnest(
                \(releases.map(\.prepared.share.id)), \(releases.map(\.attempt)),
                \(releases.map { Timestamp($0.decision.at) }), \(releases.map(\.decision.agreement)),
                \(releases.map(\.decision.agreementVersion)), \(releases.map(\.decision.outcome.rawValue)),
                \(releases.map(\.decision.reason.rawValue)), \(releases.map(\.decision.policyVersion)),
                \(releases.map { $0.decision.released.words.joined(separator: " ") })
            ) AS begun (share, attempt, at, agreement, agreement_version, outcome, reason, policy_version, released)
        ), share AS (
            UPDATE record.share
            SET state = 'sending', may_repeat = false, attempts = begun.attempt, sent_at = begun.at, decided_at = begun.at,
                agreement = begun.agreement, agreement_version = begun.agreement_version, outcome = begun.outcome,
                reason = begun.reason, policy_version = begun.policy_version,
                released = string_to_array(begun.released, ' ')
            FROM begun
            WHERE share.id = begun.share AND share.state IN ('queued', 'sending')
            RETURNING share.id, begun.at, begun.attempt
        )
        INSERT INTO record.share_attempt (share, started_at, attempt)
        SELECT id, at, attempt
        FROM share
        """
    }

    /// Enters how attempts ended: delivered, back to the queue, or failed with a work item.
    ///
    /// Entering one a second time changes nothing, and one that comes after another attempt began decides nothing.
    package func finishReleases(
        _ ended: [EndedRelease], at: Timestamp = .now(), in connection: Connection
    ) throws {
        guard !ended.isEmpty else { return }
        let rows = try connection.query(finishing(ended, at: at), name: "record.finish_releases")
        var entries: [LedgerEntry] = []
        var failed: [(item: NewWorkItem, at: Timestamp)] = []
        var settled: [UUIDValue] = []
        var awaited: [(share: UUIDValue, awaited: AwaitedAcknowledgement, reference: String?)] = []
        var writes = Pipeline()
        for row in rows {
            let (id, attempt, outcome, code, person, recipient, state, wasParked) = try row.decode(
                UUIDValue.self, Int.self, String.self, String?.self, UUIDValue.self, String.self, ShareState?.self,
                Bool.self)
            // It had arrived before somebody was asked whether it may go.
            if wasParked { settled.append(id) }
            var fields: [LedgerField: String] = [
                .share: id.description, .person: person.description, .recipient: recipient,
                .attempt: String(attempt), .outcome: outcome, .actor: "hub",
            ]
            fields[.reason] = code
            entries.append(entry(.releaseOutcome, at: at, fields))
            if state == .delivered, let release = ended.first(where: { $0.share == id && $0.attempt == attempt }),
                let wanted = release.awaited
            {
                awaited.append((id, wanted, release.outcome.reference))
            }
            guard state == .failed else { continue }
            let item = NewWorkItem(
                kind: .failedShare, code: code ?? outcome, person: person, share: id, partner: recipient)
            failed.append((item, at))
        }
        if !failed.isEmpty { writes.add(adding(failed), name: "record.add_work_items") }
        if !settled.isEmpty {
            writes.add(finishingItems(settled, by: "hub", at: at), name: "record.finish_items_of_shares")
        }
        if !awaited.isEmpty { writes.add(awaiting(awaited, at: at), name: "record.await_acknowledgements") }
        guard !entries.isEmpty else { return }
        writes.add(appending(entries), name: "ledger.append")
        _ = try connection.pipeline(writes)
    }

    /// Enters that it is unknown how attempts ended whose hub has vanished since, so that no release stays without an
    /// outcome: those that began long ago, by the database's clock, and whose message nobody holds. Their shares wait for
    /// another attempt, unless they ended otherwise. Should the answer come all the same, it is entered and stands.
    ///
    /// - Parameter after: How long ago they began at least.
    /// - Returns: How many there were; call again while it is `limit`.
    package func endAbandonedReleases(
        after: Duration, limit: Int = 500, in connection: Connection
    ) throws -> Int {
        let rows = try connection.query(
            """
            SELECT share_attempt.share, share_attempt.attempt
            FROM record.share_attempt JOIN record.share ON share.id = share_attempt.share
            WHERE share_attempt.outcome IS NULL
                AND share_attempt.started_at <= clock_timestamp() - \(after)
                AND NOT EXISTS (
                    SELECT FROM queue.state WHERE state.id = share.message AND state.lease_until > clock_timestamp()
                )
            ORDER BY share_attempt.started_at
            LIMIT \(limit)
            FOR UPDATE OF share_attempt SKIP LOCKED
            """, name: "record.abandoned_releases")
        let ended = try rows.decode(UUIDValue.self, Int.self).map { share, attempt in
            EndedRelease(share: share, attempt: attempt, outcome: .unknown(code: Self.notTold))
        }
        try finishReleases(ended, in: connection)
        return ended.count
    }

    /// It may have arrived, and its partner knows no repeat: a person decides.
    package static let outcomeUnknown = "outcome_unknown"

    /// Nobody was left to tell.
    private static let notTold = "not_told"

    private func finishing(_ ended: [EndedRelease], at: Timestamp) -> SQL {
        """
        WITH ended AS (
            SELECT *
            FROM unnest(
                \(ended.map(\.share)), \(ended.map(\.attempt)), \(ended.map(\.outcome.name)), \(ended.map(\.outcome.code)),
                \(ended.map(\.outcome.reference)), \(ended.map(\.outcome.shareState.rawValue))
            ) AS ended (share, attempt, outcome, code, reference, state)
        ), attempt AS (
            UPDATE record.share_attempt
            SET finished_at = \(at), outcome = ended.outcome::record.attempt_outcome, code = ended.code
            FROM ended
            WHERE share_attempt.share = ended.share
                AND share_attempt.attempt = ended.attempt
                AND (
                    share_attempt.outcome IS NULL
                    OR share_attempt.code = \(Self.notTold) AND ended.outcome <> 'unknown'
                )
            RETURNING ended.*
        ), share AS (
            UPDATE record.share
            SET state = attempt.state::record.share_state, failure = attempt.code,
                reference = coalesce(attempt.reference, share.reference),
                finished_at = CASE WHEN attempt.state <> 'queued' THEN \(at)::timestamptz END
            FROM attempt
            WHERE share.id = attempt.share
                AND share.attempts = attempt.attempt
                -- What was stopped may have arrived before, as is known later.
                AND (
                    share.state IN ('sending', 'queued')
                    OR attempt.state = 'delivered'
                        AND (share.state IN ('cancelled', 'parked') OR share.failure = \(Self.outcomeUnknown))
                )
            RETURNING share.id, attempt.state
        )
        SELECT
            attempt.share, attempt.attempt, attempt.outcome, attempt.code, of.person, of.recipient,
            share.state, of.state IN ('parked', 'failed') AND share.id IS NOT NULL
        FROM attempt
        JOIN record.share of ON of.id = attempt.share
        LEFT JOIN share ON share.id = attempt.share
        """
    }
}

extension NewRelease {
    /// The attempt that this release makes, from 1. The share is locked since it was prepared.
    package var attempt: Int { prepared.share.attempts + 1 }
}

extension ReleaseOutcome {
    /// Where the share goes from here.
    fileprivate var shareState: ShareState {
        switch self {
        case .delivered: .delivered
        case .retry, .unknown: .queued
        case .rejected: .failed
        }
    }

    var reference: String? {
        if case .delivered(let reference) = self { reference } else { nil }
    }
}
