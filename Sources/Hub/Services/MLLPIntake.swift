import CaseStore
import Channels
import Logging
import Referral
import Translation

/// The messages of one partner's MLLP connections on their way in, and the answers to them.
///
/// Who sends is told by the listener, never by the message. A frame that holds several messages, as a batch does, is
/// answered by one frame with an acknowledgement for each; every message has its own id, receipt and fate.
struct MLLPIntake: MLLPReceiver {
    let partner: String
    let hub: HubServices

    func reserve(_ bytes: Int) -> Bool { hub.budget.take(bytes, for: partner) }

    func release(_ bytes: Int) { hub.budget.giveBack(bytes, of: partner) }

    func admit() -> Duration? { hub.requestLimit.admit(partner) }

    func note(_ fault: MLLPFault) {
        hub.metrics.count(.mllpFaults, fault.rawValue)
        hub.logger.debug("mllp fault", metadata: ["partner": "\(partner)", "fault": "\(fault.rawValue)"])
    }

    func receive(_ arrivals: [MLLPArrival]) async -> MLLPAnswers {
        let principal = await principal()
        let frames = arrivals.map { arrival in
            Self.messages(of: arrival).map { hub.hl7Answers.question($0, from: principal) }.filter { !$0.isAnswer }
        }
        let fates = await fates(of: zip(arrivals, frames).map { ($0, $1) }, from: principal)
        let deadline = ContinuousClock.now + IntakeOutcomes.patience
        var answers = MLLPAnswers()
        for (frame, fates) in zip(frames, fates) {
            var content: [UInt8] = []
            for (question, fate) in zip(frame, fates) {
                hub.metrics.count(.mllpMessages, fate.label)
                content += await hub.hl7Answers.first(question, fate, by: deadline) ?? []
                if hub.hl7Answers.owesMore(question, fate) {
                    answers.later.append { [hub] in await hub.hl7Answers.more(question, fate, by: deadline) }
                }
            }
            if !content.isEmpty { answers.now.append(content) }
        }
        return answers
    }

    /// The partner; nil when it is not enabled, or that cannot be asked now. Then its messages may be sent again later.
    private func principal() async -> Principal? {
        do {
            let principal = try await hub.credentials.principal(ofPartner: partner)
            if principal == nil { hub.metrics.count(.refusedRequests, "unauthorized") }
            return principal
        } catch {
            hub.logger.warning("mllp waits for the database", metadata: ["partner": "\(partner)", "error": "\(error)"])
            return nil
        }
    }

    /// Stores what can be stored, in its order, and says what became of each message of each frame.
    private func fates(
        of frames: [(MLLPArrival, [HL7Answers.Question])], from sender: Principal?
    ) async -> [[HL7Answers.Fate]] {
        guard let sender else { return frames.map { $1.map { _ in .unavailable } } }
        var storing: [Arrival] = []
        for case (.message, let questions) in frames {
            storing += questions.map { Arrival(sender: sender, channel: .mllp, format: .hl7v2, bytes: $0.bytes) }
        }
        let arrivals = storing
        let results = await LargeDocuments.answering.reading(arrivals.reduce(0) { max($0, $1.bytes.count) }) {
            await hub.intake.receive(arrivals)
        }
        var stored = results.map(HL7Answers.Fate.init)[...]
        var fates: [[HL7Answers.Fate]] = []
        for (arrival, questions) in frames {
            switch arrival {
            case .message:
                fates.append(Array(stored.prefix(questions.count)))
                stored = stored.dropFirst(questions.count)
            case .tooLong:
                await hub.intake.noteRefusal(by: sender, code: .tooLarge)
                let limit = ReferralRoutes.bodyLimit >> 20
                let finding = Finding(.tooLarge, at: "", "The message is larger than \(limit) MiB")
                fates.append(questions.map { _ in .refused(finding, nil) })
            case .crowdedOut: fates.append(questions.map { _ in .unavailable })
            }
        }
        return fates
    }

    private static func messages(of arrival: MLLPArrival) -> [[UInt8]] {
        switch arrival {
        case .message(let content): HL7Message.split(content)
        case .tooLong(let beginning), .crowdedOut(let beginning): [beginning]
        }
    }
}

extension HL7Answers.Fate {
    /// The metrics' word for it.
    fileprivate var label: String {
        switch self {
        case .stored: "accepted"
        case .refused: "error"
        case .unavailable: "rejected"
        }
    }
}
