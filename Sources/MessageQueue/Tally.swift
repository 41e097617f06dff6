/// What became of messages since the last report to a queue's ``Gate``.
struct Tally: Sendable, Equatable {
    /// Attempts that succeeded.
    var succeeded = 0
    /// Attempts that failed and may be repeated.
    var failed = 0
    /// The failures among them that came after the last success.
    var failedInARow = 0
    /// Messages that were dead-lettered or given back, which says nothing about whoever they were meant for.
    var neutral = 0

    /// Nothing became of anything.
    static let none = Tally()

    /// Counts one outcome.
    mutating func count(_ outcome: Outcome) {
        switch outcome {
        case .acknowledged, .done:
            succeeded += 1
            failedInARow = 0
        case .retry:
            failed += 1
            failedInARow += 1
        case .deadLetter:
            neutral += 1
        }
    }

    /// This and what came after it.
    static func + (earlier: Tally, later: Tally) -> Tally {
        Tally(
            succeeded: earlier.succeeded + later.succeeded, failed: earlier.failed + later.failed,
            failedInARow: later.succeeded > 0 ? later.failedInARow : earlier.failedInARow + later.failedInARow,
            neutral: earlier.neutral + later.neutral)
    }
}
