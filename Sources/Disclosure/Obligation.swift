/// What must be done with a release. The channel adapter proves that each was met, or does not send
/// (disclosure policy, section 6).
package enum Obligation: String, CaseIterable, Sendable, Hashable {
    case log
    /// Remember who had it, so that corrections, erasures and restrictions can be passed on.
    case trackForNotices = "track_for_notices"
    case notifyDutyOfficer = "notify_duty_officer"
    case postReview = "post_review"
    case recordAuthority = "record_authority"
    case smallNumberSuppression = "small_number_suppression"
    case recipientPseudonyms = "recipient_pseudonyms"
    case noReidentification = "no_reidentification"
    case encryptEmail = "encrypt_email"
    case noOtherUse = "no_other_use"
    case noDecisions = "no_decisions"
    case disposeByRetention = "dispose_by_retention"

    /// The least that a release for a purpose at a level is bound by. A row of the matrix may ask for more.
    static func demanded(for purpose: Purpose, at level: Level) -> Set<Obligation> {
        var obligations: Set<Obligation> = [.log]
        switch level {
        case .anonymised: obligations.insert(.smallNumberSuppression)
        case .pseudonymised: obligations.formUnion([.recipientPseudonyms, .noReidentification])
        case .identifiable:
            if ![.subjectNotice, .subjectRights].contains(purpose) { obligations.insert(.trackForNotices) }
            if purpose == .researchEvaluation {
                obligations.formUnion([
                    .encryptEmail, .noReidentification, .noOtherUse, .noDecisions, .disposeByRetention,
                ])
            }
        }
        if purpose == .emergency { obligations.formUnion([.notifyDutyOfficer, .postReview]) }
        if purpose.family == .legal { obligations.insert(.recordAuthority) }
        return obligations
    }
}
