import Disclosure
import Referral

/// How many decisions one core takes in a second, on the same mix of facts each time: each purpose once, permitted, and
/// once refused for want of an agreement or an approval.
struct DiscloseBench {
    private let rules: PolicyRules
    private let seconds: Double
    private let facts: [DisclosureFacts]

    init(rules: PolicyRules, seconds: Double) {
        self.rules = rules
        self.seconds = seconds
        facts = Purpose.allCases.flatMap { [Self.facts($0, isPermitted: true), Self.facts($0, isPermitted: false)] }
    }

    /// Counts this thread's processor time, so that what else the machine does changes little.
    func run(json: Bool) {
        let rows = [("without", false), ("with", true)].map { name, tracing -> [Cell] in
            let (rate, released) = measure(tracing: tracing)
            return [
                .text(name), .number(facts.count), .number(released), .number(Int(rate)),
                .figure((1e9 / rate).rounded() / 1000, isTime: false),
            ]
        }
        Cell.table(["explanation", "facts", "released", "decisions_per_s", "microseconds"], rows, json: json)
    }

    /// Decisions a second, and how many of the facts are released: a count that shows that they were decided.
    private func measure(tracing: Bool) -> (rate: Double, released: Int) {
        let released = facts.count { Policy.decide($0, rules: rules, tracing: tracing).outcome.releases }
        var decisions = 0
        var kept = 0
        let began = ProcessorTime.now
        var elapsed = 0.0
        while elapsed < seconds {
            for _ in 0..<50 {
                for facts in facts { kept &+= Policy.decide(facts, rules: rules, tracing: tracing).released.count }
            }
            decisions += 50 * facts.count
            elapsed = ProcessorTime.now - began
        }
        precondition(kept >= 0, "what is decided is used, so that it is not left out")
        return (Double(decisions) / elapsed, released)
    }

    private static func facts(_ purpose: Purpose, isPermitted: Bool) -> DisclosureFacts {
        let (recipient, level, groups, channel): (String, Level, Set<FieldGroup>, ReleaseChannel) =
            switch purpose {
            case .careSupport: ("gp", .identifiable, [.name, .nhsNumber, .needs], .mesh)
            case .supportReferral: ("derbys_fire", .identifiable, [.name, .address, .hazard], .sftp)
            case .benefitsSupport: ("council_hctb", .identifiable, [.name, .nino, .finance], .httpsMutualTLS)
            case .housingSupport: ("derby_homes", .identifiable, [.name, .address, .housing], .httpsMutualTLS)
            case .emergency: ("emas", .identifiable, [.address, .access, .critical], .portal)
            case .safeguarding: ("council_asc", .identifiable, [.name, .address, .risk], .httpsMutualTLS)
            case .fraudPrevention: ("council_audit", .identifiable, [.name, .nino, .finance], .httpsMutualTLS)
            case .legalStatutory: ("court_of_protection", .identifiable, [.name, .risk], .smimeEmail)
            case .nfi: ("cabinet_office", .identifiable, [.name, .dob, .nino, .finance], .nfiWeb)
            case .researchEvaluation: ("necs", .identifiable, [.needs, .outcomes], .smimeEmail)
            case .ipsosEvaluation: ("ipsos", .pseudonymised, [.demographics, .outcomes], .sftp)
            case .healthPlanning: ("dchs", .anonymised, [.demographics, .area, .needs], .smimeEmail)
            case .subjectNotice: ("subject", .identifiable, [.name, .service], .sms)
            case .subjectRights: ("subject", .identifiable, [.name, .notes], .post)
            case .rightsNotice: ("uhdb", .identifiable, [.name, .dob], .mesh)
            }
        var request = ShareRequestFacts(
            recipient: recipient, purpose: purpose.rawValue, level: level.rawValue, groups: groups,
            channel: channel.rawValue)
        var subject = Subject(age: 19)
        var agreements: [Agreement] = []
        let at = Instant(seconds: 1_772_445_600)
        if isPermitted {
            request.incidentReference = "incident"
            request.isLive = true
            request.authorityReference = "order"
            request.officerApproval = "officer"
            request.orderedGroups = groups
            request.hasUndertakings = true
            request.whyIdentifiable = "linkage"
            request.igApproval = "approval"
            request.isIdentityVerified = true
            request.previouslyDisclosed = groups
            subject.careStatus = .careLeaver
            subject.isInDfEProgramme = true
            let line = Agreement.ScopeLine(recipient: recipient, purposes: [purpose])
            agreements = [Agreement(id: "A1", signedOn: Instant(seconds: 1_756_684_800), scope: [line])]
        }
        return DisclosureFacts(at: at, subject: subject, agreements: agreements, request: request)
    }
}
