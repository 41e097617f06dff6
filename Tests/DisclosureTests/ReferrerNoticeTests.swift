import Disclosure
import Referral
import Testing

@Suite struct ReferrerNoticeTests {
    private static let now = Example.now
    private static let before = Instant(microseconds: Example.now.microseconds - 1)
    private static let later = Instant(microseconds: Example.now.microseconds + 1)

    private func refusal(
        _ change: (inout Subject) -> Void = { _ in }, isReachable: Bool? = true, agreed: Instant? = before
    ) -> ReasonCode? {
        var subject = Subject()
        change(&subject)
        return ReferrerNotice.refusal(subject, isReachable: isReachable, agreed: agreed, at: Self.now)
    }

    @Test func `a referrer is told what the person agreed to`() {
        #expect(refusal() == nil)
        #expect(refusal(agreed: Self.now) == nil)
        #expect(refusal(agreed: nil) == .noAgreement)
        #expect(refusal(agreed: Self.later) == .agreementNotStarted)
        // That support is over is just what is told.
        #expect(refusal { $0.supportEndedOn = Self.before } == nil)
    }

    @Test func `whoever is no partner, or is suspended, is told nothing`() {
        #expect(refusal(isReachable: nil) == .recipientNotListed)
        #expect(refusal(isReachable: false) == .recipientSuspended)
    }

    @Test func `what ends every consent share ends this too`() {
        #expect(refusal { $0.erasure = .done } == .recordErased)
        #expect(refusal { $0.erasure = .requested } == .erasurePending)
        #expect(refusal { $0.retentionUntil = Self.now } == .retentionExpired)
        #expect(refusal { $0.deceasedOn = Self.before } == .agreementEndsAtDeath)
        #expect(refusal { $0.objections = [.all] } == .objectionAll)
        #expect(refusal { $0.objections = [.research, .planning] } == nil)
    }

    @Test func `a restriction stops what was agreed before it`() {
        #expect(refusal { $0.restrictedOn = Self.before } == .processingRestricted)
        #expect(refusal({ $0.restrictedOn = Self.before }, agreed: nil) == .processingRestricted)
        #expect(refusal({ $0.restrictedOn = Self.before }, agreed: Self.now) == nil)
    }

    @Test func `a further restriction never lets more be told`() {
        let changes: [(inout Subject) -> Void] = [
            { $0.erasure = .requested }, { $0.deceasedOn = Self.before }, { $0.objections = [.all] },
            { $0.restrictedOn = Self.before }, { $0.retentionUntil = Self.before },
        ]
        for first in changes {
            for second in changes {
                #expect(
                    refusal {
                        first(&$0)
                        second(&$0)
                    } != nil)
            }
        }
    }
}
