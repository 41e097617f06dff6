import CaseStore
import MessageQueue
import Postgres

/// Waits until intake is through with a submission, on whichever node it is worked on.
///
/// All who wait at one moment ask together.
struct IntakeOutcomes: Sendable {
    /// How long an application's answer waits for its message.
    static let patience = Duration.seconds(5)
    /// Between two looks: short at first, since intake takes some milliseconds.
    private static let pauses: [Duration] = [5, 5, 10, 20, 40].map { .milliseconds($0) }

    private let states: Coalescer<UUIDValue, Receipt?>

    init(_ installation: Installation) {
        let installation = installation.acting(as: .worker)
        let store = installation.store
        states = Coalescer(on: installation.database, isolation: nil, lanes: 1) { ids, connection in
            let receipts = try store.receipts(Array(Set(ids)), in: connection)
            return ids.map { receipts[$0] }
        }
    }

    /// The receipt once its submission was worked on; nil when it was not by `deadline`, or the database is away.
    func outcome(of id: UUIDValue, by deadline: ContinuousClock.Instant) async -> Receipt? {
        var pauses = Self.pauses[...]
        while true {
            guard let receipt = try? await states.submit(id) else { return nil }
            if receipt.state != .received { return receipt }
            let pause = pauses.popFirst() ?? .milliseconds(80)
            guard ContinuousClock.now + pause < deadline else { return nil }
            guard (try? await Task.sleep(for: pause)) != nil else { return nil }
        }
    }
}
