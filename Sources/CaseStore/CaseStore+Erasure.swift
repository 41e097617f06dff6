import Disclosure
import Ledger
package import Postgres
import Vault

extension CaseStore {
    /// Erases a person, and all who were found to be them: destroys their keys, and with them everything that is sealed by
    /// those; and what is about them under other keys, by what they are found, and what waits to leave.
    ///
    /// It counts from the commit on: whoever reads or releases holds the person's row, and sees the erasure or is waited for.
    /// Ids, states, times and the ledger stay, which hold nothing of the person's. What others' referrals say of them, such as
    /// of a member of the household, is theirs and stays.
    ///
    /// - Parameters:
    ///   - authority: Under which id the decision to erase is kept.
    ///   - actor: Who decided it.
    package func erase(
        _ id: UUIDValue, authority: String, by actor: String, at: Timestamp = .now(), in connection: Connection
    ) throws -> Erasure {
        // Nobody is found to be this person meanwhile, or not to be.
        try connection.execute(
            "SELECT pg_advisory_xact_lock(hashtext('record.match'))", name: "record.lock_matches")
        // Before the persons, as intake holds them: what it is storing of a file now is seen below.
        try connection.execute(
            """
            SELECT
            FROM record.submission
            WHERE receipt IN (
                SELECT submission
                FROM record.referral
                WHERE person IN (SELECT record.members(record.survivor(\(id))))
            )
            ORDER BY receipt
            FOR NO KEY UPDATE
            """, name: "record.lock_told_submissions")
        let rows = try connection.query(
            """
            SELECT id, has_legal_hold, erased_at
            FROM record.person
            WHERE id IN (SELECT record.members(record.survivor(\(id))))
            ORDER BY id
            FOR UPDATE
            """, name: "record.lock_members"
        ).decode(UUIDValue.self, Bool.self, Timestamp?.self)
        guard !rows.isEmpty else { return .noPerson }
        if let before = rows.compactMap(\.2).max(), rows.allSatisfy({ $0.2 != nil }) { return .before(before) }
        let persons = rows.map(\.0)
        let packages = try waitingPackages(about: persons, in: connection)
        var obstacles: [Erasure.Obstacle] = rows.contains(where: \.1) ? [.legalHold] : []
        obstacles += try self.obstacles(about: persons, in: connection)
        obstacles += packages.filter(\.isSending).map { .sendingExtract($0.extract) }
        guard obstacles.isEmpty else { return .refused(obstacles) }

        var erased = ErasedPerson(persons: persons, at: at)
        erased.recipients = try recipients(of: persons, in: connection)
        try stopShares(of: persons, by: actor, at: at, in: connection, &erased)
        try destroyPackages(packages, at: at, in: connection, &erased)
        try destroyElsewhere(persons, by: actor, at: at, in: connection)
        // After what staff had to do about the person is done, which would need the files.
        try destroyDocuments(of: persons, in: connection, &erased)
        erased.looks = try forgetLooks(about: persons, in: connection)
        try destroyKeys(of: persons, at: at, in: connection)
        let entries = persons.map { person in
            entry(
                .keyDestroyed, at: at,
                [.person: person.description, .actor: actor, .authority: authority, .state: "erased"])
        }
        try append(entries, in: connection)
        return .erased(erased)
    }

    /// Everybody who was erased: a backup of the keys names them, so that they are erased again where older data are brought
    /// back.
    package func erasedPersons(in connection: Connection) throws -> [UUIDValue] {
        try connection.query(
            "SELECT id FROM record.person WHERE erased_at IS NOT NULL ORDER BY id", name: "record.erased_persons"
        ).decode(UUIDValue.self)
    }

    /// How many persons were erased since some moment, and when the last of them.
    package func erasures(since: Timestamp, in connection: Connection) throws -> (count: Int, last: Timestamp?) {
        try connection.query(
            "SELECT count(*), max(erased_at) FROM record.person WHERE erased_at >= \(since)", name: "record.erasures"
        )[0].decode(Int.self, Timestamp?.self)
    }

    /// How many persons have no key, though they were not erased, and how many documents that are there: after the data were
    /// restored without the key store.
    package func keyless(in connection: Connection) throws -> (persons: Int, documents: Int) {
        try connection.query(
            """
            SELECT
                (
                    SELECT count(*)
                    FROM record.person
                    WHERE erased_at IS NULL AND NOT EXISTS (SELECT FROM record.person_key WHERE person = person.id)
                ),
                (
                    SELECT count(*)
                    FROM record.document
                    WHERE NOT EXISTS (SELECT FROM record.document_key WHERE document_key.receipt = document.receipt)
                )
            """, name: "record.keyless"
        )[0].decode(Int.self, Int.self)
    }

