import CaseStore
import Rights

extension WorkItemKind {
    /// What somebody must be allowed to do, any one of it, to deal with an item of this kind.
    var operations: Set<Operation> {
        switch self {
        case .matchReview: [.decideMatch]
        case .parkedShare: [.approveShare, .cancelShare]
        case .emergencyLook, .emergencyAlarm: [.reviewLook]
        case .under13: [.permitChild]
        case .givenAccess: [.reviewAccess]
        // What these are about can be mended by somebody who sees nobody: a way, a file, a queue.
        case .deadLetter, .failedShare, .failedExtract, .failedFile, .undeliveredAnswer, .refusedSubmission:
            [.finishQueueWork]
        // A document must be read to know what it is, a recipient be asked about somebody.
        case .incompleteReferral, .unboundMessage, .withdrawal, .outcome, .rejectedPart, .quarantined, .proposedShare,
            .refusedShare, .lateAcknowledgement, .refusedExtract:
            [.finishWork]
        }
    }

    /// Whether it is over by what is decided on a page of its own, and not by somebody's word.
    var isDecided: Bool {
        switch self {
        case .matchReview, .parkedShare, .emergencyLook, .under13: true
        default: false
        }
    }

    /// Those that an account may deal with.
    static func dealtWith(by open: StaffSessions.Open) -> Set<WorkItemKind> {
        Set(allCases.filter { $0.operations.contains(where: open.may) })
    }
}
