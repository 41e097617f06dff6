import Ledger
import Matching
import Postgres
import Referral
import Vault

/// What a round of intake writes, gathered so that each table takes one statement and all of them one round trip.
struct IntakeWrites {
    private struct Profile {
        let person: UUIDValue
        let at: Timestamp
        let birthDate: [UInt8]?
        let sealed: [UInt8]
        let sealedFingerprint: [UInt8]
    }

    private struct Match {
        let id = UUIDValue.v7()
        let stored: StoredReferral
        let finding: MatchFinding
        let at: Timestamp
        let sealed: [UInt8]

        init(_ finding: MatchFinding, of stored: StoredReferral, at: Timestamp, key: DataKey, vault: Vault) {
            self.finding = finding
            self.stored = stored
            self.at = at
            sealed = vault.seal(StrictJSON.write(finding.score.value), with: key, context: Place.match(id))
        }
    }

    /// What a message told of a person, and when it was sent.
    struct Told {
        let at: Timestamp
        let referral: Referral
    }

    private struct Kept {
        let entry: IntakeEntry
        let subject: IntakeEntry.Subject
        let stored: StoredReferral
        let answers: IntakeFate.Earlier?
        let sealed: [UInt8]
        let provenance: [UInt8]?
        let source: [UInt8]?
    }

    private struct Named {
        let referral: UUIDValue
        let number: Int
        let sender: String
        let until: Timestamp
        let name: [UInt8]
        let digest: [UInt8]?
        let size: Int?
        let mediaType: String?
    }

    private struct Awaiting {
        let entry: IntakeEntry
        let answered: [UInt8]
    }

    private let store: CaseStore
    private var profiles: [Profile] = []
    private var identifiers: [(person: UUIDValue, identifier: PersonIndex.Identifier)] = []
    private var keys: [(key: Int64, person: UUIDValue)] = []
    private var matches: [Match] = []
    private var cases: [(id: UUIDValue, person: UUIDValue, openedAt: Timestamp)] = []
    private var kept: [Kept] = []
    private var workItems: [(item: NewWorkItem, at: Timestamp)] = []
    private var entries: [LedgerEntry] = []
    private var finished: [IntakeRecord] = []
    private var destroyed: [(receipt: UUIDValue, at: Timestamp)] = []
    private var files: [(receipt: UUIDValue, since: Timestamp)] = []
    private var awaiting: [Awaiting] = []
    private var named: [Named] = []
    /// What was told before, in the order in which it was sent, of the persons of whom an older message came late.
    var histories: [UUIDValue: [Told]] = [:]

    init(store: CaseStore) {
        self.store = store
    }

    // MARK: Gathering

    /// Adds all that becomes of one message.
    mutating func add(
        _ entry: IntakeEntry, _ fate: IntakeFate, openCases: [UUIDValue: UUIDValue]
    ) throws -> IntakeResult {
        switch fate {
        case .refused:
            work(.rejectedPart, entry, code: entry.item.findings.first?.code.rawValue ?? "rejected")
            return .rejected
        case .unknownPerson:
            return .unknownPerson
        case .awaiting(let answered):
            awaiting.append(Awaiting(entry: entry, answered: answered))
            return .awaiting
        case .unbound(let code):
            work(.unboundMessage, entry, code: code)
            return .unbound
        case .kept(let person, let earlier, let findings):
            let key = try store.key(of: person)
            if let subject = entry.subject, entry.changesProfile {
                try update(person, key, with: subject, sentAt: entry.sentAt)
            }
            return keep(
                entry, person: person.id, key, isNew: false, caseFile: openCases[person.id], answering: earlier,
                findings: findings)
        case .new(let person, let findings):
            enter(.keyMade, [.person: person.id.description, .actor: "hub"])
            find(person.id, by: person.fingerprint)
            return keep(entry, person: person.id, person.key, isNew: true, caseFile: nil, findings: findings)
        }
    }

    /// Adds what the senders of finished submissions are to be told.
    mutating func finish(_ intakes: [IntakeRecord]) {
        finished += intakes
    }

    /// Adds that a document is to be destroyed at a time.
    mutating func destroy(_ receipt: UUIDValue, at: Timestamp) {
        destroyed.append((receipt, at))
    }

    /// Adds that these are whole files, which are kept for some days.
    mutating func keepFiles(_ intakes: [IntakeRecord]) {
        files += intakes.map { ($0.receipt, $0.receivedAt) }
    }

