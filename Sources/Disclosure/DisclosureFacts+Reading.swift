package import Referral

extension DisclosureFacts {
    /// Reads the facts of a case (disclosure policy, section 15).
    ///
    /// A value that is not understood makes ``unreadable`` and so refuses. Keys beyond section 15 are read where a decision
    /// may rest on more than the cases tell: `contract`, `call_back_verified`, `extract`, and with an agreement
    /// `authority_evidence` and `guardian_permission`.
    ///
    /// - Returns: the facts, and the paths of keys that nobody knows.
    package static func read(_ value: Value) -> (facts: DisclosureFacts, unknownKeys: [String]) {
        let reader = FactReader()
        reader.check(value, at: "", known: caseKeys)
        var facts = DisclosureFacts(
            at: Instant(microseconds: 0),
            stage: reader.word(value, "", "stage") ?? .request,
            queuedAt: reader.moment(value, "", "queued_at"),
            decisionUse: reader.read(value, "", "decision_use", DecisionUse.init(fact:)),
            subject: Subject(value["subject"], reader),
            agreements: (reader.read(value, "", "agreements", \.arrayValue) ?? [])
                .compactMap { Agreement($0, reader) },
            request: ShareRequestFacts(value["request"], reader))
        facts.unreadable = (reader.texts(value, "", "unreadable") ?? []) + reader.unreadable
        if let at = reader.moment(value, "", "at") { facts.at = at } else { facts.unreadable.append("at") }
        return (facts, reader.unknownKeys)
    }

    private static let caseKeys = [
        "id", "title", "at", "stage", "queued_at", "decision_use", "subject", "agreements", "request", "expect",
        "clause", "why", "unreadable", "purposes_in_use",
    ]
}

extension DecisionUse {
    /// A use that is not plainly a person's decision counts as one without a person.
    fileprivate init?(fact value: Value) {
        switch value {
        case .bool(let isAutomated): self = isAutomated ? .automated : .person
        case .string(let text):
            self = DecisionUse(rawValue: text) ?? (["human", "none"].contains(text) ? .person : .automated)
        default: return nil
        }
    }
}

extension Subject {
    fileprivate init(_ value: Value?, _ reader: FactReader) {
        let path = "subject"
        reader.check(
            value, at: path,
            known: [
                "age", "relation", "lives_with_client", "care_status", "dfe_programme", "ipsos_link_consent",
                "support_ended_on", "retention_until", "legal_hold", "restricted_on", "objections", "erasure",
                "deceased_on",
            ])
        age = reader.number(value, path, "age")
        relation = reader.word(value, path, "relation") ?? .client
        livesWithClient = reader.flag(value, path, "lives_with_client")
        careStatus = reader.text(value, path, "care_status").flatMap(CareStatus.init)
        isInDfEProgramme = reader.flag(value, path, "dfe_programme")
        hasIpsosLinkConsent = reader.flag(value, path, "ipsos_link_consent")
        supportEndedOn = reader.moment(value, path, "support_ended_on")
        retentionUntil = reader.moment(value, path, "retention_until")
        hasLegalHold = reader.flag(value, path, "legal_hold")
        restrictedOn = reader.moment(value, path, "restricted_on")
        objections = reader.words(value, path, "objections") ?? []
        erasure = reader.word(value, path, "erasure")
        deceasedOn = reader.moment(value, path, "deceased_on")
    }
}

extension Agreement {
    /// Nil, and noted, without an id or a day of signing.
    fileprivate init?(_ value: Value, _ reader: FactReader) {
        let path = "agreements"
        // Section 7 names the fact, and no key for it.
        let evidenceKeys = ["authority_evidence", "authority_ref", "authority", "evidence"]
        reader.check(
            value, at: path,
            known: [
                "id", "version", "signed_on", "signed_by", "guardian_permission", "starts", "expires", "revoked_at",
                "supplements", "scope", "scan_digest", "witness",
            ] + evidenceKeys)
        guard let id = reader.text(value, path, "id") ?? reader.missing("\(path).id"),
            let signedOn = reader.moment(value, path, "signed_on") ?? reader.missing("\(path).signed_on")
        else { return nil }
        self.init(
            id: id,
            version: reader.number(value, path, "version") ?? 1,
            signedOn: signedOn,
            signedBy: reader.word(value, path, "signed_by"),
            authorityEvidence: evidenceKeys.lazy.compactMap { reader.reference(value, path, $0) }.first,
            hasGuardianPermission: reader.reference(value, path, "guardian_permission") != nil,
            starts: reader.moment(value, path, "starts"),
            expires: reader.moment(value, path, "expires"),
            revokedAt: reader.moment(value, path, "revoked_at"),
            supplements: reader.text(value, path, "supplements"),
            scope: (reader.read(value, path, "scope", \.arrayValue) ?? []).map { ScopeLine($0, reader) })
    }
}

