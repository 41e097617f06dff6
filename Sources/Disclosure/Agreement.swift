package import Referral

/// A Shared Agreement, or a supplement to one (disclosure policy, section 7).
package struct Agreement: Sendable, Hashable {
    package enum Signatory: String, CaseIterable, Sendable, Hashable {
        case subject, attorney, deputy, parent, other
        /// A web entry by somebody who says they are under 13.
        case childUnder13Online = "child_under_13_online"
    }

    /// Permission for one recipient and some purposes.
    package struct ScopeLine: Sendable, Hashable {
        package enum About: String, CaseIterable, Sendable, Hashable {
            case person, dependants
        }

        package var recipient: String
        package var purposes: Set<Purpose>
        /// Nil for everything in the purpose's row of the matrix.
        package var groups: Set<FieldGroup>?
        package var about: About
        package var withdrawnAt: Instant?

        package init(
            recipient: String, purposes: Set<Purpose>, groups: Set<FieldGroup>? = nil, about: About = .person,
            withdrawnAt: Instant? = nil
        ) {
            self.recipient = recipient
            self.purposes = purposes
            self.groups = groups
            self.about = about
            self.withdrawnAt = withdrawnAt
        }
    }

    package var id: String
    package var version: Int
    package var signedOn: Instant
    /// Nil when nobody known signed, which permits nothing.
    package var signedBy: Signatory?
    /// Evidence that somebody other than the person may sign, such as the number of a power of attorney.
    package var authorityEvidence: String?
    /// Whether a parent or guardian gave permission for a child under 13.
    package var hasGuardianPermission: Bool
    /// Nil for the moment of signing.
    package var starts: Instant?
    /// Nil for an agreement without an end.
    package var expires: Instant?
    package var revokedAt: Instant?
    /// The id of the agreement to which this one is added; nil for an agreement of its own.
    package var supplements: String?
    package var scope: [ScopeLine]

    package init(
        id: String, version: Int = 1, signedOn: Instant, signedBy: Signatory? = .subject,
        authorityEvidence: String? = nil, hasGuardianPermission: Bool = false, starts: Instant? = nil,
        expires: Instant? = nil, revokedAt: Instant? = nil, supplements: String? = nil, scope: [ScopeLine] = []
    ) {
        self.id = id
        self.version = version
        self.signedOn = signedOn
        self.signedBy = signedBy
        self.authorityEvidence = authorityEvidence
        self.hasGuardianPermission = hasGuardianPermission
        self.starts = starts
        self.expires = expires
        self.revokedAt = revokedAt
        self.supplements = supplements
        self.scope = scope
    }
}

extension Agreement {
    /// The moment from which it counts: an agreement cannot start before it is signed.
    package var effectiveFrom: Instant { max(starts ?? signedOn, signedOn) }

    func hasStarted(at instant: Instant) -> Bool { effectiveFrom <= instant }

    /// Whether it replaces another: it started later, or else was signed later, has the higher version, the greater id.
    func isLater(than other: Agreement) -> Bool {
        (effectiveFrom, signedOn, version, id) > (other.effectiveFrom, other.signedOn, other.version, other.id)
    }

    /// How an agreement stands at a moment, apart from who signed it, for what, and what else is known of the person.
    package enum Standing: String, CaseIterable, Sendable, Hashable {
        case notStarted = "not_started"
        case inForce = "in_force"
        /// A later agreement replaced it, or the one that it supplements.
        case replaced
        case revoked, expired
    }

    /// How it stands among all agreements of the same person. A supplement falls with what it supplements.
    package func standing(among all: [Agreement], at instant: Instant) -> Standing {
        if let revokedAt, revokedAt <= instant { return .revoked }
        if let expires, expires <= instant { return .expired }
        if !hasStarted(at: instant) { return .notStarted }
        guard let supplements else {
            let isReplaced = all.contains {
                $0.supplements == nil && $0.hasStarted(at: instant) && $0.isLater(than: self)
            }
            return isReplaced ? .replaced : .inForce
        }
        guard let base = all.first(where: { $0.id == supplements && $0.supplements == nil }), signedOn >= base.signedOn
        else { return .replaced }
        return base.standing(among: all, at: instant)
    }

    /// Whether it can permit anything by who signed it, where the person's age is not known.
    package var isValidlySigned: Bool {
        var signature = self
        signature.expires = nil
        signature.revokedAt = nil
        return signature.failure(at: signedOn, subject: Subject()) == nil
    }

    /// Why nothing rests on it, apart from its scope; nil when it is live and validly signed.
    func failure(at instant: Instant, subject: Subject) -> ReasonCode? {
        if let revokedAt, revokedAt <= instant { return .agreementRevoked }
        if let expires, expires <= instant { return .agreementExpired }
        let isUnder13 = subject.age.map { $0 < 13 } ?? false
        if signedBy == .childUnder13Online || (signedBy == .subject && isUnder13), !hasGuardianPermission {
            return .guardianPermissionMissing
        }
        if needsEvidence(subject), !authorityEvidence.isGiven { return .signatoryAuthorityMissing }
        if let restrictedOn = subject.restrictedOn, restrictedOn <= instant, signedOn <= restrictedOn {
            return .processingRestricted
        }
        return nil
    }

    /// Whether the signatory has to show an authority. A parent's is plain only while the child is known to be one.
    private func needsEvidence(_ subject: Subject) -> Bool {
        switch signedBy {
        case .subject, .childUnder13Online: false
        case .parent: subject.age.map { $0 >= 18 } ?? true
        case .attorney, .deputy, .other, nil: true
        }
    }
}

extension String? {
    /// Whether there is something in it besides white space.
    var isGiven: Bool { self?.contains { !$0.isWhitespace } ?? false }
}
