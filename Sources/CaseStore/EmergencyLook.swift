package import Disclosure
package import Postgres
package import Referral

/// A control room's look, as the node that answered wrote it down.
package struct EmergencyLook: Sendable, Hashable {
    package enum Kind: String, Sendable, SQLScalar {
        /// Whom a query finds.
        case look
        /// The code of a key safe.
        case reveal
    }

    package enum Outcome: String, Sendable, SQLScalar {
        case card, candidates
        /// Nobody was found, or nobody of whom something may be told.
        case none
    }

    /// A person whom it found.
    package struct Found: Sendable, Hashable {
        package var person: UUIDValue
        package var released: Set<FieldGroup>
        /// Why nothing was told; nil where something was.
        package var refusal: ReasonCode?

        package init(person: UUIDValue, released: Set<FieldGroup>, refusal: ReasonCode? = nil) {
            self.person = person
            self.released = released
            self.refusal = refusal
        }
    }

    package var id: UUIDValue
    package var at: Timestamp
    package var kind: Kind
    package var outcome: Outcome
    /// The control room's id in the register.
    package var caller: String
    /// The control room's reference of the incident.
    package var incident: String
    package var isOffline: Bool
    /// Whether it was asked on the hub's page by somebody whose name could not be proved.
    package var isUnproved: Bool
    /// The version of the disclosure rules that it was judged by.
    package var policyVersion: String
    package var found: [Found]
    /// Who asked, why, and what: sealed.
    package var details: Value

    package init(
        id: UUIDValue, at: Timestamp, kind: Kind, outcome: Outcome, caller: String, incident: String, isOffline: Bool,
        isUnproved: Bool = false, policyVersion: String, found: [Found], details: Value
    ) {
        self.id = id
        self.at = at
        self.kind = kind
        self.outcome = outcome
        self.caller = caller
        self.incident = incident
        self.isOffline = isOffline
        self.isUnproved = isUnproved
        self.policyVersion = policyVersion
        self.found = found
        self.details = details
    }
}

/// A look as staff review it.
package struct ReviewedLook: Sendable {
    package var id: UUIDValue
    package var at: Timestamp
    package var reviewBy: Timestamp
    package var reviewedAt: Timestamp?
    package var reviewedBy: String?
    package var kind: EmergencyLook.Kind
    package var outcome: EmergencyLook.Outcome
    package var caller: String
    package var isOffline: Bool
    package var isRepeated: Bool
    package var isUnproved: Bool
    package var persons: [UUIDValue]
    /// Null once somebody it was about was erased.
    package var details: Value
    package var note: String?
}
