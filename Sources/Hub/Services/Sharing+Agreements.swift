import CaseStore
import Channels
import Crypto
import Disclosure
package import Postgres
import Referral

/// A person's agreements, or who was found to be the person, do not stand as they did when whoever acts looked at them.
/// Nothing was changed.
package struct AgreementsChanged: Error {}

/// Somebody of whom something was to be entered was found to be another person, of whom it counts. Nothing was changed.
package struct PersonMerged: Error {
    package var survivor: UUIDValue
}

extension Sharing {
    /// How the agreements of a person stand: the same as long as none is added, withdrawn or withdrawn in part, and nobody is
    /// found to be the person or not to be, on which hangs what counts.
    ///
    /// Whoever acts on it holds the person first: all that changes it waits for that.
    func mark(ofAgreementsOf person: UUIDValue, in connection: Connection) throws -> String {
        let summary = try store.person(person, in: connection)
        let counting = Set(try store.agreements(of: person, isCounting: true, in: connection).map(\.id))
        let agreements = try store.agreements(of: person, in: connection).map { stored in
            let withdrawn = [stored.agreement.revokedAt] + stored.agreement.scope.map(\.withdrawnAt)
            return
                ([stored.id.description, counting.contains(stored.id) ? "counts" : "-"]
                + withdrawn.map { $0?.rfc3339 ?? "-" }).joined(separator: " ")
        }
        let one = ([summary?.mergedInto] + (summary?.merged ?? [])).map { $0?.description ?? "-" }
        let words = [one.joined(separator: " ")] + agreements
        return Hexadecimal.text(Array(SHA256.hash(data: Array(words.joined(separator: "\n").utf8))))
    }

    /// How the agreements of a person stand now (``mark(ofAgreementsOf:in:)``).
    func mark(ofAgreementsOf person: UUIDValue) async throws -> String {
        try await database.read { [self] in try mark(ofAgreementsOf: person, in: $0) }
    }

    /// - Parameter seen: How they stood when they were looked at; left out, however they stand.
    func check(_ seen: String?, ofAgreementsOf person: UUIDValue, in connection: Connection) throws {
        guard let seen else { return }
        guard try mark(ofAgreementsOf: person, in: connection) == seen else { throw AgreementsChanged() }
    }

    /// How many shares that wait a withdrawal would cancel.
    ///
    /// - Parameter scopeLines: Of the lines that are withdrawn; left out, the whole agreement.
    func countResting(on agreement: UUIDValue, scopeLines: [Int]?) async throws -> Int {
        try await database.read { [store] in try store.countResting(on: agreement, scopeLines: scopeLines, in: $0) }
    }
}
