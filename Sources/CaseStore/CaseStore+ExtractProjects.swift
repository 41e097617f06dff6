import Disclosure
import Ledger
package import Postgres
import Referral

extension CaseStore {
    /// Enters a project.
    ///
    /// - Returns: Whether it is new; one that the recipient has already is left as it is.
    package func add(
        _ project: ExtractProject, at: Timestamp = .now(), by actor: String, in connection: Connection
    ) throws -> Bool {
        let added = try connection.execute(
            """
            INSERT INTO record.extract_project (
                recipient, id, added_at, starts, ends, destroy_by, purpose, level, channel, groups, undertakings,
                why_identifiable, added_by
            )
            VALUES (
                \(project.recipient), \(project.id), \(at), \(project.starts.iso)::date, \(project.ends.iso)::date,
                \(project.destroyBy.iso)::date, \(project.purpose.rawValue), \(project.level.rawValue),
                \(project.channel.rawValue), \(project.groups.words), \(project.undertakings),
                \(project.whyIdentifiable), \(actor)
            )
            ON CONFLICT DO NOTHING
            """, name: "record.add_extract_project")
        guard added > 0 else { return false }
        let fields: [LedgerField: String] = [
            .recipient: project.recipient, .project: project.id, .purpose: project.purpose.rawValue,
            .level: project.level.rawValue, .channel: project.channel.rawValue,
            .asked: project.groups.words.joined(separator: " "), .state: "added", .actor: actor,
        ]
        try append([entry(.partnerChanged, at: at, fields)], in: connection)
        return true
    }

    /// One project of a recipient.
    package func extractProject(
        _ id: String, of recipient: String, in connection: Connection
    ) throws -> ExtractProject? {
        try connection.query(
            "\(Self.projects) WHERE recipient = \(recipient) AND id = \(id)", name: "record.extract_project"
        ).first.map(Self.project)
    }

    /// All projects, by recipient and id.
    package func extractProjects(in connection: Connection) throws -> [ExtractProject] {
        try connection.query("\(Self.projects) ORDER BY recipient, id", name: "record.extract_projects")
            .map(Self.project)
    }

    private static let projects: SQL = """
        SELECT
            recipient, id, purpose, level, channel, groups, undertakings, why_identifiable, starts::text AS starts,
            ends::text AS ends, destroy_by::text AS destroy_by
        FROM record.extract_project
        """

    private static func project(_ row: Row) throws -> ExtractProject {
        func day(_ name: String) throws -> CalendarDate? { CalendarDate(iso: try row.value(name)) }
        guard let purpose = Purpose(rawValue: try row.value("purpose")),
            let level = Level(rawValue: try row.value("level")),
            let channel = ReleaseChannel(rawValue: try row.value("channel")),
            let starts = try day("starts"), let ends = try day("ends"), let destroyBy = try day("destroy_by")
        else { throw CaseStoreError.unreadable("record.extract_project") }
        return ExtractProject(
            recipient: try row.value("recipient"), id: try row.value("id"), purpose: purpose, level: level,
            groups: Set(try row.value("groups", as: [String].self).compactMap(FieldGroup.init)), channel: channel,
            undertakings: try row.value("undertakings"), whyIdentifiable: try row.value("why_identifiable"),
            starts: starts, ends: ends, destroyBy: destroyBy)
    }
}
