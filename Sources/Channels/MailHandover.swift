/// Hands a partner's mails to the relay, one after the other, and says what became of each.
struct MailHandover: Sendable {
    let sender: String
    let recipient: String
    private let relay: MailSender

    /// Checks the addresses; does not connect.
    init(_ route: MailRoute) throws(ChannelConfigurationError) {
        for (setting, address) in [("from", route.sender), ("to", route.recipient)] {
            guard MailHeader.address(address) == address else {
                throw ChannelConfigurationError(
                    setting: setting, problem: "must be an address such as team@example.org")
            }
        }
        sender = route.sender
        recipient = route.recipient
        relay = try MailSender(url: route.relay, login: route.login, setting: "smtp")
    }

    /// Makes a mail and hands it over, within the relay's time-out with the wait for those before it, lest it leaves long
    /// after it was allowed to.
    ///
    /// - Parameter body: Makes the MIME entity within the mail, or says why there is none; it may compute for long.
    func deliver(
        _ delivery: Delivery, now: @escaping @Sendable () -> Int64,
        _ body: @escaping @Sendable () -> Result<[UInt8], Refusal>
    ) async -> DeliveryOutcome {
        guard Self.isHarmless(delivery.id) else {
            return .rejected(code: "delivery_id", text: "the delivery's id cannot stand in a mail's header")
        }
        do throws(MailError) {
            let refusal = try await relay.send(from: sender, to: recipient, until: relay.deadline) {
                body().map { header(delivery.id, at: now()) + $0 }
            }
            if let refusal { return .rejected(code: refusal.code, text: refusal.text) }
            return .delivered(reference: messageID(delivery.id))
        } catch .refused {
            return .rejected(code: MailError.refused.code, text: MailError.refused.text)
        } catch {
            return error.mayHaveArrived
                ? .unknown(code: error.code, text: error.text)
                // Also where the relay offers no TLS or does not let us in: that is the relay's fault or somebody's in between,
                // and not this message's, which is as good as any other once it is put right.
                : .retryable(code: error.code, text: error.text, after: nil)
        }
    }

    /// Asks the relay whether it lets us in, without a mail.
    func probe() async -> ProbeStep {
        let what = "relay, TLS and login"
        do throws(MailError) {
            try await relay.check()
            return .passed(what, "our relay lets us in")
        } catch {
            return .failed(what, code: error.code, error.text)
        }
    }

    /// Why a mail is not made, for a person.
    struct Refusal: Error {
        var code: String
        var text: String
    }

    func shutdown() async { await relay.shutdown() }

    /// All that is outside of the body: no word of what is in it (partner interfaces, section 4.3).
    private func header(_ id: String, at seconds: Int64) -> [UInt8] {
        let lines = [
            "Subject: OFFICIAL-SENSITIVE LAC \(id)", "From: <\(sender)>", "To: <\(recipient)>",
            "Date: \(CivilTime.rfc5322(seconds))", "Message-ID: <\(messageID(id))>", "MIME-Version: 1.0", "",
        ]
        return Array(lines.joined(separator: "\r\n").utf8)
    }

    /// The same on every attempt, so that a notice about any of them names the release.
    private func messageID(_ id: String) -> String {
        "\(id)@\(sender.split(separator: "@").last ?? "localhost")"
    }

    private static func isHarmless(_ id: String) -> Bool {
        (1...64).contains(id.utf8.count) && id.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") }
    }
}
