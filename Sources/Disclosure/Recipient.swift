package import Referral

/// Somebody to whom the notice allows data to be given, for one purpose or another (disclosure policy, section 4).
package struct Recipient: Sendable, Hashable {
    /// Where in the notice a recipient stands.
    package enum Standing: String, CaseIterable, Sendable, Hashable {
        /// A department of the council.
        case council
        /// One of the organisations that clause C10 lists.
        case listed
        /// Named, or described, by another clause.
        case byClause = "by_clause"
        /// The person, or a representative whose authority is proven.
        case person
    }

    /// A name and the day it came into use; nil for a name in use when the notice was written.
    package struct Name: Sendable, Hashable {
        package var text: String
        package var since: CalendarDate?
    }

    /// The id, which an organisation keeps when it is renamed.
    package let id: String
    package let standing: Standing
    /// The names, oldest first.
    package let names: [Name]
    /// Whether this is a kind whose members are entered one by one, as `gp:C81001` or `care_provider:example`.
    package let isKind: Bool
    /// Whether a member receives only while it is under contract.
    package let needsContract: Bool

    package init(
        _ id: String, _ standing: Standing, names: [Name], isKind: Bool = false, needsContract: Bool = false
    ) {
        self.id = id
        self.standing = standing
        self.names = names
        self.isKind = isKind
        self.needsContract = needsContract
    }

    /// The name on a day; the id when there was none yet.
    package func name(on day: CalendarDate) -> String {
        names.last { name in name.since.map { $0 <= day } ?? true }?.text ?? id
    }
}
