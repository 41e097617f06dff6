package import Postgres

extension CaseStore {
    /// Stores the messages of submissions: finds or makes their persons, keeps the messages, opens cases, and enters what
    /// became of each submission.
    ///
    /// Running it again stores nothing twice and gives the same answers. What cannot be settled becomes a work item.
    /// Two batches that name the same persons may be refused by PostgreSQL as a deadlock; that error is retryable like
    /// any lost race.
    ///
    /// A submission of which an item awaits an earlier message stays unfinished: ``resume(at:limit:in:)`` says when it is
    /// to be stored again.
    ///
    /// - Returns: For each submission the results of its items, in their order.
    package func store(
        _ intakes: [IntakeRecord], at now: Timestamp = .now(), in connection: Connection
    ) throws -> [[IntakeResult]] {
        var batch = IntakeBatch(store: self, connection: connection, intakes: intakes, now: now)
        return try batch.run()
    }
}
