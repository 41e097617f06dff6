import Ledger
package import Postgres
import Referral
import Vault

extension CaseStore {
    /// Stores the messages of one submission: finds or makes the person, keeps the message, opens a case.
    ///
    /// Running it again stores nothing twice and gives the same answers. What cannot be settled becomes a work item.
    /// Two documents that name the same new persons in opposite order may be refused by PostgreSQL as a deadlock; that
    /// error is retryable like any lost race.
    package func store(_ intake: IntakeRecord, in connection: Connection) throws -> [IntakeResult] {
        let before = try stored(of: intake.receipt, in: connection)
        var step = IntakeStep(store: self, connection: connection, intake: intake)
        let results = try intake.items.map { item in
            try before[item.ordinal].map(IntakeResult.stored) ?? step.store(item)
        }
        if !results.isEmpty, results.allSatisfy({ $0 == .unknownPerson }) {
            try connection.execute(
                """
                UPDATE record.document
                SET destroy_at = \(intake.receivedAt + .seconds(86_400))
                WHERE receipt = \(intake.receipt)
                """, name: "record.mark_document")
        }
        return results
    }

    /// Locks the submission against another run, and tells what an earlier one stored.
    private func stored(of receipt: UUIDValue, in connection: Connection) throws -> [Int: StoredReferral] {
        var reads = Pipeline()
        reads.add(
            "SELECT FROM record.submission WHERE receipt = \(receipt) FOR NO KEY UPDATE",
            name: "record.lock_submission")
        reads.add(
            "SELECT ordinal, id, person, case_file FROM record.referral WHERE submission = \(receipt)",
            name: "record.referrals_of_submission")
        let rows = try connection.pipeline(reads)[1].decode(
            Int.self, UUIDValue.self, UUIDValue.self, UUIDValue?.self)
        return Dictionary(
            uniqueKeysWithValues: rows.map { ordinal, id, person, caseFile in
                let stored = StoredReferral(
                    id: id, person: person, caseFile: caseFile, isNewPerson: false, isRepeat: true)
                return (ordinal, stored)
            })
    }
}
