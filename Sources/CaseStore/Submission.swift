package import Postgres
package import Referral

/// Where a submission stands; the same closed list is the SQL type `record.submission_state`.
package enum SubmissionState: String, CaseIterable, Sendable, SQLScalar {
    /// Stored, and answered for; not yet translated.
    case received
    /// It could not be told what it is: kept for staff.
    case quarantined
    /// A child wrote it: kept apart until a parent or guardian permits that it be worked on, and destroyed after
    /// ``CaseStore/heldFor`` without (disclosure policy, section 10).
    case held
    case accepted
    /// Stored, with something missing that staff must ask for.
    case incomplete
    case rejected
}

/// One document that arrived, before it is sealed.
package struct Submission: Sendable {
    package var receipt: UUIDValue
    package var sender: String
    /// The id by which a repeat is recognised, per sender and for ever: of the document, the header, or the file name.
    package var messageID: String
    /// How it arrived, as `https` or `folder`.
    package var channel: String
    package var format: String
    package var adapter: String?
    package var bytes: [UInt8]
    package var fileName: String?
    /// The thread that the peek saw: messages of one thread are worked on in order. Only its blind index is stored.
    package var threadID: String?
    package var receivedAt: Timestamp
    /// `received`; `quarantined` when the peek failed; `held` when a child wrote it.
    package var state: SubmissionState
    /// Why it is in quarantine; or why it is no document, when it is taken for an attachment.
    package var findings: [Finding]
    package var correlation: UUIDValue?

    package init(
        receipt: UUIDValue = .v7(), sender: String, messageID: String, channel: String, format: String,
        adapter: String? = nil, bytes: [UInt8], fileName: String? = nil, threadID: String? = nil,
        receivedAt: Timestamp = .now(), state: SubmissionState = .received, findings: [Finding] = [],
        correlation: UUIDValue? = nil
    ) {
        self.receipt = receipt
        self.sender = sender
        self.messageID = messageID
        self.channel = channel
        self.format = format
        self.adapter = adapter
        self.bytes = bytes
        self.fileName = fileName
        self.threadID = threadID
        self.receivedAt = receivedAt
        self.state = state
        self.findings = findings
        self.correlation = correlation
    }
}

/// A submission ready to be stored: nothing in it can be read without the installation's key.
package struct SealedSubmission: Sendable {
    package let receipt: UUIDValue
    package let sender: String
    /// The queue's key for order: the blind index of the thread, else the receipt; hexadecimal.
    package let orderKey: String

    let state: SubmissionState
    let receivedAt: Timestamp
    let channel: String
    let format: String
    let adapter: String?
    let correlation: UUIDValue?
    let size: Int
    let findings: [Finding]
    let idHash: [UInt8]
    let bytesHash: [UInt8]
    let threadIndex: [UInt8]?
    let fileNameIndex: [UInt8]?
    let wrappedKey: [UInt8]
    let sealed: [UInt8]
    let entry: CommittedEntry

    var newReceipt: Receipt {
        Receipt(
            id: receipt, sender: sender, channel: channel, format: format, adapter: adapter, receivedAt: receivedAt,
            state: state, finishedAt: state == .received ? nil : receivedAt, findings: findings)
    }
}

/// What the sender may know of a submission.
package struct Receipt: Sendable, Hashable {
    package var id: UUIDValue
    package var sender: String
    package var channel: String
    package var format: String
    package var adapter: String?
    package var receivedAt: Timestamp
    package var state: SubmissionState
    package var finishedAt: Timestamp?
    package var findings: [Finding]
    /// When the document was destroyed; nil while it is there. Not for its sender: a day after it came it would tell that nobody
    /// in it was known, and later that somebody in it was erased.
    package var documentDestroyedAt: Timestamp?
}

/// What became of a submission that was handed in.
package enum Acceptance: Sendable, Hashable {
    /// Stored by this transaction.
    case received(Receipt)
    /// The same bytes were stored before under this id; the first receipt.
    case duplicate(Receipt)
    /// Other bytes were stored before under this id. Nothing was stored.
    case conflict
}

/// A stored document as it was read, sealed.
package struct SealedDocument: Sendable {
    package let receipt: Receipt
    let wrappedKey: [UInt8]
    let sealed: [UInt8]
    /// Of the referrals of the same sender that wait for a file of its name: the blind index of the digest that each states.
    let namedDigests: [[UInt8]?]
}

/// A stored document, opened.
package struct StoredDocument: Sendable {
    package let receipt: Receipt
    package let messageID: String
    package let fileName: String?
    package let threadID: String?
    /// Whether a referral of the same sender waits for this file as its attachment: by its name, and by its digest where that
    /// states one.
    package let isNamed: Bool
    package let bytes: [UInt8]
}
