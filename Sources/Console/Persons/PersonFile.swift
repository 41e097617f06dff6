package import Referral

/// What is known of one person, as far as whoever reads it may see it. What is nil the reader's account may not read.
package struct PersonFile: Sendable {
    /// Who it is.
    package enum Identity: Sendable {
        case known(PersonFacts)
        /// The key was destroyed: what was known can be read no more.
        case erased
        case notForReader
    }

    /// A list of which more may follow.
    package struct Part<Element: Sendable>: Sendable {
        package var elements: [Element]
        /// Where older ones go on; nil where there are none.
        package var next: String?
        /// Whether it goes on from a page before.
        package var isLater: Bool

        package init(_ elements: [Element], next: String? = nil, isLater: Bool = false) {
            self.elements = elements
            self.next = next
            self.isLater = isLater
        }
    }

    /// A message about the person.
    package struct Referral: Sendable {
        package var id: String
        package var submission: String
        package var at: Instant
        package var sender: String
        package var type: String
        package var state: String
        package var urgency: String?

        package init(
            id: String, submission: String, at: Instant, sender: String, type: String, state: String, urgency: String?
        ) {
            self.id = id
            self.submission = submission
            self.at = at
            self.sender = sender
            self.type = type
            self.state = state
            self.urgency = urgency
        }
    }

    /// Something that was asked to be told.
    package struct Share: Sendable {
        package var id: String
        package var at: Instant
        package var recipient: String
        package var purpose: String
        package var level: String
        /// As the API has it.
        package var state: String
        package var finishedAt: Instant?
        /// Attempts that were made to send it.
        package var attempts: Int
        package var by: String
        /// What may leave, or left, in words.
        package var told: [String]
        package var withheld: [String]
        /// Why it stands so, in sentences; where there are none, the code tells.
        package var reasons: [String]
        package var code: String?
        /// The version of the agreement that was looked at.
        package var agreement: Int?

        package init(
            id: String, at: Instant, recipient: String, purpose: String, level: String, state: String,
            finishedAt: Instant?, attempts: Int, by: String, told: [String], withheld: [String], reasons: [String],
            code: String?, agreement: Int?
        ) {
            self.id = id
            self.at = at
            self.recipient = recipient
            self.purpose = purpose
            self.level = level
            self.state = state
            self.finishedAt = finishedAt
            self.attempts = attempts
            self.by = by
            self.told = told
            self.withheld = withheld
            self.reasons = reasons
            self.code = code
            self.agreement = agreement
        }
    }

    /// What a reader may do from here.
    package struct Rights: Sendable {
        package var recordAgreement: Bool
        package var withdrawAgreement: Bool
        package var requestShare: Bool
        package var readLooks: Bool
        package var readLedger: Bool
        package var readTrace: Bool
        /// Where a referral is keyed in; nil where the reader may not.
        package var keyInPath: String?

        package init(
            recordAgreement: Bool = false, withdrawAgreement: Bool = false, requestShare: Bool = false,
            readLooks: Bool = false, readLedger: Bool = false, readTrace: Bool = false,
            keyInPath: String? = nil
        ) {
            self.recordAgreement = recordAgreement
            self.withdrawAgreement = withdrawAgreement
            self.requestShare = requestShare
            self.readLooks = readLooks
            self.readLedger = readLedger
            self.readTrace = readTrace
            self.keyInPath = keyInPath
        }
    }

    package var id: String
    /// Who were found to be the same person.
    package var merged: [String]
    package var identity: Identity
    /// The state of the open case; nil where none is open.
    package var caseState: String?
    /// What else decides what may be told, in sentences: a restriction, the end of support.
    package var circumstances: [String]?
    package var referrals: Part<Referral>?
    package var permissions: PermissionTable?
    package var agreements: Part<PersonAgreement>?
    package var shares: Part<Share>
    package var told: Part<Share>
    package var rights: Rights

    package init(
        id: String, merged: [String], identity: Identity, caseState: String?, circumstances: [String]?,
        referrals: Part<Referral>?, permissions: PermissionTable?, agreements: Part<PersonAgreement>?,
        shares: Part<Share>, told: Part<Share>, rights: Rights
    ) {
        self.id = id
        self.merged = merged
        self.identity = identity
        self.caseState = caseState
        self.circumstances = circumstances
        self.referrals = referrals
        self.permissions = permissions
        self.agreements = agreements
        self.shares = shares
        self.told = told
        self.rights = rights
    }
}

extension PersonFile.Share {
    /// How it stands, in words and a sign beside them.
    var standing: (words: String, sign: String, style: String) {
        let words = ShareReview.words(ofState: state)
        return switch state {
        case "delivered": (words, "✓", "good")
        case "queued", "sending", "requested": (words, "◔", "odd")
        case "parked": (words, "!", "odd")
        default: (words, "✕", "bad")
        }
    }

