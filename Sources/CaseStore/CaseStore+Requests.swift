package import Postgres
import Vault

/// What makes a request recognisable when it comes again: who asks, the key that the caller gave it, and its body.
package struct RequestKey: Sendable, Hashable {
    let caller: String
    let keyHash: [UInt8]
    let bodyHash: [UInt8]
}

/// Whether a request came before.
package enum RequestClaim: Sendable, Hashable {
    case new
    /// The same was asked before, and this was made of it.
    case repeated(UUIDValue)
    /// Something else was asked before under the same key.
    case conflict
}

extension CaseStore {
    /// A request of a caller under the key that the caller gave it. Only keyed hashes of key and body are kept.
    package func requestKey(_ key: String, by caller: String, body: [UInt8]) -> RequestKey {
        RequestKey(
            caller: caller, keyHash: vault.blindIndex(.request, key), bodyHash: vault.keyedHash(.request, body))
    }

    /// Notes what requests make, unless they came before; two transactions with the same one wait for each other.
    ///
    /// - Parameter requests: Each with the id of what it is about to make.
    /// - Returns: In the order of the requests. For one that is not new, nothing is to be made.
    package func claim(
        _ requests: [(key: RequestKey, makes: UUIDValue)], at: Timestamp = .now(), in connection: Connection
    ) throws -> [RequestClaim] {
        guard !requests.isEmpty else { return [] }
        let new = Set<UUIDValue>(
            try connection.query(
                """
                INSERT INTO record.request (caller, key_hash, body_hash, made, asked_at)
                SELECT DISTINCT ON (caller, key_hash) caller, key_hash, body_hash, made, \(at)
                FROM unnest(
                    \(requests.map(\.key.caller)), \(requests.map(\.key.keyHash)), \(requests.map(\.key.bodyHash)),
                    \(requests.map(\.makes))
                ) AS asked (caller, key_hash, body_hash, made)
                ORDER BY caller, key_hash, made
                ON CONFLICT DO NOTHING
                RETURNING made
                """, name: "record.claim_requests"
            ).decode(UUIDValue.self))
        guard new.count < requests.count else { return requests.map { _ in .new } }
        // A statement of its own, which sees what the one before has waited for.
        let known = try connection.query(
            """
            SELECT asked.ordinal - 1, request.made, request.body_hash = asked.body_hash
            FROM unnest(
                \(requests.map(\.key.caller)), \(requests.map(\.key.keyHash)), \(requests.map(\.key.bodyHash))
            ) WITH ORDINALITY AS asked (caller, key_hash, body_hash, ordinal)
            JOIN record.request USING (caller, key_hash)
            """, name: "record.known_requests"
        ).decode(Int.self, UUIDValue.self, Bool.self)
        var claims = requests.map { _ in RequestClaim.conflict }
        for (index, made, isSame) in known {
            claims[index] = made == requests[index].makes ? .new : isSame ? .repeated(made) : .conflict
        }
        return claims
    }

    /// Forgets requests that came before a time; a repeat of one is a new request from then on.
    ///
    /// - Returns: How many were forgotten; call again while it is `limit`.
    package func forgetRequests(before: Timestamp, limit: Int = 1000, in connection: Connection) throws -> Int {
        try connection.execute(
            """
            DELETE FROM record.request
            WHERE (caller, key_hash) IN (
                SELECT caller, key_hash FROM record.request WHERE asked_at < \(before) ORDER BY asked_at LIMIT \(limit)
            )
            """, name: "record.forget_requests")
    }
}
