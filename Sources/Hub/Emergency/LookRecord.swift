import CaseStore
import MessageQueue
import Postgres

/// Enters looks in the database, and has the duty officer told of those that were not there yet.
struct LookRecord: Sendable {
    let database: Database
    let store: CaseStore
    /// Where the duty officer's messages go; nil where none are sent.
    let queue: MessageQueue?
    /// This node's name, for the record.
    let node: String
    /// How long after it a look is to be reviewed.
    let reviewed: Duration

    func enter(_ looks: [EmergencyLook]) async throws {
        let new = try await database.transaction { [store, queue, node, reviewed] connection in
            let new = try store.enter(looks, node: node, reviewed: reviewed, in: connection)
            let messages = new.map { DutyNotices.message(for: $0, reviewed: reviewed) }
            if let queue, !messages.isEmpty {
                do {
                    _ = try queue.enqueue(messages, in: connection)
                } catch QueueError.storeNearlyFull {
                    // A notice never keeps a look off the record.
                }
            }
            return new
        }
        if !new.isEmpty { queue?.wake(DutyNotices.queueName) }
    }
}
