package import Logging

/// Delivers to one mailbox, or to the address that a delivery has of its own, each document under its own workflow id, over
/// MESH.
///
/// `Mex-LocalID` is the delivery's id. What is delivered is in the recipient's mailbox; that the recipient has fetched it
/// is told by ``progress(of:)``.
package final class MESHChannel: OutboundChannel {
    private let client: MESHClient
    private let mailbox: String
    private let workflows: MESHWorkflows
    private let logger: Logger

    /// - Parameters:
    ///   - client: our own mailbox. May be shared by the channels to several recipients; the first that is shut down
    ///     closes it for all.
    ///   - mailbox: the recipient's mailbox id.
    ///   - workflows: the workflow ids agreed with the recipient.
    package init(client: MESHClient, mailbox: String, workflows: MESHWorkflows, logger: Logger) {
        self.client = client
        self.mailbox = mailbox
        self.workflows = workflows
        self.logger = logger
    }

    package func deliver(_ delivery: Delivery) async -> DeliveryOutcome {
        // What is of another kind than the receiver's system expects must not reach it under some other id.
        guard let workflow = workflows[delivery.workflow] else {
            return .rejected(code: "workflow_not_configured", text: "No workflow id is configured for this document")
        }
        do {
            try await client.handshakeIfDue()
            // The first POST of an earlier attempt may have been taken although its answer never came. Without this
            // look-up a repeat would put the same letter into the mailbox twice.
            if delivery.attempt > 1, let known = try await outcomeOfEarlierAttempts(delivery) { return known }
        } catch {
            // Nothing of this attempt was sent yet, whatever the error says about its own call.
            return error.nature == .permanent
                ? .rejected(code: error.code, text: error.text)
                : .retryable(code: error.code, text: error.text, after: error.wish)
        }
        do {
            let id = try await client.send(
                MESHMessage(
                    to: delivery.address ?? mailbox, workflow: workflow, localID: delivery.id,
                    fileName: delivery.fileName, subject: delivery.subject, mediaType: delivery.mediaType,
                    bytes: delivery.bytes))
            return .delivered(reference: id)
        } catch {
            return switch error.nature {
            case .permanent: .rejected(code: error.code, text: error.text)
            case .retryable(let after): .retryable(code: error.code, text: error.text, after: after)
            case .unknown: .unknown(code: error.code, text: error.text)
            }
        }
    }

    /// What MESH already has of this delivery; `nil` when it must be sent.
    private func outcomeOfEarlierAttempts(_ delivery: Delivery) async throws(MESHError) -> DeliveryOutcome? {
        switch try await client.track(localID: delivery.id) {
        case .absent: return nil
        case .several:
            logger.warning(
                "message was doubled at MESH",
                metadata: ["delivery": "\(delivery.id)", "partner": "\(delivery.recipient)"])
            return .duplicate(reference: nil)
        case .one(let status):
            switch status.state {
            case .accepted, .acknowledged: return .delivered(reference: status.messageID)
            // Nobody can fetch it, and its bytes may differ from those at hand: it is left to expire.
            case .uploading: return nil
            case .undeliverable, .error: return .rejected(code: "mesh_undeliverable", text: Self.undeliverable)
            }
        }
    }

    package func progress(of reference: String) async -> DeliveryProgress {
        do {
            guard let status = try await client.track(messageID: reference) else {
                return .failed(code: "mesh_unknown_message", text: "MESH does not know the message any more")
            }
            switch status.state {
            case .acknowledged: return .complete
            case .accepted, .uploading: return .waiting
            case .undeliverable, .error: return .failed(code: "mesh_undeliverable", text: Self.undeliverable)
            }
        } catch {
            return .unavailable(code: error.code, text: error.text)
        }
    }

    /// Greets our own mailbox, which proves address, certificate, password and shared key. Whether the recipient's mailbox
    /// takes the workflow is told by MESH with the first message only.
    package func probe() async -> [ProbeStep] {
        let what = "handshake of our mailbox"
        do {
            try await client.handshake()
            return [
                .passed(what, "MESH lets us in"), .passed("workflows", "documents go under \(workflows.text)"),
            ]
        } catch {
            return [.failed(what, code: error.code, error.text)]
        }
    }

    package func shutdown() async { await client.shutdown() }

    private static let undeliverable = "MESH could not deliver the message, or the recipient did not fetch it in time"
}

extension MESHError {
    /// How long MESH asked us to wait.
    fileprivate var wish: Duration? {
        if case .retryable(let after) = nature { after } else { nil }
    }
}
