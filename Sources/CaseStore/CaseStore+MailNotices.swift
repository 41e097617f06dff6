import FoundationEssentials
import Ledger
package import Postgres

/// What a mail server reported about the mail by which a share left.
package struct MailNotice: Sendable, Hashable {
    /// The `Message-ID` of that mail, without its brackets.
    package var mail: String
    /// `failed`, `delayed`, `delivered`, `relayed` or `expanded`.
    package var action: String
    /// Whether it will not reach the mailbox.
    package var hasFailed: Bool
    /// Why, as a code word.
    package var code: String

    package init(mail: String, action: String, hasFailed: Bool, code: String) {
        self.mail = mail
        self.action = action
        self.hasFailed = hasFailed
        self.code = code
    }
}

extension CaseStore {
    /// Enters what a mail server reports. A mail that failed makes its share failed, with a work item, unless the recipient's
    /// own word or a person's says by then that it has it; all else is noted, and proves nothing. Told again, nothing changes.
    ///
    /// - Returns: Whether the share left by that mail.
    package func heed(
        _ notice: MailNotice, about id: UUIDValue, at: Timestamp = .now(), in connection: Connection
    ) throws -> Bool {
        let shares = try connection.query(
            """
            SELECT person, recipient, coalesce(
                acknowledgement.state = 'taken' AND acknowledgement.told_by <> \(AcknowledgementTold.channel), false)
            FROM record.share LEFT JOIN record.acknowledgement ON acknowledgement.share = share.id
            WHERE share.id = \(id)
                AND attempts > 0
                AND channel IN ('smime_email', 'pgp_email', 'tls_email', 'cjsm_email')
                AND (share.reference IS NULL OR share.reference = \(notice.mail))
            FOR NO KEY UPDATE OF share
            """, name: "record.lock_mailed_share")
        guard
            let (person, recipient, isTaken) = try shares.first?.decode(UUIDValue.self, String.self, Bool.self)
        else { return false }
        if notice.hasFailed, !isTaken {
            return try returned(id, reference: notice.mail, code: notice.code, at: at, in: connection)
        }
        let outcome = "mail_\(notice.action)"
        guard try !isNoted(outcome, notice.code, of: id, in: connection) else { return true }
        let fields: [LedgerField: String] = [
            .share: id.description, .person: person.description, .recipient: recipient, .outcome: outcome,
            .reason: notice.code, .actor: AcknowledgementTold.channel,
        ]
        try append([entry(.shareAcknowledged, at: at, fields)], in: connection)
        return true
    }

    private func isNoted(
        _ outcome: String, _ code: String, of share: UUIDValue, in connection: Connection
    ) throws -> Bool {
        let entries = try connection.query(
            "SELECT bytes FROM ledger.entry WHERE share = \(share) AND kind = 'share_acknowledged'",
            name: "ledger.acknowledgements_of_share"
        ).decode([UInt8]?.self)
        return entries.contains { bytes in
            let said = bytes.flatMap { try? JSONDecoder().decode([String: String].self, from: Data($0)) }
            return said?[LedgerField.outcome.rawValue] == outcome && said?[LedgerField.reason.rawValue] == code
        }
    }
}
