import Matching
import Postgres
import Referral
import Vault

/// What the messages of a round are judged by, read in one round trip, or two where somebody is looked for. The persons that it found are held by the
/// transaction from then on.
struct IntakeReads {
    /// One item of a submission.
    struct Part: Hashable {
        let receipt: UUIDValue
        let ordinal: Int
    }

    /// A message of a sender, by the blind index of its id.
    private struct Message: Hashable {
        let sender: String
        let index: [UInt8]
    }

    /// A number that is unique within its sender, with the birth date that its person must have.
    private struct OwnNumber {
        let index: [UInt8]
        let birthDate: [UInt8]
    }

    /// The open cases of the persons held.
    private(set) var openCases: [UUIDValue: UUIDValue] = [:]
    /// The newest earlier message of each name that is answered.
    private var answered: [Message: (earlier: IntakeFate.Earlier, person: UUIDValue)] = [:]
    private var held: [UUIDValue: HeldPerson] = [:]
    private var byNHS: [[UInt8]: UUIDValue] = [:]
    /// Those who may be the person of a message that opens one, by the message's place in the round. Nobody is looked for
    /// where the holder of the verified number is the person.
    private var candidates = MatchCandidates()
    private var places: [Part: Int] = [:]
    /// How like the holder of its verified number the person of a message is.
    private var holderScores: [Part: MatchScore] = [:]
    /// Who was given a number and has the birth date.
    private var givenNumber: [[UInt8]: [UUIDValue]] = [:]

    /// Locks submissions against another run, and tells what an earlier one stored of them.
    static func stored(of receipts: [UUIDValue], in connection: Connection) throws -> [Part: StoredReferral] {
        var reads = Pipeline()
        reads.add(
            "SELECT FROM record.submission WHERE receipt = ANY (\(receipts)) ORDER BY receipt FOR NO KEY UPDATE",
            name: "record.lock_submissions")
        reads.add(
            "SELECT submission, ordinal, id, person, case_file FROM record.referral WHERE submission = ANY (\(receipts))",
            name: "record.stored_before")
        let rows = try connection.pipeline(reads)[1].decode(
            UUIDValue.self, Int.self, UUIDValue.self, UUIDValue.self, UUIDValue?.self)
        return Dictionary(
            uniqueKeysWithValues: rows.map { receipt, ordinal, id, person, caseFile in
                let stored = StoredReferral(
                    id: id, person: person, caseFile: caseFile, isNewPerson: false, isRepeat: true)
                return (Part(receipt: receipt, ordinal: ordinal), stored)
            })
    }

    /// Reads what is needed for the fates of these messages, and holds the persons whom they may be about.
    init(for entries: [IntakeEntry], by matcher: Matcher, vault: Vault, in connection: Connection) throws {
        let answers = entries.compactMap { entry in
            entry.subject?.answered.map { Message(sender: entry.intake.sender, index: $0) }
        }
        let own = entries.filter(\.seeksKnownPerson).flatMap { entry -> [OwnNumber] in
            guard let index = entry.subject?.index, let birthDate = index.birthDate else { return [] }
            return index.ownNumbers.map { OwnNumber(index: $0, birthDate: birthDate) }
        }
        let verified = entries.compactMap { $0.subject?.index.nhs }
        var reads = Pipeline()
        var readers: [(inout IntakeReads, QueryResult) throws -> Void] = []
        func read(_ sql: SQL, _ name: StaticString, _ reader: @escaping (inout IntakeReads, QueryResult) throws -> Void)
        {
            reads.add(sql, name: name)
            readers.append(reader)
        }
        if !answers.isEmpty {
            read(Self.answered(answers), "record.answered_messages") { try $0.readAnswered($1) }
        }
        if !(verified.isEmpty && answers.isEmpty && own.isEmpty) {
            let wanted = Self.wanted(verified, answers, own)
            read(Self.holding(wanted), "record.hold_persons") { try $0.readHeld($1) }
            // A statement of its own: it sees the case that the holder before opened.
            read(Self.openCases(of: wanted), "record.open_cases") { try $0.readOpenCases($1) }
        }
        if !own.isEmpty {
            read(Self.given(own), "record.given_own_numbers") { try $0.readGiven($1) }
        }
        for (reader, result) in zip(readers, try connection.pipeline(reads)) { try reader(&self, result) }
        try lookForCandidates(of: entries, by: matcher, vault: vault, in: connection)
    }

