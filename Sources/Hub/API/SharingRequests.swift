import CaseStore
import Disclosure
import Postgres
import Referral

/// The body of `POST /v1/agreements`, checked for shape; what it permits is the disclosure policy's business.
struct AgreementRequest {
    var agreement: NewAgreement

    /// - Throws: ``RequestError`` naming everything that is wrong.
    init(_ body: [UInt8]) throws(RequestError) {
        var reader = try RequestReader(body)
        let person = reader.uuid("person_id", required: true)
        let signedOn = reader.instant("signed_on", required: true)
        let signedBy = reader.code("signed_by", of: Agreement.Signatory.self, required: true)
        let starts = reader.instant("starts")
        let expires = reader.instant("expires")
        var scope: [Agreement.ScopeLine] = []
        for (index, line) in reader.objects("scope", required: true).enumerated() {
            var inner = RequestReader(line)
            let recipient = inner.id("recipient", required: true) ?? ""
            let purposes = inner.codes("purposes", of: Purpose.self)
            if purposes.isEmpty { inner.fail(.missing, "purposes", "Name at least one purpose") }
            let groups = inner.groups("groups")
            let about = inner.code("about", of: Agreement.ScopeLine.About.self) ?? .person
            reader.adopt(inner, at: "scope[\(index)]")
            scope.append(.init(recipient: recipient, purposes: Set(purposes), groups: groups, about: about))
        }
        if scope.isEmpty { reader.fail(.missing, "scope", "Name at least one recipient") }
        if let starts, let expires, expires <= starts {
            reader.fail(.invalidDate, "expires", "Must be later than starts")
        }
        let supplements = reader.uuid("supplements")
        let evidence = reader.text("authority_evidence")
        if let evidence, evidence.allSatisfy(\.isWhitespace) {
            reader.fail(.schema, "authority_evidence", "Must say something")
        }
        let hasGuardianPermission = reader.flag("guardian_permission") ?? false
        let scanDigest = reader.digest("scan_sha256")
        let witness = reader.id("witness")
        try reader.finish()
        guard let person, let signedOn, let signedBy else { throw RequestError(findings: []) }
        agreement = NewAgreement(
            person: person,
            signedOn: signedOn,
            signedBy: signedBy,
            authorityEvidence: evidence,
            hasGuardianPermission: hasGuardianPermission,
            starts: starts,
            expires: expires,
            supplements: supplements,
            scope: scope,
            scanDigest: scanDigest,
            witness: witness
        )
    }
}

/// The body of `POST /v1/agreements/{id}/withdrawals`; an empty body withdraws the whole agreement as of now.
struct WithdrawalRequest {
    /// When the withdrawal was received, by whichever route.
    var receivedAt: Timestamp?
    /// Only this recipient's permission; nil for the whole agreement.
    var recipient: String?
    /// Only this line of the scope, from 0 in the order of the agreement.
    var line: Int?

    init(receivedAt: Timestamp? = nil, recipient: String? = nil, line: Int? = nil) {
        self.receivedAt = receivedAt
        self.recipient = recipient
        self.line = line
    }

    /// - Throws: ``RequestError`` naming everything that is wrong.
    init(_ body: [UInt8]) throws(RequestError) {
        guard !body.isEmpty else { return }
        var reader = try RequestReader(body)
        receivedAt = reader.instant("received_at")
        recipient = reader.text("recipient")
        line = reader.index("line")
        if recipient != nil, line != nil { reader.fail(.schema, "line", "Is given, or the recipient, not both") }
        if let receivedAt, receivedAt > .now() {
            reader.fail(.invalidDate, "received_at", "Lies in the future")
        }
        try reader.finish()
    }
}

/// The body of `POST /v1/shares`.
struct NewShareRequest {
    var person: UUIDValue
    var recipient: String
    var purpose: String
    /// As asked; nil means identifiable, the only level that consent purposes have.
    var level: String?
    /// As asked; nil means what the recipient's document for this purpose holds.
    var groups: Set<FieldGroup>?
    /// What it rests on besides an agreement.
    var grounds: ShareGrounds
    /// Who asks, inside the asking system: an id, not a name. Needed where a named person must approve, so that it is
    /// somebody else.
    var requestedBy: String?

