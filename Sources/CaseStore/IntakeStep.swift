import Ledger
import Postgres
import Referral
import Vault

/// The storing of one submission's messages, in the caller's transaction.
///
/// Reads come one by one, since each decides the next; what is written about a message is gathered and sent at once.
struct IntakeStep {
    private let store: CaseStore
    private let connection: Connection
    private let intake: IntakeRecord
    private var writes = Pipeline()
    private var entries: [LedgerEntry] = []

    init(store: CaseStore, connection: Connection, intake: IntakeRecord) {
        self.store = store
        self.connection = connection
        self.intake = intake
    }

    /// A person whose row this transaction holds.
    private struct Held {
        let id: UUIDValue
        let key: DataKey
        var nhs: [UInt8]?
        var birthDate: [UInt8]?
        /// Nothing for one that was just made of the message at hand.
        var profile: (referral: Referral, at: Timestamp)?

        /// Whether a message about this person would have to be about somebody else: another birth date, or another
        /// verified NHS number. What either side does not say contradicts nothing.
        func isContradicted(by index: PersonIndex) -> Bool {
            func differ(_ held: [UInt8]?, _ told: [UInt8]?) -> Bool {
                guard let held, let told else { return false }
                return held != told
            }
            return differ(birthDate, index.birthDate) || differ(nhs, index.nhs)
        }
    }

    private struct Review {
        let code: String
        let other: UUIDValue
    }

    mutating func store(_ item: IntakeItem) throws -> IntakeResult {
        let result = try gather(item)
        if !entries.isEmpty { writes.add(store.appending(entries), name: "ledger.append") }
        _ = try connection.pipeline(writes)
        (writes, entries) = (Pipeline(), [])
        return result
    }

    private mutating func gather(_ item: IntakeItem) throws -> IntakeResult {
        guard let referral = item.referral, item.status != .rejected else {
            work(.rejectedPart, item, code: item.findings.first?.code.rawValue ?? "rejected")
            return .rejected
        }
        let type = referral.type.code ?? .notice
        let index = PersonIndex(referral, sender: intake.sender, vault: store.vault)
        var answered: UUIDValue?
        var person: Held?
        var review: Review?
        if let messageID = referral.inReplyTo, type != .referral {
            if let earlier = try earlier(messageID) {
                answered = earlier.id
                person = try hold("person.id = \(earlier.person)")
            } else if try isUnfinished(messageID) {
                throw CaseStoreError.awaitsEarlier(receipt: intake.receipt)
            }
            // A sender's wrong id must not lay one person's facts upon another.
            if let held = person, held.isContradicted(by: index) {
                work(.unboundMessage, item, code: "names_another_person")
                return .unbound
            }
        } else if type.answersAnother || !item.opensCase {
            person = try knownPerson(index).flatMap { try hold("person.id = \($0)") }
            if person == nil, !item.opensCase { return .unknownPerson }
        } else {
            (person, review) = try match(referral, index)
        }
        guard let person else {
            work(.unboundMessage, item, code: type.rawValue)
            return .unbound
        }
        let stored = try keep(item, referral, type, index, of: person, answering: answered)
        if item.status == .incomplete {
            let code = item.findings.first?.code.rawValue ?? "incomplete"
            work(.incompleteReferral, item, code: code, about: stored, dueAt: due(referral.urgency?.code))
        }
        if let review { work(.matchReview, item, code: review.code, about: stored, other: review.other) }
        if type == .withdrawal { work(.withdrawal, item, code: "referral_withdrawn", about: stored) }
        if type == .outcome { work(.outcome, item, code: "outcome_told", about: stored) }
        return .stored(stored)
    }

    // MARK: Whose is it?

    /// The earlier message of the same sender that has this id.
    private func earlier(_ messageID: String) throws -> (id: UUIDValue, person: UUIDValue)? {
        try connection.query(
            """
            SELECT id, person
            FROM record.referral
            WHERE sender = \(intake.sender) AND message_index = \(store.vault.blindIndex(.messageID, messageID))
            ORDER BY id DESC
            LIMIT 1
            """, name: "record.earlier_message"
        ).first?.decode(UUIDValue.self, UUIDValue.self)
    }

    /// Whether a submission of the same sender with this id was received and is not worked on yet, or was set aside: what
    /// answers it must wait, or it would be taken for an answer to nothing.
    private func isUnfinished(_ messageID: String) throws -> Bool {
        try !connection.query(
            """
            SELECT
            FROM record.submission_id JOIN record.submission USING (receipt)
            WHERE submission_id.sender = \(intake.sender)
                AND id_hash = \(store.vault.blindIndex(.messageID, messageID))
                AND receipt <> \(intake.receipt)
                AND state = 'received'
            """, name: "record.unfinished_message"
        ).isEmpty
    }

