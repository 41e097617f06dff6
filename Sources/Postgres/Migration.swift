/// One step of a schema's history: a numbered script, never edited once released.
package struct Migration: Sendable {
    package let number: Int
    package let name: String
    package let sql: String

    package init(number: Int, name: String, sql: String) {
        self.number = number
        self.name = name
        self.sql = sql
    }
}

/// The migrations of one part of the schema, each line numbered by itself.
package struct MigrationLine: Sendable {
    package let name: String
    package let migrations: [Migration]

    /// The numbers must rise.
    package init(name: String, migrations: [Migration]) {
        precondition(
            zip(migrations, migrations.dropFirst()).allSatisfy { $0.number < $1.number },
            "the migrations of \(name) are not in order")
        self.name = name
        self.migrations = migrations
    }

    /// Migrations from embedded files, each with the name of its file without the ending:
    ///
    ///     MigrationLine(name: "queue", files: [("0001_messages", PackageResources._001_messages_sql)])
    ///
    /// The build's `embedInCode` makes the constant's name from the file's: the first digit and the dot become `_`.
    package init(name: String, files: [(name: String, bytes: [UInt8])]) {
        self.init(
            name: name,
            migrations: files.map { file in
                let parts = file.name.split(separator: "_", maxSplits: 1)
                guard parts.count == 2, let number = Int(parts[0]) else {
                    preconditionFailure("\(name)/\(file.name) is not named NUMBER_name")
                }
                return Migration(
                    number: number, name: String(parts[1]), sql: String(decoding: file.bytes, as: UTF8.self))
            })
    }
}

/// Which migration, without its text.
package struct MigrationIdentifier: Hashable, Sendable, CustomStringConvertible {
    package let line: String
    package let number: Int
    package let name: String

    package init(line: String, number: Int, name: String) {
        self.line = line
        self.number = number
        self.name = name
    }

    package var description: String {
        let digits = String(number)
        return line + "/" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits + "_" + name
    }
}

/// How a database stands against the migrations that this program knows.
package struct MigrationStatus: Sendable {
    package var applied: [MigrationIdentifier] = []
    /// To be applied, in this order.
    package var pending: [MigrationIdentifier] = []
    /// Why this program must not touch the database.
    package var conflicts: [MigrationConflict] = []

    package var isCurrent: Bool { pending.isEmpty && conflicts.isEmpty }

    /// Compares what is known with what was applied.
    init(lines: [MigrationLine], checksums: [String], history: [AppliedMigration]) {
        var remaining = Dictionary(uniqueKeysWithValues: history.map { (Place(line: $0.line, number: $0.number), $0) })
        let latest = Dictionary(history.map { ($0.line, $0.number) }, uniquingKeysWith: max)
        var checksums = checksums[...]
        for line in lines {
            for migration in line.migrations {
                let checksum = checksums.removeFirst()
                let identifier = MigrationIdentifier(line: line.name, number: migration.number, name: migration.name)
                if let known = remaining.removeValue(forKey: Place(line: line.name, number: migration.number)) {
                    applied.append(identifier)
                    if known.sha256 != checksum { conflicts.append(.changed(identifier)) }
                } else {
                    pending.append(identifier)
                    if let last = latest[line.name], last > migration.number { conflicts.append(.late(identifier)) }
                }
            }
        }
        conflicts += history.filter { remaining[Place(line: $0.line, number: $0.number)] != nil }
            .map { .unknown(MigrationIdentifier(line: $0.line, number: $0.number, name: $0.name)) }
    }

    private struct Place: Hashable {
        let line: String
        let number: Int
    }
}

/// A row of `hub_migration`.
struct AppliedMigration: Sendable {
    let line: String
    let number: Int
    let name: String
    /// Of the script's bytes, in hexadecimal.
    let sha256: String
}

/// A history that this program must not continue.
package enum MigrationConflict: Hashable, Sendable, CustomStringConvertible {
    /// Its script is not the one that was applied.
    case changed(MigrationIdentifier)
    /// The database has it and this program does not.
    case unknown(MigrationIdentifier)
    /// It is not applied, and a later one of its line is.
    case late(MigrationIdentifier)

    package var description: String {
        switch self {
        case .changed(let migration): "\(migration) was changed after it was applied"
        case .unknown(let migration): "\(migration) is applied but this program does not know it"
        case .late(let migration): "\(migration) comes before one that is applied already"
        }
    }
}

/// Why the schema is not as this program needs it, and what to do.
package enum MigrationError: Error, CustomStringConvertible {
    case conflict([MigrationConflict])
    case pending([MigrationIdentifier])
    case failed(MigrationIdentifier, PostgresError)

    package var description: String {
        switch self {
        case .conflict(let conflicts):
            "the database's schema has another history: " + conflicts.map(\.description).joined(separator: "; ")
                + ". Run the hub whose `hub migrate` brought the database here, or a newer one; `hub migrate --check`"
                + " compares"
        case .pending(let migrations):
            "the database's schema is not up to date: \(migrations.map(\.description).joined(separator: ", "))"
                + " not applied. Run `hub migrate`"
        case .failed(let migration, let error):
            "migration \(migration) failed and was undone: \(error). Mend the cause and run `hub migrate` again"
        }
    }
}
