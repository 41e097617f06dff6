/// A message to be put into another mailbox.
package struct MESHMessage: Sendable {
    /// The recipient's mailbox id.
    package var to: String
    /// What kind of message it is; the receiver chooses its parser by it.
    package var workflow: String
    /// Our own id of it, at most 300 characters, no personal data. Look-ups go by it.
    package var localID: String
    package var fileName: String?
    package var subject: String?
    package var mediaType: String
    package var bytes: [UInt8]

    package init(
        to: String, workflow: String, localID: String, fileName: String? = nil, subject: String? = nil,
        mediaType: String, bytes: [UInt8]
    ) {
        self.to = to
        self.workflow = workflow
        self.localID = localID
        self.fileName = fileName
        self.subject = subject
        self.mediaType = mediaType
        self.bytes = bytes
    }
}

/// What MESH says about a message in our inbox, from its `Mex-` headers.
package struct MESHMetadata: Sendable, Hashable {
    /// `DATA` is a partner's message; `REPORT` tells that a message of ours was not delivered.
    package enum Kind: String, Sendable {
        case data = "DATA"
        case report = "REPORT"
    }

    package var messageID: String
    package var kind: Kind
    /// The sender's mailbox; a report has none.
    package var from: String?
    package var to: String
    package var workflow: String
    /// The sender's own id of it; for a report, ours of the message that failed.
    package var localID: String?
    /// For a report: the MESH id of our message that failed.
    package var linkedMessageID: String?
    package var fileName: String?
    package var subject: String?
    /// The type of the payload as the sender stated it.
    package var mediaType: String?
    /// `00`, or for a report the code of what went wrong (MESH API, error codes).
    package var statusCode: String?
    package var statusSuccess: Bool
    /// In how many parts it is fetched; 0 for a report.
    package var chunks: Int

    /// For a report: why our message failed, as a code word such as `mesh_14`.
    package var failureCode: String {
        let code = (statusCode ?? "").lowercased().replacing("-", with: "_")
        let isWord = code.utf8.allSatisfy {
            (0x30...0x39).contains($0) || (0x61...0x7A).contains($0) || $0 == UInt8(ascii: "_")
        }
        return isWord && (1...20).contains(code.utf8.count) ? "mesh_\(code)" : "mesh_report"
    }
}

/// A message of our inbox with its payload, put together from all its chunks.
package struct MESHReceived: Sendable {
    package var metadata: MESHMetadata
    package var bytes: [UInt8]
}

/// One page of the list of what waits in our inbox, oldest first.
package struct MESHInboxPage: Sendable {
    package var messageIDs: [String]
    /// Where the next page begins, for `continuing`; `nil` on the last.
    package var next: String?
}

/// How far a message of ours has come.
package struct MESHStatus: Sendable, Hashable {
    package enum State: String, Sendable {
        /// Chunks are still missing: nobody can fetch it.
        case uploading
        /// In the recipient's mailbox.
        case accepted
        /// Fetched and kept by the recipient: only this is a delivery.
        case acknowledged
        /// Not fetched within five days.
        case undeliverable
        case error
    }

    package var messageID: String
    package var localID: String?
    package var state: State
}

/// What a look-up by our own id found.
package enum MESHLookUp: Sendable, Hashable {
    /// MESH never took a message with this id.
    case absent
    case one(MESHStatus)
    /// It took more than one: the message was doubled. MESH names none of them here.
    case several
}
