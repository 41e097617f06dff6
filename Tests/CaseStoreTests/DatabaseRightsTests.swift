import CaseStore
import Logging
import MessageQueue
import Postgres
import TestSupport
import Testing

/// What the database itself refuses, whatever the code asks.
@Suite(.store) struct DatabaseRightsTests {
    private static let roles = RightsTable.roles.map(\.rawValue)

    private func texts(_ sql: SQL) async throws -> [String] {
        try await TestDatabase.current.database.query(sql).map { try $0.decode(String.self) }
    }

    @Test func `each role has the rights of the table, no more and no fewer`() async throws {
        let rows = try await TestDatabase.current.database.query(
            """
            SELECT
                nspname || '.' || relname, role, privilege,
                CASE
                    WHEN has_table_privilege(role, pg_class.oid, privilege) THEN 'whole'
                    WHEN privilege IN ('SELECT', 'INSERT', 'UPDATE')
                        AND has_any_column_privilege(role, pg_class.oid, privilege) THEN 'columns'
                    ELSE 'none'
                END
            FROM pg_class
            JOIN pg_namespace ON pg_namespace.oid = relnamespace
            CROSS JOIN unnest(\(Self.roles)) AS role
            CROSS JOIN unnest(\(RightsTable.rights.map(\.right))) AS privilege
            WHERE nspname NOT IN ('information_schema', 'pg_catalog', 'pg_toast') AND relkind IN ('r', 'p', 'v', 'm', 'f')
                AND NOT relispartition
            """)
        var seen: Set<String> = []
        for row in rows {
            let (table, role, right, extent) = try row.decode(String.self, String.self, String.self, String.self)
            seen.insert(table)
            let cell = RightsTable.cells[table]?[DatabaseRole(rawValue: role)]
            let letter = try #require(RightsTable.rights.first { $0.right == right }?.letter)
            let expected: String? = cell.map { cell in
                cell.contains(letter) ? "whole" : cell.contains(letter.lowercased()) ? "columns" : "none"
            }
            #expect(extent == expected, "\(role): \(right) on \(table)")
        }
        #expect(seen == Set(RightsTable.cells.keys))
    }

    @Test func `no role changes the ledger, and only retention and the operator destroy documents and keys`() {
        for (table, cells) in RightsTable.cells {
            for (role, cell) in cells {
                let changes = cell.uppercased().filter { "UDT".contains($0) }
                if table.hasPrefix("ledger.") { #expect(changes.isEmpty, "\(role) on \(table)") }
                if cell.contains("D"), table == "record.document" || table == "record.person_key" {
                    #expect(role == .retention || role == .app)
                }
                #expect(!cell.contains("T"), "\(role) on \(table)")
            }
        }
    }

    @Test func `figures and traces change nothing but the ledger's own account`() {
        for (table, cells) in RightsTable.cells where !table.hasPrefix("ledger.") {
            #expect(["-", "S", "s"].contains(cells[.audit]), "\(table)")
        }
    }

    @Test(arguments: [
        (
            DatabaseRole.ingest,
            [
                "record.person", "record.person_key", "record.person_identifier", "record.referral", "record.agreement",
                "record.agreement_scope", "record.share", "record.decision", "record.match", "access.card",
                "access.look",
            ]
        ),
        (
            .emergency,
            [
                "record.person", "record.person_key", "record.person_identifier", "record.document",
                "record.document_key", "record.submission",
                "record.referral", "record.agreement", "record.share", "record.decision", "record.api_key",
            ]
        ),
        (
            .console, ["record.api_key", "record.client_certificate", "record.client_key", "record.used_assertion"]
        ),
        (.worker, ["record.api_key", "record.client_certificate", "record.client_key", "access.card", "access.look"]),
        (
            .audit,
            [
                "record.document", "record.document_key", "record.person_key", "record.agreement", "record.decision",
                "access.card",
            ]
        ),
        (.retention, ["record.referral", "record.agreement", "record.share", "access.card"]),
        (
            .partners,
            [
                "record.staff_account", "record.staff_session", "record.submission", "record.document", "record.person",
                "record.person_key", "record.referral", "record.agreement", "record.share", "access.card",
                "queue.message",
            ]
        ),
    ])
    func `a function has no right at all in what is none of its business`(role: DatabaseRole, tables: [String]) {
        for table in tables {
            #expect(RightsTable.cells[table]?[role] == "-", "\(role) on \(table)")
        }
    }

    @Test func `a connection that has not said what it is for may do nothing`() async throws {
        for (table, cells) in RightsTable.cells where table != "public.hub_migration" {
            #expect(cells[.serving] == "-", "\(table)")
        }
        let nobody = TestDatabase.current.database.acting(as: .serving)
        let error = try await #require(throws: PostgresError.self) {
            try await nobody.query("SELECT record.survivor('00000000-0000-0000-0000-000000000001')")
        }
        #expect(error.state == .insufficientPrivilege)
    }

