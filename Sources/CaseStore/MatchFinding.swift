import Matching
import Postgres
import Referral
import Vault

/// Somebody who is known and may be the person of a message: why it is asked, and the comparison.
struct MatchFinding {
    /// A code word.
    let code: String
    let known: UUIDValue
    let score: MatchScore

    /// Of several, so many are shown to staff.
    static let most = 5

    /// - Parameter reason: What is known beside the comparison; otherwise the comparison says why.
    init(known: UUIDValue, score: MatchScore, code reason: String? = nil) {
        self.known = known
        self.score = score
        if let reason {
            code = reason
            return
        }
        let birthDate = score.level(of: .birthDate)
        code =
            switch score.level(of: .nhsNumber) {
            case .verified where birthDate == .missing: "birth_date_missing"
            case .verified where birthDate == .exact: "name_differs"
            case .verified: "birth_date_differs"
            case .exact: "number_known"
            default: score.level(of: .otherNumber) == .exact ? "number_known" : "looks_alike"
            }
    }

    /// Those at whom staff must look, the likeliest first, nobody twice.
    static func chosen(_ findings: [MatchFinding]) -> [MatchFinding] {
        var seen: Set<UUIDValue> = []
        return Array(
            findings.filter { $0.score.outcome != .new }
                .sorted { ($0.score.weight, $1.known) > ($1.score.weight, $0.known) }
                .filter { seen.insert($0.known).inserted }
                .prefix(most))
    }
}

extension MatchScore {
    /// `{weights, weight, probability, evidence: [{field, level, weight}]}`, the numbers in hundredths.
    var value: Value {
        [
            "weights": .string(Matcher.version),
            "weight": .number(Self.hundredths(weight)),
            "probability": .number(Self.hundredths(probability)),
            "evidence": .array(
                evidence.map {
                    [
                        "field": .string($0.field.rawValue), "level": .string($0.level.rawValue),
                        "weight": .number(Self.hundredths($0.weight)),
                    ]
                }),
        ]
    }

    private static func hundredths(_ number: Double) -> String {
        let hundredths = Int((number * 100).rounded())
        let digits = String(abs(hundredths) % 100)
        return "\(hundredths < 0 ? "-" : "")\(abs(hundredths) / 100).\(digits.count < 2 ? "0" : "")\(digits)"
    }
}
