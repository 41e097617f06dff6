package import Postgres
import Referral
import Vault

extension CaseStore {
    /// Keeps dropped files, each until a referral names it or its time is over. Doing it again changes nothing.
    package func keep(_ files: [DroppedAttachment], in connection: Connection) throws {
        var keeping = Pipeline()
        for file in files {
            keeping.add(
                """
                INSERT INTO record.dropped_file (submission, until, size, sender, name_index, digest_index, media_types)
                VALUES (
                    \(file.receipt), \(file.waitsUntil), \(Int32(file.size)), \(file.sender),
                    \(vault.blindIndex(.fileName, file.name)), \(vault.blindIndex(.fileDigest, file.sha256)),
                    \(file.mediaTypes)
                )
                ON CONFLICT DO NOTHING
                """, name: "record.keep_dropped_file")
        }
        if !files.isEmpty { _ = try connection.pipeline(keeping) }
    }

    /// Gives each referral the files that it names, whichever of the two came first, and ends the waiting of those whose time
    /// is over.
    ///
    /// A referral that states no digest gets a file only as the first that names it.
    ///
    /// A look from time to time, and no signal from the one who stores either: the two may be stored at the same moment,
    /// neither seeing the other. A file that is not what its referral says of it goes on waiting for one that names it
    /// rightly; staff see the referral at once.
    ///
    /// - Parameter limit: of each at once; call again while that many were attached.
    package func attachFiles(
        at now: Timestamp = .now(), limit: Int = 1000, in connection: Connection
    ) throws -> AttachedFiles {
        let pairs = try pairs(limit: limit, in: connection)
        let attached = pairs.filter { $0.complaint == nil }
        try attach(attached, at: now, in: connection)
        var refused = pairs.compactMap { pair in
            pair.complaint.map { Missing(referral: pair.referral, number: pair.number, code: $0) }
        }
        refused += try overdue(at: now, limit: limit, in: connection)
        try show(refused, at: now, in: connection)
        let unclaimed = try endWaiting(at: now, limit: limit, in: connection)
        return AttachedFiles(
            attached: Set(attached.map(\.file)).count, missing: refused.count, unclaimed: unclaimed)
    }

    /// The files that a referral names as attachments, in their order; those that will not come any more are not among them.
    package func namedFiles(
        ofReferral referral: UUIDValue, in connection: Connection
    ) throws -> [NamedFile] {
        try connection.query(
            """
            SELECT number, file
            FROM record.attachment_file
            WHERE referral = \(referral)
            ORDER BY number
            """, name: "record.named_files"
        ).map { row in
            let (number, file) = try row.decode(Int32.self, UUIDValue?.self)
            return NamedFile(referral: referral, number: Int(number), file: file)
        }
    }

    /// For each of these files, in their order, whether a referral of its sender waits for it: by its name, and by its digest
    /// where that states one.
    package func areAwaited(_ files: [FileIdentity], in connection: Connection) throws -> [Bool] {
        try connection.query(
            """
            SELECT EXISTS (
                SELECT
                FROM record.attachment_file AS named
                WHERE named.file IS NULL AND named.sender = file.sender AND named.name_index = file.name_index
                    AND coalesce(named.digest_index = file.digest_index, true)
            )
            FROM unnest(
                \(files.map(\.sender)), \(files.map { vault.blindIndex(.fileName, $0.name) }),
                \(files.map { vault.blindIndex(.fileDigest, $0.sha256) })
            ) WITH ORDINALITY AS file (sender, name_index, digest_index, number)
            ORDER BY number
            """, name: "record.awaited_files"
        ).decode(Bool.self)
    }

    // MARK: Steps

    /// A named file and the one that came under its name.
    private struct Pair {
        let referral: UUIDValue
        let number: Int32
        let file: UUIDValue
        let statesDigest: Bool
        /// Whether it is an attachment already, and of other referrals only.
        let isAnothers: Bool
        /// Why it is not the one that was named; nothing when it is.
        var complaint: FindingCode?
    }

