import Referral
import Translation

/// One message that was sent over MLLP, and what the frames that follow mean for it. Pure.
///
/// Answers are told by MSA-2 alone: one that names another message, late or twice, is no answer to this one. In enhanced
/// mode the commit answer comes first and the application's after it (HL7 v2.4, section 2.9.2).
struct MLLPExchange: Sendable {
    /// What comes next.
    enum Step: Sendable, Hashable {
        /// Another frame must come.
        case waiting
        /// Stored by the receiver, the application's answer is still to come.
        case committed
        case ended(DeliveryOutcome)
    }

    /// Frames that are no answer to this message, beyond which no answer is waited for.
    static let mostStrays = 64

    /// MSH-10 of the message.
    let id: String
    private let mode: HL7AnswerMode
    private let sufficient: MLLPChannel.Answer
    private var isCommitted = false
    /// Of what came, that was no answer to this message.
    private var strays = 0
    private var hasReadable = false

    /// - Parameter sufficient: what counts as delivered.
    init(id: String, mode: HL7AnswerMode, sufficient: MLLPChannel.Answer) {
        self.id = id
        self.mode = mode
        self.sufficient = sufficient
    }

    /// The message's id and how it asks to be answered; nil when the bytes are no message that MLLP can carry.
    init?(_ message: [UInt8], sufficient: MLLPChannel.Answer) {
        // FS would end the frame within the message.
        guard !message.contains(MLLP.end), let header = HL7Message.header(ofMessage: message),
            let id = header.first("MSH-10")
        else { return nil }
        self.init(id: id, mode: HL7AnswerMode(header), sufficient: sufficient)
    }

    mutating func take(_ event: MLLPReader.Event) -> Step {
        guard case .message(let content) = event else { return stray(readable: false) }
        guard let answer = try? HL7Message.parse(content), let code = answer.first("MSA-1") else {
            return stray(readable: false)
        }
        // Whitespace is padding of old engines.
        guard answer.first("MSA-2")?.trimmed == id else { return stray(readable: true) }
        switch HL7Acknowledgement.Code(rawValue: code.trimmed.uppercased()) {
        case .accept: return .ended(delivered)
        case .error:
            return .ended(.rejected(code: "hl7_ae", text: "the receiver's application refused the message (AE)"))
        case .reject:
            return .ended(
                .retryable(code: "hl7_ar", text: "the receiver could not take the message now (AR)", after: nil))
        case .commitError:
            return .ended(.rejected(code: "hl7_ce", text: "the receiver refused the message (CE)"))
        case .commitReject:
            return .ended(
                .retryable(code: "hl7_cr", text: "the receiver could not take the message now (CR)", after: nil))
        case .commitAccept:
            // Where the application answers only about errors, or never, silence is consent.
            if case .enhanced(_, let application) = mode, [.never, .onError].contains(application) {
                return .ended(delivered)
            }
            // The same again gives no more time.
            guard !isCommitted else { return stray(readable: true) }
            isCommitted = true
            return .committed
        case nil: return stray(readable: false)
        }
    }

    /// No more can come.
    func cutOff() -> DeliveryOutcome {
        settled(.unknown(code: "connection_lost", text: "the connection broke before an answer came"))
    }

    /// The time for an answer is over.
    func late() -> DeliveryOutcome {
        if isCommitted {
            return settled(
                .unknown(
                    code: "application_answer_timeout",
                    text: "the receiver stored the message, but its application did not answer in time"))
        }
        if hasReadable {
            return .unknown(
                code: "answer_mismatch", text: "the receiver acknowledged other messages, but not this one")
        }
        return strays > 0
            ? .unknown(code: "answer_unreadable", text: "what the receiver answered is no acknowledgement")
            : .unknown(code: "answer_timeout", text: "no answer came in time")
    }

    /// What the other side sends is not the protocol, or has no end.
    func hopeless() -> DeliveryOutcome {
        settled(.unknown(code: "answer_unreadable", text: "what the receiver answered is no acknowledgement"))
    }

    private var delivered: DeliveryOutcome { .delivered(reference: id) }

    /// What a lack of further answers means.
    private func settled(_ otherwise: DeliveryOutcome) -> DeliveryOutcome {
        isCommitted && sufficient == .commit ? delivered : otherwise
    }

    private mutating func stray(readable: Bool) -> Step {
        strays += 1
        if readable { hasReadable = true }
        return strays > Self.mostStrays ? .ended(isCommitted ? hopeless() : late()) : .waiting
    }
}