    /// Whether the recipient has it, as far as is known.
    var arrival: String {
        if state == "delivered" { return "Told" }
        return state == "sending" ? "On its way" : "Sent, and not known to have arrived"
    }
}

/// What the agreements permit now: recipients by purposes.
package struct PermissionTable: Sendable {
    package enum Cell: Sendable {
        case all
        /// These groups, in words.
        case part([String])
        /// It was permitted once.
        case ended(String)
        /// Why not, in a sentence.
        case nothing(String)
    }

    package struct Row: Sendable {
        package var recipient: String
        package var cells: [Cell]

        package init(recipient: String, cells: [Cell]) {
            self.recipient = recipient
            self.cells = cells
        }
    }

    package var purposes: [String]
    package var rows: [Row]

    package init(purposes: [String], rows: [Row]) {
        self.purposes = purposes
        self.rows = rows
    }
}

extension PermissionTable.Cell {
    /// Word and sign, which say the same, and why.
    var view: [String: Any] {
        switch self {
        case .all: ["sign": "✓", "word": "Allowed", "style": "good", "why": "everything that it is about"]
        case .part(let groups): ["sign": "◐", "word": "Limited", "style": "odd", "why": groups.joined(separator: ", ")]
        case .ended(let why): ["sign": "■", "word": "Ended", "style": "bad", "why": why]
        case .nothing(let why): ["sign": "✕", "word": "Not allowed", "style": "bad", "why": why]
        }
    }
}

/// A Shared Agreement as it stands: the answer of `GET /v1/agreements/{id}`.
package struct PersonAgreement: Sendable {
    package struct Line: Sendable {
        /// Its place in the agreement, from 0.
        package var number: Int
        package var recipient: String
        package var purposes: [String]
        /// In words; nil for all that the purpose is about.
        package var groups: [String]?
        package var isAboutDependants: Bool
        package var withdrawnAt: Instant?
    }

    package var id: String
    package var person: String
    package var version: Int
    /// As the API has it: `in_force`, `replaced`, …
    package var state: String
    package var signedOn: Instant?
    package var signedBy: String?
    package var starts: Instant?
    package var expires: Instant?
    package var revokedAt: Instant?
    package var supplements: String?
    package var hasEvidence: Bool
    package var hasGuardianPermission: Bool
    package var lines: [Line]

    /// - Parameters:
    ///   - value: The answer of the API.
    ///   - group: A group in words.
    /// - Returns: Nil for what is no such answer.
    package init?(_ value: Value, group: (String) -> String) {
        func text(_ key: String) -> String? { value[key]?.stringValue }
        func time(_ key: String) -> Instant? { text(key).flatMap(Instant.init(rfc3339:)) }
        guard let id = text("agreement_id"), let person = text("person_id"), let version = value["version"]?.intValue,
            let state = text("state")
        else { return nil }
        self.id = id
        self.person = person
        self.version = version
        self.state = state
        signedOn = time("signed_on")
        signedBy = text("signed_by")
        starts = time("starts")
        expires = time("expires")
        revokedAt = time("revoked_at")
        supplements = text("supplements")
        hasEvidence = value["has_authority_evidence"]?.boolValue ?? false
        hasGuardianPermission = value["guardian_permission"]?.boolValue ?? false
        lines = (value["scope"]?.arrayValue ?? []).enumerated().map { number, line in
            Line(
                number: line["line"]?.intValue ?? number, recipient: line["recipient"]?.stringValue ?? "",
                purposes: (line["purposes"]?.arrayValue ?? []).compactMap(\.stringValue),
                groups: line["groups"]?.arrayValue.map { $0.compactMap(\.stringValue).map(group) },
                isAboutDependants: line["about"]?.stringValue != "person",
                withdrawnAt: line["withdrawn_at"]?.stringValue.flatMap(Instant.init(rfc3339:)))
        }
    }

    /// Whether something of it can still be withdrawn, as by the API: also of one that permits nothing now, since that can end,
    /// as when two records are found not to be one person after all.
    package var isWithdrawable: Bool { revokedAt == nil }

    /// Whether it permits something now, or will.
    package var isLive: Bool { ["in_force", "not_started"].contains(state) }

    var standing: (words: String, sign: String, style: String) {
        switch state {
        case "in_force": ("In force", "✓", "good")
        case "not_started": ("Not in force yet", "◔", "odd")
        case "replaced": ("Replaced by a later one", "■", "bad")
        case "revoked": ("Withdrawn", "✕", "bad")
        case "expired": ("Over", "■", "bad")
        case "set_aside": ("Set aside: two records were found to be one person after it was entered", "■", "bad")
        default: (state.humanised, "■", "bad")
        }
    }
}
