import NIOCore
import NIOHTTP1
package import Translation

/// Delivers XML documents in GovTalk envelopes over HTTPS, and goes on with the conversation until the department has answered
/// (partner interfaces, section 11).
///
/// What is delivered is with the gateway, under a correlation id; what the department says to it is told by
/// ``progress(of:)``, and once that was noted the conversation is ended by ``close(_:)``. A gateway takes the same submission
/// twice for two, so nothing is submitted again of which it is not known that it was not taken.
package final class GovTalkChannel: OutboundChannel {
    package struct Configuration: Sendable {
        /// The gateway. Neither tokens nor signatures are part of the protocol.
        package var https: HTTPSChannel.Configuration
        /// By which the gateway knows what the documents are, and for whom.
        package var messageClass: String
        package var sender: GovTalkRequest.Sender

        package init(https: HTTPSChannel.Configuration, messageClass: String, sender: GovTalkRequest.Sender) {
            self.https = https
            self.messageClass = messageClass
            self.sender = sender
        }
    }

    private let configuration: Configuration
    private let endpoint: HTTPEndpoint

    /// Reads certificates and checks the address; does not connect.
    package init(configuration: Configuration) throws(ChannelConfigurationError) {
        self.configuration = configuration
        let https = configuration.https
        endpoint = try https.endpoint(https.url, https.tls, setting: "url")
    }

    package var recognisesRepeats: Bool { false }

    package func deliver(_ delivery: Delivery) async -> DeliveryOutcome {
        guard let document = try? XMLDocument.parse(delivery.bytes) else {
            return .rejected(code: "not_xml", text: "the document is no XML, which alone an envelope can hold")
        }
        let id = String(delivery.id.filter { $0 != "-" }.prefix(32)).uppercased()
        let request = GovTalkRequest(
            .submit(document, transactionID: id, sender: configuration.sender), class: configuration.messageClass)
        let answer: HTTPEndpoint.Answer
        do {
            answer = try await post(request, to: configuration.https.url)
        } catch {
            return error.mayHaveArrived
                ? .unknown(code: error.code, text: error.text)
                : .retryable(code: error.code, text: error.text, after: nil)
        }
        return outcome(of: answer, to: id)
    }

    /// What the gateway's answer means for a submission.
    private func outcome(of answer: HTTPEndpoint.Answer, to id: String) -> DeliveryOutcome {
        guard (200..<300).contains(answer.status) else { return HTTPSChannel.outcome(of: answer, to: id) }
        guard let told = Self.read(answer) else { return .unknown(code: "answer_unreadable", text: Self.unreadable) }
        guard told.messageClass == configuration.messageClass, told.function == "submit",
            told.transactionID == nil || told.transactionID == id
        else { return .unknown(code: "answer_mismatch", text: "the gateway answered about another message") }
        switch (told.qualifier, told.gravest) {
        case (.error, let fault?), (.acknowledgement, let fault?), (.response, let fault?):
            return fault.nature == .recoverable
                ? .retryable(code: fault.code, text: "the gateway could not take the message now", after: nil)
                : .rejected(code: fault.code, text: "the gateway did not take the message")
        case (.acknowledgement, nil):
            guard let conversation = GovTalkConversation(told, configured: configuration.https.url) else {
                return .unknown(code: "answer_unreadable", text: "the gateway's acknowledgement has no correlation id")
            }
            return .delivered(reference: conversation.reference)
        case (.response, nil), (.error, nil):
            return .unknown(code: "answer_unreadable", text: Self.unreadable)
        }
    }

    package func progress(of reference: String) async -> DeliveryProgress {
        guard let conversation = GovTalkConversation(reference: reference) else {
            return .failed(code: "reference_unreadable", text: "the reference is none of a conversation")
        }
        do throws(Unanswered) {
            let told = try await ask(.poll(correlationID: conversation.correlationID), in: conversation)
            guard told.function == "submit" else { throw Unanswered.mismatch }
            switch (told.qualifier, told.gravest) {
            case (_, let fault?):
                switch fault.nature {
                case .business: return .refused(code: fault.code, text: "the department will not act on it")
                case .fatal: return .failed(code: fault.code, text: "the department's system could not take it")
                case .recoverable: return .unavailable(code: fault.code, text: "the gateway has no answer now")
                }
            case (.acknowledgement, nil): return .waiting
            case (.response, nil): return .complete
            case (.error, nil): throw Unanswered.unreadable
            }
        } catch {
            return .unavailable(code: error.code, text: error.text)
        }
    }

    package func interval(of reference: String) -> Duration? {
        GovTalkConversation(reference: reference).map { .seconds($0.interval) }
    }

    package func close(_ reference: String) async -> Bool {
        guard let conversation = GovTalkConversation(reference: reference) else { return true }
        do {
            let told = try await ask(.delete(correlationID: conversation.correlationID), in: conversation)
            // One that the gateway does not know any more is ended too.
            return told.gravest?.nature != .recoverable
        } catch {
            return false
        }
    }

    /// Asks for the address by `HEAD`. What the gateway makes of our name and password is seen with the first document.
    package func probe() async -> [ProbeStep] {
        [await HTTPSChannel.probe(endpoint, configuration.https.url, headers: HTTPHeaders())]
    }

    package func shutdown() async { await endpoint.shutdown() }

    /// No answer in this conversation.
    private struct Unanswered: Error {
        var code: String
        var text: String

        static let unreadable = Unanswered(code: "answer_unreadable", text: GovTalkChannel.unreadable)
        static let mismatch = Unanswered(code: "answer_mismatch", text: "the gateway answered in another conversation")
    }

    private static let unreadable = "what the gateway answered is nothing that the conversation can go on with"

    private func ask(
        _ step: GovTalkRequest.Step, in conversation: GovTalkConversation
    ) async throws(Unanswered) -> GovTalkAnswer {
        let answer: HTTPEndpoint.Answer
        do {
            answer = try await post(
                GovTalkRequest(step, class: configuration.messageClass),
                to: conversation.address(configured: configuration.https.url))
        } catch {
            throw Unanswered(code: error.code, text: error.text)
        }
        guard (200..<300).contains(answer.status) else {
            throw Unanswered(
                code: "http_\(answer.status)", text: "the gateway answered with HTTP status \(answer.status)")
        }
        guard let told = Self.read(answer) else { throw Unanswered.unreadable }
        guard told.messageClass == configuration.messageClass, told.correlationID == conversation.correlationID else {
            throw Unanswered.mismatch
        }
        return told
    }

    private func post(
        _ request: GovTalkRequest, to url: String
    ) async throws(HTTPEndpoint.Failure) -> HTTPEndpoint.Answer {
        try await endpoint.exchange(
            .POST, url, headers: ["Content-Type": "text/xml; charset=utf-8", "Accept": "text/xml, application/xml"],
            body: request.bytes)
    }

    private static func read(_ answer: HTTPEndpoint.Answer) -> GovTalkAnswer? {
        answer.body.flatMap { try? GovTalkAnswer(Array($0.readableBytesView)) }
    }
}
