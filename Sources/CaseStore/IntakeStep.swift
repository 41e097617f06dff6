import Ledger
import Postgres
import Referral
import Vault

/// The storing of one submission's messages, in the caller's transaction.
struct IntakeStep {
    let store: CaseStore
    let connection: Connection
    let intake: IntakeRecord
    /// What the ledger is told at the end, in one statement.
    private(set) var entries: [LedgerEntry] = []

    init(store: CaseStore, connection: Connection, intake: IntakeRecord) {
        self.store = store
        self.connection = connection
        self.intake = intake
    }

    /// An earlier message of the same sender.
    private struct Earlier {
        let id: UUIDValue
        let person: UUIDValue
    }

    /// Whose a message is.
    private struct Match {
        let person: UUIDValue
        var isNew = false
        /// Something about it that a person must look at.
        var review: Review?
    }

    private struct Review {
        let code: String
        let other: UUIDValue
    }

    mutating func store(_ item: IntakeItem) throws -> IntakeResult {
        guard let referral = item.referral, item.status != .rejected else {
            try work(.rejectedPart, item, code: item.findings.first?.code.rawValue ?? "rejected")
            return .rejected
        }
        let type = referral.type.code ?? .notice
        let index = PersonIndex(referral, sender: intake.sender, vault: store.vault)
        let earlier = try referral.inReplyTo.flatMap(earlier)
        let match: Match
        if let earlier {
            match = Match(person: earlier.person)
        } else if referral.inReplyTo == nil, !type.answersAnother, item.opensCase {
            match = try self.match(referral, index)
        } else if referral.inReplyTo == nil, let person = try knownPerson(index) {
            match = Match(person: person)
        } else if referral.inReplyTo == nil, !item.opensCase {
            return .unknownPerson
        } else {
            try work(.unboundMessage, item, code: type.rawValue)
            return .unbound
        }
        let stored = try keep(item, referral, type, index, match, answering: earlier?.id)
        if item.status == .incomplete {
            let code = item.findings.first?.code.rawValue ?? "incomplete"
            try work(.incompleteReferral, item, code: code, about: stored, dueAt: due(referral.urgency?.code))
        }
        if let review = match.review {
            try work(.matchReview, item, code: review.code, about: stored, other: review.other)
        }
        if type == .withdrawal { try work(.withdrawal, item, code: "referral_withdrawn", about: stored) }
        if type == .outcome { try work(.outcome, item, code: "outcome_told", about: stored) }
        return .stored(stored)
    }

    // MARK: Whose is it?

    private func earlier(_ messageID: String) throws -> Earlier? {
        let rows = try connection.query(
            """
            SELECT id, person
            FROM record.referral
            WHERE sender = \(intake.sender) AND message_index = \(store.vault.blindIndex(.messageID, messageID))
            ORDER BY id DESC
            LIMIT 1
            """, name: "record.earlier_message")
        return try rows.first.map { row in
            let (id, person) = try row.decode(UUIDValue.self, UUIDValue.self)
            return Earlier(id: id, person: person)
        }
    }

