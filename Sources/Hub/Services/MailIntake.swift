import CaseStore
import Channels
import Logging
import Postgres
import Referral

/// Plain e-mail on its way in: every mail is kept sealed in quarantine for staff, and its writer is told where the form is.
///
/// Nothing of a mail is worked on by a machine: who wrote it cannot be known, and what it says cannot be relied on. It is
/// known by its bytes, so that a mail that is seen again has no second effect. The one exception are mail servers' notices
/// about mails of ours, which are told at their shares (``MailNotices``).
struct MailIntake: Sendable {
    private let notices: MailNotices
    private let reply: MailReply
    private let sender: MailSender
    private let perHour: Int
    private let intake: Intake
    private let database: Database
    private let store: CaseStore
    private let metrics: Metrics
    private let logger: Logger

    init(
        _ mail: Configuration.Mail, sender: MailSender, intake: Intake, _ installation: Installation
    ) {
        notices = MailNotices(installation)
        reply = MailReply(
            from: mail.address, portal: mail.portal, organisation: installation.configuration.organisation)
        self.sender = sender
        perHour = mail.repliesPerHour
        self.intake = intake
        database = installation.acting(as: .ingest).database
        store = installation.store
        metrics = installation.metrics
        logger = installation.logger
    }

    /// Takes one mail.
    func take(_ mail: MailInbox.Received) async -> MailInbox.Disposal {
        do {
            if try await notices.heed(mail) { return .done }
            let finding =
                mail.isWhole
                ? Finding(.mediaType, at: "", "An e-mail is for a member of staff to read")
                : Finding(.tooLarge, at: "", "An e-mail has up to 16 MiB: only its header was kept")
            let arrival = Arrival(
                sender: Principal(id: "email", kind: .partner, adapter: nil, name: ""), channel: .email, format: nil,
                refusal: finding, bytes: mail.bytes)
            _ = try await intake.receive(arrival)
            metrics.count(.mails, mail.isWhole ? "quarantined" : "too_large")
            return try await answer(MailHeader(mail.bytes)) ? .done : .leave
        } catch {
            logger.warning("an e-mail waits", metadata: ["error": "\(error)"])
            metrics.count(.mails, "waiting")
            return .leave
        }
    }

    /// Tells the writer where the form is, unless a machine wrote it or the writer was told today.
    ///
    /// - Returns: False when that must be tried again.
    private func answer(_ header: MailHeader) async throws -> Bool {
        guard header.reasonNotToAnswer == nil, let address = header.returnAddress, address.lowercased() != reply.address
        else {
            metrics.count(.mails, "not_answered")
            return true
        }
        let isDue = try await database.transaction { [store, perHour] connection in
            try store.claimMailAnswer(to: address, perHour: perHour, in: connection)
        }
        guard isDue else {
            metrics.count(.mails, "not_answered")
            return true
        }
        do throws(MailError) {
            // From nobody, so that no machine answers in turn (RFC 3834, section 3.3).
            try await sender.send(
                from: "", to: address,
                message: reply.message(to: address, answering: header.messageID, at: WallClock.now()))
            metrics.count(.mails, "answered")
            return true
        } catch .refused {
            metrics.count(.mails, "not_answered")
            return true
        } catch {
            logger.warning("an e-mail cannot be answered now", metadata: ["code": "\(error.code)"])
            try await database.transaction { [store] connection in
                try store.releaseMailAnswer(to: address, in: connection)
            }
            metrics.count(.mails, "waiting")
            return false
        }
    }
}
