package import Postgres

/// By which word a share counts as taken in; the same closed list is the SQL type `record.acknowledgement_kind`.
package enum AcknowledgementKind: String, CaseIterable, Sendable, SQLScalar {
    /// MESH says that the message was downloaded.
    case meshTracking = "mesh_tracking"
    /// The file was fetched, or a receipt lies beside it.
    case fetched
    /// The partner answers with a message of its own that names the share.
    case reply
    /// The partner's system answers when it is asked.
    case response
    /// A person confirms.
    case manual
}

/// What is known of a share since its channel delivered it; the same closed list is the SQL type
/// `record.acknowledgement_state`.
package enum AcknowledgementState: String, CaseIterable, Sendable, SQLScalar {
    case waiting
    case taken
    /// The partner will not act on it.
    case refused
}

/// What is awaited of a partner once a share was delivered.
package struct AwaitedAcknowledgement: Sendable, Hashable {
    package var kind: AcknowledgementKind
    /// Later than this, counted from the delivery, staff are shown that it is late.
    package var within: Duration
    /// Whether the channel can be asked what became of it.
    package var isTracked: Bool
    /// How long after the delivery the channel is asked first. Defaults to at once.
    package var firstLook: Duration = .zero

    package init(_ kind: AcknowledgementKind, within: Duration, isTracked: Bool) {
        self.kind = kind
        self.within = within
        self.isTracked = isTracked
    }
}

/// What a share's partner has, or has not, said about it.
package struct Acknowledgement: Sendable, Hashable {
    package var kind: AcknowledgementKind
    package var state: AcknowledgementState
    package var awaitedSince: Timestamp
    package var dueAt: Timestamp
    package var toldAt: Timestamp?
    package var toldBy: String?
    package var code: String?
}

/// The word of a partner, or of a person who asked it, about a share.
package struct AcknowledgementTold: Sendable, Hashable {
    package enum Verdict: String, CaseIterable, Sendable {
        case taken, refused

        var state: AcknowledgementState { self == .taken ? .taken : .refused }
    }

    /// Who tells what a channel tells.
    package static let channel = "channel"

    package var verdict: Verdict
    /// What was told beside the verdict: a code word.
    package var code: String?
    /// A partner's id, a member of staff's, or ``channel``.
    package var by: String

    package init(_ verdict: Verdict, code: String? = nil, by: String) {
        self.verdict = verdict
        self.code = code.map(ShareRequest.word)
        self.by = by
    }
}

/// A partner's message that says what becomes of a share.
package struct PartnerReply: Sendable, Hashable {
    /// The share's id as the partner gives it back: whole, or its last 20 hexadecimal digits.
    package var reference: String
    /// Nil where the message does not say clearly which.
    package var verdict: AcknowledgementTold.Verdict?
    package var code: String?

    package init(reference: String, verdict: AcknowledgementTold.Verdict?, code: String? = nil) {
        self.reference = reference
        self.verdict = verdict
        self.code = code
    }
}

/// A delivered share whose channel is to be asked what became of it.
package struct TrackedShare: Sendable, Hashable {
    package var share: UUIDValue
    package var recipient: String
    /// By which it was sent: the word of the adapters.
    package var channel: String
    package var kind: AcknowledgementKind
    /// The channel's own reference.
    package var reference: String
}
