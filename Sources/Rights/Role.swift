/// What a caller is to the hub. One person or system may be several; its rights are those of all of them.
package enum Role: String, CaseIterable, Sendable, Hashable, Comparable {
    /// A partner's system, which refers people.
    case partner
    /// A partner to whom the disclosure rules tell something in an emergency.
    case controlRoom = "control_room"
    /// Staff who watch the queues and mend what is stuck, without seeing who it is about.
    case `operator`
    /// A local area co-ordinator: knows the persons, keeps their agreements, asks for shares.
    case coordinator
    /// The officer whom each emergency look is told to, and who approves where an officer must.
    case dutyOfficer = "duty_officer"
    /// Data protection and information governance.
    case privacyOfficer = "privacy_officer"
    /// Sees what was done and by whom, and changes nothing.
    case auditor
    /// Gives accounts and credentials, and sees no person.
    case administrator

    /// The roles that an account or a system of staff may have.
    package static let ofStaff: [Role] = [
        .operator, .coordinator, .dutyOfficer, .privacyOfficer, .auditor, .administrator,
    ]

    package var isOfStaff: Bool { Self.ofStaff.contains(self) }

    package static func < (one: Role, other: Role) -> Bool {
        allCases.firstIndex(of: one)! < allCases.firstIndex(of: other)!
    }
}
