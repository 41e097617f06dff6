import Disclosure
import Ledger
package import Postgres

extension CaseStore {
    /// The statement that begins to wait for what partners say about shares delivered now. What one has said already, as
    /// a quick one may have, stands; one that its channel brought back and that is sent again is waited for anew.
    func awaiting(
        _ delivered: [(share: UUIDValue, awaited: AwaitedAcknowledgement, reference: String?)], at: Timestamp
    ) -> SQL {
        """
        INSERT INTO record.acknowledgement (share, awaited_since, due_at, look_at, kind, reference)
        SELECT share, \(at), due_at, look_at, kind::record.acknowledgement_kind, reference
        FROM unnest(
            \(delivered.map(\.share)), \(delivered.map { at + $0.awaited.within }),
            \(delivered.map { $0.awaited.isTracked && $0.reference != nil ? at + $0.awaited.firstLook : nil }),
            \(delivered.map(\.awaited.kind.rawValue)), \(delivered.map(\.reference))
        ) AS delivered (share, due_at, look_at, kind, reference)
        ON CONFLICT (share) DO UPDATE
        SET awaited_since = excluded.awaited_since, due_at = excluded.due_at, look_at = excluded.look_at,
            reference = excluded.reference, state = 'waiting', told_at = NULL, told_by = NULL, code = NULL,
            shown_late_at = NULL, close_at = NULL
        WHERE acknowledgement.state <> 'waiting' AND acknowledgement.told_by = \(AcknowledgementTold.channel)
        """
    }

    /// The statement that reads what is known of a share since its delivery.
    func readingAcknowledgement(of share: UUIDValue) -> SQL {
        """
        SELECT kind, state, awaited_since, due_at, told_at, told_by, code
        FROM record.acknowledgement
        WHERE share = \(share)
        """
    }

    /// Enters what was told about a delivered share. A repeat changes nothing; another word replaces the one before.
    ///
    /// - Returns: Whether the share was sent.
    @discardableResult
    package func acknowledge(
        _ id: UUIDValue, _ told: AcknowledgementTold, at: Timestamp = .now(), in connection: Connection
    ) throws -> Bool {
        let shares = try connection.query(
            "SELECT person, recipient, state FROM record.share WHERE id = \(id) AND attempts > 0 FOR NO KEY UPDATE",
            name: "record.lock_acknowledged_share")
        guard
            let (person, recipient, shareState) = try shares.first?.decode(
                UUIDValue.self, String.self, ShareState.self)
        else { return false }
        switch shareState {
        // A quick partner answers before the outcome of the delivery is entered.
        case .sending, .delivered: break
        // Who says what becomes of it has it, though it was not known whether it arrived.
        case .queued, .failed:
            guard try settleUnknown(id, by: told.by, at: at, in: connection) else { return false }
        case .requested, .refused, .parked, .cancelled: return false
        }
        let state = told.verdict.state
        let changed = try connection.query(
            """
            INSERT INTO record.acknowledgement (share, awaited_since, due_at, told_at, kind, state, told_by, code)
            VALUES (
                \(id), \(at), \(at), \(at), 'manual', \(state.rawValue)::record.acknowledgement_state, \(told.by),
                \(told.code)
            )
            ON CONFLICT (share) DO UPDATE
            SET state = excluded.state, told_at = excluded.told_at, told_by = excluded.told_by, code = excluded.code,
                look_at = NULL, close_at = \(Self.closing(at: at))
            WHERE acknowledgement.state <> excluded.state
                OR acknowledgement.code IS DISTINCT FROM excluded.code
            RETURNING share
            """, name: "record.acknowledge")
        if !changed.isEmpty {
            var writes = Pipeline()
            var fields: [LedgerField: String] = [
                .share: id.description, .person: person.description, .recipient: recipient,
                .outcome: state.rawValue, .actor: told.by,
            ]
            fields[.reason] = told.code
            writes.add(appending([entry(.shareAcknowledged, at: at, fields)]), name: "ledger.append")
            writes.add(
                """
                UPDATE record.work_item
                SET state = 'done', done_at = \(at), done_by = \(told.by)
                WHERE share = \(id) AND kind = 'late_acknowledgement' AND state = 'open'
                """, name: "record.finish_late_acknowledgement")
            if told.verdict == .refused {
                let item = NewWorkItem(
                    kind: .refusedShare, code: told.code ?? "refused", person: person, share: id, partner: recipient)
                writes.add(adding([(item, at)]), name: "record.add_work_items")
            }
            _ = try connection.pipeline(writes)
        }
        return true
    }

