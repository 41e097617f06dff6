/// Sends e-mail by a server of ours (RFC 5321), over TLS only.
package struct MailSender: Sendable {
    private let url: String
    private let thread: MailThread

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
    }

    /// Hands one message over. ``MailError/refused`` is final, everything else may pass.
    package func send(from sender: String, to recipient: String, message: [UInt8]) async throws(MailError) {
        let url = url
        try await thread.run { transfer throws(MailError) in
            try transfer.send(url, from: sender, to: recipient, message: message)
        }
    }

    /// Makes what is to be sent, on the thread that sends. Nil when that has ended.
    func compute<T: Sendable>(_ body: @escaping @Sendable () -> T) async -> T? { await thread.compute(body) }

    /// Whether the server lets us in.
    package func check() async throws(MailError) {
        let url = url
        _ = try await thread.run { transfer throws(MailError) in
            try transfer.get(url, command: "NOOP", limit: 64 << 10)
        }
    }

    package func shutdown() async { await thread.shutdown() }
}
