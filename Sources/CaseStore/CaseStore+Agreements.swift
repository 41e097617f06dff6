import Disclosure
import Ledger
package import Postgres
import Referral
import Vault

extension CaseStore {
    /// Enters a Shared Agreement as the person's next version.
    ///
    /// Waits for a release about the person that is being decided, since the newest agreement replaces the others.
    ///
    /// - Returns: What was entered; nothing when there is no such person, or no such agreement of the person to add to,
    ///   or that is itself an addition.
    package func add(
        _ new: NewAgreement, id: UUIDValue = .v7(), by actor: String, at: Timestamp = .now(), in connection: Connection
    ) throws -> StoredAgreement? {
        let people = try connection.query(
            "SELECT FROM record.person WHERE id = \(new.person) FOR NO KEY UPDATE", name: "record.lock_person")
        guard !people.isEmpty else { return nil }
        let evidence = try new.authorityEvidence.map {
            vault.seal(Array($0.utf8), with: try key(of: new.person, in: connection), context: Place.evidence(id))
        }
        let rows = try connection.query(
            """
            INSERT INTO record.agreement (
                id, person, supplements, signed_at, starts_at, expires_at, entered_at, version, signed_by, entered_by,
                witness, scan_digest, sealed_evidence, has_guardian_permission
            )
            SELECT
                \(id), \(new.person), \(new.supplements), \(new.signedOn), \(new.starts ?? new.signedOn), \(new.expires),
                \(at), 1 + coalesce((SELECT max(version) FROM record.agreement WHERE person = \(new.person)), 0),
                \(new.signedBy.rawValue)::record.signatory, \(actor), \(new.witness), \(new.scanDigest), \(evidence),
                \(new.hasGuardianPermission)
            WHERE \(new.supplements)::uuid IS NULL OR EXISTS (
                SELECT
                FROM record.agreement
                WHERE id = \(new.supplements) AND person = \(new.person) AND supplements IS NULL
            )
            RETURNING version
            """, name: "record.add_agreement")
        guard let version = try rows.first?.decode(Int.self) else { return nil }
        var writes = Pipeline()
        for (number, line) in new.scope.enumerated() {
            writes.add(
                """
                INSERT INTO record.agreement_scope (agreement, line, about, recipient, purposes, groups)
                VALUES (
                    \(id), \(number), \(line.about.rawValue)::record.scope_about, \(line.recipient),
                    \(line.purposes.map(\.rawValue).sorted()), \(line.groups?.words)
                )
                """, name: "record.add_scope_line")
        }
        let fields: [LedgerField: String] = [
            .agreement: id.description, .agreementVersion: String(version), .person: new.person.description,
            .actor: actor,
        ]
        writes.add(appending([entry(.agreementAdded, at: at, fields)]), name: "ledger.append")
        _ = try connection.pipeline(writes)
        return try agreement(id, in: connection)
    }

    /// Withdraws an agreement, or one line of its scope, and cancels the shares that wait on it.
    ///
    /// Takes the person's row, as whoever enters an agreement does, so that one who looked how all of them stand changes
    /// no others; then the agreement's, FOR NO KEY UPDATE, which lets a share be entered that names it: a release that is
    /// being decided has both FOR SHARE, so either its ledger entry is committed before this, or it is judged after this
    /// and refused (promise 3 of the design). A share of which an attempt is under way is not among the cancelled; before
    /// its next attempt it is judged again.
    ///
    /// - Parameters:
    ///   - scopeLine: The line's place in the scope, from 0; left out, the whole agreement.
    ///   - receivedAt: When the withdrawal was received, by whatever route. It counts from now at the latest.
    /// - Returns: What was stopped; nothing when there is no such agreement or line.
    package func withdraw(
        agreement id: UUIDValue, scopeLine: Int? = nil, receivedAt: Timestamp, by actor: String,
        in connection: Connection
    ) throws -> Withdrawal? {
        try connection.execute(
            """
            SELECT
            FROM record.person
            WHERE id = (SELECT person FROM record.agreement WHERE id = \(id))
            FOR NO KEY UPDATE
            """, name: "record.lock_signatory")
        let locked = try connection.query(
            "SELECT person FROM record.agreement WHERE id = \(id) FOR NO KEY UPDATE", name: "record.lock_agreement")
        guard let person = try locked.first?.decode(UUIDValue.self) else { return nil }
        let isRepeat: Bool
        if let scopeLine {
            let lines = try connection.query(
                """
                SELECT withdrawn_at IS NOT NULL
                FROM record.agreement_scope
                WHERE agreement = \(id) AND line = \(scopeLine)
                """, name: "record.scope_line")
            guard let line = try lines.first?.decode(Bool.self) else { return nil }
            isRepeat = line
            try connection.execute(
                """
                UPDATE record.agreement_scope
                SET withdrawn_at = least(withdrawn_at, \(receivedAt), clock_timestamp())
                WHERE agreement = \(id) AND line = \(scopeLine)
                """, name: "record.withdraw_line")
        } else {
            isRepeat =
                try connection.query(
                    """
                    UPDATE record.agreement
                    SET revoked_at = least(revoked_at, \(receivedAt), clock_timestamp())
                    WHERE id = \(id)
                    RETURNING (SELECT before.revoked_at IS NOT NULL FROM record.agreement before WHERE before.id = \(id))
                    """, name: "record.revoke_agreement"
                ).first?.decode(Bool.self) ?? false
        }
        let cancelled = try connection.query(
            resting(on: id, scopeLine: scopeLine, at: receivedAt), name: "record.cancel_shares")
        let shares = try cancelled.map { try $0.decode(UUIDValue.self, Int64?.self, ShareState.self) }
        var fields: [LedgerField: String] = [
            .agreement: id.description, .person: person.description, .actor: actor,
        ]
        fields[.scopeLine] = scopeLine.map(String.init)
        let stopped = shares.map { share, _, state in
            entry(
                .shareDecided,
                [
                    .share: share.description, .person: person.description, .agreement: id.description, .actor: "hub",
                    .state: state.rawValue, .reason: "agreement_withdrawn",
                ])
        }
        var writes = Pipeline()
        writes.add(appending([entry(.agreementWithdrawn, fields)] + stopped), name: "ledger.append")
        writes.add(finishingItems(shares.map(\.0), by: actor, at: .now()), name: "record.finish_items_of_shares")
        _ = try connection.pipeline(writes)
        return Withdrawal(
            agreement: id, shares: shares.map(\.0), messages: shares.compactMap(\.1), isRepeat: isRepeat)
    }

