package import CaseStore
import HTTPTypes
package import Postgres
package import Referral
import Translation

/// Pairs of persons who may be one: what waits, what speaks for and against it, and what staff decide.
package struct Matches: Sendable {
    private let database: Database
    private let store: CaseStore
    private let metrics: Metrics

    init(_ installation: Installation) {
        let installation = installation.acting(as: .console)
        database = installation.database
        store = installation.store
        metrics = installation.metrics
    }

    /// Pairs that wait for a decision, the likeliest first: ids, codes and weights only.
    package func waiting(of person: UUIDValue? = nil, limit: Int = 100) async throws -> [Match] {
        try await database.read { [store] connection in
            try store.waitingMatches(of: person, limit: limit, in: connection)
        }
    }

    /// One pair with its comparison field by field and what was decided; nothing personal.
    package func match(_ id: UUIDValue) async throws -> Value? {
        try await database.read { [store] connection in try store.match(id, in: connection)?.value(withReasons: false) }
    }

    /// The same, with what is known of either person by which they are told apart; enters that both were looked at.
    func match(_ id: UUIDValue, viewedBy actor: String) async throws -> Value? {
        try await database.transaction { [store] connection -> Value? in
            guard let detail = try store.match(id, in: connection) else { return nil }
            var object = detail.value(withReasons: true).objectValue ?? [:]
            for (key, person) in [("person", detail.match.person), ("known", detail.match.known)] {
                let profile = try store.profile(of: person, viewedBy: actor, in: connection)?.value
                var shown: Object = ["person_id": .string(person.description)]
                shown["person"] = profile?["person"]
                shown["address"] = profile?["address"]
                object[key] = .object(shown)
            }
            return .object(object)
        }
    }

    /// Enters the decision in `body`, the JSON of `POST /v1/matches/{id}/decisions`.
    ///
    /// - Returns: `{match_id, state, parked_shares}`, or nil when there is no such pair.
    /// - Throws: ``RequestError``; ``Problem`` 409 when it cannot be decided like this as it stands.
    func decide(_ id: UUIDValue, _ body: [UInt8], by actor: String) async throws -> Value? {
        var reader = try RequestReader(body)
        let verdict = reader.code("decision", of: MatchVerdict.self, required: true)
        let reason = reader.text("reason", longest: 2_000)
        try reader.finish()
        guard let verdict else { throw RequestError(findings: []) }
        switch try await decide(id, verdict, reason: reason, by: actor) {
        case .decided(let match, let shares):
            return [
                "match_id": .string(match.id.description), "state": .string(match.state.rawValue),
                "parked_shares": .array(shares.map { .string($0.description) }),
            ]
        case .noMatch: return nil
        case .notNow(let state):
            throw Problem(
                status: .conflict, code: "match_\(state.rawValue)", title: "Not as it stands",
                detail: state.isDecided ? "It is decided; take that back first" : "There is nothing to take back")
        }
    }

    /// Enters a decision.
    package func decide(
        _ id: UUIDValue, _ verdict: MatchVerdict, reason: String?, by actor: String
    ) async throws -> MatchOutcomeOfDecision {
        let outcome = try await database.transaction { [store] connection in
            try store.decide(id, verdict, by: actor, reason: reason, in: connection)
        }
        if case .decided = outcome { metrics.count(.matchDecisions, verdict.rawValue) }
        return outcome
    }
}

extension MatchState {
    /// Whether something was said that must be taken back before something else is.
    var isDecided: Bool { self == .same || self == .different }
}

extension Match {
    /// `{match_id, person_id, known_person_id, referral_id, found_at, state, code, weight}`.
    package var value: Value {
        [
            "match_id": .string(id.description), "person_id": .string(person.description),
            "known_person_id": .string(known.description), "referral_id": .string(referral.description),
            "found_at": .string(foundAt.rfc3339), "state": .string(state.rawValue), "code": .string(code),
            "weight": .number(String(Int(weight.rounded()))),
        ]
    }
}

extension MatchDetail {
    /// The pair, `comparison`, and `decisions`.
    ///
    /// - Parameter withReasons: Whether to tell why, in the words of who decided.
    fileprivate func value(withReasons: Bool) -> Value {
        var object = match.value.objectValue ?? [:]
        object["comparison"] = comparison
        object["decisions"] = .array(
            decisions.map { decision in
                var said: Object = [
                    "at": .string(decision.at.rfc3339), "decision": .string(decision.verdict.rawValue),
                    "by": .string(decision.by),
                ]
                said["merged_person_id"] = decision.merged.map { .string($0.description) }
                said["surviving_person_id"] = decision.survivor.map { .string($0.description) }
                if withReasons { said["reason"] = decision.reason.map(Value.string) }
                return .object(said)
            })
        return .object(object)
    }
}
