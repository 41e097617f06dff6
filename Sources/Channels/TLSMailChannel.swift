/// Delivers to one mailbox by e-mail that is not encrypted itself: our relay takes it over TLS, and hands it on over TLS alone
/// (partner interfaces, section 4.3).
///
/// That the relay does so is its own configuration, which no mail can prove. So the channel takes mailboxes only of domains
/// of which somebody has assured it.
package final class TLSMailChannel: OutboundChannel {
    /// The domains that may be written to so.
    package enum Reach: Sendable, Hashable {
        /// Those on the assured list: for each the relay's outgoing policy is "verify". Subdomains stand for themselves.
        case assured(Set<String>)
        /// Secure e-mail of criminal justice bodies: `name@organisation.cjsm.net`.
        case criminalJustice

        func includes(_ domain: String) -> Bool {
            switch self {
            case .assured(let domains): domains.contains { $0.lowercased() == domain.lowercased() }
            case .criminalJustice: domain.lowercased().hasSuffix(".cjsm.net")
            }
        }
    }

    /// A mail server puts whatever it is given into the mailbox, also twice.
    package var recognisesRepeats: Bool { false }

    private let handover: MailHandover
    private let now: @Sendable () -> Int64

    /// Checks the addresses; does not connect.
    package init(
        route: MailRoute, reach: Reach, now: @escaping @Sendable () -> Int64 = WallClock.now
    ) throws(ChannelConfigurationError) {
        handover = try MailHandover(route)
        guard reach.includes(String(route.recipient.drop { $0 != "@" }.dropFirst())) else {
            throw ChannelConfigurationError(
                setting: "to",
                problem: reach == .criminalJustice
                    ? "must be a mailbox of CJSM, such as name@organisation.cjsm.net"
                    : "is not of a domain on the assured list: have it assured and listed, or use smime_email")
        }
        self.now = now
    }

    package func deliver(_ delivery: Delivery) async -> DeliveryOutcome {
        await handover.deliver(delivery, now: now) { .success(MailAttachment(delivery).entity()) }
    }

    package func probe() async -> [ProbeStep] { [await handover.probe()] }

    package func shutdown() async { await handover.shutdown() }
}
