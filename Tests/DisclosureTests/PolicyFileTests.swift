import Disclosure
import Referral
import Testing

@Suite struct PolicyFileTests {
    static let text = String(decoding: PolicyRules.noticeFile, as: UTF8.self)

    private static let entries = """
        entered:
        - id: care_provider:example_care
          as: member
          name: Example Care
          from: 2026-01-01
          until: 2027-01-01
          entered_by: contracts-team
          entered_on: 2025-12-20
        - id: hmrc
          as: public_body
          name: HM Revenue and Customs
          from: 2026-01-01
          until: open
          entered_by: dpo
          entered_on: 2025-12-20
        - id: example_university
          as: research_third_party
          name: Example University
          from: 2026-01-01
          until: 2026-03-02
          entered_by: dpo
          entered_on: 2025-12-20
        """

    /// The notice's rules with three entered by name.
    static let withEntries = text.replacing("entered: []", with: entries)

    private func problems(_ text: String) -> [String] {
        do {
            _ = try PolicyFile(Array(text.utf8), name: "rules.yaml")
            return []
        } catch {
            return error.lines
        }
    }

    private func rules(_ text: String) throws -> PolicyRules {
        try PolicyFile(Array(text.utf8), name: "rules.yaml").rules
    }

    @Test func `the notice's file holds, and has every purpose in use`() throws {
        #expect(try rules(Self.text) == .notice)
        #expect(PolicyRules.notice.version == "notice-1.rules-1")
        #expect(PolicyRules.notice.enabledPurposes == Set(Purpose.allCases))
        #expect(Set(PolicyRules.notice.groupNames.keys) == Set(FieldGroup.allCases))
    }

    /// What is replaced, by what, and what the problem says. Each stands in the file once.
    static let broken: [(String, String, String)] = [
        ("format: 1", "format: 2", "format: must be 1"),
        ("format: 1\n", "", "file:format"),
        ("version: notice-1.rules-1", "version: 1", "version: must be text"),
        ("version: notice-1.rules-1", "version: Notice 1", "version: must be like"),
        ("\n- care_support", "\n- care_suport", "names care_suport, which is no purpose"),
        ("\n- care_support", "\n- care_support\n- care_support", "names care_support twice"),
        ("  NAME: your name\n", "", "groups.NAME: is missing"),
        ("  NAME: your name", "  NAME: your name\n  PHONE: your phone", "groups.PHONE: is not known"),
        (
            "members: contract, names: [{ name: the care provider }]", "members: some, names: [{ name: x }]",
            "recipients.care_provider.members: is some"
        ),
        ("since: 2018-07-01", "since: 2018-07-32", "must be a day"),
        (", since: 2018-07-01", "", "recipients.uhdb.names[1].since: is missing"),
        (
            "standing: listed, members: open, names: [{ name: the GP surgery }]", "standing: listed, members: open",
            "recipients.gp.names: is missing"
        ),
        ("- probation", "- gp", "names gp, which is a recipient"),
        ("conditions: [live_incident]", "conditions: []", "conditions: must be [live_incident]"),
        ("recipients: [emas, derbys_police, derbys_fire]", "recipients: []", "is empty, so the row can never permit"),
        ("recipients: [emas, derbys_police, derbys_fire]", "recipients: [emas, gp]", "emergency is for"),
        ("recipients: [derby_homes, council_hctb]", "recipients: [council, listed, by_clause]", "names everybody"),
        ("recipients: [derby_homes, council_hctb]", "recipients: [derby_homes, subject]", "names the person"),
        ("recipients: [derby_homes, council_hctb]", "recipients: [derby_homes, school]", "names school, which is not"),
        (
            "groups: [NAME, DOB, ADDRESS, CONTACT, HOUSING, NEEDS, HAZARD]", "groups: [NAME, NOTES]",
            "leave only when an order names them"
        ),
        ("groups: [NAME, DOB, ADDRESS, CONTACT, HOUSING, NEEDS, HAZARD]", "groups: []", "groups: is empty"),
        (
            "groups: [NAME, DOB, ADDRESS, CONTACT, HOUSING, NEEDS, HAZARD]", "groups: [NAME, OFFEND, NAME]",
            "names NAME twice"
        ),
        (
            "groups: [NAME, DOB, ADDRESS, CONTACT, HOUSING, NEEDS, HAZARD]", "groups: [FAMILY]",
            "leaves nothing of housing_support"
        ),
        ("groups: [NAME, DOB, NINO, ADDRESS, CONTACT, FIN]", "groups: [NAME, HEALTH]", "is health data"),
        ("channels: [nfi_web]", "channels: [nfi_web, sftp]", "sftp cannot carry nfi"),
        ("channels: encrypted_email", "channels: protected", "cannot carry research_evaluation"),
        ("channels: any_but_plain_email", "channels: any", "plain_email cannot carry emergency"),
        ("channels: any_but_plain_email", "channels: everything", "known are any"),
        ("clauses: [C12]", "clauses: [C21]", "names C21, which is no clause"),
        (
            "obligations: [log, track_for_notices, notify_duty_officer, post_review]",
            "obligations: [log, track_for_notices]", "lacks notify_duty_officer, post_review"
        ),
        (
            "unlisted: none\n  groups: [NAME, DOB, NINO, ADDRESS, CONTACT, FIN]",
            "unlisted: public_body\n  groups: [NAME, DOB, NINO, ADDRESS, CONTACT, FIN]", "nfi is not for a public_body"
        ),
        (
            "unlisted: none\n  groups: [NAME, DOB, NINO, ADDRESS, CONTACT, FIN]",
            "groups: [NAME, DOB, NINO, ADDRESS, CONTACT, FIN]", "unlisted: is missing"
        ),
        ("- purpose: nfi\n", "- purpose: emergency\n", "has a row at this level already"),
        ("  derby_yos: [NAME", "  derby_yos: [HEALTH, NAME", "names HEALTH, which no row gives"),
        ("  derby_yos: [NAME", "  necs: [NAME", "limits a recipient whom no row"),
        ("  gp: row\n", "", "ceilings.gp: is missing"),
        ("  gp: row\n", "  gp: row\n  gp: row\n", "stands twice"),
        ("matrix:\n", "matrix: {}\nrest:\n", "matrix: must be a list"),
    ]

