package import Postgres

/// The roles of the cluster that the other lines grant rights to; migrated first.
package enum RoleSchema {
    package static let migrations = MigrationLine(
        name: "roles",
        migrations: [
            Migration(number: 1, name: "hub_app", sql: text(PackageResources.roles_0001_hub_app_sql)),
            Migration(number: 2, name: "functions", sql: text(PackageResources.roles_0002_functions_sql)),
            Migration(number: 3, name: "partners", sql: text(PackageResources.roles_0003_partners_sql)),
        ])
}

/// Schema `record`: partners, submissions, persons, referrals, cases, agreements, shares, work items.
package enum RecordSchema {
    package static let migrations = MigrationLine(
        name: "record",
        migrations: [
            Migration(number: 1, name: "partners", sql: text(PackageResources.record_0001_partners_sql)),
            Migration(number: 2, name: "submissions", sql: text(PackageResources.record_0002_submissions_sql)),
            Migration(number: 3, name: "persons", sql: text(PackageResources.record_0003_persons_sql)),
            Migration(number: 4, name: "agreements", sql: text(PackageResources.record_0004_agreements_sql)),
            Migration(number: 5, name: "shares", sql: text(PackageResources.record_0005_shares_sql)),
            Migration(number: 6, name: "work_items", sql: text(PackageResources.record_0006_work_items_sql)),
            Migration(number: 7, name: "requests", sql: text(PackageResources.record_0007_requests_sql)),
            Migration(number: 8, name: "mail_answers", sql: text(PackageResources.record_0008_mail_answers_sql)),
            Migration(number: 9, name: "awaiting", sql: text(PackageResources.record_0009_awaiting_sql)),
            Migration(number: 10, name: "matching", sql: text(PackageResources.record_0010_matching_sql)),
            Migration(number: 11, name: "approvals", sql: text(PackageResources.record_0011_approvals_sql)),
            Migration(number: 12, name: "proposals", sql: text(PackageResources.record_0012_proposals_sql)),
            Migration(
                number: 13, name: "attachment_files", sql: text(PackageResources.record_0013_attachment_files_sql)),
            Migration(number: 14, name: "extracts", sql: text(PackageResources.record_0014_extracts_sql)),
            Migration(
                number: 15, name: "acknowledgements", sql: text(PackageResources.record_0015_acknowledgements_sql)),
            Migration(number: 16, name: "late", sql: text(PackageResources.record_0016_late_sql)),
            Migration(
                number: 17, name: "extract_sending", sql: text(PackageResources.record_0017_extract_sending_sql)),
            Migration(number: 18, name: "outcomes", sql: text(PackageResources.record_0018_outcomes_sql)),
            Migration(number: 19, name: "status_files", sql: text(PackageResources.record_0019_status_files_sql)),
            Migration(number: 20, name: "conversations", sql: text(PackageResources.record_0020_conversations_sql)),
            Migration(number: 21, name: "portal", sql: text(PackageResources.record_0021_portal_sql)),
            Migration(
                number: 22, name: "status_messages", sql: text(PackageResources.record_0022_status_messages_sql)),
            Migration(number: 23, name: "credentials", sql: text(PackageResources.record_0023_credentials_sql)),
            Migration(number: 24, name: "emergency", sql: text(PackageResources.record_0024_emergency_sql)),
            Migration(number: 25, name: "staff", sql: text(PackageResources.record_0025_staff_sql)),
            Migration(number: 26, name: "keys", sql: text(PackageResources.record_0026_keys_sql)),
            Migration(number: 27, name: "control_rooms", sql: text(PackageResources.record_0027_control_rooms_sql)),
            Migration(number: 28, name: "files", sql: text(PackageResources.record_0028_files_sql)),
            Migration(number: 29, name: "document_keys", sql: text(PackageResources.record_0029_document_keys_sql)),
            Migration(number: 30, name: "dead_letters", sql: text(PackageResources.record_0030_dead_letters_sql)),
            Migration(number: 31, name: "saved_filters", sql: text(PackageResources.record_0031_saved_filters_sql)),
            Migration(
                number: 32, name: "submission_lists", sql: text(PackageResources.record_0032_submission_lists_sql)),
            Migration(number: 33, name: "traffic", sql: text(PackageResources.record_0033_traffic_sql)),
            Migration(number: 34, name: "work_order", sql: text(PackageResources.record_0034_work_order_sql)),
            Migration(number: 35, name: "given_access", sql: text(PackageResources.record_0035_given_access_sql)),
        ])
}

/// Schema `ledger`: entries that only grow, their positions in the tree, and checkpoints.
package enum LedgerSchema {
    package static let migrations = MigrationLine(
        name: "ledger",
        migrations: [
            Migration(number: 1, name: "entries", sql: text(PackageResources.ledger_0001_entries_sql)),
            Migration(number: 2, name: "positions", sql: text(PackageResources.ledger_0002_positions_sql)),
            Migration(number: 3, name: "approvals", sql: text(PackageResources.ledger_0003_approvals_sql)),
            Migration(number: 4, name: "acknowledged", sql: text(PackageResources.ledger_0004_acknowledged_sql)),
            Migration(number: 5, name: "outcomes", sql: text(PackageResources.ledger_0005_outcomes_sql)),
            Migration(number: 6, name: "emergency", sql: text(PackageResources.ledger_0006_emergency_sql)),
            Migration(number: 7, name: "staff", sql: text(PackageResources.ledger_0007_staff_sql)),
            Migration(number: 8, name: "queues", sql: text(PackageResources.ledger_0008_queues_sql)),
        ])
}

/// Schema `access`: access cards, and the looks of control rooms.
package enum AccessSchema {
    package static let migrations = MigrationLine(
        name: "access",
        migrations: [
            Migration(number: 1, name: "cards", sql: text(PackageResources.access_0001_cards_sql)),
            Migration(number: 2, name: "looks", sql: text(PackageResources.access_0002_looks_sql)),
            Migration(number: 3, name: "erasure", sql: text(PackageResources.access_0003_erasure_sql)),
            Migration(number: 4, name: "unproved", sql: text(PackageResources.access_0004_unproved_sql)),
        ])
}

/// What each role may do with the tables of the other lines; migrated last. It is a line of its own because roles were added
/// when those tables were long there: a migration of any one line would come before tables of the others. A table that is
/// made from now on is granted to the roles by the migration that makes it.
///
/// There is no 5 and no 6, and there never can be: a database that has 7 refuses an earlier one that comes later.
package enum GrantSchema {
    package static let migrations = MigrationLine(
        name: "grants",
        migrations: [
            Migration(number: 1, name: "functions", sql: text(PackageResources.grants_0001_functions_sql)),
            Migration(number: 2, name: "told", sql: text(PackageResources.grants_0002_told_sql)),
            Migration(number: 3, name: "queues", sql: text(PackageResources.grants_0003_queues_sql)),
            Migration(number: 4, name: "lists", sql: text(PackageResources.grants_0004_lists_sql)),
            Migration(number: 7, name: "settings", sql: text(PackageResources.grants_0007_settings_sql)),
            Migration(number: 8, name: "sessions", sql: text(PackageResources.grants_0008_sessions_sql)),
        ])
}

private func text(_ bytes: [UInt8]) -> String {
    String(decoding: bytes, as: UTF8.self)
}