    private mutating func keep(
        _ entry: IntakeEntry, person: UUIDValue, _ key: DataKey, isNew: Bool, caseFile: UUIDValue?,
        answering earlier: IntakeFate.Earlier? = nil, findings: [MatchFinding] = []
    ) -> IntakeResult {
        guard let subject = entry.subject else { return .rejected }
        let id = UUIDValue.v7()
        var caseFile = caseFile
        if caseFile == nil, entry.item.opensCase, subject.type == .referral || subject.type == .notice {
            let opened = UUIDValue.v7()
            cases.append((opened, person, entry.intake.receivedAt))
            caseFile = opened
        }
        let stored = StoredReferral(id: id, person: person, caseFile: caseFile, isNewPerson: isNew, isRepeat: false)
        let sealed = store.vault.seal(
            StrictJSON.write(subject.referral.value), with: key, context: Place.referral(id))
        let provenance = entry.item.provenance.map {
            store.vault.seal(StrictJSON.write($0.value), with: key, context: Place.provenance(id))
        }
        let source = entry.intake.file.map {
            store.vault.seal(StrictJSON.write($0.value), with: key, context: Place.source(id))
        }
        kept.append(
            Kept(
                entry: entry, subject: subject, stored: stored, answers: earlier, sealed: sealed,
                provenance: provenance, source: source))
        named += subject.referral.attachments.enumerated().compactMap { number, attachment in
            guard case .file(let name)? = attachment.content else { return nil }
            return Named(
                referral: id, number: number, sender: entry.intake.sender, until: entry.intake.filesUntil,
                name: store.vault.blindIndex(.fileName, name),
                digest: attachment.sha256.map { store.vault.blindIndex(.fileDigest, $0) }, size: attachment.size,
                mediaType: attachment.mediaType)
        }
        // Numbers of two persons who may be one stay apart until somebody has decided.
        let apart = findings.isEmpty ? [] : subject.index.mergedNumbers
        identifiers += subject.index.identifiers.filter { !apart.contains($0.index) }.map { (person, $0) }
        enter(
            .referralStored,
            [
                .referral: id.description, .person: person.description,
                .submission: entry.intake.receipt.description, .actor: entry.intake.sender,
                .state: entry.item.status.rawValue,
            ])
        if entry.item.status == .incomplete {
            let code = entry.item.findings.first?.code.rawValue ?? "incomplete"
            work(.incompleteReferral, entry, code: code, about: stored, dueAt: due(entry))
        }
        matches += findings.map { Match($0, of: stored, at: entry.intake.receivedAt, key: key, vault: store.vault) }
        if let likeliest = findings.first {
            work(.matchReview, entry, code: likeliest.code, about: stored, other: likeliest.known)
        }
        if subject.type == .withdrawal { work(.withdrawal, entry, code: "referral_withdrawn", about: stored) }
        if subject.type == .outcome { work(.outcome, entry, code: "outcome_told", about: stored) }
        return .stored(stored)
    }

    /// Brings the person's picture up to date, in the order in which messages were sent, not that in which they came.
    private mutating func update(
        _ person: HeldPerson, _ key: DataKey, with subject: IntakeEntry.Subject, sentAt: Timestamp
    ) throws {
        let updated: Referral
        if sentAt < person.profileAt, let history = histories[person.id] {
            let later = history.firstIndex { $0.at > sentAt } ?? history.endIndex
            let told = history[..<later].map(\.referral) + [subject.referral] + history[later...].map(\.referral)
            updated = told.dropFirst().reduce(told[0]) { $0.updated(by: $1) }
        } else {
            let profile = try store.referral(person.sealedProfile, with: key, at: Place.profile(person.id))
            updated = profile.updated(by: subject.referral)
        }
        let known = try store.vault.fingerprint(person.sealedFingerprint, with: key, of: person.id)
        let fingerprint =
            sentAt < person.profileAt
            ? subject.fingerprint.adding(known) : known.adding(subject.fingerprint)
        if fingerprint != known { find(person.id, by: fingerprint) }
        profiles.append(
            Profile(
                person: person.id, at: max(sentAt, person.profileAt),
                birthDate: updated.person.dob.map { store.vault.blindIndex(.birthDate, $0.iso) },
                sealed: store.vault.seal(
                    StrictJSON.write(updated.value), with: key, context: Place.profile(person.id)),
                sealedFingerprint: store.vault.seal(fingerprint, with: key, of: person.id)))
    }

    /// Adds that a person is to be found by this from now on, besides what was known.
    private mutating func find(_ person: UUIDValue, by fingerprint: Fingerprint) {
        keys += fingerprint.blockingKeys.map { (store.vault.blindNumber(.matching, $0), person) }
    }

    /// By when staff should act, in days of the calendar, which is never later than the working days promised.
    private func due(_ entry: IntakeEntry) -> Timestamp? {
        switch entry.subject?.referral.urgency?.code {
        case .emergency: entry.intake.receivedAt
        case .urgent: entry.intake.receivedAt + .seconds(86_400)
        case .soon: entry.intake.receivedAt + .seconds(3 * 86_400)
        case .routine, nil: nil
        }
    }

