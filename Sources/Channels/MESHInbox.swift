package import Logging

/// Fetches what partners put into our mailbox: download, hand over to be kept, then acknowledge.
///
/// A message whose acknowledgement fails is seen again, so whoever keeps it must know its `messageID`.
package struct MESHInbox: Sendable {
    private let client: MESHClient
    private let interval: Duration
    private let logger: Logger
    private let handler: @Sendable (MESHReceived) async -> Bool

    /// - Parameters:
    ///   - interval: between looks at an empty inbox. MESH asks for no more than one in five minutes, and one a day.
    ///   - handler: keeps the message durably and answers true, or answers false to see it again at the next look.
    package init(
        client: MESHClient, interval: Duration = .seconds(300), logger: Logger,
        handler: @escaping @Sendable (MESHReceived) async -> Bool
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
    package func poll() async throws(MESHError) -> Int {
        try await client.handshakeIfDue()
        var acknowledged = 0
        var next: String?
        repeat {
            let page = try await client.inbox(continuing: next)
            for id in page.messageIDs where try await take(id) { acknowledged += 1 }
            next = page.next
        } while next != nil && !Task.isCancelled
        return acknowledged
    }

    /// One message that cannot be taken stays where it is and disturbs none of the others.
    private func take(_ id: String) async throws(MESHError) -> Bool {
        do throws(MESHError) {
            guard await handler(try await client.download(id)) else { return false }
        } catch  where error.nature == .permanent {
            logger.error(
                "message of the MESH inbox cannot be taken", metadata: ["mesh": "\(id)", "code": "\(error.code)"])
            return false
        }
        try await client.acknowledge(id)
        return true
    }
}
