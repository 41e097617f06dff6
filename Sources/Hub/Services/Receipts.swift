import CaseStore
import Postgres
import Referral

/// What became of submissions, for their senders and for staff.
package struct Receipts: Sendable {
    private let database: Database
    private let store: CaseStore

    init(_ installation: Installation) {
        database = installation.database
        store = installation.store
    }

    /// A receipt: `{receipt_id, received_at, status, errors, warnings}`; staff also see which referrals it gave.
    ///
    /// The status is `waiting` until intake has finished, then `accepted`, `incomplete` or `rejected`; it never tells a
    /// sender whether the person was known.
    ///
    /// - Returns: nil when there is no such receipt, or it is another sender's.
    func read(_ id: UUIDValue, for caller: Principal) async throws -> Value? {
        let sender = caller.kind == .staff ? nil : caller.id
        return try await database.read { [store] connection -> Value? in
            guard let receipt = try store.receipt(id, sender: sender, in: connection) else { return nil }
            var object: Object = [
                "receipt_id": .string(receipt.id.description),
                "received_at": .string(receipt.receivedAt.rfc3339),
                "status": .string(receipt.state == .received ? "waiting" : receipt.state.rawValue),
            ]
            if !receipt.findings.isEmpty { object["findings"] = .array(receipt.findings.map(\.value)) }
            if caller.kind == .staff {
                let referrals = try store.referrals(ofSubmission: receipt.id, in: connection)
                object["referrals"] = .array(referrals.map(Self.value(of:)))
            }
            return .object(object)
        }
    }

    /// Referrals in order of arrival, those after `after`: ids, states and codes only.
    func referrals(after: UUIDValue?, limit: Int) async throws -> [Value] {
        try await database.read { [store] connection in
            try store.referrals(after: after, limit: limit, in: connection).map(Self.value(of:))
        }
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
