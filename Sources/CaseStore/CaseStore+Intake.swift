package import Postgres

extension CaseStore {
    /// Stores the messages of submissions: finds or makes their persons, keeps the messages, opens cases, and enters what
    /// became of each submission.
    ///
    /// Running it again stores nothing twice and gives the same answers. What cannot be settled becomes a work item.
    /// Two batches that name the same persons may be refused by PostgreSQL as a deadlock; that error is retryable like
    /// any lost race.
    ///
    /// - Returns: For each submission the results of its items, in their order.
    /// - Throws: ``CaseStoreError/awaitsEarlier(receipt:)`` for a submission that must be tried again later; then nothing
    ///   of the batch may be committed.
    package func store(_ intakes: [IntakeRecord], in connection: Connection) throws -> [[IntakeResult]] {
        var batch = IntakeBatch(store: self, connection: connection, intakes: intakes)
        return try batch.run()
    }
}