    /// The person of a notice: by verified NHS number, else by a number of the sender's own; the birth date the same.
    private func knownPerson(_ index: PersonIndex) throws -> UUIDValue? {
        guard let birthDate = index.birthDate else { return nil }
        let rows = try connection.query(
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
            """, name: "record.known_person")
        return try rows.first?.decode(UUIDValue.self)
    }

    /// A verified NHS number with the same birth date is that person. Everything else is a new one, and where one of the
    /// numbers is known already, a match review.
    private mutating func match(_ referral: Referral, _ index: PersonIndex) throws -> Match {
        var nhs = index.nhs
        var review: Review?
        if let number = nhs, let holder = try holder(of: number) {
            if let birthDate = index.birthDate, birthDate == holder.birthDate { return Match(person: holder.id) }
            let isMissing = index.birthDate == nil || holder.birthDate == nil
            review = Review(code: isMissing ? "birth_date_missing" : "birth_date_differs", other: holder.id)
            nhs = nil
        }
        guard let person = try insertPerson(referral, index, nhs: nhs) else {
            // Another transaction made this person a moment ago and has committed: the holder is found now.
            return try match(referral, index)
        }
        return Match(person: person, isNew: true, review: try review ?? knownNumber(index, apartFrom: person))
    }

    private func holder(of nhs: [UInt8]) throws -> (id: UUIDValue, birthDate: [UInt8]?)? {
        try connection.query(
            "SELECT id, dob_index FROM record.person WHERE nhs_index = \(nhs)", name: "record.person_by_number"
        ).first?.decode(UUIDValue.self, [UInt8]?.self)
    }

    private func knownNumber(_ index: PersonIndex, apartFrom person: UUIDValue) throws -> Review? {
        let rows = try connection.query(
            """
            SELECT person
            FROM record.person_identifier
            WHERE value_index = ANY (\(index.identifiers.map(\.index))) AND person <> \(person)
            ORDER BY person
            LIMIT 1
            """, name: "record.known_number")
        return try rows.first.map { Review(code: "number_known", other: try $0.decode(UUIDValue.self)) }
    }

    /// Makes a person with a data key of their own; nothing when another transaction made one with this NHS number.
    private mutating func insertPerson(
        _ referral: Referral, _ index: PersonIndex, nhs: [UInt8]?
    ) throws -> UUIDValue? {
        let person = UUIDValue.v7()
        let (key, wrapped) = store.vault.newDataKey()
        let sealed = store.vault.seal(try referral.value.json(), with: key, context: Place.profile(person))
        let inserted = try connection.execute(
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
        guard inserted > 0 else { return nil }
        enter(.keyMade, [.person: person.description, .actor: "hub"])
        return person
    }

    // MARK: Keeping it

    private mutating func keep(
        _ item: IntakeItem, _ referral: Referral, _ type: MessageType, _ index: PersonIndex, _ match: Match,
        answering earlier: UUIDValue?
    ) throws -> StoredReferral {
        let (id, person) = (UUIDValue.v7(), match.person)
        let key = try store.lock(person, in: connection)
        if !match.isNew, type == .referral || type == .update || type == .notice {
            try updateProfile(of: person, with: referral, index, key: key)
        }
        try keepIdentifiers(index, of: person)
        let caseFile = try caseFile(of: person, opening: item.opensCase && (type == .referral || type == .notice))
        let sealed = store.vault.seal(try referral.value.json(), with: key, context: Place.referral(id))
        try connection.execute(
            """
            INSERT INTO record.referral (
                id, person, case_file, submission, answers, received_at, sent_at, ordinal, type, state, urgency, sender,
                source_code, source_kind, message_index, sealed
            )
            VALUES (
                \(id), \(person), \(caseFile), \(intake.receipt), \(earlier), \(intake.receivedAt), \(sentAt(referral)),
                \(item.ordinal), \(type.rawValue)::record.referral_type,
                \(item.status.rawValue)::record.referral_state, \(referral.urgency?.code?.rawValue)::record.urgency,
                \(intake.sender), \(referral.sourceCode?.code?.rawValue), \(referral.sourceKind?.code?.rawValue),
                \(referral.messageID.map { store.vault.blindIndex(.messageID, $0) }), \(sealed)
            )
            """, name: "record.insert_referral")
        if type == .withdrawal, let earlier {
            try connection.execute(
                """
                UPDATE record.referral
                SET state = 'withdrawn', withdrawn_at = \(intake.receivedAt)
                WHERE id = \(earlier) AND state <> 'withdrawn'
                """, name: "record.withdraw_referral")
        }
        enter(
            .referralStored,
            [
                .referral: id.description, .person: person.description, .submission: intake.receipt.description,
                .actor: intake.sender, .state: item.status.rawValue,
            ])
        return StoredReferral(id: id, person: person, caseFile: caseFile, isNewPerson: match.isNew, isRepeat: false)
    }

    /// Brings the person's picture up to date, in the order in which messages were sent, not that in which they came.
    private func updateProfile(of person: UUIDValue, with referral: Referral, _ index: PersonIndex, key: DataKey) throws
    {
        let row = try connection.query(
            "SELECT profile_at, sealed_profile FROM record.person WHERE id = \(person)", name: "record.profile")
        guard let (profileAt, sealed) = try row.first?.decode(Timestamp.self, [UInt8].self) else { return }
        let profile = try store.referral(sealed, with: key, at: Place.profile(person))
        let sentAt = sentAt(referral)
        let updated = sentAt < profileAt ? referral.updated(by: profile) : profile.updated(by: referral)
        let birthDate = updated.person.dob.map { store.vault.blindIndex(.birthDate, $0.iso) }
        try connection.execute(
            """
            UPDATE record.person
            SET profile_at = \(max(sentAt, profileAt)), dob_index = \(birthDate),
                sealed_profile = \(store.vault.seal(try updated.value.json(), with: key, context: Place.profile(person)))
            WHERE id = \(person)
            """, name: "record.update_profile")
    }

    private func keepIdentifiers(_ index: PersonIndex, of person: UUIDValue) throws {
        guard !index.identifiers.isEmpty else { return }
        try connection.execute(
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
    private func caseFile(of person: UUIDValue, opening: Bool) throws -> UUIDValue? {
        let open = try connection.query(
            "SELECT id FROM record.case_file WHERE person = \(person) AND ended_at IS NULL", name: "record.open_case")
        if let row = open.first { return try row.decode(UUIDValue.self) }
        guard opening else { return nil }
        let id = UUIDValue.v7()
        try connection.execute(
            "INSERT INTO record.case_file (id, person, opened_at) VALUES (\(id), \(person), \(intake.receivedAt))",
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

    private func work(
        _ kind: WorkItemKind, _ item: IntakeItem, code: String, about stored: StoredReferral? = nil,
        other: UUIDValue? = nil, dueAt: Timestamp? = nil
    ) throws {
        try store.add(
            NewWorkItem(
                kind: kind, code: code, submission: intake.receipt, ordinal: item.ordinal, referral: stored?.id,
                person: stored?.person, otherPerson: other, partner: intake.sender, dueAt: dueAt),
            at: intake.receivedAt, in: connection)
    }

    private mutating func enter(_ kind: LedgerKind, _ fields: [LedgerField: String]) {
        entries.append(store.entry(kind, fields))
    }
}
