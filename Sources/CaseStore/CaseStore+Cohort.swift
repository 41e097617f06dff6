package import Disclosure
package import Postgres
package import Referral
import Vault

/// Somebody who may be in an extract: what the policy judges by, and what the extract could tell.
package struct CohortCandidate: Sendable {
    package let subject: Subject
    package let record: CohortRecord
}

extension CaseStore {
    /// Everybody whom an extract could be about, opened with their keys, and the moment at which they are to be judged.
    ///
    /// Those who were found to be one person are one. Whoever is erased has no key and is not there. People of a household
    /// are not persons of the hub, and so are in no extract.
    ///
    /// All are held FOR SHARE until the transaction ends, so that an objection or a restriction either is seen or waits
    /// until the release is on the ledger; meanwhile new messages about them wait too, a fraction of a millisecond for each
    /// person. Nothing but what a ``CohortRecord`` holds is kept of a profile.
    ///
    /// - Parameters:
    ///   - days: First referrals of these days only, by the clocks of England; left out, of any.
    ///   - agesOn: The day on which the ages that the extract tells are taken; left out, today. The policy judges by those of
    ///     today.
    ///   - areas: Where postcodes lie.
    package func cohort(
        referredOn days: ClosedRange<CalendarDate>? = nil, agesOn: CalendarDate? = nil, areas: AreaTable,
        in connection: Connection
    ) throws -> (candidates: [CohortCandidate], judgedAt: Timestamp, agesOn: CalendarDate) {
        let today = LondonTime.clock(Instant(try clock(in: connection))).date
        let ids = try connection.query(
            """
            SELECT id
            FROM record.person
            WHERE merged_into IS NULL AND EXISTS (SELECT FROM record.person_key WHERE person = id)
            ORDER BY id
            """, name: "record.cohort"
        ).map { try $0.decode(UUIDValue.self) }
        let candidates = try self.candidates(
            ids, on: (today, agesOn ?? today), areas: areas, in: connection
        ).filter { days?.contains($0.record.referredOn) ?? true }
        return (candidates, try clock(in: connection), agesOn ?? today)
    }

    /// Those of a cohort who are still there, by their keyed numbers, and the moment at which they are to be judged. Held as
    /// ``cohort(referredOn:agesOn:areas:in:)`` holds everybody. Whoever was erased, or was found to be somebody else, is not
    /// there.
    package func cohort(
        of marks: Set<Int64>, in connection: Connection
    ) throws -> (candidates: [CohortCandidate], judgedAt: Timestamp) {
        let today = LondonTime.clock(Instant(try clock(in: connection))).date
        let ids = try connection.query(
            "SELECT id FROM record.person WHERE merged_into IS NULL ORDER BY id", name: "record.living"
        ).map { try $0.decode(UUIDValue.self) }.filter { marks.contains(vault.blindNumber(.cohort, $0.bytes)) }
        let candidates: [CohortCandidate] = try self.candidates(
            ids, on: (today, today), areas: AreaTable(), in: connection)
        return (candidates.filter { marks.contains($0.record.mark) }, try clock(in: connection))
    }

    /// Reads persons 500 at a time. Whoever was merged since the ids were read is not there, and the one they were found to be
    /// is read again, as that one may have been read without what forbids something to the other.
    private func candidates(
        _ ids: [UUIDValue], on days: (today: CalendarDate, ages: CalendarDate), areas: AreaTable,
        in connection: Connection
    ) throws -> [CohortCandidate] {
        var found: [UUIDValue: CohortCandidate] = [:]
        var rest = ids[...]
        while !rest.isEmpty {
            let chunk = Array(rest.prefix(500))
            rest = rest.dropFirst(500)
            let (candidates, survivors) = try self.candidates(chunk, on: days, areas: areas, in: connection)
            for id in chunk { found[id] = candidates[id] }
            rest += survivors
        }
        return found.sorted { $0.key.description < $1.key.description }.map(\.value)
    }