    /// How many shares wait that a withdrawal would cancel.
    ///
    /// - Parameter scopeLines: The places in the scope, from 0, of the lines that are withdrawn; left out, the whole agreement.
    package func countResting(
        on agreement: UUIDValue, scopeLines: [Int]? = nil, in connection: Connection
    ) throws -> Int {
        try connection.query(
            """
            WITH \(Self.affected(by: agreement, scopeLines))
            SELECT count(*)
            FROM record.share JOIN affected ON share.agreement = affected.id
            WHERE \(Self.isStopped(scopeLines))
            """, name: "record.count_resting"
        ).first?.decode(Int.self) ?? 0
    }

    /// Cancels the waiting shares that rest on an agreement, on one that it supplements, or on one that supplements it:
    /// where permission came from both, the decision names only one. A line stops the shares of its recipient (or kind
    /// of recipient) and purposes.
    private func resting(on agreement: UUIDValue, scopeLine: Int?, at: Timestamp) -> SQL {
        let lines = scopeLine.map { [$0] }
        return """
            WITH \(Self.affected(by: agreement, lines))
            UPDATE record.share
            SET state = CASE WHEN queued_at IS NULL THEN 'refused' ELSE 'cancelled' END::record.share_state,
                finished_at = greatest(\(at), now()), failure = 'agreement_withdrawn'
            FROM affected
            WHERE share.agreement = affected.id AND \(Self.isStopped(lines))
            RETURNING share.id, share.message, share.state
            """
    }

    /// The agreements whose shares a withdrawal concerns, and the lines that are withdrawn.
    private static func affected(by agreement: UUIDValue, _ scopeLines: [Int]?) -> SQL {
        """
        affected AS (
            SELECT id, id = \(agreement) AS is_withdrawn
            FROM record.agreement
            WHERE id = \(agreement) OR supplements = \(agreement)
                OR id = (SELECT supplements FROM record.agreement WHERE id = \(agreement))
        ), lines AS (
            SELECT recipient, purposes
            FROM record.agreement_scope
            WHERE agreement = \(agreement) AND (\(scopeLines == nil) OR line = ANY (\(scopeLines ?? [])))
        )
        """
    }

    /// Whether a share of such an agreement waits and is stopped.
    private static func isStopped(_ scopeLines: [Int]?) -> SQL {
        """
        share.state IN ('queued', 'parked')
            AND share.finished_at IS NULL
            AND (
                (\(scopeLines == nil) AND affected.is_withdrawn)
                OR EXISTS (
                    SELECT
                    FROM lines
                    WHERE share.purpose = ANY (lines.purposes)
                        AND lines.recipient IN (share.recipient, split_part(share.recipient, ':', 1))
                )
            )
        """
    }

    /// The agreements of a person, the oldest first.
    ///
    /// - Parameter isCounting: Whether to leave out those on which nothing rests any more because two persons were
    ///   found to be one.
    package func agreements(
        of person: UUIDValue, isCounting: Bool = false, in connection: Connection
    ) throws -> [StoredAgreement] {
        let condition: SQL = isCounting ? " AND \(Self.counts)" : ""
        return try agreements(where: "agreement.person = \(person)\(condition)", in: connection)
    }

