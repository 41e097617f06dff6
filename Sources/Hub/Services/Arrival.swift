package import CaseStore
import Channels
import Crypto
package import Postgres
package import Referral
package import Rights
package import Translation

/// Who is asking: an enabled partner or a staff system, as its credential told.
package struct Principal: Sendable, Hashable {
    package var id: String
    package var kind: PartnerKind
    /// The adapter that reads this partner's documents.
    package var adapter: String?
    package var name: String
    package var roles: Set<Role>

    init(id: String, kind: PartnerKind, adapter: String?, name: String, roles: Set<Role> = [.partner]) {
        self.id = id
        self.kind = kind
        self.adapter = adapter
        self.name = name
        self.roles = roles
    }

    package init(_ partner: Partner) {
        id = partner.id
        kind = partner.kind
        adapter = partner.adapter
        name = partner.name
        roles = partner.kind == .partner ? [.partner] : Set(partner.roles)
    }

    /// How far it may go in an operation; nil where it may not do it at all.
    func reach(_ operation: Operation) -> Reach? { Rights.reach(of: roles, for: operation) }
}

/// One document as it came in, before anything has looked into it.
package struct Arrival: Sendable {
    package enum Channel: String, CaseIterable, Sendable {
        case https
        case file
        case mllp
        /// The form for members of the public.
        case form
        case mesh
        /// A plain e-mail.
        case email
        /// The form in which staff enter what came by phone, letter, e-mail or face to face.
        case staffForm = "staff_form"
    }

    /// A sender who says they are under 13, without a professional beside them.
    package struct Child: Sendable {
        /// Whether somebody hurts them, as far as the form can tell.
        package var tellsOfHarm: Bool
    }

    package var sender: Principal
    package var channel: Channel
    /// As told by the media type or the file's ending; nil when that names nothing the hub takes.
    package var format: DocumentFormat?
    /// The sender's `Idempotency-Key`.
    package var idempotencyKey: String?
    /// The id that the protocol gives to the request, before any that the document has.
    package var requestID: String?
    /// A dropped file's name, which is its id.
    package var fileName: String?
    /// The id that the channel itself gave to the message, such as `Mex-MessageID`: the id of a document that has none of
    /// its own, and of whatever is kept in quarantine.
    package var transportID: String?
    /// Why the channel puts it into quarantine unread.
    package var refusal: Finding?
    package var bytes: [UInt8]
    /// When a child sent it: then it is stored and kept apart, until a parent or guardian permits that it be worked on.
    package var child: Child?

    package init(
        sender: Principal,
        channel: Channel,
        format: DocumentFormat?,
        idempotencyKey: String? = nil,
        fileName: String? = nil,
        transportID: String? = nil,
        refusal: Finding? = nil,
        bytes: [UInt8],
        child: Child? = nil
    ) {
        self.sender = sender
        self.channel = channel
        self.format = format
        self.idempotencyKey = idempotencyKey
        self.fileName = fileName
        self.transportID = transportID
        self.refusal = refusal
        self.bytes = bytes
        self.child = child
    }

    /// The digest that stands for the bytes where they carry no id of their own.
    var digest: String {
        "sha256:" + Hexadecimal.text(SHA256.hash(data: bytes))
    }
}

/// What a sender is told, once it is true.
package enum IntakeAnswer: Sendable {
    /// Stored now.
    case received(ReceiptAnswer)
    /// Stored before under the same id with the same bytes; had no second effect.
    case duplicate(ReceiptAnswer)
    /// Stored for staff to look at, and not worked on: the finding says why.
    case quarantined(ReceiptAnswer, Finding)
    /// Other bytes were stored before under the same id; nothing was stored now.
    case conflict
}

/// A receipt as the sender of the submission sees it.
package struct ReceiptAnswer: Sendable {
    package enum Status: String, Sendable {
        case received
        case duplicate
        case quarantined
        case rejected
    }

    package var id: UUIDValue
    package var receivedAt: Timestamp
    /// The submission's id, as the sender gave it.
    package var messageID: String?

    var location: String { "/v1/receipts/\(id)" }

    /// `{receipt_id, message_id, received_at, status, errors}` (partner interfaces, section 1).
    package func value(_ status: Status, errors: [Finding] = []) -> Value {
        var object: Object = [
            "receipt_id": .string(id.description),
            "received_at": .string(receivedAt.rfc3339),
            "status": .string(status.rawValue),
        ]
        object["message_id"] = messageID.map(Value.string)
        if !errors.isEmpty { object["errors"] = .array(errors.map(\.value)) }
        return .object(object)
    }
}
