package import Referral

/// Everything a decision rests on. The same facts always give the same decision: whoever stores them can take it again.
package struct DisclosureFacts: Sendable, Hashable {
    /// The moment for which the decision is taken.
    package var at: Instant
    package var stage: Stage
    /// When the share was queued, at stage ``Stage/send``. Recorded, and without influence: only the present counts.
    package var queuedAt: Instant?
    /// What kind of decision the data is declared for; nil when none is.
    package var decisionUse: DecisionUse?
    package var subject: Subject
    package var agreements: [Agreement]
    package var request: ShareRequestFacts
    /// Names of facts that were given but not understood. One of them is enough to refuse.
    package var unreadable: [String]

    package init(
        at: Instant, stage: Stage = .request, queuedAt: Instant? = nil, decisionUse: DecisionUse? = nil,
        subject: Subject = Subject(), agreements: [Agreement] = [], request: ShareRequestFacts,
        unreadable: [String] = []
    ) {
        self.at = at
        self.stage = stage
        self.queuedAt = queuedAt
        self.decisionUse = decisionUse
        self.subject = subject
        self.agreements = agreements
        self.request = request
        self.unreadable = unreadable
    }
}

/// Who decides about the person with the data.
package enum DecisionUse: String, Sendable, Hashable {
    case person
    /// A decision without a person, which clause C17 rules out.
    case automated
}

/// What is known about the person, or the dependant, whom the data is about.
package struct Subject: Sendable, Hashable {
    package enum Relation: String, CaseIterable, Sendable, Hashable {
        /// The person who is supported.
        case client
        case dependant
    }

    package enum CareStatus: String, CaseIterable, Sendable, Hashable {
        case inCare = "in_care"
        case careLeaver = "care_leaver"
    }

    package enum Objection: String, CaseIterable, Sendable, Hashable {
        case research, planning, all
    }

    package enum Erasure: String, CaseIterable, Sendable, Hashable {
        /// Asked for and not decided.
        case requested
        case done
    }

    /// Full years; nil when the birth date is not known.
    package var age: Int?
    package var relation = Relation.client
    /// Whether a dependant lives with the person; unknown is no.
    package var livesWithClient = false
    package var careStatus: CareStatus?
    /// Whether the person is in the programme of clause C8 at this moment.
    package var isInDfEProgramme = false
    package var hasIpsosLinkConsent = false
    /// Nil while support goes on.
    package var supportEndedOn: Instant?
    /// Nil when the retention schedule has set no date yet.
    package var retentionUntil: Instant?
    package var hasLegalHold = false
    /// When a restriction in force began.
    package var restrictedOn: Instant?
    package var objections: Set<Objection> = []
    package var erasure: Erasure?
    package var deceasedOn: Instant?

    package init(age: Int? = nil) { self.age = age }
}

/// What is asked. Words come as the asker wrote them: one that the policy does not know is refused with its own reason.
package struct ShareRequestFacts: Sendable, Hashable {
    /// The period in which a recipient is under contract.
    package struct Contract: Sendable, Hashable {
        package var from: Instant
        /// Nil for a contract without an end.
        package var until: Instant?

        package init(from: Instant, until: Instant? = nil) {
            self.from = from
            self.until = until
        }
    }

    /// What is known about an extract that is about to be released.
    package struct Extract: Sendable, Hashable {
        /// Persons in the extract.
        package var cohort: Int
        /// Persons by which it differs from the most similar earlier release of the same recipient that it could be set
        /// against; nil when there is none, or each is of the same persons.
        package var smallestDifference: Int?
        /// The smallest group over age band, sex, ethnicity and area; nil for counts.
        package var k: Int?

        package init(cohort: Int, smallestDifference: Int? = nil, k: Int? = nil) {
            self.cohort = cohort
            self.smallestDifference = smallestDifference
            self.k = k
        }
    }

    /// Id of the recipient, such as `uhdb` or `gp:C81001`.
    package var recipient: String
    package var purposes: [String]
    package var level: String
    package var groups: Set<FieldGroup>
    package var channel: String?
    /// The channels set up for the recipient; nil when the asked one is known to be.
    package var recipientChannels: Set<ReleaseChannel>?
    package var isRecipientSuspended = false
    /// Needed by a member of a kind that receives only under contract.
    package var contract: Contract?
    package var incidentReference: String?
    /// Whether the incident goes on at this moment.
    package var isLive = false
    /// Whether a caller by phone was called back on a known number.
    package var isCallBackVerified = false
    package var authorityReference: String?
    /// The officer who approved.
    package var officerApproval: String?
    /// The data protection officer's approval of this share.
    package var dpoApproval: String?
    /// Another named person's approval, where one is not enough.
    package var secondApproval: String?
    /// The groups that an order or statute names.
    package var orderedGroups: Set<FieldGroup> = []
    /// Whether a recipient outside the register is a public body.
    package var isPublicBody = false
    /// Whether a recipient outside the register is a third party authorised for research.
    package var isResearchAuthorised = false
    /// Whether the undertakings of clause C6 are on file.
    package var hasUndertakings = false
    /// Why research needs identifiable data.
    package var whyIdentifiable: String?
    /// Information governance's approval of identifiable research.
    package var igApproval: String?
    package var intendedUse: String?
    package var isIdentityVerified = false
    /// The groups that the recipient of a rights notice had before.
    package var previouslyDisclosed: Set<FieldGroup> = []
    /// Known once an extract has been computed.
    package var extract: Extract?

    package init(
        recipient: String, purpose: String, level: String = Level.identifiable.rawValue, groups: Set<FieldGroup>,
        channel: String? = nil
    ) {
        self.recipient = recipient
        self.purposes = [purpose]
        self.level = level
        self.groups = groups
        self.channel = channel
    }
}
