import CaseStore
import Channels
import Logging
import Postgres
import Referral
import Translation

/// MESH messages on their way in: stored, answered where the sender wants it, and only then acknowledged to MESH.
///
/// A crash in between shows the same message again. The submission is known by the payload's own id or by
/// `Mex-MessageID`, the answer by a local id that follows from both: nothing has a second effect.
struct MESHIntake: Sendable {
    private let mailbox: Configuration.MESHMailbox
    private let client: MESHClient
    private let intake: Intake
    private let database: Database
    /// For what MESH reports of our own messages.
    private let worker: Database
    private let store: CaseStore
    private let catalogue: AdapterCatalogue
    private let metrics: Metrics
    private let logger: Logger

    init(_ mailbox: Configuration.MESHMailbox, client: MESHClient, intake: Intake, _ installation: Installation) {
        self.mailbox = mailbox
        self.client = client
        self.intake = intake
        database = installation.acting(as: .ingest).database
        worker = installation.acting(as: .worker).database
        store = installation.store
        catalogue = installation.catalogue
        metrics = installation.metrics
        logger = installation.logger
    }

    /// The client of a mailbox that is collected. It fetches no more than the readers of the formats take.
    ///
    /// - Throws: ``ConfigurationError`` or `ChannelConfigurationError`, naming what cannot be used.
    static func client(_ mailbox: Configuration.MESHMailbox) throws -> MESHClient {
        try MESHClient(
            configuration: .init(
                baseURL: mailbox.url,
                mailbox: mailbox.mailbox,
                password: try mailbox.password.resolve(),
                sharedKey: try mailbox.sharedKey.resolve(),
                tls: TLSFiles(
                    certificateAuthority: mailbox.authority, certificate: mailbox.certificate, key: mailbox.privateKey,
                    minimumVersion: .tls12),
                requestTimeout: mailbox.timeout,
                maximumBytes: ReferralRoutes.bodyLimit
            )
        )
    }

    /// Takes one message of the mailbox.
    func take(_ found: MESHInbox.Found) async -> MESHInbox.Disposal {
        do {
            switch found {
            case .message(let message) where message.metadata.kind == .report: return try await heed(message.metadata)
            case .message(let message): return try await receive(message)
            case .tooLarge(let metadata): return try await refuse(metadata)
            }
        } catch let error as PostgresError where !error.isRetryable {
            logger.error("a MESH message cannot be stored", metadata: ["error": "\(error)"])
        } catch {
            logger.warning("a MESH message waits", metadata: ["error": "\(error)"])
        }
        metrics.count(.meshMessages, "waiting")
        return .leave
    }

    // MARK: Documents

    private func receive(_ message: MESHReceived) async throws -> MESHInbox.Disposal {
        let sender = try await sender(of: message.metadata)
        let arrival = Arrival(
            sender: sender.principal,
            channel: .mesh,
            format: AdapterCatalogue.format(of: message.bytes, fileName: message.metadata.fileName),
            transportID: Self.transportID(message.metadata),
            refusal: sender.refusal,
            bytes: message.bytes
        )
        let answer = try await LargeDocuments.answering.reading(message.bytes.count) {
            try await intake.receive(arrival)
        }
        metrics.count(.meshMessages, answer.word)
        return try await tell(sender, answer, to: message.metadata, about: message.bytes) ? .acknowledge : .leave
    }

    /// Keeps for staff that there is a message that the hub does not take. Its sender learns it by the business
    /// acknowledgement, or where none is agreed by MESH, which returns the message.
    private func refuse(_ metadata: MESHMetadata) async throws -> MESHInbox.Disposal {
        let sender = try await sender(of: metadata)
        let arrival = Arrival(
            sender: sender.principal,
            channel: .mesh,
            format: nil,
            transportID: Self.transportID(metadata),
            refusal: sender.refusal ?? Finding(.tooLarge, at: "", "A message by MESH has up to 16 MiB"),
            bytes: StrictJSON.write(Self.description(of: metadata))
        )
        let answer = try await intake.receive(arrival)
        metrics.count(.meshMessages, "too_large")
        guard sender.acknowledgement != nil else { return .returnToSender }
        return try await tell(sender, answer, to: metadata, about: []) ? .acknowledge : .leave
    }

    /// Who sent a message, as far as it can be known.
    private struct Sender {
        var principal: Principal
        /// Why nothing of this sender is worked on.
        var refusal: Finding?
        /// The workflow of its business acknowledgements.
        var acknowledgement: String?
    }

    /// The partner that the configuration has for a mailbox and a workflow; one named with every mailbox comes last.
    private func sender(of metadata: MESHMetadata) async throws -> Sender {
        let anybody = Configuration.MESHMailbox.Sender.anybody
        func configured(_ name: String?) -> Configuration.MESHMailbox.Sender? {
            mailbox.senders.first { $0.mailbox == name && $0.workflow == metadata.workflow }
        }
        func stranger(_ text: String) -> Sender {
            Sender(principal: Self.stranger(metadata.from), refusal: Finding(.senderMismatch, at: "", text))
        }
        guard let configured = configured(metadata.from?.uppercased()) ?? configured(anybody) else {
            return stranger("No partner is set up for this mailbox and workflow")
        }
        let partner = try await database.read { [store] connection in
            try store.partner(configured.partner, in: connection)
        }
        guard let partner, partner.isEnabled, partner.kind == .partner else {
            return Sender(
                principal: Principal(id: configured.partner, kind: .partner, adapter: nil, name: ""),
                refusal: Finding(.notForUs, at: "", "The mailbox's partner is not enabled"))
        }
        if configured.mailbox == anybody {
            let ways = partner.adapter.flatMap { catalogue[$0] }?.inbound ?? []
            guard !ways.isEmpty, ways.allSatisfy(\.isReplyOnly) else {
                return stranger("A partner that sends more than replies has a mailbox of its own")
            }
        }
        return Sender(principal: Principal(partner), acknowledgement: configured.acknowledgement)
    }

