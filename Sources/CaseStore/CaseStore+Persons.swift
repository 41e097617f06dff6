package import Disclosure
import Ledger
package import Postgres
package import Referral
import Vault

/// What may be told of a person without opening anything.
package struct PersonSummary: Sendable, Hashable {
    package var id: UUIDValue
    package var createdAt: Timestamp
    package var caseFile: UUIDValue?
    package var caseState: String?
    package var referrals: Int
    package var hasVerifiedNHSNumber: Bool
    /// Who it was found to be.
    package var mergedInto: UUIDValue?
    /// Who were found to be this person.
    package var merged: [UUIDValue]
}

/// A stored message without its content.
package struct ReferralSummary: Sendable, Hashable {
    package var id: UUIDValue
    package var person: UUIDValue
    package var caseFile: UUIDValue?
    package var submission: UUIDValue
    package var sender: String
    package var type: String
    package var state: String
    package var urgency: String?
    package var receivedAt: Timestamp
}

extension CaseStore {
    /// What may be told of a person, and of all who were found to be this one, without opening anything; nothing when
    /// there is no such person.
    package func person(_ id: UUIDValue, in connection: Connection) throws -> PersonSummary? {
        let rows = try connection.query(
            """
            SELECT
                person.created_at, case_file.id, case_file.state, person.nhs_index IS NOT NULL,
                (
                    SELECT count(*) FROM record.referral
                    WHERE referral.person IN (SELECT record.members(\(id)))
                ),
                CASE WHEN person.merged_into IS NOT NULL THEN record.survivor(person.id) END,
                ARRAY(SELECT member FROM record.members(\(id)) AS member WHERE member <> \(id) ORDER BY member)
            FROM record.person
            LEFT JOIN record.case_file
                ON case_file.person IN (SELECT record.members(\(id))) AND case_file.ended_at IS NULL
            WHERE person.id = \(id)
            ORDER BY case_file.person = \(id) DESC, case_file.id
            LIMIT 1
            """, name: "record.person")
        return try rows.first.map { row in
            let (createdAt, caseFile, state, isVerified, referrals, mergedInto, merged) = try row.decode(
                Timestamp.self, UUIDValue?.self, String?.self, Bool.self, Int.self, UUIDValue?.self,
                [UUIDValue].self)
            return PersonSummary(
                id: id, createdAt: createdAt, caseFile: caseFile, caseState: state, referrals: referrals,
                hasVerifiedNHSNumber: isVerified, mergedInto: mergedInto, merged: merged)
        }
    }

    /// Persons for whom this NHS number was ever given, the one who holds it as verified first.
    package func persons(withNHSNumber number: String, in connection: Connection) throws -> [UUIDValue] {
        let rows = try connection.query(
            """
            SELECT person
            FROM record.person_identifier
            WHERE value_index = \(vault.blindIndex(.nhsNumber, number))
            ORDER BY is_verified DESC, person
            """, name: "record.persons_by_number")
        return try rows.map { try $0.decode(UUIDValue.self) }
    }

    /// Opens the picture of a person, and enters that it was looked at.
    package func profile(
        of person: UUIDValue, viewedBy actor: String, in connection: Connection
    ) throws -> Referral? {
        guard let profile = try profile(of: person, in: connection) else { return nil }
        try append([entry(.view, [.person: person.description, .actor: actor])], in: connection)
        return profile
    }

    /// Opens one message as it was understood, and enters that it was looked at.
    package func content(
        of referral: UUIDValue, viewedBy actor: String, in connection: Connection
    ) throws -> Referral? {
        let rows = try connection.query(
            """
            SELECT referral.person, referral.sealed, person_key.wrapped_key
            FROM record.referral LEFT JOIN record.person_key USING (person)
            WHERE referral.id = \(referral)
            """, name: "record.referral_content")
        guard let (person, sealed, wrapped) = try rows.first?.decode(UUIDValue.self, [UInt8].self, [UInt8]?.self)
        else { return nil }
        guard let wrapped else { throw CaseStoreError.keyDestroyed(person: person) }
        let content = try self.referral(sealed, with: vault.unwrap(wrapped), at: Place.referral(referral))
        let fields: [LedgerField: String] = [
            .person: person.description, .referral: referral.description, .actor: actor,
        ]
        try append([entry(.view, fields)], in: connection)
        return content
    }

    /// Stored messages, newest first; of a person also those of all who were found to be that one.
    ///
    /// - Parameter before: The last of the page before.
    package func referrals(
        of person: UUIDValue? = nil, before: UUIDValue? = nil, limit: Int = 100, in connection: Connection
    ) throws -> [ReferralSummary] {
        let ofPerson: SQL = if let person { "AND person = ANY (ARRAY (SELECT record.members(\(person))))" } else { "" }
        let rows = try connection.query(
            """
            SELECT id, record.survivor(person) AS person, case_file, submission, sender, type, state, urgency, received_at
            FROM record.referral
            WHERE id < coalesce(\(before), 'ffffffff-ffff-ffff-ffff-ffffffffffff') \(ofPerson)
            ORDER BY id DESC
            LIMIT \(limit)
            """, name: person == nil ? "record.referrals" : "record.referrals_of")
        return try rows.map { row in
            let (id, person, caseFile, submission, sender, type, state, urgency, receivedAt) = try row.decode(
                UUIDValue.self, UUIDValue.self, UUIDValue?.self, UUIDValue.self, String.self, String.self,
                String.self, String?.self, Timestamp.self)
            return ReferralSummary(
                id: id, person: person, caseFile: caseFile, submission: submission, sender: sender, type: type,
                state: state, urgency: urgency, receivedAt: receivedAt)
        }
    }