    @Test(arguments: broken.indices)
    func `what is wrong is named with file and line`(_ index: Int) throws {
        let (old, new, problem) = Self.broken[index]
        let place = try #require(Self.text.range(of: old), "\(old)")
        #expect(Self.text[place.upperBound...].range(of: old) == nil || old.hasPrefix("\n"), "\(old) is not alone")
        let text = Self.text.replacingCharacters(of: place, with: new)
        let found = problems(text)
        let expected = problem == "file:format" ? "format: is missing" : problem
        let line = try #require(found.first { $0.contains(expected) }, "\(found)")
        let number = try #require(line.split(separator: ":").dropFirst().first.flatMap { Int($0) }, "\(line)")
        #expect(line.hasPrefix("rules.yaml:"))
        // Within the row, the section or the mapping that the change stands in.
        let changed = Self.text[..<place.lowerBound].filter { $0 == "\n" }.count + 1
        #expect(number <= changed + 6 || expected.contains("is missing") || expected.contains("leaves"), "\(line)")
    }

    @Test func `all problems are told at once`() {
        let text = Self.text.replacing("format: 1", with: "format: 9")
            .replacing("channels: [nfi_web]", with: "channels: [fax]")
            .replacing("  gp: row\n", with: "")
        let found = problems(text)
        #expect(found.count == 3, "\(found)")
    }

    @Test(arguments: ["", "#", "~", "[]", "format", "{", "\t", "format: 1\n---\nformat: 1", "a: &x [1]\nb: *x"])
    func `what is no file of rules is refused`(_ text: String) {
        #expect(!problems(text).isEmpty)
    }

    @Test func `text that is not UTF-8 is refused`() {
        #expect(throws: PolicyFileError.self) { try PolicyFile([0xFF, 0xFE], name: "rules.yaml") }
    }

    static let brokenEntries: [(String, String, String)] = [
        ("until: 2027-01-01", "until: 2026-01-01", "so it never holds"),
        ("until: 2027-01-01", "until: ", "must be a day"),
        ("  until: 2027-01-01\n", "", "entered[0].until: is missing"),
        ("  entered_by: contracts-team\n", "", "entered[0].entered_by: is missing"),
        (
            "entered_by: contracts-team\n  entered_on: 2025-12-20", "entered_by: x\n  entered_on: 2026-02-01",
            "enter first"
        ),
        ("id: care_provider:example_care", "id: care_provider", "is no member of a kind"),
        ("id: care_provider:example_care", "id: uhdb:example_care", "is no member of a kind"),
        ("id: hmrc", "id: school", "must be an id of its own"),
        ("id: hmrc", "id: uhdb", "must be an id of its own"),
        ("id: example_university", "id: hmrc", "is entered as another already"),
        ("as: public_body", "as: anybody", "is anybody, which is not known"),
    ]

