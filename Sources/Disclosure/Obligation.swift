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

    /// The obligations of a release.
    static func of(_ family: PurposeFamilies, _ level: Level, to recipient: Recipient?) -> Set<Obligation> {
        var obligations: Set<Obligation> = [.log]
        switch level {
        case .anonymised: obligations.insert(.smallNumberSuppression)
        case .pseudonymised: obligations.formUnion([.recipientPseudonyms, .noReidentification])
        case .identifiable:
            if recipient?.standing != .person { obligations.insert(.trackForNotices) }
            if family == .research {
                obligations.formUnion([
                    .encryptEmail, .noReidentification, .noOtherUse, .noDecisions, .disposeByRetention,
                ])
            }
        }
        if family == .emergency { obligations.formUnion([.notifyDutyOfficer, .postReview]) }
        if family == .legal { obligations.insert(.recordAuthority) }
        return obligations
    }
}
