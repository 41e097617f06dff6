import Synchronization

/// What this process has done with a queue since it started.
package struct QueueMeter: Sendable, Equatable {
    /// How values are spread: counts by upper bound, for a histogram.
    package struct Spread: Sendable, Equatable {
        /// The upper bounds, rising; values above the last are counted in none of them.
        package let bounds: [Double]
        /// Values up to each bound that are above the one before.
        package private(set) var counts: [Int]
        /// All values.
        package private(set) var count = 0
        /// Their sum.
        package private(set) var sum = 0.0

        init(bounds: [Double]) {
            self.bounds = bounds
            counts = bounds.map { _ in 0 }
        }

        mutating func add(_ value: Double) {
            count += 1
            sum += value
            if let index = bounds.firstIndex(where: { value <= $0 }) { counts[index] += 1 }
        }
    }

    /// Nothing yet.
    package init() {}

    /// Messages that were handed in; those of a transaction that was rolled back later are among them.
    package internal(set) var enqueued = 0
    /// Attempts that began.
    package internal(set) var attempts = 0
    /// Attempts by how they ended, as reported here.
    package internal(set) var outcomes: [HistoryEntry.Event: Int] = [:]
    /// Leases that were found run out.
    package internal(set) var lostLeases = 0
    /// Outcomes refused because the lease had been lost.
    package internal(set) var refused = 0
    /// Seconds that round trips with a claim took.
    package internal(set) var claimSeconds = Spread(bounds: [
        0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5,
    ])
    /// Messages that a claim brought, where it brought any.
    package internal(set) var batchSizes = Spread(bounds: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000])
}

/// The meters of a process, by queue.
final class Meters: Sendable {
    private let meters = Mutex<[String: QueueMeter]>([:])

    var all: [String: QueueMeter] { meters.withLock { $0 } }

    func note(_ queue: String, _ change: (inout QueueMeter) -> Void) {
        meters.withLock { change(&$0[queue, default: QueueMeter()]) }
    }

    /// Counts what was to be settled, less what was refused.
    func noteSettled(_ settlements: [Settlement], refused: [Lease]) {
        guard !settlements.isEmpty else { return }
        let refusedFences = Set(refused.map { FencedMessage($0) })
        meters.withLock { meters in
            for settlement in settlements {
                let queue = settlement.lease.queue
                if !refusedFences.isEmpty, refusedFences.contains(FencedMessage(settlement.lease)) {
                    meters[queue, default: QueueMeter()].refused += 1
                } else if let event = settlement.verdict.event {
                    meters[queue, default: QueueMeter()].outcomes[event, default: 0] += 1
                }
            }
        }
    }
}

extension Settlement.Verdict {
    /// What the history calls it; `nil` for what it does not tell.
    fileprivate var event: HistoryEntry.Event? {
        switch self {
        case .acknowledge: .acknowledged
        case .retry: .retried
        case .deadLetter: .deadLettered
        case .release: nil
        }
    }
}

extension MessageQueue {
    /// What this process has done since it started, by queue.
    package var meters: [String: QueueMeter] { shared.meters.all }
}
