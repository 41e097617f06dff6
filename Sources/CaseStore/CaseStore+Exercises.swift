package import Postgres

extension CaseStore {
    /// How many shares of a purpose with a recipient are in which state: all that are not over, and those that ended since a
    /// moment.
    package func states(
        of purpose: String, to recipient: String, since: Timestamp, in connection: Connection
    ) throws -> [(state: ShareState, count: Int)] {
        try connection.query(
            """
            SELECT state, count(*)
            FROM record.share
            WHERE recipient = \(recipient) AND purpose = \(purpose)
                AND (finished_at IS NULL OR finished_at >= \(since))
            GROUP BY state
            ORDER BY state
            """, name: "record.states_of_shares"
        ).decode(ShareState.self, Int.self).map { ($0, $1) }
    }

    /// The shares that were delivered to a recipient in a file of this name.
    package func shares(
        deliveredAs reference: String, to recipient: String, in connection: Connection
    ) throws -> [UUIDValue] {
        try connection.query(
            """
            SELECT id
            FROM record.share
            WHERE recipient = \(recipient) AND reference = \(reference) AND state = 'delivered'
            ORDER BY id
            """, name: "record.shares_of_file"
        ).decode(UUIDValue.self)
    }
}
