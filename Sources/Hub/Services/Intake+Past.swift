import CaseStore
package import Postgres
import Translation

/// A document that came some time ago.
package struct PastArrival: Sendable {
    package var arrival: Arrival
    package var at: Timestamp

    package init(_ arrival: Arrival, at: Timestamp) {
        self.arrival = arrival
        self.at = at
    }
}

extension Intake {
    /// Stores documents as if they had come in the past, with all that is made of them: what an installation holds after
    /// years, for a test of how it bears that.
    ///
    /// They go the way of every other document, but for the queue, the virus scanner and what a referral proposes to partners:
    /// nobody waits for an answer, and nobody is told anything. All or none is stored.
    ///
    /// - Parameter database: As a role that may do what both halves of intake do.
    /// - Returns: How many were stored; one that was stored before is not among them.
    package func store(_ past: [PastArrival], in database: Database) async throws -> Int {
        let sealed = try past.compactMap { past -> SealedSubmission? in
            guard case .one(var submission) = try look(at: past.arrival) else { return nil }
            submission.receipt = .v7(at: past.at)
            submission.receivedAt = past.at
            return store.seal(submission)
        }
        return try await database.transaction { [self] connection in
            let receipts = try store.accept(sealed, in: connection).compactMap { acceptance in
                if case .received(let receipt) = acceptance { receipt } else { nil }
            }
            try store.add(
                receipts.filter { $0.state == .quarantined }.map {
                    .quarantined($0.id, for: $0.findings, from: $0.sender)
                },
                in: connection)
            let documents = try store.documents(
                receipts.filter { $0.state == .received }.map(\.id), in: connection)
            let intakes = try documents.values.sorted { $0.receipt.id < $1.receipt.id }
                .map { translation(of: try store.open($0)).intake }
            _ = try store.store(intakes, in: connection)
            return receipts.count
        }
    }
}
