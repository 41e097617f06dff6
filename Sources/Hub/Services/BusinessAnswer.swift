import Channels
import Postgres
import Referral
import Translation

/// What a sender is told of a message that it handed in by store and forward, in the form of its way in: an HL7
/// acknowledgement, or the receipt of partner interfaces, section 1.
struct BusinessAnswer: Sendable {
    var mediaType: String
    var bytes: [UInt8]

    /// - Parameters:
    ///   - document: What is answered.
    ///   - adapter: The sender's, whose way in for the document says in which form; the receipt where that cannot be told.
    ///   - at: Seconds since 1970.
    /// - Returns: Nothing where the way in asks for no answer.
    init?(_ answer: IntakeAnswer, to document: [UInt8], by adapter: Adapter?, at seconds: Int64) {
        switch adapter?.inbound(for: document)?.acknowledgement ?? .receipt {
        // GP Connect's own replies (ITK3) are not made, and nothing else would be understood there.
        case .none, .bars: return nil
        case .hl7, .rri:
            let code: HL7Acknowledgement.Code = answer.findings.isEmpty ? .accept : .error
            let id = answer.receipt.map { String($0.id.description.filter { $0 != "-" }.suffix(20)).uppercased() }
            mediaType = "application/hl7-v2"
            bytes = HL7Acknowledgement(
                code, messageID: id ?? "", time: CivilTime.digits(seconds) + "+0000", findings: answer.findings
            ).bytes(answering: try? HL7Message.parse(document))
        case .receipt:
            guard let value = answer.value else { return nil }
            mediaType = "application/json"
            bytes = StrictJSON.write(value)
        }
    }
}

extension IntakeAnswer {
    /// What the hub keeps of it; nothing of a conflict.
    var receipt: ReceiptAnswer? {
        switch self {
        case .received(let receipt), .duplicate(let receipt), .quarantined(let receipt, _): receipt
        case .conflict: nil
        }
    }

    /// Why it is not worked on.
    var findings: [Finding] {
        if case .quarantined(_, let finding) = self { [finding] } else { [] }
    }

    /// Whether this is certain to be the first answer to it.
    var isNew: Bool {
        if case .received = self { true } else { false }
    }

    /// The word of it for figures.
    var word: String {
        switch self {
        case .received: ReceiptAnswer.Status.received.rawValue
        case .duplicate: ReceiptAnswer.Status.duplicate.rawValue
        case .quarantined: ReceiptAnswer.Status.quarantined.rawValue
        case .conflict: FindingCode.conflict.rawValue
        }
    }

    /// The receipt as its sender sees it; nothing of a conflict.
    var value: Value? {
        switch self {
        case .received(let receipt): receipt.value(.received)
        case .duplicate(let receipt): receipt.value(.duplicate)
        case .quarantined(let receipt, let finding): receipt.value(.quarantined, errors: [finding])
        case .conflict: nil
        }
    }
}
