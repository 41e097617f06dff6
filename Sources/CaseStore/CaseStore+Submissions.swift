import Crypto
import Ledger
package import Postgres
import Referral
import Vault

extension CaseStore {
    /// Seals a submission under a data key of its own. Pure: does the work that needs no connection.
    package func seal(_ submission: Submission) -> SealedSubmission {
        let (key, wrapped) = vault.newDataKey()
        let frame = DocumentFrame(
            messageID: submission.messageID, fileName: submission.fileName, threadID: submission.threadID,
            bytes: submission.bytes)
        let thread = submission.threadID.map { vault.blindIndex(.thread, $0) }
        let entry = entry(
            .submissionReceived, at: submission.receivedAt,
            [
                .submission: submission.receipt.description, .actor: submission.sender, .channel: submission.channel,
                .state: submission.state.rawValue,
            ])
        return SealedSubmission(
            receipt: submission.receipt, sender: submission.sender,
            orderKey: thread.map(hexadecimal) ?? submission.receipt.description, state: submission.state,
            receivedAt: submission.receivedAt, channel: submission.channel, format: submission.format,
            adapter: submission.adapter, correlation: submission.correlation, size: submission.bytes.count,
            findings: submission.findings,
            idHash: vault.blindIndex(.messageID, submission.messageID),
            bytesHash: vault.keyedHash(.document, submission.bytes), threadIndex: thread,
            fileNameIndex: submission.fileName.map { vault.blindIndex(.fileName, $0) }, wrappedKey: wrapped,
            sealed: vault.seal(frame.encoded, with: key, context: Place.document(submission.receipt)),
            entry: CommittedEntry(entry))
    }

    /// Stores a batch of submissions in one statement, recognising repeats; a second one re-reads what was known.
    ///
    /// Answers in the order of the batch. A repeat inside the batch, before it, or racing in another transaction is the
    /// same to the unique key: who comes second waits for the first to commit, and finds its row.
    package func accept(_ batch: [SealedSubmission], in connection: Connection) throws -> [Acceptance] {
        guard !batch.isEmpty else { return [] }
        var storing = Pipeline()
        storing.add(Self.admitting(Set(batch.map(\.sender))), name: "record.admit")
        storing.add(self.storing(batch), name: "record.accept")
        let claimed = Set<UUIDValue>(try connection.pipeline(storing)[1].decode(UUIDValue.self))
        var acceptances = batch.map { claimed.contains($0.receipt) ? Acceptance.received($0.newReceipt) : nil }
        if claimed.count < batch.count {
            for (index, acceptance) in try known(of: batch, in: connection) where acceptances[index] == nil {
                acceptances[index] = acceptance
            }
        }
        return try acceptances.enumerated().map { index, acceptance in
            guard let acceptance else { throw CaseStoreError.unreadable("record.submission_id") }
            return acceptance
        }
    }

    /// Names the senders whose submissions the caller's transaction is about: the role ``DatabaseRole/ingest`` sees and stores
    /// those of no other. Forgotten with the transaction.
    private static func admitting(_ senders: Set<String>) -> SQL {
        "SELECT set_config('hub.partners', \(senders.sorted())::text[]::text, true)"
    }

