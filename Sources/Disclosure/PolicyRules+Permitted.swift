package import Referral

/// What a person's agreements permit one recipient to be told for one purpose.
package enum Permitted: Sendable, Hashable {
    /// All that the purpose is about.
    case all
    /// These groups of it.
    case part(Set<FieldGroup>)
    /// Nothing, and why.
    case nothing(ReasonCode)
}

extension PolicyRules {
    /// What agreements permit, read as a decision reads them (disclosure policy, section 7). Whether a share may leave depends on
    /// more: on the person's circumstances, on who asks for what, and on the way there.
    ///
    /// - Parameters:
    ///   - agreements: Those of the person that count.
    ///   - subject: Whose age, and whose restriction, count for who could sign.
    /// - Returns: Nil for a purpose that rests on no agreement.
    package func permitted(
        by agreements: [Agreement], to recipient: String, for purpose: Purpose, subject: Subject, at: Instant
    ) -> Permitted? {
        guard purpose.family == .consent, let row = row(purpose, .identifiable) else { return nil }
        let permission = Permission(
            agreements, recipient: recipient, purpose: purpose, row: row.groups, subject: subject, at: at)
        guard case .given(let agreed, _) = permission else { return permission.refusal.map(Permitted.nothing) }
        guard enabledPurposes.contains(purpose) else { return .nothing(.purposeNotEnabled) }
        guard case .recipient(let entry, _) = register[recipient] else { return .nothing(.recipientNotListed) }
        guard row.recipients.contains(entry.id) else { return .nothing(.purposeNotForRecipient) }
        let most = ceilings[entry.id].map(row.groups.intersection) ?? row.groups
        let groups = most.intersection(agreed)
        if groups.isEmpty { return .nothing(.noPermittedFields) }
        return groups == most ? .all : .part(groups)
    }
}