    /// A named file that will not be an attachment, and why.
    private struct Missing {
        let referral: UUIDValue
        let number: Int32
        let code: FindingCode
    }

    private func pairs(limit: Int, in connection: Connection) throws -> [Pair] {
        let found = try connection.query(
            """
            SELECT
                named.referral, named.number, file.submission,
                coalesce(named.digest_index = file.digest_index, true)
                    AND coalesce(named.size = file.size, true) AS is_same,
                coalesce(named.media_type = ANY (file.media_types), true) AS is_of_kind,
                named.digest_index IS NOT NULL AS states_digest,
                file.until IS NULL AND NOT EXISTS (
                    SELECT
                    FROM record.attachment_file AS own
                    WHERE own.file = file.submission AND own.referral = named.referral
                ) AS is_anothers
            FROM record.attachment_file AS named JOIN record.dropped_file AS file USING (sender, name_index)
            WHERE named.file IS NULL
            ORDER BY named.referral, named.number
            LIMIT \(limit)
            FOR UPDATE OF named, file SKIP LOCKED
            """, name: "record.pair_files"
        ).map { row in
            let (referral, number, file, isSame, isOfKind, statesDigest, isAnothers) = try row.decode(
                UUIDValue.self, Int32.self, UUIDValue.self, Bool.self, Bool.self, Bool.self, Bool.self)
            return Pair(
                referral: referral, number: number, file: file, statesDigest: statesDigest, isAnothers: isAnothers,
                complaint: !isSame ? .checksum : !isOfKind ? .mediaType : nil)
        }
        return Self.judged(found)
    }

    /// A name alone gives a file to one referral only: the next that names it may be about somebody else, and mean another
    /// document of the same name. So a file that has its referral goes to another only by its digest. Nothing else can come
    /// under that name, which is the file's id for its sender: staff see such a referral at once.
    private static func judged(_ pairs: [Pair]) -> [Pair] {
        var owners: [UUIDValue: Set<UUIDValue>] = [:]
        for pair in pairs where pair.complaint == nil && pair.statesDigest {
            owners[pair.file, default: []].insert(pair.referral)
        }
        return pairs.map { pair in
            guard pair.complaint == nil, !pair.statesDigest else { return pair }
            var pair = pair
            let owned = owners[pair.file, default: []]
            if owned.isEmpty && !pair.isAnothers {
                owners[pair.file] = [pair.referral]
            } else if !owned.contains(pair.referral) {
                pair.complaint = .incompleteSet
            }
            return pair
        }
    }

    private func attach(_ pairs: [Pair], at now: Timestamp, in connection: Connection) throws {
        guard !pairs.isEmpty else { return }
        let files = Set(pairs.map(\.file)).sorted()
        var attaching = Pipeline()
        attaching.add(
            """
            UPDATE record.attachment_file
            SET file = pair.file, until = NULL, attached_at = \(now)
            FROM unnest(\(pairs.map(\.referral)), \(pairs.map(\.number)), \(pairs.map(\.file)))
                AS pair (referral, number, file)
            WHERE attachment_file.referral = pair.referral AND attachment_file.number = pair.number
            """, name: "record.attach_files")
        attaching.add(
            "UPDATE record.dropped_file SET until = NULL WHERE submission = ANY (\(files))",
            name: "record.end_file_waiting")
        attaching.add(
            finishing(try records(of: files, as: .accepted, in: connection), at: now),
            name: "record.finish_submissions")
        _ = try connection.pipeline(attaching)
    }

