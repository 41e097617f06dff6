import Disclosure
package import Referral

/// What a share rests on besides an agreement, as its asker states it. Ids and code words only: they stand in the ledger.
package struct ShareGrounds: Sendable, Hashable {
    /// The order, statute or request under which it is asked for, by the id under which it is kept; a name in it makes it
    /// `unreadable`.
    package var authorityReference: String?
    /// The groups that the order or statute names.
    package var orderedGroups: Set<FieldGroup>
    /// Whether the recipient, who is not in the register, is a public body.
    package var isPublicBody: Bool
    /// Whether the asker has made sure that it goes to the person, or to somebody who is proven to act for them.
    package var isIdentityVerified: Bool

    package init(
        authorityReference: String? = nil, orderedGroups: Set<FieldGroup> = [], isPublicBody: Bool = false,
        isIdentityVerified: Bool = false
    ) {
        self.authorityReference = authorityReference.map(ShareRequest.word)
        self.orderedGroups = orderedGroups
        self.isPublicBody = isPublicBody
        self.isIdentityVerified = isIdentityVerified
    }

    /// States this in the facts of a share.
    func enter(into facts: inout ShareRequestFacts) {
        facts.authorityReference = authorityReference
        facts.orderedGroups = orderedGroups
        facts.isPublicBody = isPublicBody
        facts.isIdentityVerified = isIdentityVerified
    }
}
