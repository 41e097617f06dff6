import CaseStore
import Channels
import HTTPTypes
import Logging
import MessageQueue
package import Postgres
package import Referral
import Translation

/// The whole way in.
///
///     Arrival ─▶ Peek ─▶ Receipt            stored durably before it is answered   (receive)
///        └─[queue intake]─▶ Document ─▶ Referral ─▶ Match ─▶ Case                  (work)
///
/// ``receive(_:)`` does only what must come before the answer: a look at the document's id, sender and thread, sealing,
/// and one commit that it shares with whoever arrives at the same moment. ``work(_:)`` does the rest behind the queue,
/// where a document that breaks something is counted, retried and set aside without holding up another person's; it
/// shares its commit too, with whatever else has just been translated.
package struct Intake: Sendable {
    /// The queue between the two.
    package static let queueName = "intake"

    /// For what comes before the answer.
    private let database: Database
    /// For what staff permit.
    private let console: Database
    /// For what goes on behind the queue.
    private let worker: Database
    let store: CaseStore
    private let queue: MessageQueue
    private let catalogue: AdapterCatalogue
    private let environment: HubEnvironment
    private let scanner: VirusScanner?
    private let wait: Duration
    private let metrics: Metrics
    private let meter: PartnerMeter
    private let logger: Logger
    /// In groups, each of which goes into one transaction in its order.
    private let acceptance: Coalescer<[Accepting], [Acceptance]>
    private let reading: Coalescer<UUIDValue, SealedDocument?>
    private let storing: Coalescer<Worked, Set<String>>
    /// For long tables, so that nobody waits for one who has nothing to do with it.
    private let storingLong: Coalescer<Worked, Set<String>>

    package init(_ installation: Installation) {
        let installation = installation.acting(as: .ingest)
        let worker = installation.acting(as: .worker)
        let database = installation.database
        let store = installation.store
        let queue = installation.queue
        self.database = database
        console = installation.acting(as: .console).database
        self.worker = worker.database
        self.store = store
        self.queue = queue
        catalogue = installation.catalogue
        environment = installation.configuration.environment
        scanner = installation.configuration.scanner.map { VirusScanner($0.address, timeout: $0.timeout) }
        wait = installation.configuration.intakeWait
        metrics = installation.metrics
        meter = installation.partnerMeter
        logger = installation.logger
        acceptance = Coalescer(on: database, maxBatch: 64, crowd: 32) { groups, connection in
            let accepting = groups.flatMap(\.self)
            let answers = try store.accept(accepting.map(\.submission), in: connection)
            var messages: [NewMessage] = []
            var items: [NewWorkItem] = []
            for (accepting, answer) in zip(accepting, answers) {
                guard case .received(let receipt) = answer else { continue }
                switch receipt.state {
                case .quarantined:
                    items.append(.quarantined(receipt.id, for: receipt.findings, from: receipt.sender))
                case .held:
                    items.append(.held(receipt, tellsOfHarm: accepting.tellsOfHarm))
                case .received, .accepted, .incomplete, .rejected:
                    messages.append(.intake(of: receipt.id, key: accepting.submission.orderKey))
                }
            }
            try store.add(items, in: connection)
            _ = try queue.enqueue(messages, in: connection)
            var rest = answers[...]
            return groups.map { group in
                defer { rest = rest.dropFirst(group.count) }
                return Array(rest.prefix(group.count))
            }
        }
        reading = Coalescer(on: worker.database, isolation: nil, maxBatch: 32, crowd: 32) { receipts, connection in
            let documents = try store.documents(receipts, in: connection)
            return receipts.map { documents[$0] }
        }
        let standing = StandingShares(worker)
        @Sendable func keep(_ batch: [Worked], in connection: Connection) throws -> [Set<String>] {
            try store.keep(batch.compactMap(\.file), in: connection)
            // In the order of their arrival: what answers another comes after it.
            let intakes = batch.compactMap(\.intake).sorted { $0.receipt < $1.receipt }
            let results = try store.store(intakes, in: connection)
            for intake in intakes where intake.state != .quarantined && !intake.replies.isEmpty {
                try store.heed(intake.replies, from: intake.sender, in: intake.receipt, in: connection)
            }
            let queues = try standing.propose(for: Array(zip(intakes, results)), in: connection)
            let quarantined = intakes.filter { $0.state == .quarantined }
            try store.add(
                quarantined.map { .quarantined($0.receipt, for: $0.findings, from: $0.sender) }, in: connection)
            guard try queue.acknowledge(batch.map(\.lease), in: connection).isEmpty else { throw LeaseLost() }
            return batch.map { _ in queues }
        }
        storing = Coalescer(on: worker.database, maxBatch: 32, crowd: 32, body: keep)
        storingLong = Coalescer(on: worker.database, maxBatch: 1, body: keep)
    }

    // MARK: Before the answer

    /// Stores a document durably and says what its sender is to be told.
    ///
    /// - Throws: ``Problem`` when the request itself is at fault and nothing can be stored; the database's error when
    ///   nothing was stored.
    package func receive(_ arrival: Arrival) async throws -> IntakeAnswer {
        let (accepting, messageID) = try await prepare([arrival])[0].get()
        return try await answer(arrival, try await acceptance.submit([accepting])[0], messageID: messageID)
    }

    /// Stores documents that came together, in their order and as a rule by one commit, and says for each what its sender
    /// is to be told.
    ///
    /// One that cannot be stored holds up none before it. Once the database fails nothing after that is stored, so that a
    /// later one never overtakes an earlier one.
    package func receive(_ arrivals: [Arrival]) async -> [Result<IntakeAnswer, any Error>] {
        let prepared = await prepare(arrivals)
        let group = prepared.compactMap { try? $0.get().accepting }
        var acceptances: [Result<Acceptance, any Error>] = []
        do {
            if !group.isEmpty { acceptances = try await acceptance.submit(group).map { .success($0) } }
        } catch  where group.count == 1 {
            acceptances = [.failure(error)]
        } catch {
            var failure: (any Error)?
            for accepting in group {
                do {
                    if let failure { throw failure }
                    acceptances.append(.success(try await acceptance.submit([accepting])[0]))
                } catch {
                    failure = error
                    acceptances.append(.failure(error))
                }
            }
        }
        var rest = acceptances[...]
        var answers: [Result<IntakeAnswer, any Error>] = []
        for (arrival, prepared) in zip(arrivals, prepared) {
            do {
                let messageID = try prepared.get().messageID
                guard let acceptance = rest.popFirst() else { preconditionFailure("each group is answered whole") }
                answers.append(.success(try await answer(arrival, try acceptance.get(), messageID: messageID)))
            } catch {
                answers.append(.failure(error))
            }
        }
        return answers
    }

    private typealias Prepared = (accepting: Accepting, messageID: String?)

    /// Looks at arrivals and seals them; nothing is stored yet. Once the database fails all after that fail with it.
    private func prepare(_ arrivals: [Arrival]) async -> [Result<Prepared, any Error>] {
        let looks = arrivals.map { arrival in Result { try look(at: arrival) } }
        var awaited: Result<ArraySlice<Bool>, any Error> = .success([])
        let files = looks.compactMap { look in
            if case .success(.perhaps(let file, _, _)) = look { file } else { nil }
        }
        if !files.isEmpty {
            do {
                awaited = .success(try await database.read { [store] in try store.areAwaited(files, in: $0) }[...])
            } catch { awaited = .failure(error) }
        }
        var failure: (any Error)?
        return zip(arrivals, looks).map { arrival, look in
            Result {
                if let failure { throw failure }
                let submission: Submission
                let messageID: String?
                switch try look.get() {
                case .one(let looked):
                    submission = looked
                    messageID = looked.state == .quarantined ? nil : looked.messageID
                case .perhaps(_, let refused, let attachment):
                    do {
                        var rest = try awaited.get()
                        submission = rest.popFirst() == true ? attachment : refused
                        awaited = .success(rest)
                        messageID = attachment.messageID
                    } catch {
                        failure = error
                        throw error
                    }
                }
                let accepting = Accepting(
                    submission: store.seal(submission), tellsOfHarm: arrival.child?.tellsOfHarm ?? false)
                return (accepting, messageID)
            }
        }
    }

    /// What the sender is told of what was stored.
    private func answer(
        _ arrival: Arrival, _ acceptance: Acceptance, messageID: String?
    ) async throws -> IntakeAnswer {
        let answer: IntakeAnswer
        switch acceptance {
        case .received(let receipt) where receipt.state == .quarantined,
            .duplicate(let receipt) where receipt.state == .quarantined:
            if case .received = acceptance { meter.note(.received, arrival.sender.id) }
            let finding = receipt.findings.first ?? Finding(.internal, at: "", "Kept for staff to look at")
            answer = .quarantined(.init(id: receipt.id, receivedAt: receipt.receivedAt), finding)
            metrics.count(.submissions, ReceiptAnswer.Status.quarantined.rawValue)
        case .received(let receipt):
            queue.wake(Self.queueName)
            meter.note(.received, arrival.sender.id)
            answer = .received(.init(id: receipt.id, receivedAt: receipt.receivedAt, messageID: messageID))
            metrics.count(.submissions, ReceiptAnswer.Status.received.rawValue)
        case .duplicate(let receipt):
            answer = .duplicate(.init(id: receipt.id, receivedAt: receipt.receivedAt, messageID: messageID))
            metrics.count(.submissions, ReceiptAnswer.Status.duplicate.rawValue)
        case .conflict where arrival.transportID != nil && arrival.refusal == nil:
            // Nobody waits for an answer whose refusal would make them keep these bytes.
            var kept = arrival
            kept.refusal = Finding(.conflict, at: "", "Other bytes were received under this id before")
            return try await receive(kept)
        case .conflict:
            answer = .conflict
            await noteRefusal(by: arrival.sender, code: .conflict)
            metrics.count(.submissions, FindingCode.conflict.rawValue)
        }
        return answer
    }

    /// Lets what a child wrote be worked on, since a parent or guardian permits it.
    ///
    /// - Returns: Its receipt; nothing when no such work item is open.
    package func permit(_ item: UUIDValue, by actor: String, permission: String) async throws -> UUIDValue? {
        let permitted = try await console.transaction { [store, queue] connection in
            let permitted = try store.permit(item, by: actor, permission: permission, in: connection)
            if let permitted {
                _ = try queue.enqueue([.intake(of: permitted.receipt, key: permitted.orderKey)], in: connection)
            }
            return permitted
        }
        if permitted != nil { queue.wake(Self.queueName) }
        return permitted?.receipt
    }

    /// Notes for staff that a partner's request was refused before it could be stored, for example for its size.
    package func noteRefusal(by sender: Principal, code: FindingCode) async {
        let item = NewWorkItem(kind: .refusedSubmission, code: code.rawValue, partner: sender.id)
        do {
            _ = try await database.transaction { [store] connection in
                try store.add(item, in: connection)
            }
        } catch {
            logger.warning("a refusal could not be noted", metadata: ["partner": "\(sender.id)", "error": "\(error)"])
        }
    }

    /// What the peek makes of an arrival.
    enum Look {
        /// A submission to work on, or one in quarantine with the reason.
        case one(Submission)
        /// An attachment if a referral waits for this file, otherwise one in quarantine.
        case perhaps(FileIdentity, refused: Submission, attachment: Submission)
    }

    func look(at arrival: Arrival) throws -> Look {
        func submission(
            messageID: String, format: DocumentFormat?, threadID: String? = nil, finding: Finding? = nil,
            isQuarantined: Bool = false
        ) -> Submission {
            Submission(
                sender: arrival.sender.id,
                messageID: arrival.fileName ?? messageID,
                channel: arrival.channel.rawValue,
                format: format?.rawValue ?? "unknown",
                adapter: arrival.sender.adapter,
                bytes: arrival.bytes,
                fileName: arrival.fileName,
                threadID: threadID,
                state: isQuarantined ? .quarantined : arrival.child != nil ? .held : .received,
                findings: finding.map { [$0] } ?? []
            )
        }
        func refused(_ finding: Finding) -> Submission {
            submission(
                messageID: arrival.transportID ?? arrival.digest, format: arrival.format, finding: finding,
                isQuarantined: true)
        }
        func quarantined(_ finding: Finding) -> Look { .one(refused(finding)) }
        if let refusal = arrival.refusal { return quarantined(refusal) }

        guard !arrival.bytes.isEmpty else { return quarantined(Finding(.notParseable, at: "", "The body is empty")) }
        let adapter = arrival.sender.adapter.flatMap { catalogue[$0] }
        /// What is no document that this partner sends: perhaps an attachment, dropped as a file of its own.
        func noDocument(_ finding: Finding) -> Look {
            let attachment = submission(messageID: arrival.digest, format: nil, finding: finding)
            return switch FileAttachment.candidacy(of: arrival, from: adapter) {
            case .none: quarantined(finding)
            case .open: .one(attachment)
            case .ifAwaited(let file): .perhaps(file, refused: refused(finding), attachment: attachment)
            }
        }
        guard let format = arrival.format else {
            return noDocument(Finding(.mediaType, at: "", "No such media type is taken"))
        }
        let peek: Peek
        do {
            peek = try Peek.look(arrival.bytes, format: format)
        } catch {
            return noDocument(Finding(error.code, at: error.path, error.text))
        }
        guard let adapter, let way = adapter.inbound(for: peek.format, type: peek.type) else {
            return noDocument(Finding(.mediaType, at: "", "This partner is not set up for such a document"))
        }
        // The envelope names its sender by the register's id; every other form in its own way.
        let isEnvelope = peek.format == .json && way.readsEnvelope
        if isEnvelope && peek.sender == nil {
            return quarantined(Finding(.missing, at: "sender", "Is required"))
        }
        let isSender =
            isEnvelope
            ? peek.sender == arrival.sender.id : adapter.isSender(of: arrival.bytes, by: way)
        guard isSender else {
            return quarantined(Finding(.senderMismatch, at: "sender", "Is not the authenticated partner"))
        }
        if let own = peek.messageID, let key = arrival.idempotencyKey, own != key {
            throw Problem(
                status: .badRequest, code: FindingCode.schema.rawValue,
                title: "The Idempotency-Key is not the document's own id"
            )
        }
        return .one(
            submission(
                messageID: arrival.requestID ?? peek.repeatID ?? arrival.idempotencyKey ?? arrival.transportID
                    ?? arrival.digest,
                format: peek.format,
                threadID: peek.threadID
            ))
    }

    // MARK: Behind the queue

    /// Works on one message of the intake queue: reads the document, translates it, finds its person, stores the case.
    ///
    /// Everything it decides commits together with the acknowledgement, so that a crash at any point repeats all of it
    /// or none, and a repeat stores nothing twice.
    func work(_ lease: Lease) async -> LeaseOutcome {
        guard let receipt = UUIDValue(String(decoding: lease.payload, as: UTF8.self)) else {
            return .deadLetter(Cause(code: "payload_unknown", text: "The message does not name a receipt"))
        }
        do {
            guard let document = try await reading.submit(receipt).map(store.open) else {
                return .deadLetter(try await causeOfAbsence(of: receipt))
            }
            var worked = await LargeDocuments.translating.reading(document.bytes.count) {
                if FileAttachment.isOne(document) { return attachment(document, of: lease) }
                let made = translation(of: document)
                return Worked(lease: lease, intake: made.intake, contents: made.contents)
            }
            if let infected = try await scan(worked.contents) {
                worked.intake = record(of: document.receipt, [], .quarantined, [infected] + document.receipt.findings)
                worked.file = nil
            }
            let queues = try await (worked.intake?.items.count ?? 0 > 100 ? storingLong : storing).submit(worked)
            for name in queues { queue.wake(name) }
            if let intake = worked.intake { metrics.count(.referrals, intake.state.rawValue) }
            return .acknowledged
        } catch is LeaseLost {
            metrics.count(.fencedOutcomes, Self.queueName)
            return .acknowledged
        } catch let error as VirusScanner.Unavailable {
            metrics.count(.scans, error.code)
            return .retry(Cause(code: error.code, text: error.text), after: Self.scannerWait(lease.attempt))
        } catch let error as PostgresError {
            return .retry(Cause(code: "database", text: error.description), after: nil)
        } catch {
            logger.error("intake failed", metadata: ["receipt": "\(receipt)", "error": "\(error)"])
            return .retry(Cause(code: "internal", text: "\(type(of: error))"), after: nil)
        }
    }

    /// Why the document of a message is not there.
    private func causeOfAbsence(of receipt: UUIDValue) async throws -> Cause {
        let known = try await worker.read { [store] connection in
            try store.receipts([receipt], in: connection)[receipt]
        }
        guard let at = known?.documentDestroyedAt else {
            return Cause(code: "document_missing", text: "The document is no longer stored")
        }
        return Cause(
            code: "document_destroyed",
            text: "The document was destroyed on \(at.rfc3339): nothing can be made of it any more")
    }

    /// What was made of one document.
    private struct Worked: Sendable {
        var lease: Lease
        /// What translation made of it, or why nothing is made of it.
        var intake: IntakeRecord?
        /// Or what it is instead: a file that waits for the referral which names it.
        var file: DroppedAttachment?
        /// What is to be looked through for viruses before any of it is stored.
        var contents: [AttachmentContent] = []
    }

    /// Offers contents to the virus scanner.
    ///
    /// - Returns: What was found; nothing where all is clean, or no scanner is configured.
    private func scan(_ contents: [AttachmentContent]) async throws -> Finding? {
        guard let scanner else { return nil }
        for content in contents {
            let verdict = try await scanner.scan(content.bytes)
            metrics.count(.scans, verdict == .clean ? "clean" : "infected")
            if verdict == .infected { return Finding(.virus, at: content.path, "The virus scanner knows this content") }
        }
        return nil
    }

    /// How long a document waits for the scanner: half a minute at first, an hour in the end, some six hours in all.
    private static func scannerWait(_ attempt: Int) -> Duration {
        min(.seconds(30) * (1 << min(attempt - 1, 7)), .seconds(3600))
    }

    /// A file that is no document of its own. What was named and is of no kind that is taken is quarantined.
    private func attachment(_ document: StoredDocument, of lease: Lease) -> Worked {
        guard let file = FileAttachment.kept(document, for: wait, at: .now()) else {
            let finding = Finding(.mediaType, at: "", "The file is not of a kind that is taken as an attachment")
            let findings = [finding] + document.receipt.findings
            return Worked(lease: lease, intake: record(of: document.receipt, [], .quarantined, findings))
        }
        let content = AttachmentContent(result: 0, path: "", bytes: document.bytes)
        return Worked(lease: lease, file: file, contents: scanner == nil ? [] : [content])
    }

    /// What translation makes of a document, and what is to be looked through for viruses before any of it is stored.
    func translation(of document: StoredDocument) -> (intake: IntakeRecord, contents: [AttachmentContent]) {
        let receipt = document.receipt
        guard let adapter = receipt.adapter.flatMap({ catalogue[$0] }),
            let format = DocumentFormat(rawValue: receipt.format),
            let way = adapter.inbound(for: format, type: (try? Peek.look(document.bytes, format: format))?.type)
        else {
            let finding = Finding(.mediaType, at: "", "The adapter no longer takes this document")
            let item = IntakeItem(ordinal: 0, status: .rejected, referral: nil, findings: [finding])
            return (record(of: receipt, [item], .rejected, [finding]), [])
        }
        let translator = Translator(
            adapter: adapter, inbound: way, environment: environment,
            now: Instant(microseconds: receipt.receivedAt.microseconds))
        let parts = translator.translate(document.bytes)
        let items = parts.filter { $0.referral != nil || $0.reply == nil }.map { part in
            IntakeItem(
                ordinal: part.index,
                status: part.status,
                referral: part.referral,
                findings: part.errors + part.warnings,
                provenance: part.provenance,
                opensCase: !Self.isNotice(part, format)
            )
        }
        var findings: [Finding] = []
        for part in parts {
            let prefix = parts.count == 1 ? "" : "[\(part.index)]."
            for finding in part.errors + part.warnings {
                findings.append(Finding(finding.code, at: prefix + finding.path, finding.text))
            }
        }
        let state: SubmissionState =
            if parts.allSatisfy({ $0.status == .rejected }) {
                .rejected
            } else if parts.contains(where: { $0.status == .incomplete }) {
                .incomplete
            } else {
                .accepted
            }
        var intake = record(of: receipt, items, state, findings)
        intake.replies = parts.compactMap(\.reply).compactMap(PartnerReply.init)
        if Self.isFile(parts) { intake.file = DocumentNames(document) }
        return (intake, scanner == nil ? [] : contents(of: parts, by: translator, in: document.bytes))
    }

    /// Whether several persons may stand in a document: then each part is sealed apart, and the whole need not be kept. One in
    /// which an attachment stands is kept with it.
    private static func isFile(_ parts: [Translated]) -> Bool {
        parts.count > 1
            && !parts.contains { part in
                part.referral?.attachments.contains { if case .document? = $0.content { true } else { false } } ?? false
            }
    }

    /// What the virus scanner is to look through: what came with the referrals, and a workbook as it is.
    private func contents(
        of parts: [Translated], by translator: Translator, in document: [UInt8]
    ) -> [AttachmentContent] {
        let isWorkbook = document.starts(with: ZipArchive.signature)
        return translator.contents(of: parts, in: document)
            + (isWorkbook ? [AttachmentContent(result: 0, path: "", bytes: document)] : [])
    }

    /// Whether a message finds its person by identifiers, and never opens a case: an update that answers no message. Of
    /// HL7 v2 only patient administration's (ADT): a changed referral whose number is missing must not go unseen.
    private static func isNotice(_ part: Translated, _ format: DocumentFormat) -> Bool {
        guard let referral = part.referral, part.status == .accepted, referral.type == .known(.update),
            referral.inReplyTo == nil
        else { return false }
        return format != .hl7v2 || referral.isPatientEvent
    }

    private func record(
        of receipt: Receipt, _ items: [IntakeItem], _ state: SubmissionState, _ findings: [Finding]
    ) -> IntakeRecord {
        IntakeRecord(
            receipt: receipt.id, sender: receipt.sender, receivedAt: receipt.receivedAt,
            waitsUntil: receipt.receivedAt + wait,
            filesUntil: FileAttachment.end(of: wait, for: receipt, storedAt: .now()), items: items, state: state,
            findings: findings)
    }
}

