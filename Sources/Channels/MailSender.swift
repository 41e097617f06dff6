/// Sends e-mail by a server of ours (RFC 5321), over TLS only.
package struct MailSender: Sendable {
    private let url: String
    private let thread: MailThread
    private let timeout: Duration

    /// Checks the address; does not connect.
    ///
    /// - Parameters:
    ///   - url: `smtps://host:port`, or `smtp://host:port` where TLS begins by STARTTLS; without it nothing is sent.
    ///   - setting: What the address is called where it is configured.
    package init(
        url: String, login: MailLogin, setting: String = "mail.reply.smtp"
    ) throws(ChannelConfigurationError) {
        guard url.hasPrefix("smtps://") || url.hasPrefix("smtp://"), !url.contains("@") else {
            throw ChannelConfigurationError(
                setting: setting, problem: "not an address of the form smtps://host:port, without credentials"
            )
        }
        self.url = url
        thread = MailThread(login)
        timeout = login.timeout
    }

    /// When a call that begins now must be done.
    var deadline: ContinuousClock.Instant { .now + timeout }

    /// Hands one message over. ``MailError/refused`` is final, everything else may pass.
    package func send(from sender: String, to recipient: String, message: [UInt8]) async throws(MailError) {
        try await send(from: sender, to: recipient, message: message, until: deadline)
    }

    /// The same, with the wait for its turn, until a moment. Past it, nothing is sent (`busy`).
    func send(
        from sender: String, to recipient: String, message: [UInt8], until deadline: ContinuousClock.Instant
    ) async throws(MailError) {
        try await send(from: sender, to: recipient, until: deadline) { Result<[UInt8], Never>.success(message) }
    }

    /// Makes a message on the thread that sends, and hands it over. Gives why there is none.
    @discardableResult
    func send<Refusal: Error>(
        from sender: String, to recipient: String, until deadline: ContinuousClock.Instant,
        _ message: @escaping @Sendable () -> Result<[UInt8], Refusal>
    ) async throws(MailError) -> Refusal? {
        let url = url
        return try await thread.run { transfer throws(MailError) -> Refusal? in
            guard deadline > .now else { throw .busy }
            switch message() {
            case .failure(let refusal): return refusal
            case .success(let message):
                try transfer.send(url, from: sender, to: recipient, message: message, until: deadline)
                return nil
            }
        }
    }

    /// Whether the server lets us in.
    package func check() async throws(MailError) {
        let (url, deadline) = (url, deadline)
        _ = try await thread.run { transfer throws(MailError) in
            try transfer.get(url, command: "NOOP", limit: 64 << 10, until: deadline)
        }
    }

    package func shutdown() async { await thread.shutdown() }
}
