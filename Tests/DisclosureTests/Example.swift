import Disclosure
import Referral

/// Facts that are permitted as they stand, one set for each purpose and level. A test changes one thing about them.
enum Example {
    static let now = moment("2026-03-02T10:00:00Z")

    /// RFC 3339, or a day as 00:00 UTC.
    static func moment(_ text: String) -> Instant {
        CalendarDate(iso: text).map(Instant.init(startOf:)) ?? Instant(rfc3339: text)!
    }

    static func groups(_ text: String) -> Set<FieldGroup> {
        Set(text.split(separator: " ").map { FieldGroup(rawValue: String($0))! })
    }

    static func line(
        _ recipient: String, _ purposes: Set<Purpose>, _ groups: String? = nil,
        about: Agreement.ScopeLine.About = .person, withdrawnAt: String? = nil
    ) -> Agreement.ScopeLine {
        Agreement.ScopeLine(
            recipient: recipient, purposes: purposes, groups: groups.map(Self.groups), about: about,
            withdrawnAt: withdrawnAt.map(moment))
    }

    static func agreement(
        _ id: String, version: Int = 1, signedOn: String = "2025-09-01", by signatory: Agreement.Signatory? = .subject,
        evidence: String? = nil, guardian: Bool = false, starts: String? = nil, expires: String? = nil,
        revokedAt: String? = nil, supplements: String? = nil, _ scope: [Agreement.ScopeLine] = []
    ) -> Agreement {
        Agreement(
            id: id, version: version, signedOn: moment(signedOn), signedBy: signatory, authorityEvidence: evidence,
            hasGuardianPermission: guardian, starts: starts.map(moment), expires: expires.map(moment),
            revokedAt: revokedAt.map(moment), supplements: supplements, scope: scope)
    }

    /// Permitted facts of a purpose at the highest level that it has, or at a level given.
    static func permitted(_ purpose: Purpose, _ level: Level? = nil) -> DisclosureFacts {
        let (recipient, highest, groups, channel): (String, Level, String, ReleaseChannel) =
            switch purpose {
            case .careSupport: ("gp", .identifiable, "NAME NHSNO NEEDS", .mesh)
            case .supportReferral: ("derbys_fire", .identifiable, "NAME ADDRESS HAZARD", .sftp)
            case .benefitsSupport: ("council_hctb", .identifiable, "NAME NINO FIN", .httpsMutualTLS)
            case .housingSupport: ("derby_homes", .identifiable, "NAME ADDRESS HOUSING", .httpsMutualTLS)
            case .emergency: ("emas", .identifiable, "ADDRESS ACCESS CRIT", .portal)
            case .safeguarding: ("council_asc", .identifiable, "NAME ADDRESS RISK", .httpsMutualTLS)
            case .fraudPrevention: ("council_audit", .identifiable, "NAME NINO FIN", .httpsMutualTLS)
            case .legalStatutory: ("court_of_protection", .identifiable, "NAME RISK", .smimeEmail)
            case .nfi: ("cabinet_office", .identifiable, "NAME DOB NINO FIN", .nfiWeb)
            case .researchEvaluation: ("necs", .identifiable, "NEEDS OUTCOMES", .smimeEmail)
            case .ipsosEvaluation: ("ipsos", .pseudonymised, "DEMOG OUTCOMES", .sftp)
            case .healthPlanning: ("dchs", .anonymised, "DEMOG AREA NEEDS", .smimeEmail)
            case .subjectNotice: ("subject", .identifiable, "NAME SERVICE", .sms)
            case .subjectRights: ("subject", .identifiable, "NAME NOTES OFFEND", .post)
            case .rightsNotice: ("uhdb", .identifiable, "NAME DOB", .mesh)
            }
        var request = ShareRequestFacts(
            recipient: recipient, purpose: purpose.rawValue, level: (level ?? highest).rawValue,
            groups: Self.groups(groups), channel: channel.rawValue)
        request.incidentReference = "EMAS-26-0001234"
        request.isLive = true
        request.authorityReference = "REF-2026-014"
        request.officerApproval = "officer"
        request.orderedGroups = Self.groups("NAME RISK NEEDS")
        request.hasUndertakings = true
        request.whyIdentifiable = "linkage"
        request.igApproval = "ig-2026-3"
        request.isIdentityVerified = true
        request.previouslyDisclosed = Self.groups("NAME DOB")
        var subject = Subject(age: 19)
        subject.careStatus = .careLeaver
        subject.isInDfEProgramme = true
        return DisclosureFacts(
            at: now, subject: subject, agreements: [agreement("A1", [line(recipient, [purpose])])], request: request)
    }

    /// Permitted facts with something changed.
    static func facts(
        _ purpose: Purpose, _ level: Level? = nil, _ change: (inout DisclosureFacts) -> Void
    ) -> DisclosureFacts {
        var facts = permitted(purpose, level)
        change(&facts)
        return facts
    }
}
