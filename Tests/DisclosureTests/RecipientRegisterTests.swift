import Disclosure
import Referral
import Testing

@Suite struct RecipientRegisterTests {
    let register = PolicyRules.notice.register

    @Test func `the register has the eleven of clause C10, six departments, six by clause, and the person`() {
        #expect(register.ids(.listed).count == 11)
        #expect(register.ids(.council).count == 6)
        #expect(register.ids(.byClause).count == 6)
        #expect(register.ids(.person) == ["subject"])
    }

    @Test(arguments: ["gp:C81001", "care_provider:example", "equipment_provider:a.b_c-1", "health_professional:x"])
    func `a member of a kind is found by its own id`(_ id: String) {
        guard case .recipient(let recipient, let member) = register[id] else {
            Issue.record("not found")
            return
        }
        #expect("\(recipient.id):\(member ?? "")" == id)
    }

    @Test(arguments: ["", ":", "gp:", "gp:C8 1001", "uhdb:RTG", "GP", "gp:\(String(repeating: "a", count: 65))", "x:y"])
    func `what is not in the register is unknown`(_ id: String) {
        #expect(register[id] == .unknown)
    }

    @Test(arguments: ["school", "probation", "care_home", "housing_association"])
    func `senders are not recipients`(_ id: String) {
        #expect(register[id] == .inboundOnly)
    }

    @Test func `an organisation keeps its id when it is renamed`() throws {
        let trust = try #require(register.recipients["uhdb"])
        #expect(trust.name(on: CalendarDate(iso: "2018-06-30")!).hasPrefix("Derby Teaching Hospitals"))
        #expect(trust.name(on: CalendarDate(iso: "2018-07-01")!).hasPrefix("University Hospitals of Derby"))
    }

    @Test func `a member under contract receives, before and after it does not`() {
        let id = "care_provider:example"
        func outcome(_ contract: ShareRequestFacts.Contract?) -> ReasonCode {
            Policy.decide(
                Example.facts(.careSupport) {
                    $0.request.recipient = id
                    $0.request.contract = contract
                    $0.agreements = [Example.agreement("A1", [Example.line(id, [.careSupport])])]
                }
            ).reason
        }
        let (past, future) = (Example.moment("2026-01-01"), Example.moment("2026-12-01"))
        #expect(outcome(.init(from: past)) == .permitted)
        #expect(outcome(.init(from: past, until: future)) == .permitted)
        #expect(outcome(.init(from: past, until: Example.now)) == .recipientSuspended)
        #expect(outcome(.init(from: future)) == .recipientSuspended)
        #expect(outcome(nil) == .recipientSuspended)
    }
}
