package import Postgres

extension CaseStore {
    /// How many shares with a recipient under an authority are in which state: all whose data has left or may still. One that
    /// failed counts until staff are done with it.
    package func states(
        under authority: String, to recipient: String, in connection: Connection
    ) throws -> [(state: ShareState, count: Int)] {
        try connection.query(
            """
            SELECT state, count(*)
            FROM record.share
            WHERE recipient = \(recipient) AND authority_ref = \(authority) AND state NOT IN ('refused', 'cancelled')
                AND (state <> 'failed' OR EXISTS (
                    SELECT FROM record.work_item WHERE work_item.share = share.id AND work_item.state = 'open'
                ))
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
