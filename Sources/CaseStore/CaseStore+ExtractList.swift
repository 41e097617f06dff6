package import Postgres

extension CaseStore {
    /// Extracts, released and refused, newest first.
    package func extracts(limit: Int = 50, in connection: Connection) throws -> [ExtractSummary] {
        try connection.query(
            "\(Self.extracts) ORDER BY extract.id DESC LIMIT \(limit)", name: "record.extracts"
        ).map(Self.summary)
    }

    /// One extract.
    package func extract(_ id: UUIDValue, in connection: Connection) throws -> ExtractSummary? {
        try connection.query("\(Self.extracts) WHERE extract.id = \(id)", name: "record.extract").first.map(
            Self.summary)
    }

    private static let extracts: SQL = """
        SELECT
            extract.id, entry, made_at, made_by, recipient, project, level, extract.outcome, reason, policy_version, released,
            referred_from::text AS referred_from, referred_until::text AS referred_until, cohort, row_count, k,
            project_key, own_key, excluded, bytes_hash, extract_sending.extract IS NOT NULL AS is_sent, \(ExtractSending.columns)
        FROM record.extract LEFT JOIN record.extract_sending ON extract_sending.extract = extract.id
        """

    private static func summary(_ row: Row) throws -> ExtractSummary {
        ExtractSummary(
            id: try row.value("id"), entry: try row.value("entry"), madeAt: try row.value("made_at"),
            madeBy: try row.value("made_by"), recipient: try row.value("recipient"), project: try row.value("project"),
            level: try row.value("level"), outcome: try row.value("outcome"), reason: try row.value("reason"),
            policyVersion: try row.value("policy_version"), released: try row.value("released"),
            referredFrom: try row.value("referred_from"), referredUntil: try row.value("referred_until"),
            cohort: try row.value("cohort"), rowCount: try row.value("row_count"), k: try row.value("k"),
            projectKey: try row.value("project_key"), ownKey: try row.value("own_key"),
            excluded: try row.value("excluded"), bytesHash: try row.value("bytes_hash"),
            sending: try row.value("is_sent") ? ExtractSending(row) : nil)
    }
}