    /// Everything of a batch in one round trip. Only the first with an id is stored; `ORDER BY` makes two batches take
    /// their ids in the same order, so that they cannot wait for each other.
    private func storing(_ batch: [SealedSubmission]) -> SQL {
        """
        WITH arrived AS (
            SELECT *
            FROM unnest(
                \(batch.map(\.receipt)), \(batch.map(\.sender)), \(batch.map(\.idHash)), \(batch.map(\.bytesHash)),
                \(batch.map(\.receivedAt)), \(batch.map(\.correlation)), \(batch.map(\.size)),
                \(batch.map(\.state.rawValue)), \(batch.map(\.channel)), \(batch.map(\.format)),
                \(batch.map(\.adapter)), \(batch.map(\.threadIndex)), \(batch.map(\.fileNameIndex)),
                \(batch.map { JSONB(findings: $0.findings) }), \(batch.map(\.wrappedKey)), \(batch.map(\.sealed)),
                \(batch.map(\.entry.id)), \(batch.map(\.entry.commitment.digest)), \(batch.map(\.entry.commitment.leaf)),
                \(batch.map(\.entry.commitment.salt)), \(batch.map(\.entry.bytes))
            ) AS arrived (
                receipt, sender, id_hash, bytes_hash, received_at, correlation, size, state, channel, format, adapter,
                thread_index, file_name_index, findings, wrapped_key, sealed, entry, commitment, leaf, salt, bytes
            )
        ), claimed AS (
            INSERT INTO record.submission_id (receipt, sender, id_hash, bytes_hash)
            SELECT DISTINCT ON (sender, id_hash) receipt, sender, id_hash, bytes_hash
            FROM arrived
            ORDER BY sender, id_hash, receipt
            ON CONFLICT DO NOTHING
            RETURNING receipt
        ), stored AS (
            INSERT INTO record.submission (
                receipt, received_at, finished_at, correlation, size, state, sender, channel, format, adapter,
                thread_index, file_name_index, findings
            )
            SELECT
                receipt, received_at, CASE WHEN state <> 'received' THEN received_at END, correlation, size,
                state::record.submission_state, sender, channel, format, adapter, thread_index, file_name_index, findings
            FROM arrived JOIN claimed USING (receipt)
        ), kept AS (
            INSERT INTO record.document (receipt, destroy_at, sealed)
            SELECT
                receipt, CASE WHEN state = 'held' THEN received_at + make_interval(secs => \(Self.heldFor / .seconds(1))) END,
                sealed
            FROM arrived JOIN claimed USING (receipt)
        ), keyed AS (
            INSERT INTO record.document_key (receipt, wrapped_key)
            SELECT receipt, wrapped_key
            FROM arrived JOIN claimed USING (receipt)
        ), logged AS (
            INSERT INTO ledger.entry (id, at, kind, submission, commitment, leaf, salt, bytes)
            SELECT entry, received_at, 'submission_received', receipt, commitment, leaf, salt, bytes
            FROM arrived JOIN claimed USING (receipt)
        )
        SELECT receipt FROM claimed
        """
    }

    private func known(of batch: [SealedSubmission], in connection: Connection) throws -> [(Int, Acceptance)] {
        let rows = try connection.query(
            """
            SELECT
                arrived.ordinal - 1 AS ordinal, first.bytes_hash = arrived.bytes_hash AS is_same,
                \(Self.receiptColumns)
            FROM unnest(\(batch.map(\.sender)), \(batch.map(\.idHash)), \(batch.map(\.bytesHash))) WITH ORDINALITY
                AS arrived (sender, id_hash, bytes_hash, ordinal)
            JOIN record.submission_id first USING (sender, id_hash)
            JOIN record.submission ON submission.receipt = first.receipt
            """, name: "record.known_submissions")
        return try rows.map { row in
            let (index, isSame) = (try row.value("ordinal", as: Int.self), try row.value("is_same", as: Bool.self))
            let receipt = try Self.receipt(row)
            return (index, isSame ? .duplicate(receipt) : .conflict)
        }
    }

    /// A submission's receipt; nothing when there is none, or when it is another sender's.
    ///
    /// Where a sender asks, a transaction of the caller's is about that sender's submissions alone from then on.
    ///
    /// - Parameter sender: Who asks; left out for staff, who may see each.
    package func receipt(_ id: UUIDValue, sender: String? = nil, in connection: Connection) throws -> Receipt? {
        var reading = Pipeline()
        if let sender { reading.add(Self.admitting([sender]), name: "record.admit") }
        reading.add(
            """
            SELECT \(Self.receiptColumns)
            FROM record.submission
            WHERE receipt = \(id) AND sender = coalesce(\(sender), sender)
            """, name: "record.receipt")
        return try connection.pipeline(reading).last?.first.map(Self.receipt)
    }

