package import Disclosure
package import Postgres
package import Referral

/// An extract that was judged, to be entered before its bytes leave, or as refused.
package struct NewExtract: Sendable {
    package var id: UUIDValue
    package var project: ExtractProject
    package var decision: Decision
    /// What the decision was taken on.
    package var facts: DisclosureFacts
    /// First referrals of these days only.
    package var days: ClosedRange<CalendarDate>?
    /// Persons whom it is about; nil where it was refused before anybody was looked at.
    package var cohort: Int?
    /// How many persons were left out, by reason.
    package var excluded: [ReasonCode: Int] = [:]
    /// Nil where it is refused.
    package var content: Content?
    /// How it leaves by a channel; nil where its files are written into a folder, or it is refused.
    package var sending: Sending?
    package var actor: String

    /// A package that waits for its channel.
    package struct Sending: Sendable {
        /// The archive, as it will leave.
        package var bytes: [UInt8]
        /// Those whose pseudonyms are the project's.
        package var linkable: Set<Int64>
        /// The queue's message that will send it.
        package var message: Int64
        /// Later than this it is of no use to the recipient any more.
        package var expiresAt: Timestamp

        package init(bytes: [UInt8], linkable: Set<Int64>, message: Int64, expiresAt: Timestamp) {
            self.bytes = bytes
            self.linkable = linkable
            self.message = message
            self.expiresAt = expiresAt
        }
    }

    /// What leaves, as far as it is kept.
    package struct Content: Sendable {
        package var rowCount: Int
        /// Nil for counts.
        package var k: Int?
        /// Those of the pseudonyms: of the project, and of this extract alone.
        package var projectKey: PseudonymKey?
        package var ownKey: PseudonymKey?
        package var populations: ReleasedPopulations
        /// How finely the rows tell; nil for counts.
        package var step: RowGeneralisation?
        /// The day on which the ages of the rows were taken; nil for counts.
        package var agesOn: CalendarDate?
        /// SHA-256 of the table's file.
        package var bytesHash: [UInt8]

        package init(
            rowCount: Int, k: Int?, projectKey: PseudonymKey?, ownKey: PseudonymKey?,
            populations: ReleasedPopulations, step: RowGeneralisation? = nil, agesOn: CalendarDate? = nil,
            bytesHash: [UInt8]
        ) {
            self.rowCount = rowCount
            self.k = k
            self.projectKey = projectKey
            self.ownKey = ownKey
            self.populations = populations
            self.step = step
            self.agesOn = agesOn
            self.bytesHash = bytesHash
        }
    }

    package init(
        id: UUIDValue, project: ExtractProject, decision: Decision, facts: DisclosureFacts,
        days: ClosedRange<CalendarDate>?, actor: String
    ) {
        self.id = id
        self.project = project
        self.decision = decision
        self.facts = facts
        self.days = days
        self.actor = actor
    }
}

/// An extract as it is kept: figures and code words.
package struct ExtractSummary: Sendable, Hashable {
    package var id: UUIDValue
    /// The ledger's entry of the release, or of the refusal.
    package var entry: UUIDValue
    package var madeAt: Timestamp
    package var madeBy: String
    package var recipient: String
    package var project: String
    package var level: String
    package var outcome: String
    package var reason: String
    package var policyVersion: String
    package var released: [String]
    package var referredFrom: String?
    package var referredUntil: String?
    package var cohort: Int?
    package var rowCount: Int?
    package var k: Int?
    package var projectKey: UUIDValue?
    package var ownKey: UUIDValue?
    /// How many persons were left out, by reason, as a JSON object.
    package var excluded: JSONB
    /// SHA-256 of the table's file.
    package var bytesHash: [UInt8]?
    /// What became of it by its channel; nil where its files were written into a folder, or it is refused.
    package var sending: ExtractSending?
}

/// What became of the files of a release.
package enum ExtractOutcome: String, Sendable {
    case written
    /// None of them is there.
    case notWritten = "not_written"
    /// Some of them may be there, as they could not be taken away again.
    case partlyWritten = "partly_written"
}
