import Disclosure
import Referral
import Testing

/// The matrix and the ceilings, written a second time as the policy's tables have them.
enum Tables {
    static let council = "council_derby_advice council_hctb council_asc council_childrens council_insight council_audit"
    static let listed =
        "uhdb dhcft dchs necs emas gp derbys_police derby_yos derby_homes dwp_jcp derbys_fire"
    static let everything = FieldGroup.allCases.map(\.rawValue).joined(separator: " ")

    struct Row: Sendable, CustomTestStringConvertible {
        let purpose: Purpose
        let level: Level
        let recipients: Set<String>
        let groups: Set<FieldGroup>

        init(_ purpose: Purpose, _ level: Level, _ recipients: String, _ groups: String) {
            self.purpose = purpose
            self.level = level
            self.recipients = Set(recipients.split(separator: " ").map(String.init))
            self.groups = Example.groups(groups)
        }

        var testDescription: String { "\(purpose.rawValue) \(level.rawValue)" }
    }

    static let rows = [
        Row(
            .careSupport, .identifiable,
            "gp health_professional uhdb dhcft dchs emas council_asc care_provider equipment_provider",
            "NAME DOB NHSNO ADDRESS CONTACT DEMOG CRIT HEALTH NEEDS OUTCOMES SERVICE FAMILY RISK"),
        Row(
            .supportReferral, .identifiable, "derbys_police derby_yos derby_homes dwp_jcp derbys_fire emas",
            "NAME DOB NHSNO NINO ADDRESS CONTACT NEEDS OUTCOMES SERVICE HOUSING HAZARD CRIT RISK"),
        Row(
            .benefitsSupport, .identifiable, "council_derby_advice council_hctb dwp_jcp",
            "NAME DOB NINO ADDRESS CONTACT HOUSING FIN NEEDS"),
        Row(
            .housingSupport, .identifiable, "derby_homes council_hctb",
            "NAME DOB ADDRESS CONTACT HOUSING NEEDS HAZARD"),
        Row(
            .emergency, .identifiable, "emas derbys_police derbys_fire",
            "NAME DOB NHSNO ADDRESS ACCESS HAZARD CRIT FAMILY"),
        Row(
            .safeguarding, .identifiable,
            "council_asc council_childrens derbys_police uhdb dhcft dchs emas gp",
            "NAME DOB NHSNO ADDRESS CONTACT HEALTH NEEDS RISK SERVICE FAMILY"),
        Row(
            .fraudPrevention, .identifiable, "\(council) cabinet_office dwp_jcp derbys_police derby_homes",
            "NAME DOB NINO ADDRESS HOUSING FIN SERVICE"),
        Row(
            .legalStatutory, .identifiable, "\(council) \(listed) court_of_protection cabinet_office", everything),
        Row(.nfi, .identifiable, "cabinet_office", "NAME DOB NINO ADDRESS CONTACT FIN"),
        Row(.researchEvaluation, .anonymised, "\(council) \(listed)", "DEMOG AREA NEEDS OUTCOMES SERVICE"),
        Row(.researchEvaluation, .pseudonymised, "\(council) \(listed)", "DEMOG AREA NEEDS OUTCOMES SERVICE"),
        Row(
            .researchEvaluation, .identifiable, "\(council) \(listed)",
            "DEMOG AREA NEEDS OUTCOMES SERVICE NHSNO DOB"),
        Row(.ipsosEvaluation, .anonymised, "ipsos", "DEMOG AREA NEEDS OUTCOMES SERVICE"),
        Row(.ipsosEvaluation, .pseudonymised, "ipsos", "DEMOG AREA NEEDS OUTCOMES SERVICE LINK"),
        Row(.healthPlanning, .anonymised, "uhdb dhcft dchs necs emas gp", "DEMOG AREA NEEDS SERVICE"),
        Row(.subjectNotice, .identifiable, "subject", "NAME CONTACT SERVICE"),
        Row(
            .subjectRights, .identifiable, "subject",
            everything.split(separator: " ").filter { $0 != "THIRD_PARTY" }.joined(separator: " ")),
        Row(
            .rightsNotice, .identifiable,
            "\(council) \(listed) health_professional care_provider equipment_provider court_of_protection"
                + " cabinet_office ipsos",
            everything),
    ]