extension Agreement.ScopeLine {
    fileprivate init(_ value: Value, _ reader: FactReader) {
        let path = "agreements.scope"
        reader.check(value, at: path, known: ["recipient", "purposes", "groups", "about", "withdrawn_at"])
        self.init(
            recipient: reader.text(value, path, "recipient") ?? "",
            purposes: reader.knownWords(value, path, "purposes") ?? [],
            groups: reader.knownWords(value, path, "groups"),
            about: reader.word(value, path, "about") ?? .person,
            withdrawnAt: reader.moment(value, path, "withdrawn_at"))
    }
}

extension ShareRequestFacts {
    fileprivate init(_ value: Value?, _ reader: FactReader) {
        let path = "request"
        reader.check(
            value, at: path,
            known: [
                "recipient", "purpose", "purposes", "level", "groups", "channel", "recipient_channels",
                "recipient_suspended", "contract", "incident_ref", "live", "call_back_verified", "authority_ref",
                "officer_approval", "dpo_approval", "second_approval", "ordered_groups", "public_body",
                "research_authorised",
                "undertakings", "why_identifiable", "ig_approval", "intended_use", "identity_verified",
                "previously_disclosed", "extract",
            ])
        self.init(
            recipient: reader.text(value, path, "recipient") ?? "",
            purpose: "",
            level: reader.text(value, path, "level") ?? "",
            groups: reader.words(value, path, "groups") ?? [],
            channel: reader.text(value, path, "channel"))
        purposes = ["purpose", "purposes"].flatMap { reader.texts(value, path, $0) ?? [] }
        recipientChannels = reader.knownWords(value, path, "recipient_channels")
        isRecipientSuspended = reader.flag(value, path, "recipient_suspended")
        contract = reader.read(value, path, "contract") { Contract($0, reader) }
        incidentReference = reader.reference(value, path, "incident_ref")
        isLive = reader.flag(value, path, "live")
        isCallBackVerified = reader.flag(value, path, "call_back_verified")
        authorityReference = reader.reference(value, path, "authority_ref")
        officerApproval = reader.reference(value, path, "officer_approval")
        dpoApproval = reader.reference(value, path, "dpo_approval")
        secondApproval = reader.reference(value, path, "second_approval")
        orderedGroups = reader.words(value, path, "ordered_groups") ?? []
        isPublicBody = reader.flag(value, path, "public_body")
        isResearchAuthorised = reader.flag(value, path, "research_authorised")
        hasUndertakings = reader.reference(value, path, "undertakings") != nil
        whyIdentifiable = reader.text(value, path, "why_identifiable")
        igApproval = reader.reference(value, path, "ig_approval")
        intendedUse = reader.text(value, path, "intended_use")
        isIdentityVerified = reader.flag(value, path, "identity_verified")
        previouslyDisclosed =
            switch value?["previously_disclosed"] {
            // A case may say only that there was an earlier disclosure; it was then of everything asked now.
            case .bool(let wasDisclosed): wasDisclosed ? groups : []
            default: reader.words(value, path, "previously_disclosed") ?? []
            }
        extract = reader.read(value, path, "extract") { Extract($0, reader) }
    }
}

extension ShareRequestFacts.Contract {
    fileprivate init?(_ value: Value, _ reader: FactReader) {
        reader.check(value, at: "request.contract", known: ["from", "until"])
        guard let from = reader.moment(value, "request.contract", "from") else { return nil }
        self.init(from: from, until: reader.moment(value, "request.contract", "until"))
    }
}

extension ShareRequestFacts.Extract {
    fileprivate init?(_ value: Value, _ reader: FactReader) {
        let path = "request.extract"
        reader.check(value, at: path, known: ["cohort", "smallest_difference", "k"])
        guard let cohort = reader.number(value, path, "cohort") else { return nil }
        self.init(
            cohort: cohort, smallestDifference: reader.number(value, path, "smallest_difference"),
            k: reader.number(value, path, "k"))
    }
}
