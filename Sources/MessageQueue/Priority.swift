/// How soon a message goes, among messages of other keys.
///
/// Within a key the order of enqueueing wins: an emergency behind a routine message of its own key waits for it.
/// Routine messages do not starve: one claim in eight looks at the priorities in reverse (see ``ClaimPlan``).
package enum Priority: Int16, CaseIterable, Sendable, CustomStringConvertible {
    /// Somebody may come to harm if it waits.
    case emergency = 0
    /// Before ordinary work.
    case urgent = 1
    /// Ordinary work.
    case routine = 2

    /// The case's name, as commands and metrics print it.
    package var description: String {
        switch self {
        case .emergency: "emergency"
        case .urgent: "urgent"
        case .routine: "routine"
        }
    }
}