    /// Enters that a share of which it was unknown whether it arrived has arrived: its recipient speaks of it.
    ///
    /// - Returns: Whether it was unknown.
    private func settleUnknown(
        _ id: UUIDValue, by teller: String, at: Timestamp, in connection: Connection
    ) throws -> Bool {
        let settled = try connection.query(
            """
            UPDATE record.share
            SET state = 'delivered', finished_at = \(at), failure = NULL
            FROM record.share_attempt
            WHERE share.id = \(id)
                AND share_attempt.share = share.id
                AND share_attempt.attempt = share.attempts
                AND (share_attempt.outcome IS NULL OR share_attempt.outcome = 'unknown')
            RETURNING share.id
            """, name: "record.settle_unknown")
        guard !settled.isEmpty else { return false }
        try connection.execute(finishingItems([id], by: teller, at: at), name: "record.finish_items_of_shares")
        return true
    }

    /// Enters what a partner's message says about shares that it was sent. What names no share of its,
    /// or gives no verdict, becomes a work item.
    ///
    /// - Parameters:
    ///   - partner: Who says so: the recipient itself, or the kind that it is a member of.
    ///   - submission: The receipt of the message.
    package func heed(
        _ replies: [PartnerReply], from partner: String, in submission: UUIDValue, at: Timestamp = .now(),
        in connection: Connection
    ) throws {
        for (number, reply) in replies.enumerated() {
            let share = try share(called: reply.reference, of: partner, in: connection)
            if let share, let verdict = reply.verdict {
                let told = AcknowledgementTold(verdict, code: reply.code, by: partner)
                if try acknowledge(share, told, at: at, in: connection) { continue }
            }
            let isUnclear = share != nil && reply.verdict == nil
            try add(
                NewWorkItem(
                    kind: .unboundMessage, code: isUnclear ? "reply_unclear" : "share_unknown", submission: submission,
                    ordinal: number, share: isUnclear ? share : nil, partner: partner), at: at, in: connection)
        }
    }

    /// The share that a partner means by an id, whole or cut short.
    private func share(
        called reference: String, of partner: String, in connection: Connection
    ) throws -> UUIDValue? {
        let rows: QueryResult
        if let id = UUIDValue(reference) {
            rows = try connection.query(
                """
                SELECT id
                FROM record.share
                WHERE id = \(id) AND \(partner) IN (recipient, split_part(recipient, ':', 1))
                """, name: "record.share_of_partner")
        } else {
            let short = reference.uppercased()
            guard short.utf8.count == 20 else { return nil }
            rows = try connection.query(
                """
                SELECT id
                FROM record.share
                WHERE upper(right(replace(id::text, '-', ''), 20)) = \(short)
                    AND \(partner) IN (recipient, split_part(recipient, ':', 1))
                """, name: "record.share_of_short_id")
        }
        let found = try rows.decode(UUIDValue.self)
        return found.count == 1 ? found[0] : nil
    }

    /// Delivered shares to a recipient, or to the members of a kind, whose channels are due to be asked, each for one caller at a time: asked again after a while that
    /// grows with its age, from `shortest` to `longest`, unless it is settled before.
    package func takeTracked(
        of recipient: String, shortest: Duration, longest: Duration, limit: Int, at: Timestamp = .now(),
        in connection: Connection
    ) throws -> [TrackedShare] {
        try connection.query(
            """
            WITH due AS (
                SELECT acknowledgement.share, recipient, channel
                FROM record.acknowledgement JOIN record.share ON share.id = acknowledgement.share
                WHERE look_at <= \(at)
                    AND \(recipient) IN (recipient, split_part(recipient, ':', 1))
                ORDER BY look_at
                LIMIT \(limit)
                FOR UPDATE OF acknowledgement SKIP LOCKED
            )
            UPDATE record.acknowledgement
            SET look_at = \(at)::timestamptz
                + least(\(longest), greatest(\(shortest), (\(at)::timestamptz - awaited_since) / 4))
            FROM due
            WHERE acknowledgement.share = due.share
            RETURNING acknowledgement.share, recipient, channel, kind, reference
            """, name: "record.take_tracked"
        ).map(TrackedShare.init)
    }

