package import Matching
package import Postgres
package import Referral
import Vault

/// Somebody who is known and what a comparison with them gave.
package struct FoundPerson: Sendable {
    package var person: UUIDValue
    package var score: MatchScore
}

extension CaseStore {
    /// Looks somebody up as intake does, and changes nothing: those who may be the person of a referral, the likeliest
    /// first.
    ///
    /// - Parameter sender: Within whom hospital and local numbers are unique.
    package func lookUp(
        _ referral: Referral, sender: String, in connection: Connection
    ) throws -> [FoundPerson] {
        let matcher = try population.matcher(vault: vault, in: connection)
        let fingerprint = Fingerprint(referral, sender: sender)
        let index = PersonIndex(referral, sender: sender, vault: vault)
        let asked = MatchCandidates.Asked(
            number: 0, fingerprint, identifiers: index.identifiers.map(\.index), vault: vault)
        var candidates = MatchCandidates()
        try candidates.read(
            connection.query(MatchCandidates.statement([asked]), name: "record.match_candidates"))
        return try (candidates.candidates[0] ?? []).map { candidate in
            FoundPerson(
                person: candidate.person, score: matcher.compare(fingerprint, try candidate.fingerprint(vault)))
        }.sorted { ($0.score.weight, $1.person) > ($1.score.weight, $0.person) }
    }
}
