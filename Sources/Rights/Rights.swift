/// How far a right goes.
package enum Reach: Int, Sendable, Comparable {
    /// What is the caller's own: a partner's submissions are its own, and nobody else's.
    case own
    /// What is the caller's own and anybody else's.
    case any

    package static func < (one: Reach, other: Reach) -> Bool { one.rawValue < other.rawValue }
}

/// Who may do what: the one table that every door of the hub asks.
///
/// Whoever does not stand in an operation's row may not do it, and an operation without a row does not compile. What a role
/// may do is not what may leave the hub: that is decided for each share by the disclosure policy, whoever asks.
package enum Rights {
    /// How far a role reaches in an operation; nil where it may not do it at all.
    package static func reach(of role: Role, for operation: Operation) -> Reach? { row(operation)[role] }

    /// How far somebody of several roles reaches.
    package static func reach(of roles: Set<Role>, for operation: Operation) -> Reach? {
        roles.compactMap { reach(of: $0, for: operation) }.max()
    }

    /// Whether a role reads what is known of persons, or lets some of it leave.
    package static func seesPersons(_ role: Role) -> Bool {
        let operations: [Operation] = [
            .readReferral, .readDocument, .readMatch, .readCircumstances, .readAgreement, .readAccessCard,
            .previewShare, .approveShare, .approveAsPrivacyOfficer,
        ]
        return operations.contains { reach(of: role, for: $0) == .any }
    }

    /// One row of the table.
    package static func row(_ operation: Operation) -> [Role: Reach] {
        switch operation {
        case .submitReferral: [.partner: .own]
        case .readReceipt:
            [
                .partner: .own, .operator: .any, .coordinator: .any, .dutyOfficer: .any, .privacyOfficer: .any,
                .auditor: .any,
            ]
        case .enterReferral: [.coordinator: .any]
        case .readReferral: [.coordinator: .any, .privacyOfficer: .any]
        case .readDocument: [.coordinator: .any, .privacyOfficer: .any]
        case .recordOutcome: [.coordinator: .any]
        case .readMatch: [.coordinator: .any]
        case .decideMatch: [.coordinator: .any]
        case .readCircumstances: [.coordinator: .any, .dutyOfficer: .any, .privacyOfficer: .any]
        case .changeCircumstances: [.coordinator: .any, .privacyOfficer: .any]
        case .readAgreement: [.coordinator: .any, .dutyOfficer: .any, .privacyOfficer: .any]
        case .recordAgreement: [.coordinator: .any]
        case .withdrawAgreement: [.coordinator: .any, .privacyOfficer: .any]
        case .readShare: [.coordinator: .any, .dutyOfficer: .any, .privacyOfficer: .any, .auditor: .any]
        case .requestShare: [.coordinator: .any]
        case .cancelShare: [.coordinator: .any, .privacyOfficer: .any]
        case .acknowledgeShare: [.coordinator: .any]
        case .previewShare: [.coordinator: .any, .dutyOfficer: .any, .privacyOfficer: .any]
        case .readApproval: [.coordinator: .any, .dutyOfficer: .any, .privacyOfficer: .any, .auditor: .any]
        case .approveShare: [.dutyOfficer: .any, .privacyOfficer: .any]
        case .approveAsPrivacyOfficer: [.privacyOfficer: .any]
        case .fetchDocument: [.coordinator: .any, .privacyOfficer: .any]
        case .watchFlow:
            [
                .operator: .any, .coordinator: .any, .dutyOfficer: .any, .privacyOfficer: .any, .auditor: .any,
                .administrator: .any,
            ]
        case .readTrace:
            [.operator: .any, .coordinator: .any, .dutyOfficer: .any, .privacyOfficer: .any, .auditor: .any]
        case .readLedger: [.privacyOfficer: .any, .auditor: .any]
        case .mendQueues: [.operator: .any]
        case .readSettings: [.operator: .any, .privacyOfficer: .any, .auditor: .any, .administrator: .any]
        case .managePartners: [.administrator: .any]
        case .readStaff: [.privacyOfficer: .any, .auditor: .any, .administrator: .any]
        case .manageStaff: [.administrator: .any]
        case .finishWork: [.coordinator: .any, .dutyOfficer: .any, .privacyOfficer: .any]
        case .finishQueueWork: [.operator: .any, .coordinator: .any, .dutyOfficer: .any, .privacyOfficer: .any]
        case .reviewAccess: [.privacyOfficer: .any]
        case .permitChild: [.coordinator: .any]
        case .lookUp: [.controlRoom: .any]
        case .answerCall: [.coordinator: .any, .dutyOfficer: .any]
        case .readAccessCard: [.coordinator: .any, .dutyOfficer: .any]
        case .keepAccessCard: [.coordinator: .any]
        case .readLook: [.dutyOfficer: .any, .privacyOfficer: .any, .auditor: .any]
        case .readPersonLooks: [.coordinator: .any, .dutyOfficer: .any, .privacyOfficer: .any]
        case .reviewLook: [.dutyOfficer: .any, .privacyOfficer: .any]
        }
    }
}
