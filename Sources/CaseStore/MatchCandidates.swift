import Matching
import Postgres
import Vault

/// The few persons whom somebody may be, found by blocking keys and numbers in one statement for any number of
/// descriptions.
///
/// Bounds keep it quick whatever is in the database: a key that more than ``mostHolders`` persons have tells too little
/// and is passed over; who shares a single key that is not rare is passed over; of the rest those come first that share
/// the most and rarest keys, at most ``most`` of them. Numbers always count.
struct MatchCandidates {
    /// What is looked under for one description.
    struct Asked {
        /// Anything that the caller recognises the description by.
        let number: Int
        let keys: [Int64]
        /// Blind indexes of the numbers given for the person.
        let identifiers: [[UInt8]]

        init(number: Int, _ fingerprint: Fingerprint, identifiers: [[UInt8]], vault: Vault) {
            self.number = number
            keys = fingerprint.searchKeys.map { vault.blindNumber(.matching, $0) }
            self.identifiers = identifiers
        }
    }

    /// Somebody who is known, still sealed.
    struct Candidate {
        /// Who it is now, if the one who was found has been merged.
        let person: UUIDValue
        let found: UUIDValue
        let sealed: [UInt8]
        let wrappedKey: [UInt8]

        func fingerprint(_ vault: Vault) throws -> Fingerprint { try vault.fingerprint(sealed, wrappedKey, of: found) }
    }

    static let mostHolders = 100
    static let most = 12

    /// By the number of the description, the best first.
    private(set) var candidates: [Int: [Candidate]] = [:]

    mutating func read(_ rows: QueryResult) throws {
        for row in rows {
            let (number, person, found, sealed, wrapped) = try row.decode(
                Int.self, UUIDValue.self, UUIDValue.self, [UInt8].self, [UInt8].self)
            candidates[number, default: []].append(
                Candidate(person: person, found: found, sealed: sealed, wrappedKey: wrapped))
        }
    }

    static func statement(_ asked: [Asked]) -> SQL {
        let numbers = asked.flatMap { one in one.keys.map { _ in Int32(one.number) } }
        let givenNumbers = asked.flatMap { one in one.identifiers.map { _ in Int32(one.number) } }
        return """
            WITH shared AS (
                SELECT asked.number, held.person, held.holders
                FROM unnest(\(numbers), \(asked.flatMap(\.keys))) AS asked (number, key)
                CROSS JOIN LATERAL (
                    SELECT person, count(*) OVER () AS holders
                    FROM (
                        SELECT person
                        FROM record.match_key
                        WHERE match_key.key = asked.key
                        LIMIT \(mostHolders + 1)
                    ) AS holder
                ) AS held
                WHERE held.holders <= \(mostHolders)
                UNION ALL
                SELECT given.number, given_to.person, 0
                FROM unnest(\(givenNumbers), \(asked.flatMap(\.identifiers))) AS given (number, value_index)
                CROSS JOIN LATERAL (
                    SELECT person
                    FROM record.person_identifier
                    WHERE person_identifier.value_index = given.value_index
                    ORDER BY person
                    LIMIT \(most)
                ) AS given_to
            ), ranked AS (
                SELECT
                    number, person,
                    row_number() OVER (
                        PARTITION BY number
                        ORDER BY min(holders) = 0 DESC, sum(7 - ln(greatest(holders, 1))) DESC, person
                    ) AS place
                FROM shared
                GROUP BY number, person
                HAVING count(*) > 1 OR min(holders) <= 20
            )
            SELECT
                ranked.number,
                CASE WHEN person.merged_into IS NULL THEN person.id ELSE record.survivor(person.id) END,
                person.id, person.sealed_fingerprint, person_key.wrapped_key
            FROM ranked JOIN record.person ON person.id = ranked.person
                JOIN record.person_key ON person_key.person = person.id
            WHERE ranked.place <= \(most)
            ORDER BY ranked.number, ranked.place
            """
    }
}
