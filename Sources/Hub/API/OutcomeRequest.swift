import CaseStore
import Postgres
import Referral

/// The body of `POST /v1/referrals/{id}/outcome`.
struct OutcomeRequest {
    var outcome: NewReferralOutcome

    /// - Throws: ``RequestError`` naming everything that is wrong.
    init(_ body: [UInt8]) throws(RequestError) {
        var reader = try RequestReader(body)
        let word = reader.code("outcome", of: ReferralOutcomeWord.self, required: true)
        let ending = reader.code("code", of: EndingCode.self)
        let agreedAt = reader.instant("agreed_on")
        reader.refuse(unless: ["outcome", "code", "agreed_on"], "Is nothing that is said of an outcome")
        if word == .takenOn, ending != nil { reader.fail(.schema, "code", "Is for what has ended") }
        if let word, word != .takenOn, ending == nil, !reader.findings.contains(where: { $0.path == "code" }) {
            reader.fail(.missing, "code", "Say why it ended")
        }
        if let agreedAt, agreedAt > .now() { reader.fail(.invalidDate, "agreed_on", "Lies in the future") }
        try reader.finish()
        guard let word else { throw RequestError(findings: []) }
        outcome = NewReferralOutcome(word, ending: ending, agreedAt: agreedAt)
    }
}
