import Foundation
import Hub
import Logging
import Postgres
import TestSupport
import Testing
import Vault

extension Trait where Self == DatabaseTrait {
    /// A database with all schemas of the hub.
    static var installation: DatabaseTrait { .database(Installation.migrations) }
}

/// An installation on the test's database, with the project's adapters and a folder of its own.
enum TestInstallation {
    static func run(settings: String = "", _ body: (Installation) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "hub-tests-\(UUID().uuidString)").path
        try LocalFile.makeFolder(folder, mode: 0o700)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try LocalFile.write(Array(TestDatabase.current.connectionString.utf8), to: folder + "/database")
        try InstallationKey.create(file: folder + "/key")
        let adapters = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../adapters")
        let configuration = try Configuration.parse(
            """
            environment: test
            organisation: { id: derby_lac, name: Derby Local Area Co-ordination }
            data: .
            adapters: \(adapters.standardizedFileURL.path)
            keys: { installation: key }
            database: { url: 'file:database', connections: 4 }
            \(settings)
            """, folder: folder)
        try LedgerKey.make(configuration)
        let silent = Logger(label: "tests", factory: { _ in SwiftLogNoOpLogHandler() })
        let installation = try await Installation.open(configuration, logger: silent)
        do { try await body(installation) } catch {
            await installation.close()
            throw error
        }
        await installation.close()
    }
}