    static let ceilings = [
        "derbys_fire": "NAME DOB ADDRESS CONTACT NEEDS HAZARD CRIT ACCESS FAMILY",
        "derbys_police": "NAME DOB ADDRESS CONTACT NEEDS HAZARD CRIT ACCESS FAMILY RISK",
        "derby_yos": "NAME DOB ADDRESS CONTACT NEEDS OUTCOMES SERVICE RISK",
        "dwp_jcp": "NAME DOB NINO ADDRESS CONTACT NEEDS HOUSING FIN",
        "derby_homes": "NAME DOB ADDRESS CONTACT NEEDS HOUSING HAZARD",
        "emas": "NAME DOB NHSNO ADDRESS CONTACT CRIT HEALTH NEEDS HAZARD ACCESS FAMILY",
        "equipment_provider": "NAME ADDRESS CONTACT CRIT NEEDS",
    ].mapValues(Example.groups)

    /// The most that may go to a recipient for a purpose at a level; empty when nothing may.
    static func most(_ purpose: Purpose, _ level: Level, to recipient: String) -> Set<FieldGroup> {
        guard let row = rows.first(where: { $0.purpose == purpose && $0.level == level }),
            row.recipients.contains(recipient)
        else { return [] }
        guard purpose.family == .consent || purpose.family == .emergency, let ceiling = ceilings[recipient]
        else { return row.groups }
        return row.groups.intersection(ceiling)
    }
}

@Suite struct PolicyRulesTests {
    @Test(arguments: Tables.rows)
    func `a row releases its groups, under the ceiling, to each of its recipients and to nobody else`(
        _ row: Tables.Row
    ) {
        let register = PolicyRules.notice.register
        for recipient in register.recipients.keys.sorted() + ["school", "probation", "somebody"] {
            let facts = Example.facts(row.purpose, row.level) { facts in
                facts.request.recipient = recipient
                facts.request.groups = Set(FieldGroup.allCases)
                facts.request.orderedGroups = Set(FieldGroup.allCases)
                facts.request.previouslyDisclosed = Set(FieldGroup.allCases)
                facts.subject.hasIpsosLinkConsent = true
                facts.agreements = [Example.agreement("A1", [Example.line(recipient, Set(Purpose.allCases))])]
            }
            let decision = Policy.decide(facts)
            #expect(decision.released == Tables.most(row.purpose, row.level, to: recipient), "\(recipient)")
            if !row.recipients.contains(recipient) {
                #expect([.purposeNotForRecipient, .recipientNotListed].contains(decision.reason))
            }
        }
    }

    @Test func `every purpose has a row and no row appears twice`() {
        let rows = PolicyRules.notice.matrix
        #expect(Set(rows.map(\.purpose)) == Set(Purpose.allCases))
        let keys = rows.map { "\($0.purpose.rawValue) \($0.level.rawValue)" }
        #expect(Set(keys).count == keys.count)
    }

    @Test func `every recipient of a row and of a ceiling is in the register`() {
        let rules = PolicyRules.notice
        let named = rules.matrix.reduce(into: Set(rules.ceilings.keys)) { $0.formUnion($1.recipients) }
        #expect(named.isSubset(of: rules.register.recipients.keys))
    }

    @Test func `the row of a lower level lies within the row of the higher level`() {
        let rules = PolicyRules.notice
        for purpose in Purpose.allCases {
            let rows = Level.allCases.compactMap { rules.row(purpose, $0) }
            for (lower, higher) in zip(rows, rows.dropFirst()) {
                #expect(lower.groups.isSubset(of: higher.groups), "\(purpose)")
                #expect(lower.channels.isSuperset(of: higher.channels), "\(purpose)")
            }
        }
    }

    @Test func `pseudonymised rows name nobody`() {
        let names = Example.groups("NAME DOB NHSNO NINO ADDRESS CONTACT NOTES")
        for row in PolicyRules.notice.matrix where row.level != .identifiable {
            #expect(row.groups.isDisjoint(with: names), "\(row.purpose)")
        }
    }

    @Test func `personal data never takes plain e-mail`() {
        for row in PolicyRules.notice.matrix where row.level != .anonymised {
            #expect(!row.channels.contains(.plainEmail), "\(row.purpose)")
        }
    }
}
