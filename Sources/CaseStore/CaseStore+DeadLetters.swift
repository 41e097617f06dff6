package import Postgres

extension CaseStore {
    /// Whether staff were shown that a message died, at this death or since: whether or not they are done with it.
    package func isShown(deadLetter message: Int64, diedAt: Timestamp, in connection: Connection) throws -> Bool {
        try connection.query(
            """
            SELECT EXISTS (
                SELECT FROM record.work_item
                WHERE message = \(message) AND kind = 'dead_letter' AND created_at >= \(diedAt)
            )
            """, name: "record.is_shown"
        )[0].decode(Bool.self)
    }
}