    /// Sealed bytes and the keys that open them, in columns: also a right in some columns of a table must leave these out.
    @Test func `what is sealed is read by the functions that open it`() async throws {
        let readable = try await texts(
            """
            SELECT role || ' ' || nspname || '.' || relname || '.' || attname
            FROM pg_attribute
            JOIN pg_class ON pg_class.oid = attrelid
            JOIN pg_namespace ON pg_namespace.oid = relnamespace
            CROSS JOIN unnest(\(Self.roles)) AS role
            WHERE nspname IN ('record', 'access') AND relkind = 'r'
                AND (attname LIKE 'sealed%' OR attname LIKE 'wrapped%' OR attname = 'secret_hash')
                AND has_column_privilege(role, attrelid, attnum, 'SELECT')
                AND role NOT IN ('hub_app', 'hub_worker', 'hub_console')
            """)
        // The key store's backups hold data keys as they are wrapped, and nothing that they seal.
        let wrapped = WrappedKeys.allCases.map { "hub_retention \($0.rawValue).wrapped_key" }
        #expect(
            Set(readable)
                == Set(wrapped + ["hub_ingest record.api_key.secret_hash", "hub_emergency access.card.sealed"]))
    }

    @Test func `functions of the schema are run by those who need them`() async throws {
        let runnable = try await texts(
            """
            SELECT role || ' ' || nspname || '.' || proname
            FROM pg_proc JOIN pg_namespace ON pg_namespace.oid = pronamespace CROSS JOIN unnest(\(Self.roles)) AS role
            WHERE nspname IN ('record', 'access', 'queue', 'ledger', 'public') AND prorettype <> 'trigger'::regtype
                AND has_function_privilege(role, pg_proc.oid, 'EXECUTE')
            """)
        #expect(
            Set(runnable) == [
                "hub_app queue.open_era", "hub_app queue.drop_era", "hub_retention queue.open_era",
                "hub_retention queue.drop_era", "hub_app ledger.sequence", "hub_audit ledger.sequence",
                "hub_app record.survivor", "hub_worker record.survivor", "hub_emergency record.survivor",
                "hub_console record.survivor", "hub_app record.members", "hub_worker record.members",
                "hub_emergency record.members", "hub_console record.members", "hub_app access.told_cards",
                "hub_emergency access.told_cards", "hub_app access.told_persons", "hub_emergency access.told_persons",
                "hub_app access.told_circumstances", "hub_emergency access.told_circumstances",
                "hub_app record.file_need", "hub_app record.files_past", "hub_audit record.files_past",
                "hub_app record.due_file", "hub_retention record.due_file", "hub_app record.hold_session",
                "hub_console record.hold_session", "hub_partners record.hold_session",
            ])
    }

    @Test func `what runs by the owner's rights looks names up nowhere else`() async throws {
        let open = try await texts(
            """
            SELECT pg_proc.oid::regprocedure::text
            FROM pg_proc JOIN pg_namespace ON pg_namespace.oid = pronamespace
            WHERE nspname IN ('record', 'access', 'queue', 'ledger', 'public') AND prosecdef
                AND NOT EXISTS (SELECT FROM unnest(proconfig) AS setting WHERE setting LIKE 'search_path=pg_catalog%')
            """)
        #expect(open.isEmpty)
    }

    @Test func `no role owns anything, makes anything, passes over row security or has another's rights`() async throws
    {
        let wrong = try await texts(
            """
            SELECT 'owns ' || rolname
            FROM pg_class JOIN pg_roles ON pg_roles.oid = relowner
            WHERE rolname = ANY (\(Self.roles))
            UNION ALL
            SELECT 'makes ' || role || ' ' || nspname
            FROM pg_namespace CROSS JOIN unnest(\(Self.roles)) AS role
            WHERE has_schema_privilege(role, pg_namespace.oid, 'CREATE')
            UNION ALL
            SELECT 'makes ' || role
            FROM unnest(\(Self.roles)) AS role
            WHERE has_database_privilege(role, current_database(), 'CREATE')
            UNION ALL
            SELECT 'powers ' || rolname
            FROM pg_roles
            WHERE rolname = ANY (\(Self.roles))
                AND (rolsuper OR rolbypassrls OR rolcanlogin OR rolcreaterole OR rolcreatedb OR rolreplication)
            UNION ALL
            SELECT 'member ' || rolname
            FROM pg_auth_members JOIN pg_roles ON pg_roles.oid = member
            WHERE rolname = ANY (\(Self.roles))
            """)
        #expect(wrong.isEmpty)
    }

    @Test func `partitions are reached through their table alone`() async throws {
        let reached = try await texts(
            """
            SELECT role || ' ' || pg_class.oid::regclass
            FROM pg_class CROSS JOIN unnest(\(Self.roles)) AS role CROSS JOIN unnest(\(["SELECT", "INSERT"])) AS privilege
            WHERE relispartition AND relkind = 'r' AND has_any_column_privilege(role, pg_class.oid, privilege)
            """)
        #expect(reached.isEmpty)
    }
}