    /// Receipts by their ids; those that are unknown are not among them.
    package func receipts(_ ids: [UUIDValue], in connection: Connection) throws -> [UUIDValue: Receipt] {
        let rows = try connection.query(
            "SELECT \(Self.receiptColumns) FROM record.submission WHERE receipt = ANY (\(ids))",
            name: "record.receipts")
        return try rows.reduce(into: [:]) { receipts, row in
            let receipt = try Self.receipt(row)
            receipts[receipt.id] = receipt
        }
    }

    /// Submissions, newest first.
    ///
    /// - Parameter before: The last receipt of the page before.
    package func submissions(
        before: UUIDValue? = nil, limit: Int = 100, in connection: Connection
    ) throws -> [Receipt] {
        let rows = try connection.query(
            """
            SELECT \(Self.receiptColumns)
            FROM record.submission
            WHERE receipt < coalesce(\(before), 'ffffffff-ffff-ffff-ffff-ffffffffffff')
            ORDER BY receipt DESC
            LIMIT \(limit)
            """, name: "record.submissions")
        return try rows.map(Self.receipt)
    }

    /// Reads stored documents, still sealed. One whose receipt is unknown or that was destroyed is not among them.
    package func documents(_ receipts: [UUIDValue], in connection: Connection) throws -> [UUIDValue: SealedDocument] {
        let rows = try connection.query(
            """
            SELECT
                document_key.wrapped_key, document.sealed, \(Self.receiptColumns),
                ARRAY (
                    SELECT named.digest_index
                    FROM record.attachment_file AS named
                    WHERE named.file IS NULL AND named.sender = submission.sender
                        AND named.name_index = submission.file_name_index
                ) AS named_digests
            FROM record.document JOIN record.document_key USING (receipt) JOIN record.submission USING (receipt)
            WHERE document.receipt = ANY (\(receipts))
            """, name: "record.documents")
        var documents: [UUIDValue: SealedDocument] = [:]
        for row in rows {
            let receipt = try Self.receipt(row)
            documents[receipt.id] = SealedDocument(
                receipt: receipt, wrappedKey: try row.value("wrapped_key"), sealed: try row.value("sealed"),
                namedDigests: try row.value("named_digests"))
        }
        return documents
    }

    /// Opens a document. Needs no connection.
    ///
    /// - Throws: ``CaseStoreError/unreadable(_:)`` or the vault's error when it is not what was sealed there.
    package func open(_ document: SealedDocument) throws -> StoredDocument {
        let place = Place.document(document.receipt.id)
        let bytes = try vault.open(document.sealed, with: vault.unwrap(document.wrappedKey), context: place)
        guard let frame = DocumentFrame(bytes) else { throw CaseStoreError.unreadable(place) }
        let isNamed =
            document.namedDigests.contains(nil)
            || !document.namedDigests.isEmpty
                && document.namedDigests.contains(
                    vault.blindIndex(.fileDigest, hexadecimal(Array(SHA256.hash(data: frame.bytes)))))
        return StoredDocument(
            receipt: document.receipt, messageID: frame.messageID, fileName: frame.fileName, threadID: frame.threadID,
            isNamed: isNamed, bytes: frame.bytes)
    }

