/// In which capacity a named person lets a share go that the policy does not let go by itself.
package enum ApprovalRole: String, CaseIterable, Sendable, Hashable {
    /// The officer whom safeguarding, fraud prevention, orders and statutes need (disclosure policy, section 5).
    case officer
    /// The data protection officer: bodies outside the register, and persons under restriction (section 6, steps 2 and 6).
    case dataProtectionOfficer = "dpo"
    /// Information governance: identifiable research (section 6, step 9).
    case informationGovernance = "ig"
    /// Anybody but those who approved before and who asked: ``Decision/needsSecondPerson``.
    case second

    /// Whose approval a share lacks that is referred for a reason; nil where no approval helps, but only another state of
    /// the record.
    package init?(lackedFor reason: ReasonCode) {
        switch reason {
        case .publicBodyReview, .restrictedDPOReview: self = .dataProtectionOfficer
        // Who approves may name the authority with it.
        case .legalAuthorityRequired, .officerApprovalRequired: self = .officer
        case .igApprovalRequired: self = .informationGovernance
        default: return nil
        }
    }
}

extension Decision {
    /// The code of a share that is permitted and waits for a second person.
    package static let secondPersonRequired = "second_person_required"

    /// Whose approval is lacking; nil when the share waits for none, or no approval helps.
    package var awaits: ApprovalRole? {
        awaitsSecondPerson ? .second : outcome == .refer ? ApprovalRole(lackedFor: reason) : nil
    }

    /// Why the share waits or is over, as a code word.
    package var code: String { awaitsSecondPerson ? Self.secondPersonRequired : reason.rawValue }
}

extension ShareRequestFacts {
    /// Enters an approval.
    ///
    /// - Parameter approver: Who approved: an id.
    package mutating func approve(as role: ApprovalRole, by approver: String) {
        switch role {
        case .officer: officerApproval = approver
        case .dataProtectionOfficer: dpoApproval = approver
        case .informationGovernance: igApproval = approver
        case .second: secondApproval = approver
        }
    }

    /// Who approved, by role.
    package var approvals: [ApprovalRole: String] {
        let given: [ApprovalRole: String?] = [
            .officer: officerApproval, .dataProtectionOfficer: dpoApproval, .informationGovernance: igApproval,
            .second: secondApproval,
        ]
        return given.compactMapValues { $0.isGiven ? $0 : nil }
    }

    /// Who approved, each once.
    var approvers: Set<String> { Set(approvals.values) }
}