    /// A delivered share with the facts of this moment, to be judged once more while its recipient has not fetched it; nil
    /// when it is delivered no longer.
    ///
    /// - Parameter isLocked: Whether to hold what the judgement rests on, as ``prepareSending(of:at:in:recipient:)`` does.
    package func prepareDelivered(
        _ share: UUIDValue, isLocked: Bool = false, in connection: Connection,
        recipient: (Share) throws -> RecipientSetup
    ) throws -> PreparedShare? {
        try prepare(
            of: [share], [.delivered], stage: .send, isLocked: isLocked, in: connection, recipient: recipient
        ).first
    }

    /// Enters that a delivered share was taken out of its channel before its recipient had it, and shows it to staff.
    ///
    /// - Parameter code: Why it might not stay there: that of the decision.
    package func takenBack(
        _ id: UUIDValue, code: String, at: Timestamp = .now(), in connection: Connection
    ) throws {
        let rows = try connection.query(
            """
            UPDATE record.share
            SET state = 'cancelled', finished_at = \(at), failure = \(code)
            WHERE id = \(id) AND state = 'delivered'
            RETURNING person, recipient, attempts
            """, name: "record.take_back")
        guard let (person, recipient, attempt) = try rows.first?.decode(UUIDValue.self, String.self, Int.self) else {
            return
        }
        let fields: [LedgerField: String] = [
            .share: id.description, .person: person.description, .recipient: recipient, .attempt: String(attempt),
            .outcome: "taken_back", .reason: code, .state: ShareState.cancelled.rawValue, .actor: "hub",
        ]
        var writes = Pipeline()
        writes.add(
            """
            UPDATE record.acknowledgement
            SET state = 'refused', told_at = \(at), told_by = \(AcknowledgementTold.channel), code = \(code), look_at = NULL
            WHERE share = \(id)
            """, name: "record.end_taken_back")
        let item = NewWorkItem(kind: .failedShare, code: code, person: person, share: id, partner: recipient)
        writes.add(adding([(item, at)]), name: "record.add_work_items")
        writes.add(appending([entry(.releaseOutcome, at: at, fields)]), name: "ledger.append")
        _ = try connection.pipeline(writes)
    }

    /// Stops asking the channel about a share: it can tell nothing more.
    package func endTracking(_ share: UUIDValue, in connection: Connection) throws {
        try connection.execute(
            "UPDATE record.acknowledgement SET look_at = NULL WHERE share = \(share)", name: "record.end_tracking")
    }

    /// Makes a work item of each share whose acknowledgement is late, once.
    ///
    /// - Returns: How many.
    @discardableResult
    package func showLate(limit: Int = 500, at: Timestamp = .now(), in connection: Connection) throws -> Int {
        let rows = try connection.query(
            """
            WITH late AS (
                SELECT share
                FROM record.acknowledgement
                WHERE due_at <= \(at) AND state = 'waiting' AND shown_late_at IS NULL
                ORDER BY due_at
                LIMIT \(limit)
                FOR UPDATE SKIP LOCKED
            )
            UPDATE record.acknowledgement
            SET shown_late_at = \(at)
            FROM late JOIN record.share ON share.id = late.share
            WHERE acknowledgement.share = late.share
            RETURNING share.id, person, recipient, kind
            """, name: "record.show_late")
        let items = try rows.map { row in
            let (share, person, recipient, kind) = try row.decode(
                UUIDValue.self, UUIDValue.self, String.self, AcknowledgementKind.self)
            return NewWorkItem(
                kind: .lateAcknowledgement, code: kind.rawValue, person: person, share: share, partner: recipient)
        }
        try add(items, at: at, in: connection)
        return items.count
    }
}

extension Acknowledgement {
    init(_ row: Row) throws {
        (kind, state, awaitedSince, dueAt, toldAt, toldBy, code) = try row.decode(
            AcknowledgementKind.self, AcknowledgementState.self, Timestamp.self, Timestamp.self, Timestamp?.self,
            String?.self, String?.self)
    }
}
