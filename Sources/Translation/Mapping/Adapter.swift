package import Referral

/// A partner: who it is, how its documents are read, and how what it is sent is written. All of it is data in its folder.
package struct Adapter: Sendable {
    /// The partner's id in the register, and the folder's name: 2 to 40 lower-case letters, digits and `_`.
    package var id: String
    package var name: String
    package var kind: AdapterKind
    /// Codes of the Organisation Data Service under which its messages arrive.
    package var ods: [String]
    package var inbound: [Inbound]
    package var outbound: [Outbound]
    /// The folder with its files.
    package var folder: String
    /// The moment at which samples are read, so that their results do not change with the calendar. Defaults to
    /// 2027-01-01T00:00:00Z.
    package var samplesReadAt: Instant
    /// The groups of the extensions that mappings fill.
    var extensions: ExtensionGroups
    /// The files that it was read from, below the adapters folder: its own, and those of others that they extend.
    package var files: Set<String> = []

    /// The first way out for a purpose; without a purpose, the only way out there is.
    package func outbound(for purpose: String?) -> Outbound? {
        guard let purpose else { return outbound.count == 1 ? outbound[0] : nil }
        return outbound.first { $0.purpose == purpose }
    }

    /// The way out for a release or an extract as ``Renderer`` takes it: by the purpose that it names, and by the channel,
    /// where it names one.
    package func outbound(forRelease release: Value) -> Outbound? {
        let facts = release["extract"] ?? release["share"]
        let purpose = facts?["purpose"]?.stringValue
        guard let channel = facts?["channel"]?.stringValue else { return outbound(for: purpose) }
        return outbound.first { $0.purpose == purpose && $0.channel.rawValue == channel }
    }
}

/// What sort of body a partner is.
package enum AdapterKind: String, CaseIterable, Sendable, Hashable {
    /// No partner: reads a format from anybody, when no partner's adapter recognises a document.
    case format
    case nhsTrust = "nhs_trust"
    case gp, ambulance
    case commissioningSupport = "commissioning_support"
    case police, fire, school, college
    case youthOffending = "youth_offending"
    case probation
    case government, housing, council, court, evaluator, voluntary
    case faithGroup = "faith_group"
    case careHome = "care_home"
    case careProvider = "care_provider"
    case equipmentProvider = "equipment_provider"
    case healthProfessional = "health_professional"
    case person

    /// Whether the adapter is of a kind whose members are entered one by one, such as `gp:C81001`.
    package var hasMembers: Bool {
        switch self {
        case .gp, .careProvider, .equipmentProvider, .healthProfessional: true
        default: false
        }
    }

    /// Whether NHS numbers that it gives count as checked against the national record.
    package var isNHS: Bool {
        switch self {
        case .nhsTrust, .gp, .ambulance, .commissioningSupport: true
        default: false
        }
    }
}

/// One way in: a channel, a format, and the mapping that reads it.
package struct Inbound: Sendable {
    package var channel: Channel
    package var format: DocumentFormat
    /// The types of message that are taken, such as `REF^I12`, `servicerequest-request`, `PPN` or `referral`; empty takes all.
    /// Every other is rejected as `not_for_us`.
    package var takes: [String]
    package var acknowledgement: Acknowledgement
    package var limits: Limits
    /// The mapping's file, below the adapters folder.
    package var mappingFile: String
    var mapping: Mapping
    /// Finds what a referral is made of in a document that holds several, such as the pupils of a file: each becomes the item
    /// in hand. Nil where the document as a whole is one.
    var each: Expression?
    /// When a document of the format comes from this partner; nil where only the channel tells.
    var recognises: Condition?
    /// When a document of a type that is taken is none of ours all the same.
    var notForUs: Condition?
    /// What a document says about a share that its sender was given; nil where it says nothing of the kind.
    var reply: ReplyReading?
    /// Whether a document is such a reply and nothing else, about no person.
    package var isReplyOnly: Bool { mappingFile == ReplyReading.only }

    /// Whether no file says how a document is read, but a word that the hub knows.
    package var isBuiltIn: Bool { isReplyOnly || mappingFile == MappingCompiler.envelope }

    /// How documents arrive.
    package enum Channel: String, CaseIterable, Sendable, Hashable {
        case https, mllp, mesh, sftp, email, portal
    }

    /// The form of the answer to the sender.
    package enum Acknowledgement: String, CaseIterable, Sendable, Hashable {
        /// The receipt of partner interfaces section 1, as an answer or as a file beside the document.
        case receipt
        /// MSA with AA, AE or AR.
        case hl7
        /// A referral's reply (RRI) once it was worked on, else as `hl7`.
        case rri
        /// A message bundle, or an OperationOutcome.
        case bars
        case none
    }
}

