import Ledger
package import Matching
package import Postgres
package import Referral
import Vault

/// Persons who fit what was typed.
package struct SearchedPersons: Sendable {
    package var persons: [SearchedPerson]
    /// Whether there may be more: then something must be added to what was typed.
    package var mayBeMore: Bool
}

/// Somebody who was found, with as much as is needed to choose the right one.
package struct SearchedPerson: Sendable {
    package var id: UUIDValue
    /// As the newest messages describe the person. Whoever shows it masks it.
    package var profile: Referral
    /// The newest of the person's messages.
    package var referrals: [ReferralSummary]
}

extension CaseStore {
    /// So many persons are shown at most.
    package static let mostFound = 20
    private static let mostReferralsFound = 10
    /// Of so many at most is what they are recognised by opened.
    private static let mostCandidates = 500

    /// Finds persons by what was typed, through keyed hashes, and enters that somebody searched and who was found; what was
    /// typed is entered nowhere.
    ///
    /// Whoever was found to be somebody else leads to that person. A person who was erased is not found.
    package func find(
        _ query: PersonQuery, today: CalendarDate, by actor: String, in connection: Connection
    ) throws -> SearchedPersons {
        var looks = [entry(.view, [.part: LedgerPart.search.rawValue, .actor: actor])]
        let candidates = try candidates(query, today: today, in: connection)
        var (found, seen): ([SearchedPerson], Set<UUIDValue>) = ([], [])
        var mayBeMore = candidates.count > Self.mostCandidates
        for candidate in candidates.prefix(Self.mostCandidates) where !seen.contains(candidate.person) {
            guard query.fits(try candidate.fingerprint(vault)) else { continue }
            guard found.count < Self.mostFound else {
                mayBeMore = true
                break
            }
            seen.insert(candidate.person)
            do {
                guard let profile = try profile(of: candidate.person, in: connection) else { continue }
                found.append(
                    SearchedPerson(
                        id: candidate.person, profile: profile,
                        referrals: try referrals(of: candidate.person, limit: Self.mostReferralsFound, in: connection)))
            } catch CaseStoreError.keyDestroyed {
                continue
            }
            looks.append(
                entry(
                    .view,
                    [
                        .part: LedgerPart.search.rawValue, .person: candidate.person.description, .actor: actor,
                    ]))
        }
        try append(looks, in: connection)
        return SearchedPersons(persons: found, mayBeMore: mayBeMore)
    }

    private func candidates(
        _ query: PersonQuery, today: CalendarDate, in connection: Connection
    ) throws -> [MatchCandidates.Candidate] {
        let holders: SQL
        if let number = query.nhsNumber {
            holders = """
                SELECT person
                FROM record.person_identifier
                WHERE value_index = \(vault.blindIndex(.nhsNumber, number))
                LIMIT \(Self.mostCandidates + 1)
                """
        } else {
            let keys = query.keys(today: today).map { vault.blindNumber(.matching, $0) }
            holders = """
                SELECT person
                FROM (
                    SELECT held.person
                    FROM unnest(\(keys)) AS asked (key)
                    CROSS JOIN LATERAL (
                        SELECT person
                        FROM record.match_key
                        WHERE match_key.key = asked.key
                        ORDER BY person DESC
                        LIMIT \(Self.mostCandidates + 1)
                    ) AS held
                    LIMIT \(10 * Self.mostCandidates)
                ) AS holder
                GROUP BY person
                -- Who is kept under most of what was typed, and of those the newest.
                ORDER BY count(*) DESC, person DESC
                LIMIT \(Self.mostCandidates + 1)
                """
        }
        return try connection.query(
            """
            SELECT
                CASE WHEN person.merged_into IS NULL THEN person.id ELSE record.survivor(person.id) END,
                person.id, person.sealed_fingerprint, person_key.wrapped_key
            FROM (\(holders)) AS holder JOIN record.person ON person.id = holder.person
                JOIN record.person_key ON person_key.person = person.id
            ORDER BY person.id DESC
            """, name: query.nhsNumber == nil ? "record.find_by_keys" : "record.find_by_number"
        ).map { row in
            let (person, found, sealed, wrapped) = try row.decode(
                UUIDValue.self, UUIDValue.self, [UInt8].self, [UInt8].self)
            return MatchCandidates.Candidate(person: person, found: found, sealed: sealed, wrappedKey: wrapped)
        }
    }
}
