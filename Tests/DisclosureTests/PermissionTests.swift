import Disclosure
import Referral
import Testing

/// Combinations of Shared Agreements, judged for a share with the GP for care support.
@Suite struct PermissionTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let agreements: [Agreement]
        let reason: ReasonCode
        /// Released of NAME, NEEDS and HEALTH.
        let released: Set<FieldGroup>
        let age: Int?
        let restrictedOn: String?

        init(
            _ description: String, _ reason: ReasonCode, _ released: String, age: Int? = 58,
            restrictedOn: String? = nil, _ agreements: Agreement...
        ) {
            self.init(description, reason, released, age, restrictedOn, agreements)
        }

        init(
            _ description: String, _ reason: ReasonCode, age: Int? = 58, restrictedOn: String? = nil,
            _ agreements: Agreement...
        ) {
            self.init(description, reason, "", age, restrictedOn, agreements)
        }

        private init(
            _ description: String, _ reason: ReasonCode, _ released: String, _ age: Int?, _ restrictedOn: String?,
            _ agreements: [Agreement]
        ) {
            testDescription = description
            self.agreements = agreements
            self.reason = reason
            self.released = Example.groups(released)
            self.age = age
            self.restrictedOn = restrictedOn
        }
    }

    private static let all = "NAME NEEDS HEALTH"
    private static let gp = Example.line("gp", [.careSupport])
    private static let name = Example.line("gp", [.careSupport], "NAME")
    private static let hospital = Example.line("uhdb", [.careSupport])

    private static func a(
        _ id: String, version: Int = 1, signedOn: String = "2025-09-01", by: Agreement.Signatory? = .subject,
        evidence: String? = nil, guardian: Bool = false, starts: String? = nil, expires: String? = nil,
        revokedAt: String? = nil, supplements: String? = nil, _ scope: Agreement.ScopeLine...
    ) -> Agreement {
        Example.agreement(
            id, version: version, signedOn: signedOn, by: by, evidence: evidence, guardian: guardian, starts: starts,
            expires: expires, revokedAt: revokedAt, supplements: supplements, scope)
    }

    static let time: [Case] = [
        Case("starts at its instant", .permitted, all, a("A1", starts: "2026-03-02T10:00:00Z", gp)),
        Case("an instant too early", .agreementNotStarted, a("A1", starts: "2026-03-02T10:00:00.000001Z", gp)),
        Case(
            "cannot start before it is signed", .agreementNotStarted,
            a("A1", signedOn: "2026-03-03", starts: "2026-01-01", gp)),
        Case("expired at its instant", .agreementExpired, a("A1", expires: "2026-03-02T10:00:00Z", gp)),
        Case("live until its instant", .permitted, all, a("A1", expires: "2026-03-02T10:00:00.000001Z", gp)),
        Case("revoked at its instant", .agreementRevoked, a("A1", revokedAt: "2026-03-02T10:00:00Z", gp)),
        Case("revoked later", .permitted, all, a("A1", revokedAt: "2026-03-02T10:00:01Z", gp)),
        Case(
            "revoked comes before expired", .agreementRevoked,
            a("A1", expires: "2026-01-01", revokedAt: "2026-01-01", gp)),
    ]

    static let replacement: [Case] = [
        Case(
            "the later replaces, and scopes are not added", .fieldsWithheld, "NAME", a("A1", gp),
            a("A2", signedOn: "2026-01-01", name)),
        Case(
            "a replacement without the recipient", .recipientNotInAgreement, a("A1", gp),
            a("A2", signedOn: "2026-01-01", hospital)),
        Case(
            "a future agreement changes nothing yet", .permitted, all, a("A1", gp), a("A2", starts: "2026-04-01", name)),
        Case(
            "a revoked replacement does not bring the older back", .agreementRevoked, a("A1", gp),
            a("A2", signedOn: "2026-01-01", revokedAt: "2026-02-01", gp)),
        Case(
            "an expired replacement does not either", .agreementExpired, a("A1", gp),
            a("A2", signedOn: "2026-01-01", expires: "2026-02-01", gp)),
        Case(
            "the latest start counts before the latest signature", .fieldsWithheld, "NAME",
            a("A1", signedOn: "2025-09-01", starts: "2026-02-01", name), a("A2", signedOn: "2026-01-01", gp)),
        Case(
            "started together: the latest signature", .permitted, all,
            a("A2", signedOn: "2025-09-01", starts: "2026-02-01", name),
            a("A1", signedOn: "2026-01-01", starts: "2026-02-01", gp)),
        Case("then the version", .permitted, all, a("A2", version: 1, name), a("A1", version: 2, gp)),
        Case("then the id", .permitted, all, a("A1", name), a("A2", gp)),
        Case("twice the same is once", .permitted, all, a("A1", gp), a("A1", gp)),
        Case("two texts of one version contradict each other", .evaluationError, a("A1", gp), a("A1", name)),
    ]

    static let supplements: [Case] = [
        Case("is added to its base", .permitted, all, a("A1", name), a("S1", supplements: "A1", gp)),
        Case("brings a new recipient", .permitted, all, a("A1", hospital), a("S1", supplements: "A1", gp)),
        Case(
            "falls with its base", .agreementRevoked, a("A1", revokedAt: "2026-02-01", name),
            a("S1", supplements: "A1", gp)),
        Case(
            "does not outlive the replacement of its base", .fieldsWithheld, "NAME", a("A1", name),
            a("S1", signedOn: "2025-10-01", supplements: "A1", gp), a("A2", signedOn: "2026-01-01", name)),
        Case(
            "belongs to the version it was signed under", .fieldsWithheld, "NAME", a("A1", name),
            a("S1", signedOn: "2025-10-01", supplements: "A1", gp), a("A1", version: 2, signedOn: "2026-01-01", name)),
        Case("of nothing is nothing", .noAgreement, a("S1", supplements: "A1", gp)),
        Case(
            "of a future base waits", .agreementNotStarted, a("A1", starts: "2026-04-01", gp),
            a("S1", supplements: "A1", gp)),
        Case(
            "revoked gives nothing", .fieldsWithheld, "NAME", a("A1", name),
            a("S1", revokedAt: "2026-02-01", supplements: "A1", gp)),
        Case(
            "expired gives nothing", .fieldsWithheld, "NAME", a("A1", name),
            a("S1", expires: "2026-02-01", supplements: "A1", gp)),
        Case(
            "not started gives nothing", .fieldsWithheld, "NAME", a("A1", name),
            a("S1", starts: "2026-04-01", supplements: "A1", gp)),
        Case(
            "without authority gives nothing", .fieldsWithheld, "NAME", a("A1", name),
            a("S1", by: .deputy, supplements: "A1", gp)),
        Case(
            "its later version replaces it", .fieldsWithheld, "NAME", a("A1", name), a("S1", supplements: "A1", gp),
            a("S1", version: 2, signedOn: "2026-01-01", supplements: "A1", name)),
    ]

    static let signatories: [Case] = [
        Case("an attorney with evidence", .permitted, all, a("A1", by: .attorney, evidence: "LPA 1", gp)),
        Case("an attorney without", .signatoryAuthorityMissing, a("A1", by: .attorney, gp)),
        Case("a deputy without", .signatoryAuthorityMissing, a("A1", by: .deputy, evidence: " ", gp)),
        Case("somebody else with evidence", .permitted, all, a("A1", by: .other, evidence: "letter", gp)),
        Case("somebody else without", .signatoryAuthorityMissing, a("A1", by: .other, gp)),
        Case("nobody known", .signatoryAuthorityMissing, a("A1", by: nil, gp)),
        Case("a parent of a child", .permitted, all, age: 12, a("A1", by: .parent, gp)),
        Case("a parent of an adult", .signatoryAuthorityMissing, age: 18, a("A1", by: .parent, gp)),
        Case(
            "a parent of somebody whose age is not known", .signatoryAuthorityMissing, age: nil,
            a("A1", by: .parent, gp)),
        Case("a child under 13 online", .guardianPermissionMissing, age: 12, a("A1", by: .childUnder13Online, gp)),
        Case(
            "the same with a guardian's permission", .permitted, all, age: 12,
            a("A1", by: .childUnder13Online, guardian: true, gp)),
        Case("a child under 13 on paper", .guardianPermissionMissing, age: 12, a("A1", gp)),
        Case("a child of 13", .permitted, all, age: 13, a("A1", gp)),
    ]

    static let restriction: [Case] = [
        Case("signed before it", .processingRestricted, restrictedOn: "2025-10-01", a("A1", gp)),
        Case("signed at its instant", .processingRestricted, restrictedOn: "2025-09-01", a("A1", gp)),
        Case("signed after it", .permitted, all, restrictedOn: "2025-08-31", a("A1", gp)),
        Case("not begun yet", .permitted, all, restrictedOn: "2026-04-01", a("A1", gp)),
        Case(
            "a supplement signed after it does not lift it", .processingRestricted, restrictedOn: "2025-10-01",
            a("A1", name),
            a("S1", signedOn: "2026-01-01", supplements: "A1", gp)),
        Case("comes before the scope", .processingRestricted, restrictedOn: "2025-10-01", a("A1", hospital)),
    ]

    static let scope: [Case] = [
        Case(
            "lines for one recipient add up", .fieldsWithheld, "NAME NEEDS",
            a("A1", name, Example.line("gp", [.careSupport], "NEEDS"))),
        Case(
            "a line with an empty list gives nothing", .noPermittedFields,
            a("A1", Example.line("gp", [.careSupport], ""))),
        Case("a withdrawn line", .recipientWithdrawn, a("A1", withdrawn("2026-03-02T10:00:00Z"))),
        Case("withdrawn later", .permitted, all, a("A1", withdrawn("2026-03-02T10:00:01Z"))),
        Case("withdrawn beside a live line", .fieldsWithheld, "NAME", a("A1", withdrawn("2026-01-01"), name)),
        Case(
            "withdrawn beside another purpose", .recipientWithdrawn,
            a("A1", withdrawn("2026-01-01"), Example.line("gp", [.housingSupport]))),
        Case("another purpose", .purposeNotInAgreement, a("A1", Example.line("gp", [.housingSupport]))),
        Case(
            "about dependants", .agreementCoversDependantsOnly,
            a("A1", Example.line("gp", [.careSupport], about: .dependants))),
        Case(
            "about dependants beside the person", .fieldsWithheld, "NAME",
            a("A1", Example.line("gp", [.careSupport], about: .dependants), name)),
        Case(
            "a member of a kind is not the kind", .recipientNotInAgreement,
            a("A1", Example.line("gp:C81001", [.careSupport]))),
        Case("no lines", .recipientNotInAgreement, a("A1")),
    ]

    private static func withdrawn(_ at: String) -> Agreement.ScopeLine {
        Example.line("gp", [.careSupport], withdrawnAt: at)
    }

    private func check(_ item: Case) {
        var facts = Example.permitted(.careSupport)
        facts.request.groups = Example.groups(Self.all)
        facts.agreements = item.agreements
        facts.subject.age = item.age
        facts.subject.restrictedOn = item.restrictedOn.map(Example.moment)
        let decision = Policy.decide(facts)
        #expect(decision.reason == item.reason)
        #expect(decision.released == item.released)
        facts.agreements.reverse()
        #expect(Policy.decide(facts) == decision, "in the other order")
    }

    @Test(arguments: time) func `an agreement counts from its start to its end`(_ item: Case) { check(item) }
    @Test(arguments: replacement) func `the latest agreement replaces the earlier ones`(_ item: Case) { check(item) }
    @Test(arguments: supplements) func `a supplement`(_ item: Case) { check(item) }
    @Test(arguments: signatories) func `who signed`(_ item: Case) { check(item) }
    @Test(arguments: restriction) func `an agreement under a restriction`(_ item: Case) { check(item) }
    @Test(arguments: scope) func `the scope of an agreement`(_ item: Case) { check(item) }

    @Test func `a decision names the agreement that it rests on, or that failed it`() {
        let permitted = Policy.decide(Example.facts(.careSupport) { $0.agreements[0].version = 3 })
        #expect(permitted.agreementID == "A1")
        #expect(permitted.agreementVersion == 3)
        let revoked = Policy.decide(Example.facts(.careSupport) { $0.agreements[0].revokedAt = Example.now })
        #expect(revoked.agreementID == "A1")
        #expect(Policy.decide(Example.permitted(.emergency)).agreementID == nil)
    }
}
