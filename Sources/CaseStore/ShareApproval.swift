package import Disclosure
package import Postgres
package import Referral

extension ApprovalRole: SQLScalar {}

/// A named person's answer to a share on which the policy lets only a person decide.
package struct ShareApproval: Sendable, Hashable {
    package var role: ApprovalRole
    /// An id, as the staff system knows the person.
    package var approver: String
    package var isApproved: Bool
    package var at: Timestamp
    /// The restriction of the person's record that was in force then.
    package var restrictedOn: Instant?

    package init(
        role: ApprovalRole, approver: String, isApproved: Bool = true, at: Timestamp, restrictedOn: Instant? = nil
    ) {
        self.role = role
        self.approver = approver
        self.isApproved = isApproved
        self.at = at
        self.restrictedOn = restrictedOn
    }

    /// Whether it still answers the question. The data protection officer weighs the restriction that there is, or that
    /// there is none: under another one, they are asked again.
    func counts(for subject: Subject) -> Bool {
        isApproved && (role != .dataProtectionOfficer || restrictedOn == subject.restrictedOn)
    }
}

/// An answer that is to be entered, with what is kept sealed.
package struct NewApproval: Sendable {
    package var role: ApprovalRole
    package var isApproved: Bool
    /// An id; what a staff system knows its people by comes after its own id and a slash.
    package var approver: String
    /// Who that is, in words.
    package var name: String
    package var reason: String
    /// The authority, where the asker named none.
    package var authorityReference: String?

    package init(
        role: ApprovalRole, isApproved: Bool, approver: String, name: String, reason: String,
        authorityReference: String? = nil
    ) {
        self.role = role
        self.isApproved = isApproved
        self.approver = approver
        self.name = name
        self.reason = reason
        self.authorityReference = authorityReference
    }
}

/// Why an answer is not taken.
package enum ApprovalRefusal: Sendable, Hashable {
    /// The share does not wait for a person.
    case notWaiting
    /// It waits for somebody else's approval; nil when none helps, but only another state of the record.
    case otherRole(ApprovalRole?)
    /// The same person asked for it, or has answered already; or who asked is not known.
    case samePerson
    /// It names an authority where the asker has named one, or none where none is named.
    case authority
}
