package import Disclosure
package import Postgres
package import Referral

/// What became of a referral, in the words of partner interfaces, section 1; the same closed list is the SQL type
/// `record.referral_outcome_word`.
package enum ReferralOutcomeWord: String, CaseIterable, Sendable, SQLScalar {
    case takenOn = "taken_on"
    case notTakenOn = "not_taken_on"
    case closed
}

/// What staff set about a referral.
package struct NewReferralOutcome: Sendable, Hashable {
    package var outcome: ReferralOutcomeWord
    /// Why it ended; exactly where it did.
    package var ending: EndingCode?
    /// When the person agreed that the referrer is told; nil where they did not, or take it back.
    package var agreedAt: Timestamp?

    package init(_ outcome: ReferralOutcomeWord, ending: EndingCode? = nil, agreedAt: Timestamp? = nil) {
        self.outcome = outcome
        self.ending = ending
        self.agreedAt = agreedAt
    }
}

/// What became of a referral, with what is needed to judge whether its sender may know.
package struct ReferralOutcome: Sendable {
    package var referral: UUIDValue
    package var submission: UUIDValue
    package var person: UUIDValue
    package var sender: String
    /// The place among the referrals of its submission, from 0.
    package var ordinal: Int
    package var set: NewReferralOutcome
    package var setAt: Timestamp
    package var toldAt: Timestamp?
    /// Why the sender may not know now; nil when it may.
    package var refusal: ReasonCode?
}
