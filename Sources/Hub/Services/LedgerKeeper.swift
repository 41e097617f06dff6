import CaseStore
import Glibc
import Ledger
import Logging
import Postgres

/// Gives new ledger entries their positions, and writes the signed head of their tree outside PostgreSQL.
package actor LedgerKeeper {
    private let installation: Installation
    /// The size of the newest checkpoint in the file; unknown at first and after a failure.
    private var filed: Int?

    package init(_ installation: Installation) {
        self.installation = installation.acting(as: .audit)
    }

    /// One pass, as housekeeping makes each second.
    ///
    /// A head that was stored and not filed, as by a crash in between, is filed at the next pass. One that is smaller than
    /// what the file holds already is never signed: the database lacks entries that it had.
    ///
    /// - Returns: The size of the tree, when a checkpoint was written.
    @discardableResult
    package func keep() async throws -> Int? {
        let store = installation.store
        let isBehind = filed == nil
        let head = try await installation.database.transaction { connection -> Checkpoint? in
            _ = try store.sequence(in: connection)
            let head = try store.checkpoint(in: connection)
            return try head ?? (isBehind ? store.lastCheckpoint(in: connection) : nil)
        }
        let file = installation.checkpointFile
        let known = try filed ?? Self.size(of: file)
        guard let head, head.size > known else {
            if let head, head.size < known {
                installation.logger.error(
                    "the ledger has fewer entries than its checkpoint file says: see `hub ledger verify`",
                    metadata: ["entries": "\(head.size)", "checkpoint": "\(known)"])
            }
            filed = known
            return nil
        }
        filed = nil
        try file.append(SignedCheckpoint(head, by: installation.ledgerSigner))
        filed = head.size
        return head.size
    }

    /// The size of the newest checkpoint; 0 where the file was taken away: a new one is begun, which verification shows.
    private static func size(of file: CheckpointFile) throws -> Int {
        do {
            return try file.checkpoint()?.checkpoint.size ?? 0
        } catch let error where error.number == ENOENT {
            return 0
        }
    }
}
