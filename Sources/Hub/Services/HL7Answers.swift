import CaseStore
import Channels
import Postgres
import Referral
import Translation

/// What the sender of an HL7 v2 message is told, in the sender's own form: ACK, or RRI where the way in asks for it.
///
/// Nothing in it is about a person. An answer is made of the message's header and its receipt alone, so that a repeat gets
/// the same answer byte for byte.
struct HL7Answers: Sendable {
    let outcomes: IntakeOutcomes
    let catalogue: AdapterCatalogue
    /// MSH-4 of the hub as a provider: its ODS code, else its id.
    let organisation: String

    init(_ installation: Installation, outcomes: IntakeOutcomes) {
        self.outcomes = outcomes
        catalogue = installation.catalogue
        let own = installation.configuration.organisation
        organisation = own.ods ?? own.id
    }

    /// What became of a message that was handed in.
    enum Fate: Sendable {
        /// Stored, now or before.
        case stored(ReceiptAnswer)
        /// Its content is at fault; kept for staff where there is a receipt.
        case refused(Finding, ReceiptAnswer?)
        /// Nothing was stored, for no fault of the message.
        case unavailable

        init(_ result: Result<IntakeAnswer, any Error>) {
            switch result {
            case .success(.received(let receipt)), .success(.duplicate(let receipt)): self = .stored(receipt)
            case .success(.quarantined(let receipt, let finding)): self = .refused(finding, receipt)
            case .success(.conflict):
                self = .refused(Finding(.conflict, at: "MSH-10", "Other bytes were received under this id before"), nil)
            case .failure: self = .unavailable
            }
        }

        fileprivate var isStored: Bool { if case .stored = self { true } else { false } }
    }

    /// A message with what its answers need.
    struct Question: Sendable {
        /// Nil when it could not be read.
        let header: HL7Message?
        let bytes: [UInt8]
        let mode: HL7AnswerMode
        /// Whether a referral's reply is wanted for it.
        let wantsReply: Bool

        /// Whether it is an answer itself. Those are never answered, or two systems would go on for ever.
        var isAnswer: Bool { ["ACK", "MCF"].contains(header?.first("MSH-9.1")) }
    }

    func question(_ bytes: [UInt8], from sender: Principal?) -> Question {
        let header = HL7Message.header(ofMessage: bytes)
        var wantsReply = false
        if let header, HL7ReferralReply.answers(header), let adapter = sender?.adapter.flatMap({ catalogue[$0] }) {
            let type = ["MSH-9.1", "MSH-9.2"].compactMap { header.first(HL7Path(stringLiteral: $0)) }
            wantsReply = adapter.inbound(for: .hl7v2, type: type.joined(separator: "^"))?.acknowledgement == .rri
        }
        return Question(header: header, bytes: bytes, mode: HL7AnswerMode(header), wantsReply: wantsReply)
    }

    /// The answer that comes at once, as soon as the message is stored or refused; nil where none is wanted.
    ///
    /// In original mode that is the only one, and so waits for intake where it is to be a referral's reply.
    func first(_ question: Question, _ fate: Fate, by deadline: ContinuousClock.Instant) async -> [UInt8]? {
        switch question.mode {
        case .original:
            if question.wantsReply { return await application(question, fate, by: deadline) ?? commit(question, fate) }
            return acknowledgement(question, fate, fate.applicationCode)
        case .enhanced(let wish, _): return wish.wants(success: fate.isStored) ? commit(question, fate) : nil
        }
    }

    /// Whether an application's answer follows the first one.
    func owesMore(_ question: Question, _ fate: Fate) -> Bool {
        guard case .enhanced(_, let wish) = question.mode else { return false }
        // Intake may still find that it is at fault.
        return fate.isStored ? wish != .never : wish.wants(success: false)
    }

    /// The application's answer in enhanced mode; where intake takes too long, `CA` unless that was given.
    func more(_ question: Question, _ fate: Fate, by deadline: ContinuousClock.Instant) async -> [UInt8]? {
        guard case .enhanced(let commitWish, let wish) = question.mode else { return nil }
        guard let (answer, isSuccess) = await outcome(question, fate, by: deadline) else {
            return commitWish.wants(success: true) ? nil : commit(question, fate)
        }
        return wish.wants(success: isSuccess) ? answer : nil
    }