    /// Looks for those whom a message may be about, unless its verified number and a second field settle that: as a rule they
    /// do, and the search is the dearest of all reads.
    private mutating func lookForCandidates(
        of entries: [IntakeEntry], by matcher: Matcher, vault: Vault, in connection: Connection
    ) throws {
        var asked: [MatchCandidates.Asked] = []
        for (place, entry) in entries.enumerated() where entry.mayOpenPerson {
            guard let subject = entry.subject else { continue }
            if let holder = subject.index.nhs.flatMap({ byNHS[$0] }).flatMap({ held[$0] }),
                let wrapped = holder.wrappedKey
            {
                let known = try vault.fingerprint(holder.sealedFingerprint, with: vault.unwrap(wrapped), of: holder.id)
                let score = matcher.compare(subject.fingerprint, known)
                holderScores[entry.part] = score
                if score.outcome == .same { continue }
            }
            places[entry.part] = place
            asked.append(
                MatchCandidates.Asked(
                    number: place, subject.fingerprint, identifiers: subject.index.identifiers.map(\.index),
                    vault: vault))
        }
        guard !asked.isEmpty else { return }
        try candidates.read(connection.query(MatchCandidates.statement(asked), name: "record.match_candidates"))
    }

    private mutating func readAnswered(_ rows: QueryResult) throws {
        for row in rows {
            let (sender, index, id, thread, person) = try row.decode(
                String.self, [UInt8].self, UUIDValue.self, UUIDValue.self, UUIDValue.self)
            answered[Message(sender: sender, index: index)] = (.init(id: id, thread: thread), person)
        }
    }

    private mutating func readHeld(_ rows: QueryResult) throws {
        for row in rows {
            let (id, nhs, birthDate, profileAt, profile, fingerprint, wrapped) = try row.decode(
                UUIDValue.self, [UInt8]?.self, [UInt8]?.self, Timestamp.self, [UInt8].self, [UInt8].self, [UInt8]?.self)
            held[id] = HeldPerson(
                id: id, nhs: nhs, birthDate: birthDate, profileAt: profileAt, sealedProfile: profile,
                sealedFingerprint: fingerprint, wrappedKey: wrapped)
            if let nhs { byNHS[nhs] = id }
        }
    }

    private mutating func readOpenCases(_ rows: QueryResult) throws {
        for row in rows {
            let (person, caseFile) = try row.decode(UUIDValue.self, UUIDValue.self)
            openCases[person] = caseFile
        }
    }

    private mutating func readGiven(_ rows: QueryResult) throws {
        for row in rows {
            let (number, person) = try row.decode([UInt8].self, UUIDValue.self)
            givenNumber[number, default: []].append(person)
        }
    }

    // MARK: Whose is it?

    /// The persons held whom a message's fate depends on.
    func regarded(by entry: IntakeEntry) -> Set<UUIDValue> {
        guard let subject = entry.subject else { return [] }
        var persons: Set<UUIDValue> = []
        if let index = subject.answered {
            if let earlier = answered[Message(sender: entry.intake.sender, index: index)] {
                persons.insert(earlier.person)
            }
            return persons
        }
        if let holder = subject.index.nhs.flatMap({ byNHS[$0] }) { persons.insert(holder) }
        if entry.seeksKnownPerson { persons.formUnion(subject.index.ownNumbers.flatMap { givenNumber[$0] ?? [] }) }
        return persons
    }

    /// Says what is to be done with a message.
    ///
    /// - Parameter now: An answer to a message that has not come waits for it until ``IntakeRecord/waitsUntil``.
    func fate(of entry: IntakeEntry, now: Timestamp, by matcher: Matcher, vault: Vault) throws -> IntakeFate {
        guard let subject = entry.subject else { return .refused }
        if let answers = subject.answered {
            let message = Message(sender: entry.intake.sender, index: answers)
            if let earlier = answered[message], let person = held[earlier.person] {
                // Nothing can be kept for them any more; whether the sender is told is a person's to decide.
                guard person.wrappedKey != nil else { return .unbound(code: "names_erased_person") }
                // A sender's wrong id must not lay one person's facts upon another.
                return person.isContradicted(by: subject.index)
                    ? .unbound(code: "names_another_person") : .kept(person, answering: earlier.earlier)
            }
            return now < entry.intake.waitsUntil
                ? .awaiting(answered: answers) : .unbound(code: subject.type.rawValue)
        }
        if entry.seeksKnownPerson {
            if let person = knownPerson(subject.index) {
                return .kept(
                    person, answering: nil,
                    findings: try merge(subject.index, into: person, by: matcher, vault: vault))
            }
            return entry.item.opensCase ? .unbound(code: subject.type.rawValue) : .unknownPerson
        }
        return try match(entry, subject, by: matcher, vault: vault)
    }

    /// The person of a notice: by verified NHS number, else by a number of the sender's own; the birth date the same.
    private func knownPerson(_ index: PersonIndex) -> HeldPerson? {
        guard let birthDate = index.birthDate else { return nil }
        let candidates =
            [index.nhs.flatMap { byNHS[$0] }].compactMap { $0 } + index.ownNumbers.flatMap { givenNumber[$0] ?? [] }
        return candidates.lazy.compactMap { held[$0] }.first { $0.birthDate == birthDate }
    }

