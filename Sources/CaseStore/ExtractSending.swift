package import Disclosure
package import Postgres
package import Referral

/// Where an extract stands that leaves by a channel; the same closed list, with the steps between them drawn, is the SQL type
/// `record.extract_state`.
package enum ExtractState: String, CaseIterable, Sendable, SQLScalar {
    /// Waits for its first or next attempt.
    case queued
    /// An attempt is under way: its release entry is committed.
    case sending
    case delivered
    /// It may no longer leave as it is, and is to be made anew.
    case stale
    /// Taken back before it left.
    case cancelled
    /// The receiver will not take it, every attempt was used up, or it did not leave in time.
    case failed
}

/// What became of an extract that leaves by a channel.
package struct ExtractSending: Sendable, Hashable {
    package var state: ExtractState
    /// The queue's message that sends it.
    package var message: Int64?
    package var queuedAt: Timestamp
    /// Later than this the package is destroyed.
    package var expiresAt: Timestamp
    package var finishedAt: Timestamp?
    package var attempts: Int
    /// The channel's own reference for what it took.
    package var reference: String?
    /// Why the last attempt failed, or why it no longer waits: a code word.
    package var failure: String?
    /// Whether the hub still has the bytes.
    package var hasPackage: Bool
    /// What is known of it since its delivery; nil where nothing is awaited.
    package var acknowledgement: Acknowledgement?

    static let columns: SQL = """
        extract_sending.state AS sending_state, message, queued_at, expires_at, finished_at, attempts, reference, failure,
        sealed IS NOT NULL AS has_package, acknowledgement, acknowledged, awaited_since, due_at, told_at, told_by
        """

    init(_ row: Row) throws {
        state = try row.value("sending_state")
        message = try row.value("message")
        queuedAt = try row.value("queued_at")
        expiresAt = try row.value("expires_at")
        finishedAt = try row.value("finished_at")
        attempts = try row.value("attempts")
        reference = try row.value("reference")
        failure = try row.value("failure")
        hasPackage = try row.value("has_package")
        guard let kind = try row.value("acknowledgement", as: AcknowledgementKind?.self) else { return }
        acknowledgement = Acknowledgement(
            kind: kind, state: try row.value("acknowledged"), awaitedSince: try row.value("awaited_since"),
            dueAt: try row.value("due_at"), toldAt: try row.value("told_at"), toldBy: try row.value("told_by"),
            code: failure)
    }
}

/// An extract that is about to be sent, with everything on which it is judged once more.
package struct PreparedExtract: Sendable {
    package let id: UUIDValue
    package let project: ExtractProject
    /// The level and the groups that it was made with.
    package let level: Level
    package let released: Set<FieldGroup>
    package let policyVersion: String
    /// The figures on which its making was judged.
    package let figures: ShareRequestFacts.Extract?
    package let madeAt: Timestamp
    /// Everybody whose data is in it, as keyed numbers.
    package let cohort: Set<Int64>
    /// Those of them whose pseudonyms are the project's.
    package let linkable: Set<Int64>
    /// The archive; nil once it is destroyed.
    package let bytes: [UInt8]?
    package let attempts: Int
    package let expiresAt: Timestamp
    package let message: Int64?
    /// Whether an attempt before may have arrived, and no person has said that it may be sent again all the same.
    package let mayHaveArrived: Bool

    /// The attempt that a release of it makes, from 1.
    package var attempt: Int { attempts + 1 }
}

/// How one attempt to send an extract ended.
package struct EndedExtract: Sendable, Hashable {
    package var extract: UUIDValue
    package var attempt: Int
    package var outcome: ReleaseOutcome
    /// What is awaited of the recipient if it was delivered; nil when that is enough.
    package var awaited: AwaitedAcknowledgement?

    package init(
        extract: UUIDValue, attempt: Int, outcome: ReleaseOutcome, awaited: AwaitedAcknowledgement? = nil
    ) {
        self.extract = extract
        self.attempt = attempt
        self.outcome = outcome
        self.awaited = awaited
    }
}

/// A delivered extract whose channel is to be asked what became of it.
package struct TrackedExtract: Sendable, Hashable {
    package var extract: UUIDValue
    package var recipient: String
    /// By which it was sent: the word of the adapters.
    package var channel: String
    package var kind: AcknowledgementKind
    /// The channel's own reference.
    package var reference: String
}
