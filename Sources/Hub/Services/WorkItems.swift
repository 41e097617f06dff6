import CaseStore
import Postgres
import Referral

/// What waits for staff: a page of it, one of it, and that it is dealt with. Ids, states and code words only.
struct WorkItems: Sendable {
    private let database: Database
    /// For what staff enter.
    private let console: Database
    private let store: CaseStore

    init(_ installation: Installation) {
        let installation = installation.acting(as: .audit)
        database = installation.database
        console = installation.acting(as: .console).database
        store = installation.store
    }

    /// Open items of some kinds, those due first, then the oldest; and how many there are of which kind.
    ///
    /// - Parameter last: The last of the page before.
    func page(
        of kinds: Set<WorkItemKind>, after last: UUIDValue?, limit: Int
    ) async throws -> (items: [WorkItem], waiting: [WaitingWork]) {
        try await database.read { [store] connection in
            (
                try store.workItems(of: kinds, after: last, limit: limit, in: connection),
                try store.waitingWork(in: connection)
            )
        }
    }

    /// Of a kind those that come first.
    func first(_ count: Int, of kind: WorkItemKind) async throws -> [WorkItem] {
        try await database.read { [store] connection in
            try store.workItems(of: [kind], limit: count, in: connection)
        }
    }

    /// An item, open or done.
    func item(_ id: UUIDValue) async throws -> WorkItem? {
        try await database.read { [store] connection in try store.workItem(id, in: connection) }
    }

    /// Enters that an item is dealt with.
    ///
    /// - Returns: Whether it was open.
    func finish(_ id: UUIDValue, by actor: String) async throws -> Bool {
        try await console.transaction { [store] connection in
            try store.finishWorkItem(id, by: actor, in: connection)
        }
    }
}