    /// Destroys what was asked in looks about people who were erased before the looks came here from a node's journal, once
    /// they are reviewed.
    package func forgetLooks(in connection: Connection) throws {
        try connection.execute(
            """
            UPDATE access.look
            SET wrapped_key = NULL, sealed = NULL, sealed_note = NULL
            FROM record.person JOIN access.looked_at ON looked_at.person = person.id
            WHERE person.erased_at IS NOT NULL AND look.id = looked_at.look AND look.reviewed_at IS NOT NULL
                AND look.wrapped_key IS NOT NULL
            """, name: "access.forget_late_looks")
    }

    // MARK: What forbids it

    private func obstacles(about persons: [UUIDValue], in connection: Connection) throws -> [Erasure.Obstacle] {
        let looks = try connection.query(
            """
            SELECT DISTINCT look.id
            FROM access.look JOIN access.looked_at ON looked_at.look = look.id
            WHERE looked_at.person = ANY (\(persons)) AND look.reviewed_at IS NULL
            ORDER BY look.id
            """, name: "record.looks_before_erasure"
        ).decode(UUIDValue.self)
        let shares = try connection.query(
            "SELECT id FROM record.share WHERE person = ANY (\(persons)) AND state = 'sending' ORDER BY id FOR UPDATE",
            name: "record.sending_before_erasure"
        ).decode(UUIDValue.self)
        return looks.map { .unreviewedLook($0) } + shares.map { .sending(share: $0) }
    }

    private func recipients(of persons: [UUIDValue], in connection: Connection) throws -> [String] {
        try connection.query(
            """
            SELECT DISTINCT recipient
            FROM record.share
            WHERE person = ANY (\(persons)) AND sent_at IS NOT NULL
            ORDER BY recipient
            """, name: "record.recipients_of_erased"
        ).decode(String.self)
    }

    // MARK: What waits to leave

    private func stopShares(
        of persons: [UUIDValue], by actor: String, at: Timestamp, in connection: Connection,
        _ erased: inout ErasedPerson
    ) throws {
        let stopped = try connection.query(
            """
            UPDATE record.share
            SET state = CASE WHEN queued_at IS NULL THEN 'refused' ELSE 'cancelled' END::record.share_state,
                decided_at = coalesce(decided_at, \(at)), finished_at = greatest(\(at), now()),
                failure = 'record_erased'
            WHERE person = ANY (\(persons)) AND state IN ('requested', 'queued', 'parked')
            RETURNING id, person, message, state
            """, name: "record.stop_erased_shares"
        ).decode(UUIDValue.self, UUIDValue.self, Int64?.self, String.self)
        erased.shares = stopped.map(\.0)
        erased.messages = stopped.compactMap(\.2)
        let entries = stopped.map { share, person, _, state in
            entry(
                .shareDecided, at: at,
                [
                    .share: share.description, .person: person.description, .actor: "hub", .state: state,
                    .reason: "record_erased",
                ])
        }
        try append(entries, in: connection)
        var writes = Pipeline()
        // A copy that waits for the person to fetch it.
        writes.add(
            """
            UPDATE record.portal_document
            SET sealed = NULL
            WHERE sealed IS NOT NULL AND share IN (SELECT id FROM record.share WHERE person = ANY (\(persons)))
            """, name: "record.take_back_erased")
        writes.add(
            """
            UPDATE record.referral_outcome
            SET write_at = NULL
            WHERE write_at IS NOT NULL AND referral IN (SELECT id FROM record.referral WHERE person = ANY (\(persons)))
            """, name: "record.untold_erased")
        _ = try connection.pipeline(writes)
    }

    private struct WaitingPackage {
        var extract: UUIDValue
        var recipient: String
        var message: Int64?
        var isSending: Bool
    }

