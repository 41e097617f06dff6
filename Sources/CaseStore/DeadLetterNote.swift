package import Postgres

/// What staff have noted of the dead letters of one queue that died of the same cause. It outlives them, and is there again
/// when others die of it.
package struct DeadLetterNote: Sendable, Hashable {
    /// The most characters of a note.
    package static let longest = 1_000

    package var queue: String
    package var fingerprint: Int64
    /// Who looks after them, as the ledger knows them; nil where nobody does.
    package var owner: String?
    /// Empty where there is none.
    package var note: String
    package var changedAt: Timestamp
    /// As the ledger knows them.
    package var changedBy: String
}
