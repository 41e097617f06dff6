package import Disclosure

extension PolicyRules {
    /// The purposes for which extracts about many persons are made.
    package static let extractPurposes: Set<Purpose> = [.researchEvaluation, .ipsosEvaluation, .healthPlanning]

    /// These rules as far as extracts are made by them: with ``extractPurposes`` only, and of those the ones in use.
    package var extracting: PolicyRules {
        var rules = self
        rules.enabledPurposes.formIntersection(Self.extractPurposes)
        return rules
    }
}
