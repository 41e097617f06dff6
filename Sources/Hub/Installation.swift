package import CaseStore
import Channels
import Disclosure
import Glibc
package import Ledger
package import Logging
package import MessageQueue
package import Postgres
package import Translation
import Vault

/// An opened installation: its configuration, database, keys and adapters, before any service runs.
///
/// Commands open it, use what they need and close it again; `hub serve` keeps it open.
package struct Installation: Sendable {
    package let configuration: Configuration
    package private(set) var database: Database
    let vault: Vault
    /// Signs the ledger's checkpoints.
    package let ledgerSigner: NoteSigner
    package let store: CaseStore
    package private(set) var queue: MessageQueue
    package let catalogue: AdapterCatalogue
    package let policy: PolicyShelf
    package let partners: OutboundPartners
    let statusWays: StatusWays
    /// As they were when the channels read them.
    let certificates: [ConfiguredCertificate]
    package let metrics: Metrics
    let partnerMeter = PartnerMeter()
    package let logger: Logger
    private let cluster: PrivateCluster?

    /// The schema, in the order in which its lines are applied.
    package static let migrations = [
        RoleSchema.migrations, QueueSchema.migrations, RecordSchema.migrations, LedgerSchema.migrations,
        AccessSchema.migrations, GrantSchema.migrations,
    ]

    /// Opens an installation whose schema is the one this hub knows.
    ///
    /// - Parameter role: What the database is used as where nobody chooses another by ``acting(as:)``.
    /// - Throws: ``ConfigurationError``; ``InstallationError`` when the schema is not migrated or the key is missing.
    package static func open(
        _ configuration: Configuration, as role: DatabaseRole = .app, logger: Logger
    ) async throws -> Installation {
        let (catalogue, diagnostics) = AdapterCatalogue.load(configuration.adapters)
        guard diagnostics.isEmpty else {
            throw InstallationError.adapters(diagnostics.map(\.description))
        }
        let (policy, vault, signer) = try rulesAndKeys(configuration)
        let (connection, cluster) = try await connect(configuration, logger: logger)
        var application = connection
        application.role = role
        let database = Database(configuration: application, logger: logger)
        let store = CaseStore(vault: vault, ledgerOrigin: signer.name)
        let partners: OutboundPartners
        let statusWays: StatusWays
        let queues: MessageQueue.Configuration
        do {
            let owner = Database(configuration: connection, logger: logger)
            let status = try await Migrator(lines: migrations).pending(owner)
            await owner.close()
            guard status.isCurrent else { throw InstallationError.schema(status.summary) }
            // A database that was restored may name a key that was retired since: `hub keys restore` mends that.
            if let mark = try await database.acting(as: .audit).read({ try store.wrappingMark(in: $0) }) {
                vault.use(hexadecimal: mark)
            }
            partners = try await OutboundPartners.open(
                configuration, catalogue: catalogue,
                portal: PortalChannel(database: database.acting(as: .worker), store: store),
                logger: logger)
            statusWays = try await StatusWays.open(configuration, logger: logger)
            queues = self.queues(
                partners, statusWays, hasDuty: configuration.emergency?.duty != nil,
                storeFolder: configuration.database == nil ? configuration.clusterFolder : nil)
            guard queues.problems.isEmpty else { throw InstallationError.adapters(queues.problems) }
        } catch {
            await database.close()
            try? await cluster?.stop()
            throw error
        }
        let metrics = Metrics()
        return Installation(
            configuration: configuration,
            database: database,
            vault: vault,
            ledgerSigner: signer,
            store: store,
            queue: MessageQueue(database: database, node: nodeName(), configuration: queues, logger: logger),
            catalogue: catalogue,
            policy: policy,
            partners: partners,
            statusWays: statusWays,
            certificates: configuration.certificates,
            metrics: metrics,
            logger: logger,
            cluster: cluster
        )
    }

    /// The same installation, whose database and queue are used as the role of a function. Each service takes its own as it is
    /// made, and so has that function's rights and no others.
    package func acting(as role: DatabaseRole) -> Installation {
        var copy = self
        copy.database = database.acting(as: role)
        copy.queue = queue.acting(as: role)
        return copy
    }

    /// What judges, seals and signs: read from files alone.
    ///
    /// - Throws: ``InstallationError``.
    static func rulesAndKeys(
        _ configuration: Configuration
    ) throws -> (policy: PolicyShelf, vault: Vault, signer: NoteSigner) {
        let policy: PolicyShelf
        do {
            policy = try PolicyShelf.load(configuration.policyFile)
        } catch {
            throw InstallationError.policy(error.lines)
        }
        let ring: KeyRing
        do {
            ring = try KeyRing.load(file: configuration.keyFile)
        } catch {
            throw InstallationError.key(file: configuration.keyFile, problem: "\(error)")
        }
        let vault = Vault(ring: ring, file: configuration.keyFile)
        return (policy, vault, try LedgerKey.load(file: configuration.ledgerKeyFile))
    }

    /// Brings the schema up to date; on a fresh database also makes the installation's key and the ledger's.
    ///
    /// A key is never made for a database that already holds something: what is sealed there could not be opened, and
    /// checkpoints would not be signed by the key that others hold.
    ///
    /// - Returns: the names of the migrations that were applied.
    package static func migrate(_ configuration: Configuration, logger: Logger) async throws -> [String] {
        let (connection, cluster) = try await connect(configuration, logger: logger)
        let owner = Database(configuration: connection, logger: logger)
        do {
            let migrator = Migrator(lines: migrations)
            let isFresh = try await migrator.pending(owner).applied.isEmpty
            if isFresh {
                // Empty, but there: a checkpoint file that is missing later has been taken away.
                try LocalFile.makeFolder(configuration.dataFolder)
                let file = configuration.checkpointPath
                if !LocalFile.exists(file) { try LocalFile.write([], to: file, mode: 0o600) }
            }
            if !LocalFile.exists(configuration.keyFile) {
                guard isFresh else {
                    throw InstallationError.key(file: configuration.keyFile, problem: "is missing")
                }
                let folder = configuration.keyFile.split(separator: "/", omittingEmptySubsequences: false).dropLast()
                try LocalFile.makeFolder(folder.joined(separator: "/"), mode: 0o700)
                _ = try InstallationKey.create(file: configuration.keyFile)
            }
            if isFresh { try LedgerKey.make(configuration) }
            let applied = try await migrator.migrate(owner, logger: logger)
            await owner.close()
            try? await cluster?.stop()
            return applied.map(\.description)
        } catch {
            await owner.close()
            try? await cluster?.stop()
            throw error
        }
    }

    /// What `hub migrate --check` reports, without changing anything: a private cluster is started for it where there is
    /// one, and not made where there is none.
    package static func migrationStatus(_ configuration: Configuration, logger: Logger) async throws -> MigrationStatus
    {
        let migrator = Migrator(lines: migrations)
        if configuration.database == nil && !PrivateCluster.exists(dataDirectory: configuration.clusterFolder) {
            return migrator.fresh
        }
        let (connection, cluster) = try await connect(configuration, logger: logger)
        let owner = Database(configuration: connection, logger: logger)
        do {
            let status = try await migrator.pending(owner)
            await owner.close()
            try? await cluster?.stop()
            return status
        } catch {
            await owner.close()
            try? await cluster?.stop()
            throw error
        }
    }

    /// Closes connections and stops the private cluster if this process started it.
    package func close() async {
        await partners.shutdown()
        await statusWays.shutdown()
        await database.close()
        try? await cluster?.stop()
    }

    /// The database by the role that owns its tables, for what the application's may not do. The caller closes it.
    package func ownerDatabase() throws -> Database {
        Database(configuration: try Self.connection(configuration), logger: logger)
    }

    /// Enters in the ledger that this node begins to serve: the keys in use, and the disclosure policy when it is another
    /// than before.
    ///
    /// - Throws: ``InstallationError/key(file:problem:)`` where the key that everybody wraps by is not in the key file.
    func enterStart() async throws {
        let mark = try await database.acting(as: .audit).read { [store] in try store.wrappingMark(in: $0) }
        if let mark, !vault.use(hexadecimal: mark) {
            throw InstallationError.key(
                file: configuration.keyFile,
                problem: "does not hold the key \(mark), by which data keys are wrapped")
        }
        let keys: [LedgerField: String] = [
            .actor: "hub", .ledgerKey: ledgerSigner.verifier.text, .installationKey: Hexadecimal.text(vault.keyMark),
        ]
        try await database.acting(as: .audit).transaction { [store, policy] connection in
            try store.append([store.entry(.keyUsed, keys)], in: connection)
            try store.enterPolicy(version: policy.inForce.version, in: connection)
        }
    }

    /// The hub as partners see it in outgoing documents.
    package var sender: ReleaseSender {
        let organisation = configuration.organisation
        return ReleaseSender(
            id: organisation.id, name: organisation.name, ods: organisation.ods,
            // Replies go to the mailbox that is collected.
            mailbox: configuration.meshMailboxes.first?.mailbox, service: configuration.barsServices.first)
    }

    /// The checkpoints outside PostgreSQL, with the keys of `ledger.pub`.
    package func keptCheckpoints() throws -> KeptCheckpoints {
        KeptCheckpoints(file: checkpointFile, keys: try LedgerKey.verifiers(file: configuration.ledgerPublicKeyPath))
    }

    /// Where checkpoints of the ledger are kept, outside PostgreSQL.
    package var checkpointFile: CheckpointFile {
        CheckpointFile(path: configuration.checkpointPath)
    }

    /// How the database is reached, without starting anything.
    static func connection(_ configuration: Configuration) throws(ConfigurationError) -> DatabaseConfiguration {
        let text =
            try configuration.database?.resolve()
            ?? PrivateCluster.connectionString(dataDirectory: configuration.clusterFolder)
        var database = DatabaseConfiguration(connectionString: text)
        database.applicationName = "referral-hub"
        database.plansByIndex = true
        if let connections = configuration.databaseConnections { database.maximumConnections = connections }
        return database
    }

    private static func connect(
        _ configuration: Configuration, logger: Logger
    ) async throws -> (DatabaseConfiguration, PrivateCluster?) {
        var cluster: PrivateCluster?
        if configuration.database == nil {
            try LocalFile.makeFolder(configuration.dataFolder)
            cluster = try await PrivateCluster.start(dataDirectory: configuration.clusterFolder, logger: logger)
        }
        return (try connection(configuration), cluster)
    }

    /// Each partner's queue goes as fast and retries as often as its adapter says, and is left alone while the partner
    /// does not answer. An operator may set otherwise while it runs: `hub queue policy`.
    private static func queues(
        _ partners: OutboundPartners, _ statusWays: StatusWays, hasDuty: Bool, storeFolder: String?
    ) -> MessageQueue.Configuration {
        var configuration = MessageQueue.Configuration()
        configuration.storeFolder = storeFolder
        for partner in partners.configured {
            guard let retry = partners.retry(of: partner) else { continue }
            configuration.policies[Dispatch.queueName(partner)] = QueuePolicy(
                maximumAttempts: retry.attempts, backOff: BackOff(base: retry.first, cap: retry.longest),
                rate: partners.perSecond(of: partner).map { MessageRate(perSecond: $0) },
                breaker: CircuitBreaker(failures: 5))
        }
        // As many as one table holds begin at once, and fail at once.
        for partner in partners.batched {
            guard let retry = partners.retry(of: partner) else { continue }
            configuration.policies[Dispatch.batchQueueName(partner)] = QueuePolicy(
                maximumAttempts: retry.attempts, backOff: BackOff(base: retry.first, cap: retry.longest))
        }
        for partner in statusWays.partners {
            configuration.policies[StatusMessages.queueName(partner)] = StatusMessages.policy
        }
        if hasDuty { configuration.policies[DutyNotices.queueName] = DutyNotices.policy }
        return configuration
    }

    /// The host's name, for the history of attempts.
    static func nodeName() -> String {
        var name = [CChar](repeating: 0, count: 256)
        gethostname(&name, name.count - 1)
        return String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}

/// Why an installation cannot be opened, with the remedy.
package enum InstallationError: Error, Sendable, CustomStringConvertible {
    case adapters([String])
    case policy([String])
    case key(file: String, problem: String)
    case ledgerKey(file: String, problem: String)
    case schema(String)

    package var description: String {
        switch self {
        case .adapters(let problems):
            "the adapters have mistakes:\n" + problems.joined(separator: "\n")
        case .policy(let problems):
            "the disclosure rules have mistakes:\n" + problems.joined(separator: "\n")
        case .key(let file, let problem):
            "the installation's key \(file) \(problem). Without it nothing stored can be read: restore it from the key "
                + "store's backup. `hub migrate` makes one for a fresh database only"
        case .ledgerKey(let file, let problem):
            "the ledger's key \(file) \(problem). Restore it from the key store's backup: checkpoints are signed by it. "
                + "`hub migrate` makes one for a fresh database only"
        case .schema(let status):
            "the database's schema is not the one this hub knows: \(status). Run `hub migrate`"
        }
    }
}

extension MigrationStatus {
    /// What is pending or in conflict, in one line; "current" when nothing is.
    package var summary: String {
        if isCurrent { return "current: \(applied.count) migrations applied" }
        let conflicts = conflicts.map(\.description)
        return (pending.map { "\($0) is pending" } + conflicts).joined(separator: "; ")
    }
}