/// Databases that are migrated step by step: rights of a whole database are not cloned with it.
@Suite(.database) struct RightsMigrationTests {
    private static let before = [
        MigrationLine(name: "roles", migrations: Array(RoleSchema.migrations.migrations.prefix(1))),
        QueueSchema.migrations, RecordSchema.migrations, LedgerSchema.migrations, AccessSchema.migrations,
    ]
    private static let now =
        [RoleSchema.migrations] + before.dropFirst() + [GrantSchema.migrations]

    private static let logger = Logger(label: "silent", factory: { _ in SwiftLogNoOpLogHandler() })

    @Test func `a schema of before roles by function is brought up to date, with what it holds`() async throws {
        let database = TestDatabase.current.database
        try await Migrator(lines: Self.before).migrate(database, logger: Self.logger)
        try await database.execute("INSERT INTO record.partner (id, kind, name) VALUES ('uhdb', 'partner', 'Trust')")
        let applied = try await Migrator(lines: Self.now).migrate(database, logger: Self.logger)
        #expect(
            applied.map(\.description) == [
                "roles/0002_functions", "roles/0003_partners", "grants/0001_functions", "grants/0002_told",
                "grants/0003_queues",
                "grants/0004_lists", "grants/0007_settings", "grants/0008_sessions",
            ])
        for role in [DatabaseRole.ingest, .worker, .console, .audit, .emergency, .partners] {
            #expect(try await database.acting(as: role).query("SELECT id FROM record.partner").count == 1)
        }
        await #expect(throws: PostgresError.self) {
            try await database.acting(as: .serving).query("SELECT id FROM record.partner")
        }
    }

    @Test func `no role makes even a table that goes with its session`() async throws {
        let database = TestDatabase.current.database
        try await Migrator(lines: Self.now).migrate(database, logger: Self.logger)
        for role in DatabaseRole.functions {
            let error = try await #require(throws: PostgresError.self) {
                try await database.acting(as: role).execute("CREATE TEMPORARY TABLE made (at timestamptz)")
            }
            #expect(error.state == .insufficientPrivilege)
        }
    }
}
