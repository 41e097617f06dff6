package import Disclosure
package import Postgres

/// A Shared Agreement to be entered.
package struct NewAgreement: Sendable {
    package var person: UUIDValue
    package var signedOn: Timestamp
    package var signedBy: Agreement.Signatory
    /// What shows that somebody else could sign. It names people, so it is sealed.
    package var authorityEvidence: String?
    package var hasGuardianPermission: Bool
    /// Left out, from the moment of signing.
    package var starts: Timestamp?
    /// Left out, without an end.
    package var expires: Timestamp?
    /// The agreement of the same person to which this one adds.
    package var supplements: UUIDValue?
    package var scope: [Agreement.ScopeLine]
    /// SHA-256 of the scanned paper.
    package var scanDigest: [UInt8]?
    /// The coordinator who was there, by id.
    package var witness: String?

    package init(
        person: UUIDValue, signedOn: Timestamp, signedBy: Agreement.Signatory = .subject,
        authorityEvidence: String? = nil, hasGuardianPermission: Bool = false, starts: Timestamp? = nil,
        expires: Timestamp? = nil, supplements: UUIDValue? = nil, scope: [Agreement.ScopeLine],
        scanDigest: [UInt8]? = nil, witness: String? = nil
    ) {
        self.person = person
        self.signedOn = signedOn
        self.signedBy = signedBy
        self.authorityEvidence = authorityEvidence
        self.hasGuardianPermission = hasGuardianPermission
        self.starts = starts
        self.expires = expires
        self.supplements = supplements
        self.scope = scope
        self.scanDigest = scanDigest
        self.witness = witness
    }
}

/// An agreement as it stands, with whose it is.
package struct StoredAgreement: Sendable, Hashable {
    package var id: UUIDValue
    package var person: UUIDValue
    package var agreement: Agreement
}

/// What a withdrawal stopped.
package struct Withdrawal: Sendable, Hashable {
    package var agreement: UUIDValue
    /// The shares that waited and are cancelled by the same transaction.
    package var shares: [UUIDValue]
    /// The queue's messages of those shares: cancel them in the same transaction.
    package var messages: [Int64]
    /// Whether it had been withdrawn before.
    package var isRepeat: Bool
}