    /// Nobody's partner, named for staff by the mailbox as far as that is harmless.
    private static func stranger(_ mailbox: String?) -> Principal {
        let name = mailbox.flatMap { name in
            let isHarmless = name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "_-".contains($0)) }
            return isHarmless && (1...40).contains(name.utf8.count) ? name : nil
        }
        return Principal(id: "mesh:\(name ?? "unknown")", kind: .partner, adapter: nil, name: "")
    }

    private static func transportID(_ metadata: MESHMetadata) -> String { "mesh:\(metadata.messageID)" }

    private static func description(of metadata: MESHMetadata) -> Value {
        var object: Object = [
            "mesh_message_id": .string(metadata.messageID), "kind": .string(metadata.kind.rawValue),
            "workflow": .string(metadata.workflow),
        ]
        object["from"] = metadata.from.map(Value.string)
        object["local_id"] = metadata.localID.map(Value.string)
        object["linked_message_id"] = metadata.linkedMessageID.map(Value.string)
        object["status_code"] = metadata.statusCode.map(Value.string)
        return .object(object)
    }

    // MARK: Business acknowledgements

    /// Sends the business acknowledgement, where one is wanted and MESH does not have it yet.
    ///
    /// - Returns: False when that must be tried again.
    private func tell(
        _ sender: Sender, _ answer: IntakeAnswer, to metadata: MESHMetadata, about bytes: [UInt8]
    ) async throws -> Bool {
        // Nothing is stored of a conflict: then MESH must not forget it.
        guard let receipt = answer.receipt else { return false }
        guard let workflow = sender.acknowledgement, let mailbox = metadata.from,
            let form = BusinessAnswer(
                answer, to: bytes, by: sender.principal.adapter.flatMap { catalogue[$0] }, at: WallClock.now())
        else { return true }
        let id = AnswerID(receipt: receipt.id, message: metadata.messageID)
        do throws(MESHError) {
            if !answer.isNew {
                switch try await client.track(localID: id.text) {
                case .several: return true
                case .one(let status) where status.state != .uploading: return true
                case .one, .absent: break
                }
            }
            _ = try await client.send(
                MESHMessage(
                    to: mailbox, workflow: workflow, localID: id.text, mediaType: form.mediaType, bytes: form.bytes))
            metrics.count(.meshMessages, "answered")
            return true
        } catch  where error.nature == .permanent {
            try await note(code: error.code, of: receipt.id, partner: sender.principal.id)
            return true
        } catch {
            logger.warning(
                "a MESH acknowledgement waits",
                metadata: ["partner": "\(sender.principal.id)", "code": "\(error.code)"])
            return false
        }
    }

    /// Tells staff, once, that a sender did not get its acknowledgement.
    private func note(code: String, of receipt: UUIDValue, partner: String?) async throws {
        let item = NewWorkItem(kind: .undeliveredAnswer, code: code, submission: receipt, partner: partner)
        _ = try await database.transaction { [store] connection in try store.add(item, in: connection) }
    }

    // MARK: Reports

    /// Deals with MESH's report that a message of ours did not arrive: a share or an extract fails, a lost
    /// acknowledgement or status message is shown to staff, and so is a report of which it cannot be told what it is
    /// about.
    private func heed(_ report: MESHMetadata) async throws -> MESHInbox.Disposal {
        metrics.count(.meshMessages, "report")
        let code = report.failureCode
        if let sent = report.localID.flatMap(UUIDValue.init) {
            let isKnown = try await worker.transaction { [store] connection in
                let reference = report.linkedMessageID
                return try store.returned(sent, reference: reference, code: code, in: connection)
                    || store.returned(extract: sent, reference: reference, code: code, in: connection)
            }
            if isKnown {
                logger.warning("MESH returned what was sent", metadata: ["share": "\(sent)", "code": "\(code)"])
                return .acknowledge
            }
        } else if let told = report.localID.flatMap(StatusMessageID.init) {
            let isKnown = try await worker.transaction { [store] connection in
                try store.returned(told, code: code, in: connection)
            }
            if isKnown { return .acknowledge }
        } else if let receipt = report.localID.flatMap(AnswerID.init)?.receipt {
            try await note(code: code, of: receipt, partner: nil)
            return .acknowledge
        }
        let arrival = Arrival(
            sender: Self.stranger(report.from),
            channel: .mesh,
            format: nil,
            transportID: Self.transportID(report),
            refusal: Finding(.notForUs, at: "", "A report of MESH about a message that the hub does not know"),
            bytes: StrictJSON.write(Self.description(of: report))
        )
        _ = try await intake.receive(arrival)
        return .acknowledge
    }
}

/// The local id of a business acknowledgement: it names the receipt, and differs for each message that is answered.
private struct AnswerID {
    var receipt: UUIDValue
    var text: String

    private static let prefix = "ack-"

    init(receipt: UUIDValue, message: String) {
        self.receipt = receipt
        text = "\(Self.prefix)\(receipt)-\(message)"
    }

    init?(_ text: String) {
        guard text.hasPrefix(Self.prefix), let receipt = UUIDValue(String(text.dropFirst(Self.prefix.count).prefix(36)))
        else { return nil }
        self.receipt = receipt
        self.text = text
    }
}
