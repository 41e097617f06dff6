import Ledger
package import Postgres
import Referral
import Vault

extension CaseStore {
    /// Pairs that wait for a decision, the likeliest first.
    ///
    /// - Parameter person: Only those of a person.
    package func waitingMatches(
        of person: UUIDValue? = nil, limit: Int = 100, in connection: Connection
    ) throws -> [Match] {
        let ofPerson: SQL =
            if let person { "AND (person = \(person) OR known = \(person))" } else { "" }
        return try connection.query(
            """
            SELECT \(Match.columns)
            FROM record.match
            WHERE state IN ('open', 'later') \(ofPerson)
            ORDER BY state, weight DESC, id
            LIMIT \(limit)
            """, name: person == nil ? "record.waiting_matches" : "record.waiting_matches_of"
        ).map(Match.init)
    }

    /// One pair with its comparison and what was decided about it; of somebody who was erased, without what was compared and
    /// why it was decided.
    package func match(_ id: UUIDValue, in connection: Connection) throws -> MatchDetail? {
        let rows = try connection.query(
            """
            SELECT \(Match.columns), sealed_evidence
            FROM record.match
            WHERE id = \(id)
            """, name: "record.match")
        guard let row = rows.first else { return nil }
        let match = try Match(row)
        let sealed = try row.value("sealed_evidence", as: [UInt8].self)
        var (key, comparison): (DataKey?, Value) = (nil, .null)
        do {
            key = try self.key(of: match.person, in: connection)
        } catch CaseStoreError.keyDestroyed {
            // Erased.
        }
        if let key, !sealed.isEmpty {
            let evidence = try vault.open(sealed, with: key, context: Place.match(id))
            guard let value = try? StrictJSON.parse(evidence) else {
                throw CaseStoreError.unreadable(Place.match(id))
            }
            comparison = value
        }
        let decisions = try connection.query(
            """
            SELECT id, decided_at, verdict, decided_by, merged, survivor, sealed_reason
            FROM record.match_decision
            WHERE match = \(id)
            ORDER BY id
            """, name: "record.match_decisions"
        ).map { row in
            let (decision, at, verdict, by, merged, survivor, sealed) = try row.decode(
                UUIDValue.self, Timestamp.self, MatchVerdict.self, String.self, UUIDValue?.self, UUIDValue?.self,
                [UInt8]?.self)
            let reason = try key.flatMap { key in
                try sealed.map { try vault.open($0, with: key, context: Place.matchReason(decision)) }
            }
            return MatchDecision(
                id: decision, at: at, verdict: verdict, by: by, merged: merged, survivor: survivor,
                reason: reason.map { String(decoding: $0, as: UTF8.self) })
        }
        return MatchDetail(match: match, comparison: comparison, decisions: decisions)
    }

    /// Enters what a member of staff decided about a pair.
    ///
    /// `same` lays the younger record into the older: every reader follows, nothing is moved, re-sealed or overwritten, so
    /// `undo` gives back both as they were, each with what has come for it since. Decisions are taken one at a time.
    ///
    /// While a merge stands, only an agreement entered after it permits anything (``addReads(of:isLocked:to:)``), and what
    /// was queued about either is parked for staff here.
    ///
    /// - Parameter reason: In words; sealed.
    package func decide(
        _ id: UUIDValue, _ verdict: MatchVerdict, by actor: String, reason: String? = nil, at: Timestamp? = nil,
        in connection: Connection
    ) throws -> MatchOutcomeOfDecision {
        try connection.execute(
            "SELECT pg_advisory_xact_lock(hashtext('record.match'))", name: "record.lock_matches")
        let rows = try connection.query(
            """
            SELECT \(Match.columns), record.survivor(person) AS person_now, record.survivor(known) AS known_now
            FROM record.match
            WHERE id = \(id)
            """, name: "record.match_to_decide")
        guard let row = rows.first else { return .noMatch }
        var match = try Match(row)
        guard match.state.allows(verdict) else { return .notNow(match.state) }
        let sides = [
            try row.value("person_now", as: UUIDValue.self), try row.value("known_now", as: UUIDValue.self),
        ].sorted()
        // Whoever decides about a release holds them, and sees the merge or is seen by it.
        try connection.execute(
            """
            SELECT FROM record.person WHERE id = ANY (\([match.person, match.known] + sides))
            ORDER BY id
            FOR NO KEY UPDATE
            """, name: "record.lock_pair")
        // Not sooner: an agreement that was entered while the lock was waited for was signed before the two were one.
        let at = at ?? .now()
        var decision = MatchDecision(id: .v7(), at: at, verdict: verdict, by: actor, reason: reason)
        var parked: [UUIDValue] = []
        switch verdict {
        case .same where sides[0] != sides[1]:
            (decision.survivor, decision.merged) = (sides[0], sides[1])
            try connection.execute(
                "UPDATE record.person SET merged_into = \(sides[0]), merged_at = \(at) WHERE id = \(sides[1])",
                name: "record.merge_person")
            parked = try park(sharesOf: sides[0], at: at, in: connection)
        case .undo:
            (decision.merged, decision.survivor) = try unmerge(id, in: connection)
        case .same, .different, .later: break
        }
        match.state = verdict.state
        match.decidedAt = verdict == .undo ? nil : at
        try keep(decision, about: match, in: connection)
        return .decided(match, shares: parked)
    }