    private mutating func work(
        _ kind: WorkItemKind, _ entry: IntakeEntry, code: String, about stored: StoredReferral? = nil,
        other: UUIDValue? = nil, dueAt: Timestamp? = nil
    ) {
        let item = NewWorkItem(
            kind: kind, code: code, submission: entry.intake.receipt, ordinal: entry.item.ordinal,
            referral: stored?.id, person: stored?.person, otherPerson: other, partner: entry.intake.sender,
            dueAt: dueAt)
        workItems.append((item, entry.intake.receivedAt))
    }

    private mutating func enter(_ kind: LedgerKind, _ fields: [LedgerField: String]) {
        entries.append(store.entry(kind, fields))
    }

    // MARK: Statements

    /// Everything gathered, in an order that the references between the tables allow.
    var pipeline: Pipeline {
        var pipeline = Pipeline()
        if !profiles.isEmpty { pipeline.add(updatingProfiles, name: "record.update_profiles") }
        if !identifiers.isEmpty { pipeline.add(keepingIdentifiers, name: "record.keep_identifiers") }
        if !keys.isEmpty { pipeline.add(keepingKeys, name: "record.keep_match_keys") }
        if !cases.isEmpty { pipeline.add(openingCases, name: "record.open_cases") }
        if !kept.isEmpty { pipeline.add(insertingReferrals, name: "record.insert_referrals") }
        if !named.isEmpty { pipeline.add(namingFiles, name: "record.name_files") }
        let urgent = kept.filter { $0.answers != nil && $0.subject.referral.urgency?.code != nil }
        if !urgent.isEmpty { pipeline.add(changingUrgency(urgent), name: "record.change_urgency") }
        if !awaiting.isEmpty { pipeline.add(insertingAwaiting, name: "record.insert_awaiting") }
        if !matches.isEmpty { pipeline.add(insertingMatches, name: "record.insert_matches") }
        if !workItems.isEmpty { pipeline.add(store.adding(workItems), name: "record.add_work_items") }
        if !destroyed.isEmpty { pipeline.add(markingDocuments, name: "record.mark_documents") }
        if !files.isEmpty { pipeline.add(markingFiles, name: "record.mark_files") }
        if !finished.isEmpty { pipeline.add(store.finishing(finished), name: "record.finish_submissions") }
        if !entries.isEmpty { pipeline.add(store.appending(entries), name: "ledger.append") }
        return pipeline
    }

    private var updatingProfiles: SQL {
        """
        UPDATE record.person
        SET profile_at = new.profile_at, sealed_profile = new.sealed_profile, dob_index = new.dob_index,
            sealed_fingerprint = new.sealed_fingerprint
        FROM unnest(
            \(profiles.map(\.person)), \(profiles.map(\.at)), \(profiles.map(\.sealed)), \(profiles.map(\.birthDate)),
            \(profiles.map(\.sealedFingerprint))
        ) AS new (id, profile_at, sealed_profile, dob_index, sealed_fingerprint)
        WHERE person.id = new.id
        """
    }

    private var keepingIdentifiers: SQL {
        """
        INSERT INTO record.person_identifier (person, is_verified, value_index)
        SELECT person, is_verified, value_index
        FROM unnest(
            \(identifiers.map(\.person)), \(identifiers.map(\.identifier.isVerified)),
            \(identifiers.map(\.identifier.index))
        ) AS given (person, is_verified, value_index)
        ORDER BY value_index, person
        ON CONFLICT (value_index, person) DO UPDATE
            SET is_verified = true
            WHERE excluded.is_verified AND NOT person_identifier.is_verified
        """
    }

    private var keepingKeys: SQL {
        """
        INSERT INTO record.match_key (key, person)
        SELECT key, person
        FROM unnest(\(keys.map(\.key)), \(keys.map(\.person))) AS given (key, person)
        ORDER BY key, person
        ON CONFLICT DO NOTHING
        """
    }

    private var insertingMatches: SQL {
        """
        INSERT INTO record.match (id, person, known, referral, found_at, code, weight, sealed_evidence)
        SELECT id, person, known, referral, found_at, code, weight, sealed_evidence
        FROM unnest(
            \(matches.map(\.id)), \(matches.map(\.stored.person)), \(matches.map(\.finding.known)),
            \(matches.map(\.stored.id)), \(matches.map(\.at)), \(matches.map(\.finding.code)),
            \(matches.map(\.finding.score.weight)), \(matches.map(\.sealed))
        ) AS found (id, person, known, referral, found_at, code, weight, sealed_evidence)
        ON CONFLICT DO NOTHING
        """
    }

    private var namingFiles: SQL {
        """
        INSERT INTO record.attachment_file (
            referral, number, sender, until, name_index, digest_index, size, media_type
        )
        SELECT *
        FROM unnest(
            \(named.map(\.referral)), \(named.map { Int32($0.number) }), \(named.map(\.sender)), \(named.map(\.until)),
            \(named.map(\.name)), \(named.map(\.digest)), \(named.map { $0.size.map(Int32.init(clamping:)) }),
            \(named.map(\.mediaType))
        )
        """
    }