    /// The statement that enters what intake made of submissions. Doing it again changes nothing, whatever it says.
    func finishing(_ intakes: [IntakeRecord], at: Timestamp = .now()) -> SQL {
        let entries = intakes.map { intake in
            CommittedEntry(
                entry(
                    .submissionFinished, at: at,
                    [.submission: intake.receipt.description, .actor: "hub", .state: intake.state.rawValue]))
        }
        return """
            WITH made AS (
                SELECT *
                FROM unnest(
                    \(intakes.map(\.receipt)), \(intakes.map(\.state.rawValue)),
                    \(intakes.map { JSONB(findings: $0.findings) }), \(entries.map(\.id)),
                    \(entries.map(\.commitment.digest)), \(entries.map(\.commitment.leaf)),
                    \(entries.map(\.commitment.salt)), \(entries.map(\.bytes))
                ) AS made (receipt, state, findings, entry, commitment, leaf, salt, bytes)
            ), finished AS (
                UPDATE record.submission
                SET state = made.state::record.submission_state, finished_at = \(at), findings = made.findings
                FROM made
                WHERE submission.receipt = made.receipt AND submission.state = 'received'
                RETURNING made.*
            )
            INSERT INTO ledger.entry (id, at, kind, submission, commitment, leaf, salt, bytes)
            SELECT entry, \(at), 'submission_finished', receipt, commitment, leaf, salt, bytes
            FROM finished
            """
    }

    /// Destroys documents whose time has come, with their keys; the submissions and their ids stay.
    ///
    /// - Returns: How many were destroyed; call again while it is `limit`.
    package func destroyDocuments(
        dueAt: Timestamp = .now(), limit: Int = 1000, in connection: Connection
    ) throws -> Int {
        let destroyed = try connection.query(
            """
            WITH due AS (
                SELECT receipt
                FROM record.document
                WHERE destroy_at <= \(dueAt)
                ORDER BY destroy_at
                LIMIT \(limit)
                FOR UPDATE SKIP LOCKED
            )
            DELETE FROM record.document
            USING due
            WHERE document.receipt = due.receipt
            RETURNING
                document.receipt,
                (SELECT wrapped_key FROM record.document_key WHERE document_key.receipt = document.receipt)
            """, name: "record.destroy_documents"
        ).decode(UUIDValue.self, [UInt8]?.self)
        for case let (_, wrapped?) in destroyed { vault.forget(wrapped) }
        let entries = destroyed.map { entry(.keyDestroyed, [.submission: $0.0.description, .actor: "hub"]) }
        try append(entries, in: connection)
        return destroyed.count
    }

    private static let receiptColumns: SQL = """
        submission.receipt, submission.sender, submission.channel, submission.format, submission.adapter,
        submission.received_at, submission.state, submission.finished_at, submission.findings,
        submission.document_destroyed_at
        """

    private static func receipt(_ row: Row) throws -> Receipt {
        Receipt(
            id: try row.value("receipt"), sender: try row.value("sender"), channel: try row.value("channel"),
            format: try row.value("format"), adapter: try row.value("adapter"),
            receivedAt: try row.value("received_at"), state: try row.value("state"),
            finishedAt: try row.value("finished_at"), findings: try row.value("findings", as: JSONB.self).findings(),
            documentDestroyedAt: try row.value("document_destroyed_at"))
    }
}

extension JSONB {
    /// Findings as they are stored.
    init(findings: [Finding]) {
        self.init(StrictJSON.write(.array(findings.map(\.value))))
    }

    /// Findings as they were stored.
    func findings() throws -> [Finding] {
        guard let stored = try? StrictJSON.parse(bytes), let values = stored.arrayValue else {
            throw CaseStoreError.unreadable("record.submission.findings")
        }
        return try values.map { value in
            guard let finding = Finding(value) else { throw CaseStoreError.unreadable("record.submission.findings") }
            return finding
        }
    }
}

/// Two lower-case digits for each byte.
func hexadecimal(_ bytes: [UInt8]) -> String {
    String(unsafeUninitializedCapacity: 2 * bytes.count) { text in
        for (index, byte) in bytes.enumerated() {
            text[2 * index] = digit(byte >> 4)
            text[2 * index + 1] = digit(byte & 15)
        }
        return 2 * bytes.count
    }
}

private func digit(_ value: UInt8) -> UInt8 { value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10 }