    /// Of somebody who was found to be another person nothing is permitted; and of one whom others were found to be,
    /// only by an agreement entered since: what was signed before was signed for another picture of the person.
    static let counts: SQL =
        """
        NOT EXISTS (
            SELECT FROM record.person
            WHERE person.id = agreement.person AND person.merged_into IS NOT NULL
        )
        AND NOT EXISTS (
            SELECT FROM record.person
            WHERE person.merged_into = agreement.person AND person.merged_at >= agreement.entered_at
        )
        """

    /// One agreement, of whichever person.
    package func agreement(_ id: UUIDValue, in connection: Connection) throws -> StoredAgreement? {
        try agreements(where: "agreement.id = \(id)", in: connection).first
    }

    private func agreements(where condition: SQL, in connection: Connection) throws -> [StoredAgreement] {
        var pipeline = Pipeline()
        addReads(ofAgreements: condition, isLocked: false, to: &pipeline)
        return try agreements(connection.pipeline(pipeline)[...])
    }

    /// The statements that read agreements, and then their lines.
    ///
    /// - Parameter isLocked: Whether to hold the agreements FOR SHARE until the transaction ends.
    func addReads(ofAgreements condition: SQL, isLocked: Bool, to pipeline: inout Pipeline) {
        let lock: SQL = isLocked ? "FOR SHARE OF agreement" : ""
        pipeline.add(
            """
            SELECT
                agreement.id, agreement.person, version, signed_at, signed_by, starts_at, expires_at, revoked_at,
                supplements, has_guardian_permission, sealed_evidence, person_key.wrapped_key
            FROM record.agreement LEFT JOIN record.person_key USING (person)
            WHERE \(condition)
            ORDER BY agreement.id
            \(lock)
            """, name: "record.agreements")
        pipeline.add(
            """
            SELECT agreement, recipient, purposes, groups, about, withdrawn_at
            FROM record.agreement_scope
            WHERE agreement IN (SELECT agreement.id FROM record.agreement WHERE \(condition))
            ORDER BY agreement, line
            """, name: "record.scopes")
    }

    /// Reads the results of ``addReads(ofAgreements:isLocked:to:)``.
    func agreements(_ results: ArraySlice<QueryResult>) throws -> [StoredAgreement] {
        let scopes = try Self.scopes(results[results.startIndex + 1])
        return try results[results.startIndex].map { row in
            let (id, person): (UUIDValue, UUIDValue) = (try row.value("id"), try row.value("person"))
            var agreement = Agreement(
                id: id.description, version: try row.value("version"),
                signedOn: Instant(try row.value("signed_at", as: Timestamp.self)),
                signedBy: Agreement.Signatory(rawValue: try row.value("signed_by")),
                hasGuardianPermission: try row.value("has_guardian_permission"),
                starts: Instant(try row.value("starts_at", as: Timestamp.self)),
                expires: try row.value("expires_at", as: Timestamp?.self).map(Instant.init),
                revokedAt: try row.value("revoked_at", as: Timestamp?.self).map(Instant.init),
                supplements: try row.value("supplements", as: UUIDValue?.self)?.description,
                scope: scopes[id] ?? [])
            // Of somebody who was erased it is not known any more, and shows nothing.
            if let sealed = try row.value("sealed_evidence", as: [UInt8]?.self),
                let wrapped = try row.value("wrapped_key", as: [UInt8]?.self)
            {
                let evidence = try vault.open(sealed, with: vault.unwrap(wrapped), context: Place.evidence(id))
                agreement.authorityEvidence = String(decoding: evidence, as: UTF8.self)
            }
            return StoredAgreement(id: id, person: person, agreement: agreement)
        }
    }

    /// The lines by agreement, in their order.
    private static func scopes(_ rows: QueryResult) throws -> [UUIDValue: [Agreement.ScopeLine]] {
        var scopes: [UUIDValue: [Agreement.ScopeLine]] = [:]
        for row in rows {
            let (agreement, recipient, purposes, groups, about, withdrawnAt) = try row.decode(
                UUIDValue.self, String.self, [String].self, [String]?.self, String.self, Timestamp?.self)
            scopes[agreement, default: []].append(
                Agreement.ScopeLine(
                    recipient: recipient, purposes: Set(purposes.compactMap(Purpose.init)),
                    groups: groups.map { Set($0.compactMap(FieldGroup.init)) },
                    about: Agreement.ScopeLine.About(rawValue: about) ?? .dependants,
                    withdrawnAt: withdrawnAt.map(Instant.init)))
        }
        return scopes
    }
}
