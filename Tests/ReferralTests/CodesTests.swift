import Referral
import Testing

@Suite struct CodesTests {
    @Test(arguments: [
        ("urgent", Urgency.urgent), ("URGENT", .urgent), ("Soon", .soon), ("routine", .routine),
    ])
    func `a code is found without regard to case`(_ text: String, _ code: Urgency) {
        #expect(Coded<Urgency>(text) == .known(code))
    }

    @Test func `spaces and hyphens stand for underscores`() {
        #expect(Coded<NeedCode>("Money debt").code == .moneyDebt)
        #expect(Coded<NeedCode>("self-neglect").code == .selfNeglect)
        #expect(Coded<SourceCode>("3f").code == .otherHealth)
        #expect(Coded<RiskCode>("20-10").code == .alert(.hearing))
    }

    @Test func `a text that the list does not have is kept as it is`() {
        let coded = Coded<Sex>("Not stated")
        #expect(coded.code == nil)
        #expect(coded.text == "Not stated")
    }

    @Test func `needs carry the groups that design settles`() {
        let groups = Dictionary(grouping: NeedCode.allCases, by: \.group).mapValues { Set($0.map(\.rawValue)) }
        #expect(
            groups[.health]
                == [
                    "mental_wellbeing", "dementia_memory", "alcohol", "drugs", "long_term_condition",
                    "learning_disability",
                    "autism", "sensory",
                ])
        #expect(groups[.risk] == ["domestic_abuse", "self_neglect", "exploitation"])
        #expect(groups[.hazard] == ["fire_risk", "hoarding"])
        #expect(groups[.finance] == ["money_debt", "benefits"])
        #expect(groups[.housing] == ["housing_condition", "homelessness"])
        #expect(groups[.needs]?.count == NeedCode.allCases.count - 17)
        #expect(NeedCode.allCases.count == 31)
    }

    @Test func `a risk has the group of its need, alert or danger`() {
        #expect(RiskCode(rawValue: "domestic_abuse")?.group == .risk)
        #expect(RiskCode(rawValue: "hoarding")?.group == .hazard)
        #expect(RiskCode(rawValue: "10-10")?.group == .hazard)
        #expect(RiskCode(rawValue: "20-30")?.group == .health)
        #expect(RiskCode(rawValue: "oxygen")?.group == .hazard)
        #expect(RiskCode(rawValue: "nothing") == nil)
    }

    @Test func `every risk code is read back from its text, and no two are alike`() {
        #expect(RiskCode.allCases.allSatisfy { RiskCode(rawValue: $0.rawValue) == $0 })
        #expect(Set(RiskCode.allCases.map(\.rawValue)).count == RiskCode.allCases.count)
    }

    @Test func `lists have the codes of the standard`() {
        #expect(SourceCode.allCases.count == 22)
        #expect(SourceKind.allCases.count == 12)
        #expect(PersonAlertCode.allCases.count == 16)
        #expect(
            Set(EndingCode.allCases.map(\.rawValue))
                == ["INE", "MIS", "DUP", "NOT", "NEE", "MOV", "WOR", "USE", "EAR", "ANO", "CMP", "DEC"])
        #expect(FindingCode.allCases.count == 17)
        #expect(FieldGroup.allCases.count == 23)
    }

    @Test func `urgency grows`() {
        #expect(Urgency.routine < .soon && Urgency.soon < .urgent && Urgency.urgent < .emergency)
    }
}
