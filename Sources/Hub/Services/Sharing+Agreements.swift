import CaseStore
import Channels
import Crypto
import Disclosure
import Postgres
import Referral

/// A person's agreements do not stand as they did when whoever acts looked at them. Nothing was changed.
package struct AgreementsChanged: Error {}

extension Sharing {
    /// How the agreements of a person stand: the same as long as none is added, withdrawn or withdrawn in part.
    static func mark(of agreements: [StoredAgreement]) -> String {
        let words = agreements.sorted { $0.id < $1.id }.map { stored in
            let withdrawn = [stored.agreement.revokedAt] + stored.agreement.scope.map(\.withdrawnAt)
            return ([stored.id.description] + withdrawn.map { $0?.rfc3339 ?? "-" }).joined(separator: " ")
        }
        return Hexadecimal.text(Array(SHA256.hash(data: Array(words.joined(separator: "\n").utf8))))
    }

    static func check(_ seen: String, _ agreements: [StoredAgreement]) throws {
        guard mark(of: agreements) == seen else { throw AgreementsChanged() }
    }

    /// How the agreements of a person stand now (``mark(of:)``).
    func mark(ofAgreementsOf person: UUIDValue) async throws -> String {
        Self.mark(of: try await database.read { [store] in try store.agreements(of: person, in: $0) })
    }

    /// How many shares that wait a withdrawal would cancel.
    ///
    /// - Parameter scopeLines: Of the lines that are withdrawn; left out, the whole agreement.
    func countResting(on agreement: UUIDValue, scopeLines: [Int]?) async throws -> Int {
        try await database.read { [store] in try store.countResting(on: agreement, scopeLines: scopeLines, in: $0) }
    }
}