    /// Enters what the disclosure policy must know of a person: the end of support, a restriction, objections, death.
    ///
    /// Waits for a release about the person that is being decided, and is seen by the next. The age is not among it:
    /// that is told by the profile.
    ///
    /// - Parameter changing: The names of what changes, for the ledger, which does not tell to what.
    package func setCircumstances(
        _ subject: Subject, of person: UUIDValue, changing: [String], by actor: String, at: Timestamp = .now(),
        in connection: Connection
    ) throws {
        try connection.execute(
            """
            UPDATE record.person
            SET support_ended_at = \(subject.supportEndedOn.map(Timestamp.init)),
                retention_until = \(subject.retentionUntil.map(Timestamp.init)),
                restricted_at = \(subject.restrictedOn.map(Timestamp.init)),
                deceased_at = \(subject.deceasedOn.map(Timestamp.init)),
                erasure = \(subject.erasure?.rawValue)::record.erasure,
                care_status = \(subject.careStatus?.rawValue)::record.care_status,
                has_legal_hold = \(subject.hasLegalHold), is_in_dfe_programme = \(subject.isInDfEProgramme),
                has_ipsos_link_consent = \(subject.hasIpsosLinkConsent),
                objections = \(subject.objections.map(\.rawValue).sorted())
            WHERE id = \(person)
            """, name: "record.set_circumstances")
        let fields: [LedgerField: String] = [
            .person: person.description, .actor: actor, .changed: changing.sorted().joined(separator: " "),
        ]
        try append([entry(.circumstancesChanged, at: at, fields)], in: connection)
    }

    /// Those of some persons who were found to be somebody else.
    package func merged(among persons: Set<UUIDValue>, in connection: Connection) throws -> Set<UUIDValue> {
        guard !persons.isEmpty else { return [] }
        return Set<UUIDValue>(
            try connection.query(
                "SELECT id FROM record.person WHERE id = ANY (\(Array(persons))) AND merged_into IS NOT NULL",
                name: "record.merged_among"
            ).decode(UUIDValue.self))
    }

    /// What the disclosure policy must know of a person besides the age, as it was entered; nothing when there is no such
    /// person. What was entered of those who were found to be this person is not in it.
    package func subject(of person: UUIDValue, isLocked: Bool = false, in connection: Connection) throws -> Subject? {
        let lock: SQL = isLocked ? "FOR NO KEY UPDATE" : ""
        return try connection.query(
            """
            SELECT
                support_ended_at, retention_until, restricted_at, deceased_at, erasure, care_status, has_legal_hold,
                is_in_dfe_programme, has_ipsos_link_consent, objections
            FROM record.person
            WHERE id = \(person)
            \(lock)
            """, name: isLocked ? "record.lock_subject" : "record.subject"
        ).first.map(Subject.init(row:))
    }

    // MARK: Inside

    /// The person's data key; throws ``CaseStoreError/keyDestroyed(person:)`` once the person was erased.
    func key(of person: UUIDValue, in connection: Connection) throws -> DataKey {
        let rows = try connection.query(
            "SELECT wrapped_key FROM record.person_key WHERE person = \(person)", name: "record.person_key")
        guard let row = rows.first else { throw CaseStoreError.keyDestroyed(person: person) }
        return try vault.unwrap(row.decode([UInt8].self))
    }

    /// The data key of a person who is held by the transaction.
    func key(of person: HeldPerson) throws -> DataKey {
        guard let wrapped = person.wrappedKey else { throw CaseStoreError.keyDestroyed(person: person.id) }
        return try vault.unwrap(wrapped)
    }

    /// The picture of a person, for the hub's own use: whoever shows it enters a view.
    func profile(of person: UUIDValue, in connection: Connection) throws -> Referral? {
        let rows = try connection.query(
            "SELECT sealed_profile FROM record.person WHERE id = \(person)", name: "record.profile_bytes")
        guard let row = rows.first else { return nil }
        return try referral(row.decode([UInt8].self), with: key(of: person, in: connection), at: Place.profile(person))
    }

    /// Opens a referral that was sealed for a place.
    func referral(_ sealed: [UInt8], with key: DataKey, at place: String) throws -> Referral {
        let bytes = try vault.open(sealed, with: key, context: place)
        guard let value = try? StrictJSON.parse(bytes), let referral = Referral(stored: value) else {
            throw CaseStoreError.unreadable(place)
        }
        return referral
    }
}
