import Referral

// Steps 10 and 11: by which way, and what.
extension OrderLine {
    /// A channel that is not known, or not named, protects nothing.
    static func insecure(_ step: Int, _ families: PurposeFamilies) -> OrderLine {
        deny(step, .channelInsecure, families, facts: \.channelText) {
            !$0.isChannelSecure
        }
    }

    static let channel = [
        insecure(10, .all.subtracting(.emergency)),
        deny(10, .channelNotConfigured, facts: \.channelText) { !$0.isChannelConfigured },
    ]

    /// The floors of section 9, once an extract has been computed.
    static let extract = [
        deny(
            10, .cohortTooSmall, [.research, .ipsos, .planning, .legal],
            facts: { FactText.text("persons", $0.request.extract?.cohort) }
        ) { $0.level == .anonymised && $0.request.extract.map { $0.cohort < 10 } ?? false },
        deny(
            10, .differencingRefused, [.research, .ipsos, .planning, .legal],
            facts: { FactText.text("differs by", $0.request.extract?.smallestDifference) }
        ) { $0.level != .identifiable && $0.request.extract?.smallestDifference.map { $0 < 5 } ?? false },
        deny(
            10, .kTooSmall, [.research, .ipsos, .legal], facts: { FactText.text("k", $0.request.extract?.k) }
        ) { $0.level == .pseudonymised && $0.request.extract.map { ($0.k ?? 0) < 5 } ?? false },
    ]

    static let fields = [
        deny(11, .noPermittedFields, facts: \.groupsText) { $0.released.isEmpty },
        reduce(.lowestLevelFirst, .research, facts: { FactText.given("why identifiable", $0.request.whyIdentifiable) })
        {
            $0.level != $0.askedLevel
        },
        reduce(
            .linkConsentMissing, .ipsos, facts: { FactText.text("link consent", $0.subject.hasIpsosLinkConsent) }
        ) { $0.request.groups.contains(.link) && !$0.subject.hasIpsosLinkConsent },
        reduce(.fieldsWithheld, .all, facts: \.groupsText) { $0.released != $0.request.groups },
        OrderLine(
            step: 11, outcome: .permit, reason: .permitted, families: .all, facts: \.groupsText, applies: { _ in true }),
    ]

    private static func reduce(
        _ reason: ReasonCode, _ families: PurposeFamilies, facts: @escaping @Sendable (Evaluation) -> String,
        when applies: @escaping @Sendable (Evaluation) -> Bool
    ) -> OrderLine {
        OrderLine(
            step: 11, outcome: .permitReduced, reason: reason, families: families, facts: facts, applies: applies)
    }
}
