/// Where a live message stands: the column `shelf` of `queue.state`.
///
///     enqueue ─▶ emergency │ urgent │ routine ── claim ──▶ leased ── acknowledge ──▶ gone
///        │              ▲                                 │ │ └──── dead-letter ──▶ dead ── replay ──▶ …
///        ├─▶ waiting ───┤ due                             │ └────── retry ────────▶ waiting
///        │              │                        lost ────┘
///        └─▶ behind ────┘ the older ones            └──▶ suspect ── claim, one at a time ──▶ leased …
///            an older message   of its key are gone
///            of its key is alive
///
/// What is past its deadline, and what lost its holder too often, goes to the dead instead of into anybody's hands.
///
/// Leased is no shelf: a leased message stays where it stood, so that taking a lease moves no index entry.
enum Shelf: Int16, CaseIterable, Sendable {
    /// Ready, ``Priority/emergency``.
    case emergency = 0
    /// Ready, ``Priority/urgent``.
    case urgent = 1
    /// Ready, ``Priority/routine``.
    case routine = 2
    /// Delayed by its sender or until its next attempt; holds back the later messages of its key.
    case waiting = 3
    /// Its holder vanished without an outcome. Handed out one at a time and never two to a consumer, so that a message
    /// which kills the process does not drag down those that happen to be claimed with it.
    case suspect = 4
    /// An older message of its key is alive. Not looked at by claims; moves when the older one goes.
    case behind = 5
}
