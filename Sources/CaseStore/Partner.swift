package import Postgres
package import Rights

/// What kind of system calls; the same closed list is the SQL type `record.partner_kind`.
package enum PartnerKind: String, CaseIterable, Sendable, SQLScalar {
    /// An organisation that refers, or receives.
    case partner
    /// A system of the hub's own staff.
    case staff
}

/// Somebody who may call the hub.
package struct Partner: Sendable, Hashable {
    /// Lower-case letters, digits and `_ : . -`, at most 64; the register's id where it is a recipient.
    package var id: String
    package var name: String
    package var kind: PartnerKind
    /// The adapter that understands what it sends; left out for staff.
    package var adapter: String?
    package var ods: [String]
    package var isEnabled: Bool
    /// What a system of staff may do, in the order of the roles; a partner has none of these.
    package var roles: [Role]

    /// The roles of a staff system of which nothing else is said: those of a case system that the team works with.
    package static let usualRoles: [Role] = [.coordinator, .dutyOfficer, .privacyOfficer]

    package init(
        id: String, name: String, kind: PartnerKind = .partner, adapter: String? = nil, ods: [String] = [],
        isEnabled: Bool = true, roles: [Role]? = nil
    ) {
        self.id = id
        self.name = name
        self.kind = kind
        self.adapter = adapter
        self.ods = ods
        self.isEnabled = isEnabled
        self.roles = roles ?? (kind == .staff ? Self.usualRoles : [])
    }
}

/// A credential that was made just now; its text is shown once and kept nowhere.
package struct IssuedKey: Sendable, CustomStringConvertible {
    package let prefix: String
    /// `hub_<prefix>_<secret>`
    package let text: String

    /// The prefix only, so that a key never stands in a log.
    package var description: String { "API key \(prefix)" }
}

/// A credential without its secret.
package struct KeySummary: Sendable, Hashable {
    package var prefix: String
    package var partner: String
    package var createdAt: Timestamp
    package var expiresAt: Timestamp?
    package var revokedAt: Timestamp?
    /// Whether somebody has judged that little can come of it in wrong hands.
    package var isLowRisk: Bool
}