    private var openingCases: SQL {
        """
        INSERT INTO record.case_file (id, person, opened_at)
        SELECT *
        FROM unnest(\(cases.map(\.id)), \(cases.map(\.person)), \(cases.map(\.openedAt)))
        """
    }

    private var insertingReferrals: SQL {
        """
        INSERT INTO record.referral (
            id, person, case_file, submission, answers, thread, received_at, sent_at, ordinal, type, state, urgency,
            sender, source_code, source_kind, message_index, number_index, sealed,
            sealed_provenance, sealed_source
        )
        SELECT
            id, person, case_file, submission, answers, thread, received_at, sent_at, ordinal,
            type::record.referral_type, state::record.referral_state, urgency::record.urgency, sender, source_code,
            source_kind, message_index, number_index, sealed, sealed_provenance, sealed_source
        FROM unnest(
            \(kept.map(\.stored.id)), \(kept.map(\.stored.person)), \(kept.map(\.stored.caseFile)),
            \(kept.map(\.entry.intake.receipt)), \(kept.map(\.answers?.id)),
            \(kept.map { $0.answers?.thread ?? $0.stored.id }), \(kept.map(\.entry.intake.receivedAt)),
            \(kept.map(\.entry.sentAt)), \(kept.map { Int32($0.entry.item.ordinal) }),
            \(kept.map(\.subject.type.rawValue)), \(kept.map(\.entry.item.status.rawValue)),
            \(kept.map(\.subject.referral.urgency?.code?.rawValue)), \(kept.map(\.entry.intake.sender)),
            \(kept.map(\.subject.referral.sourceCode?.code?.rawValue)),
            \(kept.map(\.subject.referral.sourceKind?.code?.rawValue)), \(kept.map(\.subject.message)),
            \(kept.map(\.subject.number)), \(kept.map(\.sealed)), \(kept.map(\.provenance)),
            \(kept.map(\.source))
        ) AS kept (
            id, person, case_file, submission, answers, thread, received_at, sent_at, ordinal, type, state, urgency,
            sender, source_code, source_kind, message_index, number_index, sealed,
            sealed_provenance, sealed_source
        )
        """
    }

    /// The referrals that messages of this round take back.
    var withdrawals: [CaseStore.Withdrawn] {
        kept.filter { $0.subject.type == .withdrawal }.compactMap { kept in
            kept.answers.map { .init(thread: $0.thread, at: kept.entry.intake.receivedAt) }
        }
    }

    /// A referral is as urgent as the newest message of its thread says.
    private func changingUrgency(_ updates: [Kept]) -> SQL {
        """
        UPDATE record.referral
        SET urgency = newest.urgency
        FROM unnest(\(updates.compactMap(\.answers?.thread))) AS changed (thread)
        CROSS JOIN LATERAL (
            SELECT told.urgency
            FROM (
                SELECT id, sent_at, type, urgency FROM record.referral WHERE id = changed.thread
                UNION ALL
                SELECT id, sent_at, type, urgency
                FROM record.referral
                WHERE thread = changed.thread AND thread <> id
            ) AS told
            WHERE told.type IN ('referral', 'update', 'notice') AND told.urgency IS NOT NULL
            ORDER BY told.sent_at DESC, told.id DESC
            LIMIT 1
        ) AS newest
        WHERE referral.id = changed.thread
        """
    }

    private var insertingAwaiting: SQL {
        """
        INSERT INTO record.awaiting (submission, ordinal, since, until, sender, answered_index)
        SELECT *
        FROM unnest(
            \(awaiting.map(\.entry.intake.receipt)), \(awaiting.map { Int32($0.entry.item.ordinal) }),
            \(awaiting.map(\.entry.intake.receivedAt)), \(awaiting.map(\.entry.intake.waitsUntil)),
            \(awaiting.map(\.entry.intake.sender)), \(awaiting.map(\.answered))
        )
        ON CONFLICT DO NOTHING
        """
    }

    private var markingDocuments: SQL {
        """
        UPDATE record.document
        SET destroy_at = marked.at
        FROM unnest(\(destroyed.map(\.receipt)), \(destroyed.map(\.at))) AS marked (receipt, at)
        WHERE document.receipt = marked.receipt
        """
    }

    /// One in which somebody stood who was erased meanwhile is due already.
    private var markingFiles: SQL {
        """
        UPDATE record.document
        SET file_since = least(document.file_since, marked.since)
        FROM unnest(\(files.map(\.receipt)), \(files.map(\.since))) AS marked (receipt, since)
        WHERE document.receipt = marked.receipt
        """
    }
}