/// One way out: for a purpose, over a channel, in a format and a shape.
package struct Outbound: Sendable {
    package var purpose: String
    /// Defaults to a document.
    package var content = Content.document
    package var channel: Channel
    package var format: DocumentFormat
    package var mediaType: String
    package var acknowledgement: Acknowledgement
    /// How long after the delivery an acknowledgement is late. Defaults to 5 days, after which MESH gives a message up.
    package var acknowledgedWithin = Duration.seconds(5 * 86_400)
    /// Whether the partner tells a repeat from a second document. Defaults to recognised.
    package var repeats = Repeats.recognised
    package var retry: RetrySchedule
    /// Most deliveries in a second. Defaults to 5.
    package var perSecond: Double
    /// How long after the decision a delivery is still of use; later it is given up. Defaults to 72 hours.
    package var deadline: Duration
    /// The needs of a referral for which a share of this purpose is proposed to staff; where the person's agreement has this
    /// very line, it is asked for at once. Defaults to none.
    package var proposedFor: Set<NeedCode>
    /// The name under which the deployment's configuration holds the MESH workflow id.
    package var workflow: String?
    /// The shape's file, below the adapters folder; empty for an extract.
    package var shapeFile: String
    var shape: Shape
    /// When what waits leaves as one table; nil where each document leaves at once, alone.
    package var batch: Batch?
    /// What the exercise wants for which the table is made; nil where the shape alone says what a row is.
    package var sheet: ExerciseSheet?
    /// Documents for people that the shape holds within it.
    var documents: [Document] = []
    /// Gives the address, where it depends on the person; nil where the endpoint has it.
    var to: Expression?
    /// Whether the document says itself whom it is for, so that one endpoint serves every member of a kind.
    package var isAddressed: Bool { to != nil }
    /// Gives the subject line; nil for none.
    var subject: Expression?

    /// The fields of the release that leave, each with its groups.
    package var fields: [(field: String, groups: Set<FieldGroup>)] {
        let stated = ReleaseField.named(in: [to, subject].compactMap(\.self))
        let all = shape.fields + documents.flatMap(\.shape.fields) + stated
        return Dictionary(all.map { ($0.path, $0.groups) }) { $0.union($1) }.sorted { $0.key < $1.key }
            .map { ($0.key, $0.value) }
    }

    /// A document for people, printed and put into the shape where a leaf names it: `document.letter`.
    struct Document: Sendable {
        var name: String
        var shape: Shape
    }

    /// What leaves.
    package enum Content: String, CaseIterable, Sendable, Hashable {
        /// A document about one person, in the format and the shape.
        case document
        /// The files of an extract about many persons, as a zip archive.
        case extract
    }

    /// How renderings leave.
    package enum Channel: String, CaseIterable, Sendable, Hashable {
        case httpsMTLS = "https_mtls"
        case mesh, sftp, portal, mllp
        case smimeEmail = "smime_email"
        case pgpEmail = "pgp_email"
        case tlsEmail = "tls_email"
        case cjsmEmail = "cjsm_email"
        case nfiWeb = "nfi_web"
    }

    /// What a partner does with the same document a second time.
    package enum Repeats: String, CaseIterable, Sendable, Hashable {
        /// Knows it, by its idempotency key, message id or file name.
        case recognised
        /// Takes it for another: what may have arrived is not sent again unless a person says so.
        case never
    }

    /// How it is known that the partner has taken a delivery in.
    package enum Acknowledgement: String, CaseIterable, Sendable, Hashable {
        /// The transport's own success, as a 2xx.
        case transport
        /// MESH tracking says that the message was downloaded.
        case meshTracking = "mesh_tracking"
        /// An HL7 acknowledgement with AA, on the connection.
        case hl7
        /// The file was fetched, or a receipt lies beside it.
        case fetched
        /// The partner answers with a message of its own that names the share.
        case reply
        /// The partner's system answers when it is asked, as in a GovTalk conversation.
        case response
        /// A person confirms.
        case manual
    }

    /// Waits between attempts grow from the first to the longest.
    package struct RetrySchedule: Sendable, Hashable {
        /// Defaults to 12.
        package var attempts = 12
        /// Defaults to 30 s.
        package var first = Duration.seconds(30)
        /// Defaults to 4 hours.
        package var longest = Duration.seconds(4 * 3600)
    }
}
