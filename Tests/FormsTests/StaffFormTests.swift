import Referral
import Testing

@testable import Forms

@Suite struct StaffFormTests {
    let form = StaffForm(
        team: "Example Team", sender: "derby_lac", path: "/staff/referral")
    let session = StaffForm.Session(staff: "a.worker", token: "t", signOutPath: "/out", accountPath: "/account")
    let begun = PublicForm.Begun(
        id: "0199f0aa-0000-7000-8000-000000000001", at: Instant(rfc3339: "2026-11-22T09:30:00Z")!)
    let today = CalendarDate(year: 2026, month: 11, day: 22)!

    private static let least = [
        "taken_how": "letter", "taken_by": "A Worker", "referrer_role": "Niece", "source_code": "1A", "given": "Zoë",
        "reason": "Would like company.", "urgency": "routine", "consent_agreed": "not_asked", "age": "80",
    ]

    private func reply(_ more: [String: String] = [:]) -> StaffForm.Reply {
        form.reply(to: Self.least.merging(more) { $1 }, begun: begun, today: today, session)
    }

    private func read(_ more: [String: String] = [:]) throws -> ReferralReading {
        guard case .send(let sent) = reply(more) else { throw Unsent() }
        let now = Instant(rfc3339: "2026-11-22T09:40:00Z")!
        return ReferralReader.read(sent.envelope, sentBy: "derby_lac", now: now, environment: .test)
    }

    private struct Unsent: Error {}

    @Test func `what is least makes a complete referral of the team without a finding`() throws {
        let reading = try read()
        #expect(reading.status == .accepted)
        #expect(reading.warnings.isEmpty)
        #expect(reading.referral?.person.alsoKnownAs == ["Zoë"])
        #expect(reading.referral?.sender == "derby_lac")
        let taken = reading.referral?.extensions.filter { $0.name.hasPrefix("taken.") } ?? []
        #expect(taken.map(\.name) == ["taken.by", "taken.how", "taken.on", "taken.through"])
        #expect(taken.map(\.group) == [.thirdParty, .service, .service, .service])
    }

    @Test func `every answer reaches the envelope without a finding`() throws {
        var all: [String: String] = [:]
        for question in StaffSection.all.flatMap(\.questions) {
            switch question.kind {
            case .choice, .selection: all[question.name] = question.options[0].value
            case .choices: for field in question.fields { all[field] = "yes" }
            case .date: for (field, part) in zip(question.fields, ["2", "3", "1990"]) { all[field] = part }
            case .telephone: all[question.name] = "01632 960001"
            case .email: all[question.name] = "name@example.org"
            case .number: all[question.name] = "36"
            case .line, .paragraph: all[question.name] = "Text of \(question.name)"
            }
        }
        all["nhs_number"] = "999 000 0018"
        all["postcode"] = "DE1 2FS"
        let reading = try read(all)
        #expect(reading.status == .accepted)
        #expect(reading.warnings.isEmpty)
        let referral = try #require(reading.referral)
        let written = String(decoding: StrictJSON.write(referral.value), as: UTF8.self)
        for question in StaffSection.all.flatMap(\.questions) where question.kind.isText && question.name != "age" {
            let value = all[question.name] ?? ""
            let isShown = written.contains(value) || !value.hasPrefix("Text of")
            #expect(isShown, "\(question.name)")
        }
        #expect(referral.needs.count == NeedCode.allCases.count)
        #expect(referral.risks.count == DangerCode.allCases.count)
        #expect(referral.household.count == 3)
        // Typed by hand: a number that nobody has verified.
        #expect(referral.verifiedNHSNumber == nil && referral.person.identifiers.map(\.value) == ["9990000018"])
    }

    @Test func `what was typed comes back escaped, with the mistake on top`() throws {
        guard case .mistaken(let page) = reply(["family": #"<b>"O'Example"#, "urgency": ""]) else { throw Unsent() }
        #expect(page.contains(##"<a href="#urgency">"##))
        #expect(!page.contains("<b>\"O"))
        #expect(page.contains("&lt;b&gt;"))
        #expect(page.contains(#"name="token" value="t""#))
    }

    @Test func `a form that comes again is the same message`() {
        #expect(reply() == reply())
    }
}

extension StaffQuestion.Kind {
    fileprivate var isText: Bool {
        switch self {
        case .line, .paragraph: true
        default: false
        }
    }
}
