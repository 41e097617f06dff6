package import Logging
import Synchronization

/// Fetches what partners put into our mailbox: download, hand over to be kept, then acknowledge.
///
/// A message whose acknowledgement fails is seen again, so whoever keeps it must know its `messageID`.
package final class MESHInbox: Sendable {
    /// What lies in the inbox under one id.
    package enum Found: Sendable {
        case message(MESHReceived)
        /// A message that is larger than the client fetches.
        case tooLarge(MESHMetadata)
    }

    /// What is to be done with a message that was handed over.
    package enum Disposal: Sendable {
        /// It is kept durably, or needs no keeping: MESH may forget it.
        case acknowledge
        /// It could not be kept now; it is handed over again at the next look.
        case leave
        /// It will not be taken: it stays in the mailbox, not looked at again by this process, until MESH returns it to
        /// its sender as undelivered, five days after it was sent.
        case returnToSender
    }

    private let client: MESHClient
    private let interval: Duration
    private let logger: Logger
    private let handler: @Sendable (Found) async -> Disposal
    /// Ids that are left to be returned. No more than lie in the mailbox.
    private let returning = Mutex<Set<String>>([])

    /// - Parameters:
    ///   - interval: between looks at an empty inbox. MESH asks for no more than one in five minutes, and one a day.
    ///   - handler: keeps a message durably and says what is to be done with it.
    package init(
        client: MESHClient, interval: Duration = .seconds(300), logger: Logger,
        handler: @escaping @Sendable (Found) async -> Disposal
    ) {
        self.client = client
        self.interval = interval
        self.logger = logger
        self.handler = handler
    }

    /// Polls until it is cancelled. An error of MESH is logged once per change and waited out.
    package func run() async throws {
        var trouble: String?
        while !Task.isCancelled {
            do throws(MESHError) {
                _ = try await poll()
                if trouble != nil { logger.info("MESH inbox can be read again") }
                trouble = nil
            } catch {
                if trouble != error.code {
                    logger.warning(
                        "MESH inbox cannot be read", metadata: ["code": "\(error.code)", "cause": "\(error.text)"])
                }
                trouble = error.code
            }
            try await Task.sleep(for: interval)
        }
    }

    /// One look: everything that waits now, page by page. Returns how many messages were acknowledged.
    ///
    /// A message at which a call fails holds up none behind it; three such in a row end the look, since MESH is away then.
    ///
    /// - Throws: The last error, once all that could be taken was taken.
    package func poll() async throws(MESHError) -> Int {
        try await client.handshakeIfDue()
        var acknowledged = 0
        var seen: Set<String> = []
        var next: String?
        var failure: MESHError?
        var failures = 0
        repeat {
            let page = try await client.inbox(continuing: next)
            seen.formUnion(page.messageIDs)
            for id in page.messageIDs where !Task.isCancelled {
                guard !returning.withLock({ $0.contains(id) }) else { continue }
                do throws(MESHError) {
                    if try await take(id) { acknowledged += 1 }
                    failures = 0
                } catch {
                    failure = error
                    failures += 1
                    if failures == 3 { throw error }
                }
            }
            next = page.next
        } while next != nil && !Task.isCancelled
        if !Task.isCancelled { returning.withLock { $0.formIntersection(seen) } }
        if let failure { throw failure }
        return acknowledged
    }

    /// One message that cannot be taken stays where it is and disturbs none of the others.
    private func take(_ id: String) async throws(MESHError) -> Bool {
        do throws(MESHError) {
            switch await handler(try await find(id)) {
            case .acknowledge: break
            case .leave: return false
            case .returnToSender:
                returning.withLock { _ = $0.insert(id) }
                return false
            }
        } catch  where error.nature == .permanent {
            logger.error(
                "message of the MESH inbox cannot be taken", metadata: ["mesh": "\(id)", "code": "\(error.code)"])
            return false
        }
        try await client.acknowledge(id)
        return true
    }

    private func find(_ id: String) async throws(MESHError) -> Found {
        do throws(MESHError) {
            return .message(try await client.download(id))
        } catch .tooLarge {
            return .tooLarge(try await client.head(id))
        }
    }
}