    /// A file that has come and is not worked on yet, as while the scanner is out of reach, is not late.
    private func overdue(at now: Timestamp, limit: Int, in connection: Connection) throws -> [Missing] {
        try connection.query(
            """
            SELECT referral, number
            FROM record.attachment_file
            WHERE file IS NULL AND until <= \(now)
                AND NOT EXISTS (
                    SELECT
                    FROM record.submission
                    WHERE submission.file_name_index = attachment_file.name_index
                        AND submission.sender = attachment_file.sender AND submission.state = 'received'
                )
            ORDER BY until
            LIMIT \(limit)
            FOR UPDATE SKIP LOCKED
            """, name: "record.overdue_files"
        ).map { row in
            let (referral, number) = try row.decode(UUIDValue.self, Int32.self)
            return Missing(referral: referral, number: number, code: .incompleteSet)
        }
    }

    /// Shows staff the referrals that lack what they name.
    private func show(_ missing: [Missing], at now: Timestamp, in connection: Connection) throws {
        guard !missing.isEmpty else { return }
        let rows = try connection.query(
            """
            WITH missing AS (
                SELECT DISTINCT ON (referral, number) *
                FROM unnest(
                    \(missing.map(\.referral)), \(missing.map(\.number)), \(missing.map(\.code.rawValue))
                ) AS missing (referral, number, code)
            ), ended AS (
                DELETE FROM record.attachment_file
                USING missing
                WHERE attachment_file.referral = missing.referral AND attachment_file.number = missing.number
                RETURNING missing.*
            )
            SELECT referral.id, record.survivor(referral.person), referral.submission, referral.ordinal, referral.sender,
                ended.code
            FROM ended JOIN record.referral ON referral.id = ended.referral
            ORDER BY referral.id, ended.number
            """, name: "record.end_named_files")
        let items = try rows.map { row in
            let (referral, person, submission, ordinal, sender, code) = try row.decode(
                UUIDValue.self, UUIDValue.self, UUIDValue.self, Int32.self, String.self, String.self)
            return NewWorkItem(
                kind: .incompleteReferral, code: code, submission: submission, ordinal: Int(ordinal),
                referral: referral, person: person, partner: sender)
        }
        try add(items, at: now, in: connection)
    }

    /// Quarantines the files that nobody named in time. What made them no documents when they arrived is kept with that.
    private func endWaiting(at now: Timestamp, limit: Int, in connection: Connection) throws -> Int {
        let ended = try connection.query(
            """
            WITH due AS (
                SELECT submission
                FROM record.dropped_file
                WHERE until <= \(now)
                ORDER BY until
                LIMIT \(limit)
                FOR UPDATE SKIP LOCKED
            )
            DELETE FROM record.dropped_file
            USING due
            WHERE dropped_file.submission = due.submission
            RETURNING dropped_file.submission
            """, name: "record.end_dropped_files"
        ).decode(UUIDValue.self)
        guard !ended.isEmpty else { return 0 }
        let finding = Finding(.incompleteSet, at: "", "No referral has named this file as an attachment")
        let records = try records(of: ended, as: .quarantined, finding, in: connection)
        try connection.execute(finishing(records, at: now), name: "record.finish_submissions")
        try add(
            records.map {
                NewWorkItem(
                    kind: .quarantined, code: finding.code.rawValue, submission: $0.receipt, partner: $0.sender)
            }, at: now, in: connection)
        return ended.count
    }

    /// - Parameter finding: why, put before what was found when the file arrived; left out, nothing is found any more.
    private func records(
        of files: [UUIDValue], as state: SubmissionState, _ finding: Finding? = nil, in connection: Connection
    ) throws -> [IntakeRecord] {
        try connection.query(
            """
            SELECT receipt, sender, received_at, findings
            FROM record.submission
            WHERE receipt = ANY (\(files))
            ORDER BY receipt
            """, name: "record.files"
        ).map { row in
            let (receipt, sender, receivedAt, found) = try row.decode(
                UUIDValue.self, String.self, Timestamp.self, JSONB.self)
            let findings = try finding.map { [$0] + (try found.findings()) } ?? []
            return IntakeRecord(
                receipt: receipt, sender: sender, receivedAt: receivedAt, items: [], state: state, findings: findings)
        }
    }
}