    /// The person of a notice: by verified NHS number, else by a number of the sender's own; the birth date the same.
    private func knownPerson(_ index: PersonIndex) throws -> UUIDValue? {
        guard let birthDate = index.birthDate else { return nil }
        return try connection.query(
            """
            SELECT id
            FROM record.person
            WHERE dob_index = \(birthDate)
                AND (
                    nhs_index = \(index.nhs)
                    OR id IN (SELECT person FROM record.person_identifier WHERE value_index = ANY (\(index.ownNumbers)))
                )
            ORDER BY nhs_index = \(index.nhs) DESC NULLS LAST
            LIMIT 1
            """, name: "record.known_person"
        ).first?.decode(UUIDValue.self)
    }

    /// Locks a person against other changes, and opens the profile.
    private func hold(_ condition: SQL) throws -> Held? {
        let rows = try connection.query(
            """
            SELECT person.id, person.nhs_index, person.dob_index, person.profile_at, person.sealed_profile, person_key.wrapped_key
            FROM record.person LEFT JOIN record.person_key ON person_key.person = person.id
            WHERE \(condition)
            FOR NO KEY UPDATE OF person
            """, name: "record.hold_person")
        guard
            let (id, nhs, birthDate, profileAt, sealed, wrapped) = try rows.first?.decode(
                UUIDValue.self, [UInt8]?.self, [UInt8]?.self, Timestamp.self, [UInt8].self, [UInt8]?.self)
        else { return nil }
        guard let wrapped else { throw CaseStoreError.keyDestroyed(person: id) }
        let key = try store.vault.unwrap(wrapped)
        let profile = try store.referral(sealed, with: key, at: Place.profile(id))
        return Held(id: id, key: key, nhs: nhs, birthDate: birthDate, profile: (profile, profileAt))
    }

    /// A verified NHS number with the same birth date is that person. Everything else is a new one, and where one of the
    /// numbers is known already, something that a person must look at.
    private mutating func match(_ referral: Referral, _ index: PersonIndex) throws -> (Held, Review?) {
        var nhs = index.nhs
        var review: Review?
        if let number = nhs, let holder = try hold("person.nhs_index = \(number)") {
            if let birthDate = index.birthDate, birthDate == holder.birthDate { return (holder, nil) }
            let isMissing = index.birthDate == nil || holder.birthDate == nil
            review = Review(code: isMissing ? "birth_date_missing" : "birth_date_differs", other: holder.id)
            nhs = nil
        }
        guard let (person, known) = try make(referral, index, nhs: nhs) else {
            // Another transaction made this person a moment ago and has committed: the holder is found now.
            return try match(referral, index)
        }
        return (person, review ?? known.map { Review(code: "number_known", other: $0) })
    }

    /// Makes a person with a data key of their own, and tells who else is known by one of the numbers; nothing when
    /// another transaction made one with this NHS number.
    private mutating func make(
        _ referral: Referral, _ index: PersonIndex, nhs: [UInt8]?
    ) throws -> (Held, known: UUIDValue?)? {
        let person = UUIDValue.v7()
        let (key, wrapped) = store.vault.newDataKey()
        let sealed = store.vault.seal(StrictJSON.write(referral.value), with: key, context: Place.profile(person))
        var step = Pipeline()
        step.add(
            """
            WITH person AS (
                INSERT INTO record.person (id, created_at, profile_at, nhs_index, dob_index, sealed_profile)
                VALUES (
                    \(person), \(intake.receivedAt), \(sentAt(referral)), \(nhs), \(index.birthDate), \(sealed)
                )
                ON CONFLICT (nhs_index) DO NOTHING
                RETURNING id
            )
            INSERT INTO record.person_key (person, made_at, wrapped_key)
            SELECT id, \(intake.receivedAt), \(wrapped)
            FROM person
            """, name: "record.insert_person")
        step.add(
            """
            SELECT person
            FROM record.person_identifier
            WHERE value_index = ANY (\(index.identifiers.map(\.index)))
            ORDER BY person
            LIMIT 1
            """, name: "record.known_number")
        let results = try connection.pipeline(step)
        guard results[0].affectedRows > 0 else { return nil }
        enter(.keyMade, [.person: person.description, .actor: "hub"])
        return (Held(id: person, key: key), try results[1].first?.decode(UUIDValue.self))
    }

    // MARK: Keeping it