    /// The one answer where there can be only one, as over HTTP: the application's where that is wanted and comes in time,
    /// else that the message is stored.
    func only(_ question: Question, _ fate: Fate, by deadline: ContinuousClock.Instant) async -> [UInt8] {
        if owesMore(question, fate), let answer = await application(question, fate, by: deadline) { return answer }
        if case .original = question.mode, let answer = await first(question, fate, by: deadline) { return answer }
        return commit(question, fate)
    }

    private func application(
        _ question: Question, _ fate: Fate, by deadline: ContinuousClock.Instant
    ) async -> [UInt8]? {
        await outcome(question, fate, by: deadline)?.answer
    }

    /// What the application says: of a message that was stored, once intake is through with it.
    private func outcome(
        _ question: Question, _ fate: Fate, by deadline: ContinuousClock.Instant
    ) async -> (answer: [UInt8], isSuccess: Bool)? {
        guard case .stored(let stored) = fate else {
            return (acknowledgement(question, fate, fate.applicationCode), false)
        }
        guard let receipt = await outcomes.outcome(of: stored.id, by: deadline) else { return nil }
        let isSuccess = receipt.state != .rejected
        var answer = self.answer(isSuccess ? .accept : .error, stored, findings: receipt.findings)
        if question.wantsReply, let message = try? HL7Message.parse(question.bytes) {
            let reply = HL7ReferralReply(answer, receipt: stored.id.description, organisation: organisation)
            return (reply.bytes(answering: message), isSuccess)
        }
        // An acknowledgement has room for errors only.
        if isSuccess { answer.findings = [] }
        return (answer.bytes(answering: question.header), isSuccess)
    }

    private func commit(_ question: Question, _ fate: Fate) -> [UInt8] {
        acknowledgement(question, fate, fate.commitCode)
    }

    private func acknowledgement(_ question: Question, _ fate: Fate, _ code: HL7Acknowledgement.Code) -> [UInt8] {
        let answer =
            switch fate {
            case .stored(let receipt): answer(code, receipt)
            case .refused(let finding, let receipt): answer(code, receipt, findings: [finding])
            case .unavailable:
                HL7Acknowledgement(
                    code, messageID: Self.controlID(.v7(), of: code), time: Self.time(.now()),
                    text: "Nothing was stored: send it again")
            }
        return answer.bytes(answering: question.header)
    }

    private func answer(
        _ code: HL7Acknowledgement.Code, _ receipt: ReceiptAnswer?, findings: [Finding] = []
    ) -> HL7Acknowledgement {
        HL7Acknowledgement(
            code, messageID: Self.controlID(receipt?.id ?? .v7(), of: code),
            time: Self.time(receipt?.receivedAt ?? .now()), text: receipt.map { "receipt \($0.id)" } ?? "",
            findings: findings)
    }

    /// MSH-10 has twenty characters at most (HL7 v2.4 section 2.16.9.10): nineteen of the receipt, and which of its
    /// answers it is.
    private static func controlID(_ receipt: UUIDValue, of code: HL7Acknowledgement.Code) -> String {
        let digits = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ")
        let bytes = receipt.bytes
        // Without the digits of version and variant, which are always the same: 48 bits of time, 12 of its fraction, and
        // 35 that are random.
        let first = bytes[0..<6].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        let time = first << 12 | UInt64(bytes[6] & 0x0F) << 8 | UInt64(bytes[7])
        let random = bytes[9..<14].reduce(UInt64(0)) { $0 << 8 | UInt64($1) } & 0x7_FFFF_FFFF
        func text(_ number: UInt64, _ length: Int) -> String {
            String((0..<length).reversed().map { digits[Int(number >> UInt64(5 * $0) & 31)] })
        }
        return text(time, 12) + text(random, 7) + (code.isCommit ? "C" : "A")
    }

    /// MSH-7, in UTC.
    private static func time(_ time: Timestamp) -> String {
        CivilTime.digits(time.microseconds / 1_000_000) + "+0000"
    }
}

extension HL7Answers.Fate {
    fileprivate var applicationCode: HL7Acknowledgement.Code {
        switch self {
        case .stored: .accept
        case .refused: .error
        case .unavailable: .reject
        }
    }

    fileprivate var commitCode: HL7Acknowledgement.Code {
        switch self {
        case .stored: .commitAccept
        case .refused: .commitError
        case .unavailable: .commitReject
        }
    }
}

extension HL7Acknowledgement.Code {
    fileprivate var isCommit: Bool {
        switch self {
        case .commitAccept, .commitError, .commitReject: true
        case .accept, .error, .reject: false
        }
    }
}
