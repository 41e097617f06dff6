import Postgres
import Referral
import Vault

/// What the messages of a round are judged by, read in one round trip. The persons that it found are held by the
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

    /// What an earlier run stored of the submissions.
    private(set) var stored: [Part: StoredReferral] = [:]
    /// The open cases of the persons held.
    private(set) var openCases: [UUIDValue: UUIDValue] = [:]
    /// The newest earlier message of each name that is answered.
    private var answered: [Message: (id: UUIDValue, person: UUIDValue)] = [:]
    /// Of those names, the ones that were received and are not worked on yet, each with their receipts.
    private var unfinished: [Message: Set<UUIDValue>] = [:]
    private var held: [UUIDValue: HeldPerson] = [:]
    private var byNHS: [[UInt8]: UUIDValue] = [:]
    /// Who was ever given a number: the first, or where a sender's own number is to find its person the first twenty.
    private var givenNumber: [[UInt8]: [UUIDValue]] = [:]

    /// - Parameter receipts: The submissions to lock against another run; none once they are.
    init(for entries: [IntakeEntry], of receipts: [UUIDValue], vault: Vault, in connection: Connection) throws {
        let answers = entries.compactMap { entry in
            entry.subject?.answered.map { Message(sender: entry.intake.sender, index: $0) }
        }
        let own = entries.filter(\.seeksKnownPerson).flatMap { $0.subject?.index.ownNumbers ?? [] }
        let numbers = Set(entries.flatMap { $0.subject?.index.identifiers.map(\.index) ?? [] }).subtracting(own)
        let wanted = Self.wanted(entries, answers, own: own)
        var reads = Pipeline()
        reads.add(
            "SELECT FROM record.submission WHERE receipt = ANY (\(receipts)) ORDER BY receipt FOR NO KEY UPDATE",
            name: "record.lock_submissions")
        reads.add(
            "SELECT submission, ordinal, id, person, case_file FROM record.referral WHERE submission = ANY (\(receipts))",
            name: "record.stored_before")
        reads.add(Self.answered(answers), name: "record.answered_messages")
        reads.add(Self.unfinished(answers), name: "record.unfinished_messages")
        reads.add(
            """
            SELECT person.id, person.nhs_index, person.dob_index, person.profile_at, person.sealed_profile,
                person_key.wrapped_key
            FROM (\(wanted)) AS wanted JOIN record.person USING (id)
                LEFT JOIN record.person_key ON person_key.person = person.id
            ORDER BY person.id
            FOR NO KEY UPDATE OF person
            """, name: "record.hold_persons")
        // A statement of its own: it sees the case that the holder before opened.
        reads.add(
            """
            SELECT case_file.person, case_file.id
            FROM (\(wanted)) AS wanted JOIN record.case_file ON case_file.person = wanted.id
            WHERE case_file.ended_at IS NULL
            """, name: "record.open_cases")
        reads.add(
            "\(Self.given(own, most: 20)) UNION ALL \(Self.given(Array(numbers), most: 1))",
            name: "record.given_numbers")
        try read(connection.pipeline(reads))
    }

    private mutating func read(_ results: [QueryResult]) throws {
        for row in results[1] {
            let (receipt, ordinal, id, person, caseFile) = try row.decode(
                UUIDValue.self, Int.self, UUIDValue.self, UUIDValue.self, UUIDValue?.self)
            stored[Part(receipt: receipt, ordinal: ordinal)] = StoredReferral(
                id: id, person: person, caseFile: caseFile, isNewPerson: false, isRepeat: true)
        }
        for row in results[2] {
            let (sender, index, id, person) = try row.decode(
                String.self, [UInt8].self, UUIDValue.self, UUIDValue.self)
            answered[Message(sender: sender, index: index)] = (id, person)
        }
        for row in results[3] {
            let (sender, index, receipt) = try row.decode(String.self, [UInt8].self, UUIDValue.self)
            unfinished[Message(sender: sender, index: index), default: []].insert(receipt)
        }
        for row in results[4] {
            let (id, nhs, birthDate, profileAt, sealed, wrapped) = try row.decode(
                UUIDValue.self, [UInt8]?.self, [UInt8]?.self, Timestamp.self, [UInt8].self, [UInt8]?.self)
            held[id] = HeldPerson(
                id: id, nhs: nhs, birthDate: birthDate, profileAt: profileAt, sealedProfile: sealed, wrappedKey: wrapped
            )
            if let nhs { byNHS[nhs] = id }
        }
        for row in results[5] {
            let (person, caseFile) = try row.decode(UUIDValue.self, UUIDValue.self)
            openCases[person] = caseFile
        }
        for row in results[6] {
            let (number, person) = try row.decode([UInt8].self, UUIDValue.self)
            givenNumber[number, default: []].append(person)
        }
    }

    // MARK: Whose is it?

    /// Says what is to be done with a message.
    ///
    /// - Throws: ``CaseStoreError/awaitsEarlier(receipt:)`` when it answers one that was received and is not worked on
    ///   yet, or was set aside: it would be taken for an answer to nothing.
    func fate(of entry: IntakeEntry, vault: Vault) throws -> IntakeFate {
        guard let subject = entry.subject else { return .refused }
        if let answers = subject.answered {
            let message = Message(sender: entry.intake.sender, index: answers)
            if let earlier = answered[message], let person = held[earlier.person] {
                // A sender's wrong id must not lay one person's facts upon another.
                return person.isContradicted(by: subject.index)
                    ? .unbound(code: "names_another_person") : .kept(person, answering: earlier.id)
            }
            guard unfinished[message, default: []].subtracting([entry.intake.receipt]).isEmpty else {
                throw CaseStoreError.awaitsEarlier(receipt: entry.intake.receipt)
            }
            return .unbound(code: subject.type.rawValue)
        }
        if entry.seeksKnownPerson {
            if let person = knownPerson(subject.index) { return .kept(person, answering: nil) }
            return entry.item.opensCase ? .unbound(code: subject.type.rawValue) : .unknownPerson
        }
        return match(entry, subject, vault: vault)
    }

    /// The person of a notice: by verified NHS number, else by a number of the sender's own; the birth date the same.
    private func knownPerson(_ index: PersonIndex) -> HeldPerson? {
        guard let birthDate = index.birthDate else { return nil }
        let candidates =
            [index.nhs.flatMap { byNHS[$0] }].compactMap { $0 } + index.ownNumbers.flatMap { givenNumber[$0] ?? [] }
        return candidates.lazy.compactMap { held[$0] }.first { $0.birthDate == birthDate }
    }

    /// A verified NHS number with the same birth date is that person. Everything else is a new one, and where one of the
    /// numbers is known already, something that a person must look at.
    private func match(_ entry: IntakeEntry, _ subject: IntakeEntry.Subject, vault: Vault) -> IntakeFate {
        let index = subject.index
        if let holder = index.nhs.flatMap({ byNHS[$0] }).flatMap({ held[$0] }) {
            if let birthDate = index.birthDate, birthDate == holder.birthDate { return .kept(holder, answering: nil) }
            let isMissing = index.birthDate == nil || holder.birthDate == nil
            let review = IntakeFate.Review(
                code: isMissing ? "birth_date_missing" : "birth_date_differs", other: holder.id)
            return .new(NewPerson(entry, subject, nhs: nil, vault: vault), review: review)
        }
        let known = index.identifiers.compactMap { givenNumber[$0.index]?.first }.min()
        return .new(
            NewPerson(entry, subject, nhs: index.nhs, vault: vault),
            review: known.map { IntakeFate.Review(code: "number_known", other: $0) })
    }

    // MARK: Statements

    /// The ids of the persons whom the messages may be about.
    private static func wanted(_ entries: [IntakeEntry], _ answers: [Message], own: [[UInt8]]) -> SQL {
        let verified = entries.compactMap { $0.subject?.index.nhs }
        return """
            SELECT id
            FROM record.person
            WHERE nhs_index = ANY (\(verified))
            UNION
            SELECT person
            FROM unnest(\(answers.map(\.sender)), \(answers.map(\.index))) AS message (sender, message_index)
                JOIN record.referral USING (sender, message_index)
            UNION
            SELECT person
            FROM (\(given(own, most: 20))) AS given
            """
    }

    /// The newest message of each name.
    private static func answered(_ messages: [Message]) -> SQL {
        """
        SELECT message.sender, message.message_index, newest.id, newest.person
        FROM unnest(\(messages.map(\.sender)), \(messages.map(\.index))) AS message (sender, message_index)
        CROSS JOIN LATERAL (
            SELECT id, person
            FROM record.referral
            WHERE referral.sender = message.sender AND referral.message_index = message.message_index
            ORDER BY id DESC
            LIMIT 1
        ) AS newest
        """
    }

    /// Submissions under these names that were received and have not ended.
    private static func unfinished(_ messages: [Message]) -> SQL {
        """
        SELECT message.sender, message.id_hash, submission.receipt
        FROM unnest(\(messages.map(\.sender)), \(messages.map(\.index))) AS message (sender, id_hash)
            JOIN record.submission_id USING (sender, id_hash)
            JOIN record.submission ON submission.receipt = submission_id.receipt
        WHERE submission.state = 'received'
        """
    }

    /// Who was ever given these numbers, the first `most` of each: a row of zeros may have been given to very many.
    private static func given(_ numbers: [[UInt8]], most: Int) -> SQL {
        """
        SELECT number.value_index, first.person
        FROM unnest(\(numbers)) AS number (value_index)
        CROSS JOIN LATERAL (
            SELECT person
            FROM record.person_identifier
            WHERE person_identifier.value_index = number.value_index
            ORDER BY person
            LIMIT \(most)
        ) AS first
        """
    }
}
