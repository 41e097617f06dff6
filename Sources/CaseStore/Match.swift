package import Postgres
package import Referral

/// Where a pair of persons who may be one stands; the same closed list is the SQL type `record.match_state`.
package enum MatchState: String, CaseIterable, Sendable, SQLScalar {
    case open
    /// Put off by somebody who looked.
    case later
    case same
    case different
}

/// What a member of staff says of a pair; the same closed list is the SQL type `record.match_verdict`.
package enum MatchVerdict: String, CaseIterable, Sendable, SQLScalar {
    /// One person: the records are read as one from now on.
    case same
    /// Two persons: it is not asked again.
    case different
    case later
    /// Takes back what was decided last; both are again what they were.
    case undo
}

/// Two persons who may be one. Ids, codes and a weight only.
package struct Match: Sendable, Hashable {
    package var id: UUIDValue
    /// Whom a message opened.
    package var person: UUIDValue
    /// Who was known before.
    package var known: UUIDValue
    /// The message.
    package var referral: UUIDValue
    package var foundAt: Timestamp
    package var decidedAt: Timestamp?
    package var state: MatchState
    /// Why it is asked: `number_known`, `birth_date_differs`, `birth_date_missing`, `name_differs`, `looks_alike`,
    /// `numbers_merged` (the sender says so).
    package var code: String
    /// In bits: how many times more likely it is, than without the comparison, that both are one, as a logarithm.
    package var weight: Double
}

/// One decision about a pair.
package struct MatchDecision: Sendable, Hashable {
    package var id: UUIDValue
    package var at: Timestamp
    package var verdict: MatchVerdict
    package var by: String
    /// Whose record was laid into another, or taken out of it.
    package var merged: UUIDValue?
    package var survivor: UUIDValue?
    /// In the words of who decided.
    package var reason: String?
}

/// A pair with what it takes to decide about it.
package struct MatchDetail: Sendable {
    package var match: Match
    /// `{weights, weight, probability, evidence: [{field, level, weight}]}`.
    package var comparison: Value
    package var decisions: [MatchDecision]
}

/// What became of a decision.
package enum MatchOutcomeOfDecision: Sendable {
    case decided(Match, shares: [UUIDValue])
    case noMatch
    /// It is decided already, or there is nothing to take back.
    case notNow(MatchState)
}
