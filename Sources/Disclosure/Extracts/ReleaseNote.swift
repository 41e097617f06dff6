package import Referral

/// What a recipient is told about an extract: what it is, what was done to it, what it is bound by (partner interfaces,
/// section 16). It does not tell how many persons were left out, or why: that would tell of them.
package struct ReleaseNote: Sendable {
    package var extract: String
    package var project: String
    package var recipient: String
    package var purpose: String
    package var level: Level
    package var madeAt: Instant
    /// The keys that made the pseudonyms: that of the project, then that of this extract alone. None for counts.
    package var keys: [PseudonymKey]
    package var rowCount: Int
    /// Nil for counts.
    package var k: Int?
    package var suppression: [String]
    package var obligations: [String]
    package var undertakings: String?
    /// `yyyy-mm-dd`: the day by which the recipient has destroyed it.
    package var destroyBy: String
    package var policyVersion: String

    package init(
        extract: String, project: String, recipient: String, purpose: String, level: Level, madeAt: Instant,
        keys: [PseudonymKey], rowCount: Int, k: Int?, suppression: [String], obligations: [String],
        undertakings: String?, destroyBy: String, policyVersion: String
    ) {
        self.extract = extract
        self.project = project
        self.recipient = recipient
        self.purpose = purpose
        self.level = level
        self.madeAt = madeAt
        self.keys = keys
        self.rowCount = rowCount
        self.k = k
        self.suppression = suppression
        self.obligations = obligations
        self.undertakings = undertakings
        self.destroyBy = destroyBy
        self.policyVersion = policyVersion
    }

    /// `release-note.json`.
    package var value: Value {
        [
            "extract": .string(extract), "project": .string(project), "recipient": .string(recipient),
            "purpose": .string(purpose), "level": .string(level.rawValue), "made_at": .string(madeAt.rfc3339),
            "key_id": keys.first.map { .string($0.id) } ?? .null,
            "keys": .array(keys.map { ["id": .string($0.id), "version": .number(String($0.version))] }),
            "row_count": .number(String(rowCount)), "k": k.map { .number(String($0)) } ?? .null,
            "suppression": .array(suppression.map(Value.string)),
            "obligations": .array(obligations.map(Value.string)),
            "undertakings": undertakings.map(Value.string) ?? .null, "destroy_by": .string(destroyBy),
            "policy_version": .string(policyVersion),
        ]
    }
}
