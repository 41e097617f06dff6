import Synchronization

/// How much work a draft of a mapping may make of one document, or the samples of adapters of a run of them. On their way in documents
/// have no such bound: whoever keeps the adapters folder has tried its mappings.
package final class TrialBudget: Sendable {
    /// What is tried now may use this. Read where an evaluation begins, and not at each of its steps.
    @TaskLocal static var current: TrialBudget?

    private let left: Mutex<Int>
    private let end: ContinuousClock.Instant

    /// - Parameters:
    ///   - steps: Each expression is one, each item that is found or made by a step, and each 64 bytes of its text. Defaults to
    ///     two million, which as items take some hundred MB; an ordinary message takes a few hundred.
    ///   - end: When it is over, however few steps were taken: to look for what is not there can be slow. Defaults to 10 s
    ///     from now.
    package init(steps: Int = 2_000_000, until end: ContinuousClock.Instant = .now + .seconds(10)) {
        left = Mutex(steps)
        self.end = end
    }

    /// Whether what was tried was stopped, so that what it gave is not whole.
    package var isSpent: Bool { left.withLock { $0 <= 0 } }

    /// Takes some steps; false when there are none left, or nobody waits any more.
    func spend(_ steps: Int) -> Bool {
        left.withLock { left in
            guard left > 0 else { return false }
            left -= steps
            if ContinuousClock.now >= end || Task.isCancelled { left = 0 }
            return left > 0
        }
    }
}