    /// Takes the merge of the last decision back, if it made one.
    private func unmerge(
        _ match: UUIDValue, in connection: Connection
    ) throws -> (merged: UUIDValue?, survivor: UUIDValue?) {
        let rows = try connection.query(
            """
            WITH last AS (
                SELECT merged, survivor
                FROM record.match_decision
                WHERE match = \(match)
                ORDER BY id DESC
                LIMIT 1
            )
            UPDATE record.person
            SET merged_into = NULL, merged_at = NULL
            FROM last
            WHERE person.id = last.merged AND person.merged_into = last.survivor
            RETURNING last.merged, last.survivor
            """, name: "record.unmerge_person")
        return try rows.first?.decode(UUIDValue.self, UUIDValue.self) ?? (nil, nil)
    }

    private func keep(_ decision: MatchDecision, about match: Match, in connection: Connection) throws {
        let key = try key(of: match.person, in: connection)
        let reason = decision.reason.map {
            vault.seal(Array($0.utf8), with: key, context: Place.matchReason(decision.id))
        }
        var writes = Pipeline()
        writes.add(
            """
            UPDATE record.match
            SET state = \(match.state)::record.match_state, decided_at = \(match.decidedAt)
            WHERE id = \(match.id)
            """, name: "record.decide_match")
        writes.add(
            """
            INSERT INTO record.match_decision (
                id, match, merged, survivor, decided_at, verdict, decided_by, sealed_reason
            )
            VALUES (
                \(decision.id), \(match.id), \(decision.merged), \(decision.survivor), \(decision.at),
                \(decision.verdict)::record.match_verdict, \(decision.by), \(reason)
            )
            """, name: "record.keep_match_decision")
        // The message's item is done when nothing about its person waits any more, and open again when something does.
        writes.add(
            """
            UPDATE record.work_item
            SET state = CASE WHEN waits.any THEN 'open' ELSE 'done' END::record.work_item_state,
                done_at = CASE WHEN NOT waits.any THEN \(decision.at)::timestamptz END,
                done_by = CASE WHEN NOT waits.any THEN \(decision.by) END
            FROM (
                SELECT EXISTS (
                    SELECT
                    FROM record.match
                    WHERE person = \(match.person) AND referral = \(match.referral) AND state IN ('open', 'later')
                ) AS any
            ) AS waits
            WHERE person = \(match.person) AND referral = \(match.referral) AND kind = 'match_review'
                AND (state = 'open') <> waits.any
            """, name: "record.settle_match_item")
        // An entry for each of the two, so that it is found from either.
        let entries = [(match.person, match.known), (match.known, match.person)].map { person, other in
            var fields: [LedgerField: String] = [
                .person: person.description, .otherPerson: other.description, .match: match.id.description,
                .actor: decision.by, .outcome: decision.verdict.rawValue,
            ]
            if decision.merged != nil { fields[.state] = decision.verdict == .undo ? "unmerged" : "merged" }
            return entry(.matchDecided, at: decision.at, fields)
        }
        writes.add(appending(entries), name: "ledger.append")
        _ = try connection.pipeline(writes)
    }

    /// Parks what waits about a person and all who are read as them: it was permitted, or approved, for another picture.
    private func park(sharesOf person: UUIDValue, at: Timestamp, in connection: Connection) throws -> [UUIDValue] {
        let rows = try connection.query(
            """
            UPDATE record.share
            SET state = 'parked', failure = 'person_merged'
            WHERE person IN (SELECT record.members(\(person))) AND state IN ('queued', 'parked')
            RETURNING id, person, recipient
            """, name: "record.park_merged_shares")
        let shares = try rows.decode(UUIDValue.self, UUIDValue.self, String.self)
        guard !shares.isEmpty else { return [] }
        var writes = Pipeline()
        writes.add(
            finishingItems(shares.map(\.0), by: "hub", at: at), name: "record.finish_items_of_shares")
        let items = shares.map { id, person, recipient in
            NewWorkItem(kind: .parkedShare, code: "person_merged", person: person, share: id, partner: recipient)
        }
        writes.add(adding(items.map { ($0, at) }), name: "record.add_work_items")
        let entries = shares.map { id, person, recipient in
            entry(
                .shareDecided, at: at,
                [
                    .share: id.description, .person: person.description, .recipient: recipient, .actor: "hub",
                    .state: ShareState.parked.rawValue, .reason: "person_merged",
                ])
        }
        writes.add(appending(entries), name: "ledger.append")
        _ = try connection.pipeline(writes)
        return shares.map(\.0)
    }
}

extension MatchState {
    /// Whether this may be said now: what is decided is taken back before something else is.
    fileprivate func allows(_ verdict: MatchVerdict) -> Bool {
        switch self {
        case .open, .later: verdict != .undo
        case .same, .different: verdict == .undo
        }
    }
}

extension MatchVerdict {
    fileprivate var state: MatchState {
        switch self {
        case .same: .same
        case .different: .different
        case .later: .later
        case .undo: .open
        }
    }
}

extension Match {
    /// What ``init(_:)`` reads.
    static let columns: SQL = "id, person, known, referral, found_at, decided_at, state, code, weight"

    init(_ row: Row) throws {
        self.init(
            id: try row.value("id"), person: try row.value("person"), known: try row.value("known"),
            referral: try row.value("referral"), foundAt: try row.value("found_at"),
            decidedAt: try row.value("decided_at"), state: try row.value("state"), code: try row.value("code"),
            weight: try row.value("weight"))
    }
}
