import Dispatch
import Postgres
import TestSupport

/// Lets a test stop a transaction, which runs on a thread of its own, in its middle.
struct Gate: Sendable {
    private let arrived = DispatchSemaphore(value: 0)
    private let opened = DispatchSemaphore(value: 0)

    func open() { opened.signal() }

    func arrival() async throws {
        try await eventually { arrived.wait(timeout: .now()) == .success }
    }

    /// Called on the connection's thread, which may wait.
    func arriveAndWait() {
        arrived.signal()
        opened.wait()
    }
}

extension Fixture {
    /// Opens the gate once a transaction of this database is seen waiting for a lock; in any case, so that a test fails
    /// and does not hang.
    func open(_ gate: Gate) async throws {
        defer { gate.open() }
        try await eventually {
            try await value(
                """
                SELECT count(*)
                FROM pg_stat_activity
                WHERE datname = current_database() AND wait_event_type = 'Lock'
                """) == 1
        }
    }
}