    /// Packages of extracts that wait and have one of these persons in them.
    private func waitingPackages(about persons: [UUIDValue], in connection: Connection) throws -> [WaitingPackage] {
        let marks = Set(persons.map { vault.blindNumber(.cohort, $0.bytes) })
        let rows = try connection.query(
            """
            SELECT
                extract_sending.extract, extract.recipient, message, state = 'sending',
                extract_population.wrapped_key, extract_population.sealed
            FROM record.extract_sending
                JOIN record.extract ON extract.id = extract_sending.extract
                JOIN record.extract_population ON extract_population.extract = extract.id
            WHERE extract_sending.sealed IS NOT NULL
            ORDER BY extract_sending.extract
            FOR UPDATE OF extract_sending
            """, name: "record.packages_before_erasure")
        return try rows.compactMap { row in
            let (extract, recipient, message, isSending, wrapped, sealed) = try row.decode(
                UUIDValue.self, String.self, Int64?.self, Bool.self, [UInt8].self, [UInt8].self)
            let place = Place.population(extract)
            let bytes = try vault.open(sealed, with: vault.unwrap(wrapped, isRemembered: false), context: place)
            guard let populations = ReleasedPopulations(bytes: bytes) else { throw CaseStoreError.unreadable(place) }
            guard !populations.cohort.isDisjoint(with: marks) else { return nil }
            return WaitingPackage(extract: extract, recipient: recipient, message: message, isSending: isSending)
        }
    }

    /// Nobody is cut out of a package: it is made anew without the person, or not at all.
    private func destroyPackages(
        _ packages: [WaitingPackage], at: Timestamp, in connection: Connection, _ erased: inout ErasedPerson
    ) throws {
        for package in packages {
            try connection.execute(
                """
                UPDATE record.extract_sending
                SET state = 'stale', finished_at = \(at), failure = 'cohort_changed', \(Self.destroyed)
                WHERE extract = \(package.extract)
                """, name: "record.destroy_erased_package")
            let fields: [LedgerField: String] = [
                .extract: package.extract.description, .recipient: package.recipient, .actor: "hub",
                .state: ExtractState.stale.rawValue, .reason: "cohort_changed",
            ]
            try append([entry(.shareDecided, at: at, fields)], about: package.extract, in: connection)
            try add(
                NewWorkItem(
                    kind: .failedExtract, code: "cohort_changed", extract: package.extract, partner: package.recipient),
                at: at, in: connection)
        }
        erased.extracts = packages.map(\.extract)
        erased.extractMessages = packages.compactMap(\.message)
    }

    // MARK: What is stored

    /// The documents that the person's messages came in, and the files that those name. One in which others stand too stays
    /// while these need it, and is marked as a whole file that goes as soon as they do not.
    private func destroyDocuments(
        of persons: [UUIDValue], in connection: Connection, _ erased: inout ErasedPerson
    ) throws {
        let rows = try connection.query(
            """
            WITH told AS MATERIALIZED (
                SELECT submission, EXISTS (
                    SELECT
                    FROM record.referral
                    WHERE referral.submission = own.submission AND referral.person <> ALL (\(persons))
                ) OR EXISTS (
                    SELECT FROM record.awaiting WHERE awaiting.submission = own.submission
                ) OR EXISTS (
                    SELECT
                    FROM record.work_item
                    WHERE work_item.submission = own.submission AND state = 'open' AND ordinal <> ALL (own.ordinals)
                ) AS is_shared
                FROM (
                    SELECT submission, array_agg(ordinal) AS ordinals
                    FROM record.referral
                    WHERE person = ANY (\(persons))
                    GROUP BY submission
                ) AS own
            ), waiting AS MATERIALIZED (
                SELECT submission FROM told WHERE is_shared AND record.file_need(submission) IS NOT NULL
            ), gone AS MATERIALIZED (
                SELECT submission, is_shared FROM told WHERE submission NOT IN (SELECT submission FROM waiting)
                UNION
                SELECT dropped_file.submission, false
                FROM record.referral
                    JOIN record.attachment_file ON attachment_file.referral = referral.id
                    JOIN record.dropped_file ON dropped_file.submission = attachment_file.file
                WHERE referral.person = ANY (\(persons))
            ), marked AS (
                UPDATE record.document
                SET file_since = '-infinity'
                FROM waiting
                WHERE document.receipt = waiting.submission
                RETURNING document.receipt
            ), destroyed AS (
                DELETE FROM record.document
                USING gone
                WHERE document.receipt = gone.submission
                RETURNING
                    document.receipt, gone.is_shared,
                    (SELECT wrapped_key FROM record.document_key WHERE document_key.receipt = document.receipt)
            )
            SELECT receipt, true AS is_gone, is_shared, wrapped_key FROM destroyed
            UNION ALL
            SELECT receipt, false, true, NULL FROM marked
            """, name: "record.destroy_erased_documents"
        ).decode(UUIDValue.self, Bool.self, Bool.self, [UInt8]?.self)
        let destroyed = rows.filter(\.1)
        for case let (_, _, _, wrapped?) in destroyed { vault.forget(wrapped) }
        erased.documents = destroyed.count
        erased.sharedDocuments = destroyed.count(where: \.2)
        erased.waitingDocuments = rows.count - destroyed.count
        let entries = destroyed.map { receipt, _, _, _ in
            entry(.keyDestroyed, [.submission: receipt.description, .actor: "hub", .reason: "record_erased"])
        }
        try append(entries, in: connection)
    }

