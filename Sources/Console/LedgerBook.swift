package import Referral

/// A part of the ledger, the newest entries first, and what came of checking all of it.
package struct LedgerBook: Sendable {
    package struct Entry: Sendable {
        /// The place in the tree, from 0.
        package var position: Int
        /// What it says; nil where that was erased, and only its commitment is left.
        package var event: Life.Event?
        package var at: Instant

        package init(position: Int, event: Life.Event?, at: Instant) {
            self.position = position
            self.event = event
            self.at = at
        }
    }

    /// How far this process has checked the ledger.
    package enum Check: Sendable, Hashable {
        case never
        case running(since: Instant)
        case held(entries: Int, checkpoints: Int, erased: Int, at: Instant)
        /// What does not hold, in words.
        case broken(String, at: Instant)
        /// It could not be read.
        case failed(at: Instant)
    }

    /// Entries that have their place in the tree.
    package var size: Int
    package var entries: [Entry]
    package var check: Check

    package init(size: Int, entries: [Entry], check: Check) {
        self.size = size
        self.entries = entries
        self.check = check
    }

    /// Where older ones go on; nil where there are none.
    var older: Int? { entries.last.flatMap { $0.position > 0 ? $0.position : nil } }
}
