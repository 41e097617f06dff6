import Disclosure
import Postgres
import Referral
import Vault

/// What is known of a person when something about them is judged.
struct Circumstances {
    var subject: Subject
    let profile: Referral
    let key: DataKey
    var agreements: [Agreement] = []
}

extension CaseStore {
    /// The statements that read what a judgement about some persons rests on, for one round trip.
    ///
    /// Their order is that of the locks, and each sees what was committed while the ones before it waited: so the lines
    /// of an agreement are read after its row is locked.
    ///
    /// What forbids something to one of those who were found to be one person forbids it for all; which agreements still
    /// permit something is ``counts``.
    ///
    /// - Parameter persons: A condition on an id, as `= …` or `IN (…)`.
    func addReads(of persons: SQL, isLocked: Bool, to pipeline: inout Pipeline) {
        pipeline.add(Self.reading(persons, isLocked: isLocked), name: "record.circumstances")
        addReads(
            ofAgreements: "agreement.person \(persons) AND \(Self.counts)", isLocked: isLocked, to: &pipeline)
        pipeline.add(Self.readingMerged(persons, isLocked: isLocked), name: "record.merged_circumstances")
    }

    /// The same without agreements, for what does not rest on them: two statements.
    func addReads(ofCircumstances persons: SQL, isLocked: Bool, to pipeline: inout Pipeline) {
        pipeline.add(Self.reading(persons, isLocked: isLocked), name: "record.circumstances")
        pipeline.add(Self.readingMerged(persons, isLocked: isLocked), name: "record.merged_circumstances")
    }

    private static func reading(_ persons: SQL, isLocked: Bool) -> SQL {
        """
        SELECT
            person.id, support_ended_at, retention_until, restricted_at, deceased_at, erasure, care_status,
            has_legal_hold, is_in_dfe_programme, has_ipsos_link_consent, objections, sealed_profile,
            person_key.wrapped_key, person.merged_into
        FROM record.person LEFT JOIN record.person_key ON person_key.person = person.id
        WHERE person.id \(persons)
        ORDER BY person.id
        \(lock(isLocked))
        """
    }

    private static func readingMerged(_ persons: SQL, isLocked: Bool) -> SQL {
        """
        WITH RECURSIVE member AS (
            -- From whoever the person was found to be, so that all of them are read whichever one is asked about.
            SELECT id AS survivor, CASE WHEN merged_into IS NULL THEN id ELSE record.survivor(id) END AS id
            FROM record.person
            WHERE id \(persons)
            UNION
            SELECT member.survivor, person.id FROM member JOIN record.person ON person.merged_into = member.id
        )
        SELECT member.survivor, restricted_at, deceased_at, erasure, has_legal_hold, objections
        FROM member JOIN record.person ON person.id = member.id
        WHERE member.survivor <> member.id
        ORDER BY person.id
        \(lock(isLocked))
        """
    }

    private static func lock(_ isLocked: Bool) -> SQL { isLocked ? "FOR SHARE OF person" : "" }

    /// How many statements ``addReads(of:isLocked:to:)`` adds.
    static let readsOfPersons = 4

    /// Reads the results of ``addReads(of:isLocked:to:)``, by person.
    func circumstances(_ results: ArraySlice<QueryResult>) throws -> [UUIDValue: Circumstances] {
        var circumstances = try circumstances(
            persons: results[results.startIndex], merged: results[results.startIndex + 3])
        for stored in try agreements(results.dropFirst().prefix(2)) {
            circumstances[stored.person]?.agreements.append(stored.agreement)
        }
        return circumstances
    }

    /// Reads the results of ``addReads(ofCircumstances:isLocked:to:)``, by person.
    func circumstances(persons: some Sequence<Row>, merged: QueryResult) throws -> [UUIDValue: Circumstances] {
        var circumstances: [UUIDValue: Circumstances] = [:]
        for row in persons {
            let id = try row.value("id", as: UUIDValue.self)
            circumstances[id] = try self.circumstances(row, of: id)
        }
        for row in merged {
            try circumstances[row.value("survivor", as: UUIDValue.self)]?.subject.forbid(as: row)
        }
        return circumstances
    }

