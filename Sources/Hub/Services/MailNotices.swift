import CaseStore
import Channels
import Logging
import Postgres

/// What mail servers report about mails of ours, entered at the shares that left by them.
///
/// A notice is a hint: whoever knows the id of a mail can write one. So one that says a mail failed has staff look at it, and
/// one that says it arrived is noted, and no share counts as taken in by it.
struct MailNotices: Sendable {
    private let database: Database
    private let store: CaseStore
    private let metrics: Metrics
    private let logger: Logger

    init(_ installation: Installation) {
        let installation = installation.acting(as: .worker)
        database = installation.database
        store = installation.store
        metrics = installation.metrics
        logger = installation.logger
    }

    /// Deals with a mail that is a delivery status notification about a share's mail.
    ///
    /// - Returns: False for every other mail, of which nothing was done.
    func heed(_ mail: MailInbox.Received) async throws -> Bool {
        // Of a mail that was cut off the report may be missing.
        guard mail.isWhole, let notice = DeliveryNotice(mail.bytes), let (share, told) = Self.told(notice) else {
            return false
        }
        let isKnown = try await database.transaction { [store] connection in
            try store.heed(told, about: share, in: connection)
        }
        guard isKnown else { return false }
        if told.hasFailed {
            logger.warning("a mail came back", metadata: ["share": "\(share)", "code": "\(told.code)"])
        }
        metrics.count(.mails, told.hasFailed ? "notice_failed" : "notice_noted")
        return true
    }

    /// What a notice says, and about which share: our mails have their share's id before the `@` of theirs.
    private static func told(_ notice: DeliveryNotice) -> (share: UUIDValue, told: MailNotice)? {
        let failure = notice.reports.first { $0.action == .failed }
        guard let mail = notice.messageID ?? notice.envelopeID, let report = failure ?? notice.reports.first,
            let share = UUIDValue(String(mail.prefix { $0 != "@" }))
        else { return nil }
        let status = report.status.map { "mail_\($0.replacing(".", with: "_"))" }
        return (
            share,
            MailNotice(
                mail: mail, action: report.action.rawValue, hasFailed: report.action == .failed,
                code: status ?? "mail_\(report.action.rawValue)")
        )
    }
}