    @Test(arguments: brokenEntries.indices)
    func `an entry that could not be answered for is refused`(_ index: Int) throws {
        let (old, new, problem) = Self.brokenEntries[index]
        let entries = Self.entries.replacing(old, with: new, maxReplacements: 1)
        #expect(entries != Self.entries)
        let text = Self.text.replacing("entered: []", with: entries)
        let found = problems(text)
        #expect(found.contains { $0.contains(problem) && $0.hasPrefix("rules.yaml:") }, "\(found)")
    }

    @Test func `who is entered by name receives within the days of the entry, for the purpose of the entry`() throws {
        let rules = try rules(Self.withEntries)
        func decide(
            _ id: String, _ purpose: Purpose, _ level: Level? = nil, at: String = "2026-03-01T12:00:00Z",
            dpo: String? = nil
        ) -> Decision {
            Policy.decide(
                Example.facts(purpose, level) {
                    $0.at = Example.moment(at)
                    $0.request.recipient = id
                    $0.request.dpoApproval = dpo
                    $0.agreements = [Example.agreement("A1", [Example.line(id, [purpose])])]
                }, rules: rules)
        }
        let care = "care_provider:example_care"
        #expect(decide(care, .careSupport).reason == .fieldsWithheld || decide(care, .careSupport).reason == .permitted)
        #expect(decide(care, .careSupport).recipientName == "Example Care")
        #expect(decide(care, .careSupport, at: "2026-12-31T23:59:59Z").outcome.releases)
        #expect(decide(care, .careSupport, at: "2027-01-01T00:00:00Z").reason == .recipientSuspended)
        #expect(decide(care, .careSupport, at: "2025-12-31T23:59:59Z").reason == .recipientSuspended)
        #expect(decide("care_provider:other", .careSupport).reason == .recipientSuspended)
        #expect(decide("hmrc", .fraudPrevention).reason == .publicBodyReview)
        #expect(decide("hmrc", .fraudPrevention, dpo: "dpo").outcome.releases)
        #expect(decide("hmrc", .fraudPrevention, dpo: "dpo").needsSecondPerson)
        #expect(decide("hmrc", .nfi, dpo: "dpo").reason == .recipientNotListed)
        #expect(decide("hmrc", .researchEvaluation, dpo: "dpo").reason == .recipientNotListed)
        #expect(decide("hmrc", .fraudPrevention, at: "2025-12-31T00:00:00Z", dpo: "dpo").reason == .recipientNotListed)
        let university = "example_university"
        #expect(decide(university, .researchEvaluation).outcome.releases)
        #expect(decide(university, .researchEvaluation, at: "2026-03-02T00:00:00Z").reason == .recipientNotListed)
        #expect(decide(university, .careSupport).reason == .recipientNotListed)
    }

    @Test func `a contract in the facts ends a member's entry too`() throws {
        let rules = try rules(Self.withEntries)
        let id = "care_provider:example_care"
        let facts = Example.facts(.careSupport) {
            $0.request.recipient = id
            $0.request.contract = .init(from: Example.moment("2025-01-01"), until: Example.moment("2026-01-01"))
            $0.agreements = [Example.agreement("A1", [Example.line(id, [.careSupport])])]
        }
        #expect(Policy.decide(facts, rules: rules).reason == .recipientSuspended)
    }

    @Test func `a row may ask for more than the least obligations`() throws {
        let text = Self.text.replacing(
            "obligations: [log]\n  clauses: [C1]", with: "obligations: [log, post_review]\n  clauses: [C1]")
        let decision = Policy.decide(Example.permitted(.subjectNotice), rules: try rules(text))
        #expect(decision.obligations == [.log, .postReview])
    }
}

extension String {
    fileprivate func replacingCharacters(of range: Range<String.Index>, with new: String) -> String {
        String(self[..<range.lowerBound]) + new + String(self[range.upperBound...])
    }

    fileprivate func range(of text: String) -> Range<String.Index>? { firstRange(of: text) }
}

extension Substring {
    fileprivate func range(of text: String) -> Range<String.Index>? { firstRange(of: text) }
}