    /// Another person who has one of the numbers that a message lays together: the sender says that both are one.
    private func merge(
        _ index: PersonIndex, into person: HeldPerson, by matcher: Matcher, vault: Vault
    ) throws -> [MatchFinding] {
        guard !index.mergedNumbers.isEmpty else { return [] }
        let others = index.ownNumbers.flatMap { givenNumber[$0] ?? [] }.filter { $0 != person.id }
        guard let other = others.min().flatMap({ held[$0] }), let otherKey = other.wrappedKey,
            let key = person.wrappedKey
        else { return [] }
        let score = matcher.compare(
            try vault.fingerprint(person.sealedFingerprint, key, of: person.id),
            try vault.fingerprint(other.sealedFingerprint, otherKey, of: other.id))
        return [MatchFinding(known: other.id, score: score, code: "numbers_merged")]
    }

    /// A verified NHS number with a second field that agrees is that person. Everything else opens a new one, who is kept
    /// together with those whom it may be.
    private func match(
        _ entry: IntakeEntry, _ subject: IntakeEntry.Subject, by matcher: Matcher, vault: Vault
    ) throws -> IntakeFate {
        var findings: [MatchFinding] = []
        let holder = subject.index.nhs.flatMap { byNHS[$0] }.flatMap { held[$0] }
        if let holder, let score = holderScores[entry.part] {
            if score.outcome == .same { return .kept(holder, answering: nil) }
            findings.append(MatchFinding(known: holder.id, score: score))
        }
        for candidate in places[entry.part].flatMap({ candidates.candidates[$0] }) ?? []
        where candidate.found != holder?.id {
            let score = matcher.compare(subject.fingerprint, try candidate.fingerprint(vault))
            findings.append(MatchFinding(known: candidate.person, score: score))
        }
        return .new(
            NewPerson(entry, subject, nhs: holder == nil ? subject.index.nhs : nil, vault: vault),
            findings: MatchFinding.chosen(findings))
    }

    // MARK: Statements

    /// The ids of the persons whom the messages may be about.
    private static func wanted(_ verified: [[UInt8]], _ answers: [Message], _ own: [OwnNumber]) -> SQL {
        """
        SELECT id
        FROM record.person
        WHERE nhs_index = ANY (\(verified))
        UNION
        SELECT person
        FROM unnest(\(answers.map(\.sender)), \(answers.map(\.index))) AS message (sender, message_index)
            JOIN record.referral USING (sender, message_index)
        UNION
        SELECT person
        FROM unnest(\(answers.map(\.sender)), \(answers.map(\.index))) AS message (sender, number_index)
            JOIN record.referral USING (sender, number_index)
        UNION
        SELECT person
        FROM (\(given(own))) AS given
        """
    }

    private static func holding(_ wanted: SQL) -> SQL {
        """
        SELECT person.id, person.nhs_index, person.dob_index, person.profile_at, person.sealed_profile,
            person.sealed_fingerprint,
            -- Of the person's row the lock shows what has become of it; of the key's only what was before.
            CASE WHEN person.erased_at IS NULL THEN person_key.wrapped_key END AS wrapped_key
        FROM (\(wanted)) AS wanted JOIN record.person USING (id)
            LEFT JOIN record.person_key ON person_key.person = person.id
        ORDER BY person.id
        FOR NO KEY UPDATE OF person
        """
    }

    private static func openCases(of wanted: SQL) -> SQL {
        """
        SELECT case_file.person, case_file.id
        FROM (\(wanted)) AS wanted JOIN record.case_file ON case_file.person = wanted.id
        WHERE case_file.ended_at IS NULL
        """
    }

    /// The newest message of each name.
    private static func answered(_ messages: [Message]) -> SQL {
        """
        SELECT message.sender, message.name, newest.id, newest.thread, newest.person
        FROM unnest(\(messages.map(\.sender)), \(messages.map(\.index))) AS message (sender, name)
        CROSS JOIN LATERAL (
            -- Each by an index of its own, which one condition with OR would not be.
            SELECT id, thread, person
            FROM record.referral
            WHERE referral.sender = message.sender AND referral.message_index = message.name
            UNION ALL
            SELECT id, thread, person
            FROM record.referral
            WHERE referral.sender = message.sender AND referral.number_index = message.name
            ORDER BY id DESC
            LIMIT 1
        ) AS newest
        """
    }

    /// Who was ever given these numbers and has the birth date. Twenty of each are plenty: a row of zeros may have been
    /// given to very many, but not to so many of the same birthday.
    private static func given(_ numbers: [OwnNumber]) -> SQL {
        """
        SELECT number.value_index, given.person
        FROM unnest(\(numbers.map(\.index)), \(numbers.map(\.birthDate))) AS number (value_index, birth_date)
        CROSS JOIN LATERAL (
            SELECT person_identifier.person
            FROM record.person_identifier JOIN record.person ON person.id = person_identifier.person
            WHERE person_identifier.value_index = number.value_index AND person.dob_index = number.birth_date
            ORDER BY person_identifier.person
            LIMIT 20
        ) AS given
        """
    }
}