    /// - Throws: ``RequestError`` naming everything that is wrong.
    init(_ body: [UInt8]) throws(RequestError) {
        var reader = try RequestReader(body)
        let person = reader.uuid("person_id", required: true)
        recipient = reader.text("recipient", required: true, longest: 100) ?? ""
        purpose = reader.text("purpose", required: true, longest: 100) ?? ""
        level = reader.text("level")
        groups = reader.groups("groups")
        grounds = ShareGrounds(
            authorityReference: reader.id("authority_ref"), orderedGroups: reader.groups("ordered_groups") ?? [],
            isPublicBody: reader.flag("public_body") ?? false,
            isIdentityVerified: reader.flag("identity_verified") ?? false)
        requestedBy = reader.id("requested_by")
        if requestedBy == nil, Purpose(rawValue: purpose)?.family == .legal {
            reader.fail(.missing, "requested_by", "Is required for this purpose: whoever approves is somebody else")
        }
        if requestedBy == nil, grounds.isIdentityVerified {
            reader.fail(.missing, "requested_by", "Is required with identity_verified: somebody has made sure")
        }
        try reader.finish()
        guard let person else { throw RequestError(findings: []) }
        self.person = person
    }
}

/// The body of `POST /v1/shares/{id}/approvals`.
struct ApprovalRequest {
    private enum Verdict: String, CaseIterable {
        case approve, refuse
    }

    let role: ApprovalRole
    private let isApproved: Bool
    /// Inside the system that speaks for the person: an id.
    private let approvedBy: String
    private let name: String
    private let reason: String
    private let authorityReference: String?

    /// - Throws: ``RequestError`` naming everything that is wrong.
    init(_ body: [UInt8]) throws(RequestError) {
        var reader = try RequestReader(body)
        let role = reader.code("role", of: ApprovalRole.self, required: true)
        let verdict = reader.code("verdict", of: Verdict.self, required: true)
        let approvedBy = reader.id("approved_by", required: true)
        let name = reader.text("name", required: true)
        let reason = reader.text("reason", required: true, longest: 2_000)
        authorityReference = reader.id("authority_ref")
        for (key, words) in [("name", name), ("reason", reason)]
        where words?.allSatisfy(\.isWhitespace) ?? false { reader.fail(.schema, key, "Must say something") }
        try reader.finish()
        guard let role, let verdict, let approvedBy, let name, let reason else { throw RequestError(findings: []) }
        self.role = role
        self.isApproved = verdict == .approve
        self.approvedBy = approvedBy
        self.name = name
        self.reason = reason
    }

    /// As it is entered.
    ///
    /// - Parameter actor: The system that speaks for the person.
    func approval(by actor: String) -> NewApproval {
        NewApproval(
            role: role, isApproved: isApproved, approver: "\(actor)/\(approvedBy)", name: name, reason: reason,
            authorityReference: authorityReference)
    }
}

/// The body of `POST /v1/shares/{id}/acknowledgements`.
struct AcknowledgementRequest {
    private let verdict: AcknowledgementTold.Verdict
    private let code: String?
    /// Who asked the recipient, inside the asking system: an id, not a name.
    private let requestedBy: String?

    /// - Throws: ``RequestError`` naming everything that is wrong.
    init(_ body: [UInt8]) throws(RequestError) {
        var reader = try RequestReader(body)
        let verdict = reader.code("verdict", of: AcknowledgementTold.Verdict.self, required: true)
        code = reader.id("code")
        requestedBy = reader.id("requested_by")
        try reader.finish()
        guard let verdict else { throw RequestError(findings: []) }
        self.verdict = verdict
    }

    /// As it is entered.
    func told(by actor: String) -> AcknowledgementTold {
        AcknowledgementTold(verdict, code: code, by: requestedBy.map { "\(actor)/\($0)" } ?? actor)
    }
}

/// The body of `POST /v1/shares/{id}/cancellations`; it may be empty.
struct CancellationRequest {
    /// Who takes it back, inside the asking system: an id, not a name.
    var requestedBy: String?

    /// - Throws: ``RequestError`` naming everything that is wrong.
    init(_ body: [UInt8]) throws(RequestError) {
        guard !body.isEmpty else { return }
        var reader = try RequestReader(body)
        requestedBy = reader.id("requested_by")
        try reader.finish()
    }
}
