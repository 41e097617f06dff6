package import Logging

/// Brings a database's schema up to date, or says how it stands.
///
/// Each migration runs in a transaction of its own, together with its row in `public.hub_migration`; an advisory lock
/// lets one migrator work at a time. It connects as the role that logs in, not as `DatabaseConfiguration.role`, and
/// without time limits.
package struct Migrator: Sendable {
    private let lines: [MigrationLine]

    /// The lines are applied in the order given.
    package init(lines: [MigrationLine]) {
        precondition(Set(lines.map(\.name)).count == lines.count, "two lines of migrations have one name")
        self.lines = lines
    }

    /// Applies what is pending and returns it. Throws ``MigrationError`` and applies nothing when the histories conflict.
    @discardableResult
    package func migrate(_ database: Database, logger: Logger) async throws -> [MigrationIdentifier] {
        try await administer(database) { connection in
            try connection.execute("SELECT pg_advisory_lock(\(Self.lock))", name: "migration.lock")
            try connection.executeScript(Self.table, name: "migration.table")
            let status = try status(connection)
            guard status.conflicts.isEmpty else { throw MigrationError.conflict(status.conflicts) }
            for identifier in status.pending {
                do {
                    try apply(identifier, connection)
                } catch let error as PostgresError {
                    throw MigrationError.failed(identifier, error)
                }
                logger.info("migration applied", metadata: ["migration": "\(identifier)"])
            }
            return status.pending
        }
    }

    /// How a database stands to which nothing has been applied yet. Connects to none.
    package var fresh: MigrationStatus {
        MigrationStatus(lines: lines, checksums: lines.flatMap(\.migrations).map { _ in "" }, history: [])
    }

    /// How the database stands. Changes nothing.
    package func pending(_ database: Database) async throws -> MigrationStatus {
        try await administer(database) { connection in try status(connection) }
    }

    /// Throws ``MigrationError``, which names the command to run, unless the schema is exactly the one known.
    package func verify(_ database: Database) async throws {
        let status = try await pending(database)
        guard status.conflicts.isEmpty else { throw MigrationError.conflict(status.conflicts) }
        guard status.pending.isEmpty else { throw MigrationError.pending(status.pending) }
    }

    /// `HUBMIGR8` in ASCII.
    private static let lock: Int64 = 0x4855_424D_4947_5238

    private static let table = """
        CREATE TABLE IF NOT EXISTS public.hub_migration (
            line       text NOT NULL,
            number     integer NOT NULL,
            name       text NOT NULL,
            sha256     text NOT NULL,
            applied_at timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (line, number)
        );
        GRANT SELECT ON public.hub_migration TO PUBLIC;
        """

    /// A migration that waits for a table's lock makes everybody else wait behind it, so it gives up and is run again.
    private static let patience = "SET LOCAL lock_timeout = '10s'"

    private func administer<T: Sendable>(
        _ database: Database, _ body: @Sendable (Connection) throws -> T
    ) async throws -> T {
        let session = try await Session.open(database.configuration.forAdministration)
        let outcome = await session.turn(as: nil, body)
        await session.close()
        guard case .finished(let result, _) = outcome else { throw PostgresError(.connectionLost) }
        return try result.get()
    }

    private func status(_ connection: Connection) throws -> MigrationStatus {
        let scripts = lines.flatMap(\.migrations).map { Array($0.sql.utf8) }
        let checksums = try connection.query(
            """
            SELECT encode(sha256(script), 'hex')
            FROM unnest(\(scripts)) WITH ORDINALITY AS given(script, position)
            ORDER BY position
            """, name: "migration.checksum"
        ).decode(String.self)
        let exists = try connection.query(
            "SELECT to_regclass('public.hub_migration') IS NOT NULL", name: "migration.exists"
        )[0].decode(Bool.self)
        let history = try exists ? history(connection) : []
        return MigrationStatus(lines: lines, checksums: checksums, history: history)
    }

    private func history(_ connection: Connection) throws -> [AppliedMigration] {
        try connection.query(
            """
            SELECT line, number, name, sha256
            FROM public.hub_migration
            ORDER BY line, number
            """, name: "migration.history"
        ).decode(String.self, Int.self, String.self, String.self).map(AppliedMigration.init)
    }

    private func apply(_ identifier: MigrationIdentifier, _ connection: Connection) throws {
        let line = lines.first { $0.name == identifier.line }
        guard let script = line?.migrations.first(where: { $0.number == identifier.number })?.sql else { return }
        try connection.transaction(.readCommitted) { connection in
            try connection.executeScript(Self.patience, name: "migration.patience")
            try connection.executeScript(script, name: "migration.apply")
            try connection.execute(
                """
                INSERT INTO public.hub_migration (line, number, name, sha256)
                VALUES (\(identifier.line), \(identifier.number), \(identifier.name),
                        encode(sha256(\(Array(script.utf8))), 'hex'))
                """, name: "migration.record")
        }
    }
}
