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
            let recipient = inner.text("recipient", required: true) ?? ""
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
        try reader.finish()
        guard let person, let signedOn, let signedBy else { throw RequestError(findings: []) }
        agreement = NewAgreement(
            person: person,
            signedOn: signedOn,
            signedBy: signedBy,
            authorityEvidence: evidence,
            starts: starts,
            expires: expires,
            supplements: supplements,
            scope: scope
        )
    }
}

/// The body of `POST /v1/agreements/{id}/withdrawals`; an empty body withdraws the whole agreement as of now.
struct WithdrawalRequest {
    /// When the withdrawal was received, by whichever route.
    var receivedAt: Timestamp?
    /// Only this recipient's permission; nil for the whole agreement.
    var recipient: String?

    init(receivedAt: Timestamp? = nil, recipient: String? = nil) {
        self.receivedAt = receivedAt
        self.recipient = recipient
    }

    /// - Throws: ``RequestError`` naming everything that is wrong.
    init(_ body: [UInt8]) throws(RequestError) {
        guard !body.isEmpty else { return }
        var reader = try RequestReader(body)
        receivedAt = reader.instant("received_at")
        recipient = reader.text("recipient")
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
    /// Who asks, inside the asking system: an id, not a name.
    var requestedBy: String?

    /// - Throws: ``RequestError`` naming everything that is wrong.
    init(_ body: [UInt8]) throws(RequestError) {
        var reader = try RequestReader(body)
        let person = reader.uuid("person_id", required: true)
        recipient = reader.text("recipient", required: true, longest: 100) ?? ""
        purpose = reader.text("purpose", required: true, longest: 100) ?? ""
        level = reader.text("level")
        groups = reader.groups("groups")
        requestedBy = reader.text("requested_by", longest: 64)
        if let requestedBy, !requestedBy.utf8.allSatisfy(Self.isIDByte) {
            reader.fail(
                .schema, "requested_by", "Must be an id of letters, digits and . _ : - without spaces, not a name")
        }
        try reader.finish()
        guard let person else { throw RequestError(findings: []) }
        self.person = person
    }

    /// It goes to the ledger, which keeps it for ever: an id, never words.
    private static func isIDByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "a")...UInt8(ascii: "z"):
            true
        default: [UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: ":"), UInt8(ascii: "-")].contains(byte)
        }
    }
}
