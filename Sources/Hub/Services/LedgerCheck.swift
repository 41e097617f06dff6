import CaseStore
import Console
import Ledger
import Logging
import Postgres
import Referral

/// Checks the whole ledger when somebody asks, one check at a time; what came of the last is remembered until the process ends.
actor LedgerCheck {
    private let installation: Installation
    private(set) var state = LedgerBook.Check.never

    init(_ installation: Installation) { self.installation = installation.acting(as: .audit) }

    /// Begins, unless one is under way; that somebody read the ledger is entered first.
    func begin(by actor: String) async throws {
        if case .running = state { return }
        state = .running(since: Instant(.now()))
        do {
            try await installation.database.transaction { [store = installation.store] in
                try store.enterLook(at: .ledger, by: actor, in: $0)
            }
        } catch {
            state = .failed(at: Instant(.now()))
            throw error
        }
        Task { await check() }
    }

    private func check() async {
        do {
            let result = try await LedgerVerification.run(
                database: installation.database, kept: try installation.keptCheckpoints())
            let now = Instant(.now())
            if let fault = result.fault {
                installation.logger.error("the ledger does not hold", metadata: ["fault": "\(fault)"])
                state = .broken("\(fault)", at: now)
            } else {
                state = .held(
                    entries: result.entries, checkpoints: result.checkpoints, erased: result.erased, at: now)
            }
        } catch {
            installation.logger.warning("the ledger cannot be checked", metadata: ["error": "\(error)"])
            state = .failed(at: Instant(.now()))
        }
    }
}