    /// By what the person is found, and what stands about them under another person's key or in front of staff.
    private func destroyElsewhere(
        _ persons: [UUIDValue], by actor: String, at: Timestamp, in connection: Connection
    ) throws {
        var writes = Pipeline()
        writes.add(
            "DELETE FROM record.person_identifier WHERE person = ANY (\(persons))", name: "record.forget_identifiers")
        writes.add("DELETE FROM record.match_key WHERE person = ANY (\(persons))", name: "record.forget_match_keys")
        // A comparison tells about both, and is sealed by the key of one.
        writes.add(
            """
            UPDATE record.match
            SET state = CASE WHEN state IN ('open', 'later') THEN 'different' ELSE state END,
                decided_at = coalesce(decided_at, \(at)), sealed_evidence = ''
            WHERE person = ANY (\(persons)) OR known = ANY (\(persons))
            """, name: "record.forget_matches")
        writes.add(
            """
            UPDATE record.match_decision
            SET sealed_reason = NULL
            FROM record.match
            WHERE match.id = match_decision.match AND sealed_reason IS NOT NULL
                AND (match.person = ANY (\(persons)) OR match.known = ANY (\(persons)))
            """, name: "record.forget_match_reasons")
        writes.add(
            """
            UPDATE record.case_file
            SET state = CASE WHEN state = 'taken_on' THEN 'closed' ELSE 'not_taken_on' END::record.case_state,
                ended_at = \(at)
            WHERE person = ANY (\(persons)) AND ended_at IS NULL
            """, name: "record.end_erased_cases")
        writes.add(
            """
            UPDATE access.card
            SET is_removed = true, sealed = '', saved_at = \(at), saved_by = \(actor), changed_in = pg_current_xact_id()
            WHERE person = ANY (\(persons))
            """, name: "access.remove_erased_cards")
        writes.add(
            """
            UPDATE record.work_item
            SET state = 'done', done_at = \(at), done_by = \(actor)
            WHERE state = 'open' AND (
                person = ANY (\(persons)) OR other_person = ANY (\(persons))
                OR share IN (SELECT id FROM record.share WHERE person = ANY (\(persons)))
            )
            """, name: "record.finish_erased_items")
        // A review of matches that waited for this person alone has nothing left to decide.
        writes.add(
            """
            UPDATE record.work_item
            SET state = 'done', done_at = \(at), done_by = \(actor)
            FROM record.match
            WHERE match.known = ANY (\(persons)) AND work_item.person = match.person
                AND work_item.referral = match.referral AND kind = 'match_review' AND work_item.state = 'open'
                AND NOT EXISTS (
                    SELECT
                    FROM record.match AS other
                    WHERE other.person = match.person AND other.referral = match.referral
                        AND other.state IN ('open', 'later')
                )
            """, name: "record.finish_reviews_of_erased")
        _ = try connection.pipeline(writes)
    }

    /// What control rooms asked, which is sealed by a key of the look's own.
    private func forgetLooks(about persons: [UUIDValue], in connection: Connection) throws -> Int {
        try connection.execute(
            """
            UPDATE access.look
            SET wrapped_key = NULL, sealed = NULL, sealed_note = NULL
            WHERE sealed IS NOT NULL AND id IN (SELECT look FROM access.looked_at WHERE person = ANY (\(persons)))
            """, name: "access.forget_looks")
    }

    private func destroyKeys(of persons: [UUIDValue], at: Timestamp, in connection: Connection) throws {
        let destroyed = try connection.query(
            "DELETE FROM record.person_key WHERE person = ANY (\(persons)) RETURNING wrapped_key",
            name: "record.destroy_keys"
        ).decode([UInt8].self)
        for wrapped in destroyed { vault.forget(wrapped) }
        try connection.execute(
            """
            UPDATE record.person
            SET erasure = 'done', erased_at = coalesce(erased_at, \(at)), nhs_index = NULL, dob_index = NULL
            WHERE id = ANY (\(persons))
            """, name: "record.mark_erased")
    }
}
