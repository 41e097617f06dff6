import CaseStore
import Ledger
package import Logging
import MessageQueue
import NIOCore
import Postgres
import ServiceLifecycle
import UnixSignals
import Vault

/// A node that answers control rooms and does nothing else: `hub serve --only emergency`. It starts without the database,
/// with what its snapshot holds.
package struct EmergencyNode: Sendable {
    private let configuration: Configuration
    private let logger: Logger

    package init(_ configuration: Configuration, logger: Logger) {
        self.configuration = configuration
        self.logger = logger
    }

    /// Serves until the process is told to stop.
    ///
    /// - Parameter onReady: called once the listener accepts connections, with its port.
    /// - Throws: ``ConfigurationError``; ``InstallationError`` where the rules or the keys cannot be read.
    package func run(onReady: @escaping @Sendable (Int?) async -> Void = { _ in }) async throws {
        guard let settings = configuration.emergency else {
            throw ConfigurationError(problems: [.init(line: nil, key: "emergency", text: "is missing")])
        }
        let (policy, vault, signer) = try Installation.rulesAndKeys(configuration)
        var connection = try Installation.connection(configuration)
        connection.role = .emergency
        let database = Database(configuration: connection, logger: logger)
        let roomDatabase = ControlRoomRoutes.database(connection, logger: logger)
        let metrics = Metrics()
        do {
            let node = Installation.nodeName()
            let queue = settings.duty.map { _ in MessageQueue(database: database, node: node, logger: logger) }
            let store = CaseStore(vault: vault, ledgerOrigin: signer.name)
            let record = LookRecord(
                database: database, store: store, queue: queue, node: node,
                reviewed: settings.reviewed)
            let office = try EmergencyOffice.open(
                settings, rules: policy.inForce, vault: vault, record: record, metrics: metrics, logger: logger)
            let application = try Server.emergencyApplication(
                configuration, desk: office.desk,
                sessions: StaffSessions(roomDatabase, store, logger: logger),
                accounts: StaffAccounts(roomDatabase, store, vault, configuration, metrics: metrics, logger: logger),
                metrics: metrics, logger: logger
            ) { channel in await onReady(channel.localAddress?.port) }
            var services: [ServiceGroupConfiguration.ServiceConfiguration] = [
                .init(service: HeapKeeper(), serviceName: "heap keeper"),
                .init(service: office.keeper, serviceName: "emergency keeper"),
                .init(
                    service: KeyKeeper(
                        vault: vault, store: store, database: database, node: node,
                        held: { office.keeper.held(at: settings.journal) }, logger: logger), serviceName: "key keeper"),
                .init(service: application, serviceName: "partner listener"),
            ]
            if let listener = configuration.adminListener {
                let admin = try Server.adminApplication(listener, desk: office.desk, metrics: metrics, logger: logger)
                services.append(.init(service: admin, serviceName: "admin listener"))
            }
            var group = ServiceGroupConfiguration(
                services: services, gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
            group.maximumGracefulShutdownDuration = .seconds(25)
            group.maximumCancellationDuration = .seconds(5)
            try await ServiceGroup(configuration: group).run()
            await roomDatabase.close()
            await database.close()
        } catch {
            await roomDatabase.close()
            await database.close()
            throw error
        }
    }
}
