package import CaseStore
import MessageQueue
package import Postgres

/// Erases a person: what is known of them opens by nobody any more, in the database at once.
package struct PersonErasure: Sendable {
    private let database: Database
    private let store: CaseStore
    private let queue: MessageQueue
    private let kept: Duration?

    package init(_ installation: Installation) {
        database = installation.database
        store = installation.store
        queue = installation.queue
        kept = installation.configuration.keyStore?.kept
    }

    /// Undoes a trial.
    private struct Trial: Error {
        var outcome: Erasure
    }

    /// Erases, in one transaction.
    ///
    /// - Parameters:
    ///   - authority: Under which id the decision is kept: the person's request, a retention schedule's run.
    ///   - actor: Who decided it.
    ///   - isTrial: Only tells what would be done.
    package func erase(
        _ person: UUIDValue, authority: String, by actor: String, isTrial: Bool = false, at: Timestamp = .now()
    ) async throws -> Erasure {
        do {
            return try await database.transaction { [store, queue] connection in
                let outcome = try store.erase(person, authority: authority, by: actor, at: at, in: connection)
                if case .erased(let erased) = outcome {
                    let cause = Cause(code: "record_erased", text: "The person was erased")
                    let messages = (erased.messages + erased.extractMessages).map(MessageID.init(rawValue:))
                    _ = try queue.cancel(messages, cause: cause, in: connection)
                }
                if isTrial { throw Trial(outcome: outcome) }
                return outcome
            }
        } catch let trial as Trial {
            return trial.outcome
        }
    }

    /// From when on no backup of the key store holds the key of somebody who is erased at a moment; nil where none is
    /// configured.
    package func complete(after at: Timestamp) -> Timestamp? { kept.map { at + $0 } }
}