    private mutating func keep(
        _ item: IntakeItem, _ referral: Referral, _ type: MessageType, _ index: PersonIndex, of person: Held,
        answering earlier: UUIDValue?
    ) throws -> StoredReferral {
        let id = UUIDValue.v7()
        if let profile = person.profile, type == .referral || type == .update || type == .notice {
            try update(profile.referral, at: profile.at, with: referral, of: person)
        }
        keepIdentifiers(index, of: person.id)
        let caseFile = try caseFile(of: person, opening: item.opensCase && (type == .referral || type == .notice))
        let sealed = store.vault.seal(StrictJSON.write(referral.value), with: person.key, context: Place.referral(id))
        writes.add(
            """
            INSERT INTO record.referral (
                id, person, case_file, submission, answers, received_at, sent_at, ordinal, type, state, urgency, sender,
                source_code, source_kind, message_index, sealed
            )
            VALUES (
                \(id), \(person.id), \(caseFile), \(intake.receipt), \(earlier), \(intake.receivedAt),
                \(sentAt(referral)), \(item.ordinal), \(type.rawValue)::record.referral_type,
                \(item.status.rawValue)::record.referral_state, \(referral.urgency?.code?.rawValue)::record.urgency,
                \(intake.sender), \(referral.sourceCode?.code?.rawValue), \(referral.sourceKind?.code?.rawValue),
                \(referral.messageID.map { store.vault.blindIndex(.messageID, $0) }), \(sealed)
            )
            """, name: "record.insert_referral")
        if type == .withdrawal, let earlier {
            writes.add(
                """
                UPDATE record.referral
                SET state = 'withdrawn', withdrawn_at = \(intake.receivedAt)
                WHERE id = \(earlier) AND state <> 'withdrawn'
                """, name: "record.withdraw_referral")
        }
        enter(
            .referralStored,
            [
                .referral: id.description, .person: person.id.description, .submission: intake.receipt.description,
                .actor: intake.sender, .state: item.status.rawValue,
            ])
        return StoredReferral(
            id: id, person: person.id, caseFile: caseFile, isNewPerson: person.profile == nil, isRepeat: false)
    }

    /// Brings the person's picture up to date, in the order in which messages were sent, not that in which they came.
    private mutating func update(
        _ profile: Referral, at profileAt: Timestamp, with referral: Referral, of person: Held
    ) throws {
        let sentAt = sentAt(referral)
        let updated = sentAt < profileAt ? referral.updated(by: profile) : profile.updated(by: referral)
        let sealed = store.vault.seal(
            StrictJSON.write(updated.value), with: person.key, context: Place.profile(person.id))
        writes.add(
            """
            UPDATE record.person
            SET profile_at = \(max(sentAt, profileAt)), sealed_profile = \(sealed),
                dob_index = \(updated.person.dob.map { store.vault.blindIndex(.birthDate, $0.iso) })
            WHERE id = \(person.id)
            """, name: "record.update_profile")
    }

    private mutating func keepIdentifiers(_ index: PersonIndex, of person: UUIDValue) {
        guard !index.identifiers.isEmpty else { return }
        writes.add(
            """
            INSERT INTO record.person_identifier (person, is_verified, value_index)
            SELECT \(person), is_verified, value_index
            FROM unnest(\(index.identifiers.map(\.isVerified)), \(index.identifiers.map(\.index)))
                AS given (is_verified, value_index)
            ON CONFLICT (value_index, person) DO UPDATE
                SET is_verified = true
                WHERE excluded.is_verified AND NOT person_identifier.is_verified
            """, name: "record.keep_identifiers")
    }

    /// The person's open case. The lock on the person keeps two from being opened at once.
    private mutating func caseFile(of person: Held, opening: Bool) throws -> UUIDValue? {
        if person.profile != nil {
            let open = try connection.query(
                "SELECT id FROM record.case_file WHERE person = \(person.id) AND ended_at IS NULL",
                name: "record.open_case")
            if let row = open.first { return try row.decode(UUIDValue.self) }
        }
        guard opening else { return nil }
        let id = UUIDValue.v7()
        writes.add(
            "INSERT INTO record.case_file (id, person, opened_at) VALUES (\(id), \(person.id), \(intake.receivedAt))",
            name: "record.open_case_file")
        return id
    }

    // MARK: Small things

    private func sentAt(_ referral: Referral) -> Timestamp {
        referral.sentAt.map(Timestamp.init) ?? intake.receivedAt
    }

    /// By when staff should act, in days of the calendar, which is never later than the working days promised.
    private func due(_ urgency: Urgency?) -> Timestamp? {
        switch urgency {
        case .emergency: intake.receivedAt
        case .urgent: intake.receivedAt + .seconds(86_400)
        case .soon: intake.receivedAt + .seconds(3 * 86_400)
        case .routine, nil: nil
        }
    }

    private mutating func work(
        _ kind: WorkItemKind, _ item: IntakeItem, code: String, about stored: StoredReferral? = nil,
        other: UUIDValue? = nil, dueAt: Timestamp? = nil
    ) {
        let item = NewWorkItem(
            kind: kind, code: code, submission: intake.receipt, ordinal: item.ordinal, referral: stored?.id,
            person: stored?.person, otherPerson: other, partner: intake.sender, dueAt: dueAt)
        writes.add(store.adding(item, at: intake.receivedAt), name: "record.add_work_item")
    }

    private mutating func enter(_ kind: LedgerKind, _ fields: [LedgerField: String]) {
        entries.append(store.entry(kind, fields))
    }
}