    private func clock(in connection: Connection) throws -> Timestamp {
        let rows = try connection.query("SELECT clock_timestamp()", name: "record.clock")
        guard let row = rows.first else { throw CaseStoreError.unreadable("clock") }
        return try row.decode(Timestamp.self)
    }

    /// Those of some persons who are there and have a key, and whom the others were found to be.
    private func candidates(
        _ ids: [UUIDValue], on days: (today: CalendarDate, ages: CalendarDate), areas: AreaTable,
        in connection: Connection
    ) throws -> (candidates: [UUIDValue: CohortCandidate], survivors: [UUIDValue]) {
        var reads = Pipeline()
        addReads(ofCircumstances: "= ANY (\(ids))", isLocked: true, to: &reads)
        reads.add(Self.firstReferrals(of: ids), name: "record.cohort_referrals")
        reads.add(Self.lastCases(of: ids), name: "record.cohort_cases")
        let results = try connection.pipeline(reads)
        let survivors = try results[0].compactMap { try $0.value("merged_into", as: UUIDValue?.self) }
        let living = try results[0].filter { row in
            try row.value("merged_into", as: UUIDValue?.self) == nil
                && row.value("wrapped_key", as: [UInt8]?.self) != nil
        }
        let persons = try circumstances(persons: living, merged: results[1])
        let first = Dictionary(
            try results[2].decode(UUIDValue.self, Timestamp.self), uniquingKeysWith: { first, _ in first })
        let last = Dictionary(
            try results[3].decode(UUIDValue.self, Timestamp?.self, String?.self).map { ($0.0, ($0.1, $0.2)) },
            uniquingKeysWith: { first, _ in first })
        let candidates = ids.compactMap { id -> (UUIDValue, CohortCandidate)? in
            guard let person = persons[id], let referredAt = first[id] else { return nil }
            var subject = person.subject
            subject.age = person.profile.person.age(on: days.today)
            var record = CohortRecord(
                person: id.description, mark: vault.blindNumber(.cohort, id.bytes),
                referredOn: LondonTime.clock(Instant(referredAt)).date)
            record.age = person.profile.person.age(on: days.ages)
            record.sex = person.profile.person.sex?.code
            record.area = person.profile.address?.postcode.flatMap { areas[$0] }
            record.needs = Set(person.profile.needs.compactMap(\.code))
            record.source = person.profile.sourceCode?.code
            record.isCareLeaver = subject.careStatus == .careLeaver
            if let (endedAt, ending) = last[id] {
                record.closedOn = endedAt.map { LondonTime.clock(Instant($0)).date }
                record.ending = ending.flatMap(EndingCode.init)
            }
            return (id, CohortCandidate(subject: subject, record: record))
        }
        return (Dictionary(candidates, uniquingKeysWith: { first, _ in first }), survivors)
    }

    /// When the first referral came of each person, or of somebody who was found to be that person.
    private static func firstReferrals(of ids: [UUIDValue]) -> SQL {
        """
        \(members(of: ids))
        SELECT member.survivor, min(referral.received_at)
        FROM member JOIN record.referral ON referral.person = member.id
        GROUP BY member.survivor
        """
    }

    /// How the last case of each person ended: with nulls while one is open.
    private static func lastCases(of ids: [UUIDValue]) -> SQL {
        """
        \(members(of: ids))
        SELECT DISTINCT ON (member.survivor) member.survivor, case_file.ended_at, case_file.ending_code
        FROM member JOIN record.case_file ON case_file.person = member.id
        ORDER BY member.survivor, case_file.ended_at DESC NULLS FIRST
        """
    }

    private static func members(of ids: [UUIDValue]) -> SQL {
        """
        WITH RECURSIVE member AS (
            SELECT id AS survivor, id FROM record.person WHERE id = ANY (\(ids))
            UNION
            SELECT member.survivor, person.id FROM member JOIN record.person ON person.merged_into = member.id
        )
        """
    }
}
