package import Referral

/// Whether a referrer may be told what became of its referral: taken on, not taken on, closed, and an ending code, as ids and
/// status only (disclosure policy, section 4 and section 11, rule 17; partner interfaces, section 1).
///
/// No purpose of the matrix: most referrers receive nothing else at all (C19). It rests on the person's own agreement to it, so
/// what ends every consent share ends it too, in the order of section 6. That support ended does not: it is what is told.
package enum ReferrerNotice {
    /// Why it may not be told at a moment; nil when it may. What is unknown counts against it.
    ///
    /// - Parameters:
    ///   - isReachable: Whether the referrer is a partner, and not suspended; nil for nobody who could be told.
    ///   - agreed: When the person agreed that this referrer is told.
    package static func refusal(
        _ subject: Subject, isReachable: Bool?, agreed: Instant?, at now: Instant
    ) -> ReasonCode? {
        guard let isReachable else { return .recipientNotListed }
        if !isReachable { return .recipientSuspended }
        if subject.erasure == .done { return .recordErased }
        if let until = subject.retentionUntil, until <= now { return .retentionExpired }
        if subject.deceasedOn != nil { return .agreementEndsAtDeath }
        if let restricted = subject.restrictedOn, agreed.map({ $0 <= restricted }) ?? true {
            return .processingRestricted
        }
        if subject.objections.contains(.all) { return .objectionAll }
        if subject.erasure != nil { return .erasurePending }
        guard let agreed else { return .noAgreement }
        return agreed <= now ? nil : .agreementNotStarted
    }
}
