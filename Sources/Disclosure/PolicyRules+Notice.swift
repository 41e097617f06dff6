import Referral

extension PolicyRules {
    /// The rules derived from version 1 of the council's privacy notice for Local Area Co-ordination.
    package static let notice = PolicyRules(
        version: "notice-1.rules-1",
        enabledPurposes: Set(Purpose.allCases),
        register: .notice,
        matrix: consentRows + [emergencyRow] + legalRows + researchRows + ipsosRows + [planningRow] + rightsRows,
        ceilings: ceilings)

    private static let council = RecipientRegister.notice.ids(.council)
    private static let listed = RecipientRegister.notice.ids(.listed)

    private static let consentRows = [
        MatrixRow(
            .careSupport,
            to: [
                "gp", "health_professional", "uhdb", "dhcft", "dchs", "emas", "council_asc", "care_provider",
                "equipment_provider",
            ],
            groups: [
                .name, .dob, .nhsNumber, .address, .contact, .demographics, .critical, .health, .needs, .outcomes,
                .service, .family, .risk,
            ],
            clauses: ["C1"]),
        MatrixRow(
            .supportReferral,
            to: ["derbys_police", "derby_yos", "derby_homes", "dwp_jcp", "derbys_fire", "emas"],
            groups: [
                .name, .dob, .nhsNumber, .nino, .address, .contact, .needs, .outcomes, .service, .housing, .hazard,
                .critical, .risk,
            ],
            clauses: ["C1", "C10"]),
        MatrixRow(
            .benefitsSupport,
            to: ["council_derby_advice", "council_hctb", "dwp_jcp"],
            groups: [.name, .dob, .nino, .address, .contact, .housing, .finance, .needs],
            clauses: ["C3", "C10"]),
        MatrixRow(
            .housingSupport,
            to: ["derby_homes", "council_hctb"],
            groups: [.name, .dob, .address, .contact, .housing, .needs, .hazard],
            clauses: ["C1", "C3"]),
    ]

    private static let emergencyRow = MatrixRow(
        .emergency,
        to: ["emas", "derbys_police", "derbys_fire"],
        groups: [.name, .dob, .nhsNumber, .address, .access, .hazard, .critical, .family],
        by: .anyButPlainEmail,
        clauses: ["C2"])

    private static let legalRows =
        [
            MatrixRow(
                .safeguarding,
                to: ["council_asc", "council_childrens", "derbys_police", "uhdb", "dhcft", "dchs", "emas", "gp"],
                unlisted: .publicBody,
                groups: [
                    .name, .dob, .nhsNumber, .address, .contact, .health, .needs, .risk, .service, .family,
                ],
                clauses: ["C4"]),
            MatrixRow(
                .fraudPrevention,
                to: council.union(["cabinet_office", "dwp_jcp", "derbys_police", "derby_homes"]),
                unlisted: .publicBody,
                groups: [.name, .dob, .nino, .address, .housing, .finance, .service],
                clauses: ["C4"]),
            MatrixRow(
                .nfi,
                to: ["cabinet_office"],
                groups: [.name, .dob, .nino, .address, .contact, .finance],
                by: [.nfiWeb],
                clauses: ["C12"]),
        ] + [
            ordered(.identifiable, groups: Set(FieldGroup.allCases)),
            ordered(
                .pseudonymised,
                groups: Set(FieldGroup.allCases).subtracting([
                    .name, .dob, .nhsNumber, .nino, .address, .contact, .notes, .access, .family, .thirdParty,
                ])),
            ordered(.anonymised, groups: counted),
        ]

    /// The row of an order or statute: as much as the order names, at the level it names.
    private static func ordered(_ level: Level, groups: Set<FieldGroup>) -> MatrixRow {
        MatrixRow(
            .legalStatutory, level,
            to: council.union(listed).union(["court_of_protection", "cabinet_office"]),
            unlisted: .publicBody, groups: groups, clauses: ["C4"])
    }

    /// What is ever counted for research.
    private static let counted: Set<FieldGroup> = [.demographics, .area, .needs, .outcomes, .service]

    private static let researchRows = [
        research(.anonymised, groups: counted, by: .anyKnown, clauses: ["C5"]),
        research(.pseudonymised, groups: counted, by: .protected, clauses: ["C5", "C6"]),
        research(
            .identifiable, groups: counted.union([.nhsNumber, .dob]), by: .encryptedEmail, clauses: ["C5", "C6"]),
    ]

    private static func research(
        _ level: Level, groups: Set<FieldGroup>, by channels: Set<ReleaseChannel>, clauses: [String]
    ) -> MatrixRow {
        MatrixRow(
            .researchEvaluation, level, to: council.union(listed), unlisted: .researchThirdParty, groups: groups,
            by: channels, clauses: clauses)
    }

    private static let ipsosRows = [
        // A table of counts has no rows that a key could join.
        MatrixRow(.ipsosEvaluation, .anonymised, to: ["ipsos"], groups: counted, by: .anyKnown, clauses: ["C8"]),
        MatrixRow(.ipsosEvaluation, .pseudonymised, to: ["ipsos"], groups: counted.union([.link]), clauses: ["C8"]),
    ]

    private static let planningRow = MatrixRow(
        .healthPlanning, .anonymised,
        to: ["uhdb", "dhcft", "dchs", "necs", "emas", "gp"],
        groups: [.demographics, .area, .needs, .service],
        by: .anyKnown,
        clauses: ["C9"])

    private static let rightsRows = [
        MatrixRow(
            .subjectNotice, to: ["subject"], groups: [.name, .contact, .service], by: .personal, clauses: ["C1"]),
        MatrixRow(
            .subjectRights, to: ["subject"],
            groups: Set(FieldGroup.allCases).subtracting([.thirdParty]), by: .protectedOrByHand, clauses: ["C14"]),
        MatrixRow(
            .rightsNotice,
            to: council.union(listed).union(RecipientRegister.notice.ids(.byClause)),
            groups: Set(FieldGroup.allCases), clauses: ["C14", "C20"]),
    ]

    private static let fireCeiling: Set<FieldGroup> = [
        .name, .dob, .address, .contact, .needs, .hazard, .critical, .access, .family,
    ]

    private static let ceilings: [String: Set<FieldGroup>] = [
        "derbys_fire": fireCeiling,
        "derbys_police": fireCeiling.union([.risk]),
        "derby_yos": [.name, .dob, .address, .contact, .needs, .outcomes, .service, .risk],
        "dwp_jcp": [.name, .dob, .nino, .address, .contact, .needs, .housing, .finance],
        "derby_homes": [.name, .dob, .address, .contact, .needs, .housing, .hazard],
        "emas": [
            .name, .dob, .nhsNumber, .address, .contact, .critical, .health, .needs, .hazard, .access, .family,
        ],
        "equipment_provider": [.name, .address, .contact, .critical, .needs],
    ]
}
