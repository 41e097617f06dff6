/// What validation made of one document.
package struct ReferralReading: Sendable, Hashable {
    package var status: Status
    /// What was understood. Nil only when the document is no object at all; a rejected document has it too, for staff.
    package var referral: Referral?
    /// Mistakes that do not keep the referral from being used as it is.
    package var warnings: [Finding]
    /// Why it is incomplete or rejected; empty exactly when it is accepted.
    package var errors: [Finding]

    package init(status: Status, referral: Referral?, warnings: [Finding] = [], errors: [Finding] = []) {
        self.status = status
        self.referral = referral
        self.warnings = warnings
        self.errors = errors
    }

    /// The three ends of validation (partner interfaces, section 1).
    package enum Status: String, CaseIterable, Sendable, Hashable {
        /// Complete: ready for a case.
        case accepted
        /// Something is missing or contradictory: a work item for staff.
        case incomplete
        /// Refused: nobody is named, another party sent it, or its time lies in the future.
        case rejected
    }
}

/// Where the hub runs. The synthetic NHS numbers are numbers only in ``test``.
package enum HubEnvironment: String, CaseIterable, Sendable, Hashable {
    case test, production
}
