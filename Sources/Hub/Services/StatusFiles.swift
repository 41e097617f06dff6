import CaseStore
import Channels
import Logging
import Postgres
import Referral

/// Tells senders of files what became of their referrals, by a file beside the receipt, as far as the persons agreed. Any
/// number of nodes may do it: each takes its own.
struct StatusFiles: Sendable {
    /// Between two looks at what may not be told yet.
    private static let looks = (shortest: Duration.seconds(2), longest: Duration.seconds(300))
    private let folder: String
    private let database: Database
    private let store: CaseStore
    private let logger: Logger

    init(below folder: String, _ installation: Installation) {
        let installation = installation.acting(as: .worker)
        self.folder = folder
        database = installation.database
        store = installation.store
        logger = installation.logger
    }

    /// Looks every few seconds until it is cancelled. What fails is tried again at the next look.
    func run() async {
        while !Task.isCancelled {
            do {
                let due = try await database.transaction { [store] connection in
                    try store.takeUnwrittenStatus(
                        shortest: Self.looks.shortest, longest: Self.looks.longest, limit: 500, in: connection)
                }
                for receipt in due { try await write(receipt) }
            } catch is CancellationError {
                return
            } catch {
                logger.warning("a status file waits", metadata: ["error": "\(error)"])
            }
            try? await Task.sleep(for: .seconds(2))
        }
    }

    private func write(_ receipt: UUIDValue) async throws {
        // Judged now, and on the ledger before it is told.
        let (outcomes, sealed) = try await database.transaction { [store] connection in
            let outcomes = try store.outcomes(ofSubmission: receipt, in: connection).filter { $0.refusal == nil }
            try store.noteTold(outcomes, in: connection)
            return (
                outcomes,
                try outcomes.first.flatMap { try store.documentNames(ofReferral: $0.referral, in: connection) }
            )
        }
        guard let sender = outcomes.first?.sender else { return }
        // The name goes with the document, but that of a file of many stays with each part: of another that was destroyed nobody
        // can say any more which file it was.
        if let name = try sealed.flatMap({ try store.open($0).fileName }) {
            let value: Value = [
                "message_id": .string(name), "receipt_id": .string(receipt.description),
                "outcomes": .array(outcomes.map { Receipts.value(of: $0, forStaff: false) }),
            ]
            try await StatusFile.write(StrictJSON.write(value), about: name, of: sender, below: folder)
        }
        try await database.transaction { [store] in try store.noteWritten(outcomes, in: $0) }
    }
}
