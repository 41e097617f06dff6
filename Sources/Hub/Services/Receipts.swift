import CaseStore
import Disclosure
import MessageQueue
package import Postgres
package import Referral
import Rights

/// What became of submissions, for their senders and for staff.
package struct Receipts: Sendable {
    private let ingest: Database
    private let worker: Database
    private let console: Database
    private let store: CaseStore
    private let queue: MessageQueue
    private let statusWays: StatusWays

    init(_ installation: Installation) {
        ingest = installation.acting(as: .ingest).database
        worker = installation.acting(as: .worker).database
        let installation = installation.acting(as: .console)
        console = installation.database
        store = installation.store
        queue = installation.queue
        statusWays = installation.statusWays
    }

    /// A receipt: `{receipt_id, received_at, status, errors, warnings}`; staff also see which referrals it gave.
    ///
    /// The status is `waiting` until intake has finished, then `accepted`, `incomplete` or `rejected`; it never tells a
    /// sender whether the person was known. What became of the referrals (`outcomes`) is there for their sender as far as the
    /// disclosure policy lets it know at this moment.
    ///
    /// - Returns: nil when there is no such receipt, or it is another sender's.
    func read(_ id: UUIDValue, for caller: Principal) async throws -> Value? {
        guard caller.reach(.readReceipt) != .any else {
            return try await console.read { [store] connection in
                guard let receipt = try store.receipt(id, in: connection) else { return nil }
                let outcomes = try store.outcomes(ofSubmission: id, in: connection)
                let referrals = try store.referrals(ofSubmission: id, in: connection)
                return Self.value(of: receipt, outcomes, for: .staff(referrals))
            }
        }
        // As one who sees its caller's submissions alone. What became of the referrals is judged by the persons' circumstances,
        // of which that one sees nothing, and is asked for where there are any.
        let found = try await ingest.read { [store] connection in
            try store.receipt(id, sender: caller.id, in: connection)
        }
        guard let receipt = found else { return nil }
        if [.quarantined, .held, .rejected].contains(receipt.state) {
            return Self.value(of: receipt, [], for: .sender)
        }
        let outcomes = try await worker.read { [store] connection in
            try store.outcomes(ofSubmission: id, in: connection)
        }
        guard outcomes.contains(where: { $0.refusal == nil && $0.toldAt == nil }) else {
            return Self.value(of: receipt, outcomes, for: .sender)
        }
        // On the ledger before it is told.
        let told = try await worker.transaction { [store] connection in
            let outcomes = try store.outcomes(ofSubmission: id, in: connection)
            try store.noteTold(outcomes.filter { $0.refusal == nil }, in: connection)
            return outcomes
        }
        return Self.value(of: receipt, told, for: .sender)
    }

    /// Who is told of a submission; staff, of its referrals too.
    private enum Audience {
        case sender
        case staff([ReferralSummary])
    }

    private static func value(
        of receipt: Receipt, _ outcomes: [ReferralOutcome], for audience: Audience
    ) -> Value {
        var object: Object = [
            "receipt_id": .string(receipt.id.description),
            "received_at": .string(receipt.receivedAt.rfc3339),
            "status": .string(receipt.state == .received ? "waiting" : receipt.state.rawValue),
        ]
        // Those of one that waits are why it is no document, which may be just right for an attachment.
        if !receipt.findings.isEmpty, receipt.state != .received {
            object["findings"] = .array(receipt.findings.map(\.value))
        }
        switch audience {
        case .sender:
            let told = outcomes.filter { $0.refusal == nil }
            if !told.isEmpty { object["outcomes"] = .array(told.map { value(of: $0, forStaff: false) }) }
        case .staff(let referrals):
            object["document_destroyed_at"] = receipt.documentDestroyedAt.map { .string($0.rfc3339) }
            if !outcomes.isEmpty { object["outcomes"] = .array(outcomes.map { value(of: $0, forStaff: true) }) }
            object["referrals"] = .array(referrals.map(value(of:)))
        }
        return .object(object)
    }

    /// Sets what became of a referral, for staff, and has its sender told where that has a way for it.
    ///
    /// - Returns: It, and whether its sender may know; nil when there is no such referral.
    /// - Throws: ``RequestError`` naming everything that is wrong with the body.
    package func setOutcome(_ body: [UInt8], of referral: UUIDValue, by actor: String) async throws -> Value? {
        let request = try OutcomeRequest(body)
        let (outcome, message) = try await console.transaction { [store, queue, statusWays] connection in
            let outcome = try store.setOutcome(request.outcome, of: referral, by: actor, in: connection)
            guard let outcome, let message = statusWays.message(for: outcome),
                try store.claimStatusMessage(outcome, in: connection)
            else { return (outcome, nil as NewMessage?) }
            _ = try queue.enqueue([message], in: connection)
            return (outcome, message)
        }
        if let message { queue.wake(message.queue) }
        return outcome.map { Self.value(of: $0, forStaff: true) }
    }

    /// `{index, status, code, at}`; for staff with the referral and whether its sender may know, and why not.
    static func value(of outcome: ReferralOutcome, forStaff: Bool) -> Value {
        var object: Object = [
            "index": .number(String(outcome.ordinal)), "status": .string(outcome.set.outcome.rawValue),
            "at": .string(outcome.setAt.rfc3339),
        ]
        object["code"] = outcome.set.ending.map { .string($0.rawValue) }
        guard forStaff else { return .object(object) }
        object["referral_id"] = .string(outcome.referral.description)
        object["told"] = .string(outcome.refusal != nil ? "withheld" : outcome.toldAt == nil ? "may_be_told" : "told")
        object["reason"] = outcome.refusal.map { .string($0.rawValue) }
        return .object(object)
    }

    /// Referrals in order of arrival, those after `after`: ids, states and codes only.
    func referrals(after: UUIDValue?, limit: Int) async throws -> [Value] {
        try await console.read { [store] connection in
            try store.referrals(after: after, limit: limit, in: connection).map(Self.value(of:))
        }
    }

    /// One referral as it was understood, for staff: the summary, `referral`, `provenance`, `warnings` and `errors` as the
    /// sender was told them, `files` with the receipts of the attachments that came as files, `thread` with all messages that answer one another, and `current`, what they tell together.
    ///
    /// The look is entered in the ledger.
    ///
    /// - Returns: nil when there is no such referral.
    func referral(_ id: UUIDValue, for staff: Principal) async throws -> Value? {
        try await console.transaction { [store] connection -> Value? in
            guard let record = try store.referral(id, viewedBy: staff.id, in: connection) else { return nil }
            var value = Self.value(of: record.summary)
            value["referral"] = record.referral.value
            value["provenance"] = record.provenance?.told(of: record.referral)
            let findings = try store.receipt(record.summary.submission, in: connection)?.findings ?? []
            if !findings.isEmpty { value["findings"] = .array(findings.map(\.value)) }
            let files = try store.namedFiles(ofReferral: id, in: connection)
            if !files.isEmpty { value["files"] = .array(files.map(Self.value(of:))) }
            value["thread"] = .array(record.thread.map(Self.value(of:)))
            value["current"] = record.current.value
            return value
        }
    }

    /// A stored document, for staff, as it came. The look is entered in the ledger.
    ///
    /// - Returns: nil when it is not there, or may not be looked at yet.
    /// - Throws: ``CaseStoreError/documentDestroyed(_:at:)``.
    func document(_ id: UUIDValue, for staff: Principal) async throws -> StoredDocument? {
        try await console.transaction { [store] connection in
            try store.document(id, viewedBy: staff.id, in: connection)
        }
    }

    /// `{number, status, receipt_id}`: the place among the attachments, `waiting` or `attached`, and then where it is read.
    private static func value(of file: NamedFile) -> Value {
        var object: Object = [
            "number": .number(String(file.number)), "status": .string(file.file == nil ? "waiting" : "attached"),
        ]
        object["receipt_id"] = file.file.map { .string($0.description) }
        return .object(object)
    }

    private static func value(of referral: ReferralSummary) -> Value {
        var object: Object = [
            "referral_id": .string(referral.id.description),
            "receipt_id": .string(referral.submission.description),
            "person_id": .string(referral.person.description),
            "sender": .string(referral.sender),
            "type": .string(referral.type),
            "status": .string(referral.state),
            "received_at": .string(referral.receivedAt.rfc3339),
        ]
        object["urgency"] = referral.urgency.map(Value.string)
        object["case_id"] = referral.caseFile.map { .string($0.description) }
        return .object(object)
    }
}