/// A submission on its way into the store.
private struct Accepting: Sendable {
    var submission: SealedSubmission
    var tellsOfHarm: Bool
}

extension NewWorkItem {
    /// For a submission that staff must look at before anybody works on it.
    static func quarantined(
        _ submission: UUIDValue, for findings: [Finding], from partner: String
    ) -> NewWorkItem {
        NewWorkItem(
            kind: .quarantined, code: (findings.first?.code ?? .internal).rawValue, submission: submission,
            partner: partner)
    }
}

extension PartnerReply {
    /// Nil for one that leaves open what becomes of the share.
    fileprivate init?(_ reply: ShareReply) {
        if reply.isOpen { return nil }
        self.init(
            reference: reply.share, verdict: reply.verdict.map { $0 == .taken ? .taken : .refused }, code: reply.code)
    }
}

extension NewMessage {
    /// The message that has a stored submission worked on.
    static func intake(of receipt: UUIDValue, key: String) -> NewMessage {
        NewMessage(
            queue: Intake.queueName, key: key, payload: Array(receipt.description.utf8), correlation: receipt)
    }
}

/// What a consumer is told of a message; the disclosure policy has outcomes of its own.
typealias LeaseOutcome = Outcome

/// The lease ran out while its message was worked on: another attempt owns it, so this one's work is rolled back.
struct LeaseLost: Error {}
