import Ledger
package import Postgres
package import Referral
import Vault

/// What one message says of a person, opened.
package struct TellingReferral: Sendable {
    package var summary: ReferralSummary
    package var sentAt: Timestamp
    package var referral: Referral
}

extension CaseStore {
    /// The messages from which an access card is drafted, in the order in which they were sent: the latest of a person's, and
    /// of all who were found to be the same, that say something of them and were not withdrawn. That they were read is
    /// entered in the ledger.
    ///
    /// - Parameter limit: How many at most.
    /// - Returns: Nothing when there is no such person.
    /// - Throws: ``CaseStoreError/keyDestroyed(person:)`` when the person was erased.
    package func tellingReferrals(
        of person: UUIDValue, limit: Int = 200, viewedBy actor: String, in connection: Connection
    ) throws -> [TellingReferral]? {
        let members = try members(of: person, in: connection)
        guard !members.isEmpty else { return nil }
        let keys = try members.map { ($0, try key(of: $0, in: connection)) }
        let opening = Dictionary(uniqueKeysWithValues: keys)
        let rows = try connection.query(
            """
            SELECT *
            FROM (
                SELECT
                    id, person, case_file, submission, sender, type, state, urgency, received_at, sent_at, ordinal, sealed
                FROM record.referral
                WHERE person = ANY (\(members))
                    AND type IN ('referral', 'update', 'notice')
                    AND state <> 'withdrawn'
                ORDER BY sent_at DESC, received_at DESC, submission DESC, ordinal DESC
                LIMIT \(limit)
            ) AS latest
            ORDER BY sent_at, received_at, submission, ordinal
            """, name: "record.telling_referrals")
        let told = try rows.compactMap { row -> TellingReferral? in
            let summary = try Self.referral(row)
            guard let key = opening[summary.person] else { return nil }
            return TellingReferral(
                summary: summary, sentAt: try row.value("sent_at"),
                referral: try referral(row.value("sealed"), with: key, at: Place.referral(summary.id)))
        }
        try append([entry(.view, [.person: person.description, .actor: actor])], in: connection)
        return told
    }

    /// A person, whoever they were found to be, and all who were found to be the same; nobody when there is no such person.
    func members(of person: UUIDValue, in connection: Connection) throws -> [UUIDValue] {
        try connection.query(
            """
            SELECT id
            FROM record.person
            WHERE id IN (SELECT record.members(record.survivor(\(person))))
            ORDER BY id
            """, name: "record.members"
        ).decode(UUIDValue.self)
    }
}