    private func circumstances(_ row: Row, of id: UUIDValue) throws -> Circumstances {
        let subject = try Subject(row: row)
        guard let wrapped = try row.value("wrapped_key", as: [UInt8]?.self) else {
            guard subject.erasure == .done else { throw CaseStoreError.keyDestroyed(person: id) }
            // The policy refuses whatever is asked. The facts of that are sealed with a key that nobody keeps.
            return Circumstances(subject: subject, profile: Referral(), key: vault.newDataKey().key)
        }
        let key = try vault.unwrap(wrapped)
        let profile = try referral(row.value("sealed_profile"), with: key, at: Place.profile(id))
        return Circumstances(subject: subject, profile: profile, key: key)
    }

    /// The facts of a share at a moment. A group that the policy does not know makes them unreadable, which refuses.
    func facts(
        _ request: ShareRequest, _ recipient: RecipientSetup, _ person: Circumstances,
        approvals: [ShareApproval] = [], stage: Stage, queuedAt: Timestamp?, at: Timestamp
    ) -> DisclosureFacts {
        var subject = person.subject
        subject.age = person.profile.person.age(on: Instant(at).date)
        let groups = request.groups.compactMap(FieldGroup.init)
        var asked = ShareRequestFacts(
            recipient: request.recipient, purpose: request.purpose, level: request.level, groups: Set(groups),
            channel: request.channel)
        asked.recipientChannels = recipient.channels
        asked.isRecipientSuspended = recipient.isSuspended
        asked.contract = recipient.contract
        request.grounds.enter(into: &asked)
        for approval in approvals where approval.counts(for: subject) {
            asked.approve(as: approval.role, by: approval.approver)
        }
        return DisclosureFacts(
            at: Instant(at), stage: stage, queuedAt: queuedAt.map(Instant.init), subject: subject,
            agreements: person.agreements, request: asked,
            unreadable: groups.count < request.groups.count ? ["request.groups"] : [])
    }
}

extension Subject {
    /// Reads the columns that tell of a person what the policy must know besides the age.
    init(row: Row) throws {
        self.init()
        supportEndedOn = try row.value("support_ended_at", as: Timestamp?.self).map(Instant.init)
        retentionUntil = try row.value("retention_until", as: Timestamp?.self).map(Instant.init)
        restrictedOn = try row.value("restricted_at", as: Timestamp?.self).map(Instant.init)
        deceasedOn = try row.value("deceased_at", as: Timestamp?.self).map(Instant.init)
        erasure = try row.value("erasure", as: String?.self).flatMap(Subject.Erasure.init)
        careStatus = try row.value("care_status", as: String?.self).flatMap(Subject.CareStatus.init)
        hasLegalHold = try row.value("has_legal_hold")
        isInDfEProgramme = try row.value("is_in_dfe_programme")
        hasIpsosLinkConsent = try row.value("has_ipsos_link_consent")
        objections = Set(try row.value("objections", as: [String].self).compactMap(Subject.Objection.init))
    }

    /// Takes over what forbids something to somebody who is one with this person: of two moments the earlier.
    fileprivate mutating func forbid(as row: Row) throws {
        let other = try Subject(forbidding: row)
        restrictedOn = [restrictedOn, other.restrictedOn].compactMap { $0 }.min()
        deceasedOn = [deceasedOn, other.deceasedOn].compactMap { $0 }.min()
        erasure = [erasure, other.erasure].contains(.done) ? .done : erasure ?? other.erasure
        hasLegalHold = try hasLegalHold || row.value("has_legal_hold")
        objections.formUnion(
            try row.value("objections", as: [String].self).compactMap(Subject.Objection.init))
    }

    /// Reads the moments and the erasure of a row that has only what forbids something.
    private init(forbidding row: Row) throws {
        self.init()
        restrictedOn = try row.value("restricted_at", as: Timestamp?.self).map(Instant.init)
        deceasedOn = try row.value("deceased_at", as: Timestamp?.self).map(Instant.init)
        erasure = try row.value("erasure", as: String?.self).flatMap(Subject.Erasure.init)
    }
}

extension Person {
    /// Full years, from the birth date only: an estimate is not known to be right.
    func age(on day: CalendarDate) -> Int? {
        guard let dob, dob <= day else { return nil }
        let hasHadBirthday = (day.month, day.day) >= (dob.month, dob.day)
        return day.year - dob.year - (hasHadBirthday ? 0 : 1)
    }
}
