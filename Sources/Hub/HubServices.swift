import CaseStore
import Channels
package import Logging
import MessageQueue
import NIOCore
import Postgres
import Referral
import ServiceLifecycle
import Translation
import UnixSignals

/// The running hub, composed: every service over one opened installation.
package struct HubServices: Sendable {
    package let installation: Installation
    package let intake: Intake
    package let sharing: Sharing
    package let receipts: Receipts
    package let matches: Matches
    package let credentials: Credentials
    package let operations: Operations
    let outcomes: IntakeOutcomes
    let hl7Answers: HL7Answers
    /// Of the partners' requests and messages, however they come.
    let requestLimit: RequestLimit
    let budget: BodyBudget
    package let metrics: Metrics
    package let logger: Logger

    package init(_ installation: Installation) {
        // Each service takes the role of its function from it; one that does not can do nothing.
        let installation = installation.acting(as: .serving)
        self.installation = installation
        intake = Intake(installation)
        sharing = Sharing(installation)
        receipts = Receipts(installation)
        matches = Matches(installation)
        credentials = Credentials(installation)
        operations = Operations(installation)
        outcomes = IntakeOutcomes(installation)
        hl7Answers = HL7Answers(installation, outcomes: outcomes)
        let limits = installation.configuration.limits
        requestLimit = RequestLimit(limits.rate, metrics: installation.metrics)
        budget = BodyBudget(bytes: limits.bodyBytes, longest: ReferralRoutes.bodyLimit)
        metrics = installation.metrics
        logger = installation.logger
    }

    /// The parts that `hub serve --only` can choose between; one node may run any of them.
    package enum Role: String, CaseIterable, Sendable {
        case api
        case intake
        case dispatch
        case housekeeping
        case files
        case mesh
        case mail
        case mllp
        /// Answers control rooms, where `emergency` is configured. Alone, it needs no database: ``EmergencyNode``.
        case emergency
    }

    /// Runs the chosen roles until the process is told to stop; then stops taking, finishes what is in hand, returns.
    ///
    /// - Parameter onReady: called once the partner listener accepts connections, with its port; where the role `api` is
    ///   not among those chosen, once the admin listener does.
    package func run(roles: Set<Role>, onReady: @escaping @Sendable (Int?) async -> Void = { _ in }) async throws {
        let configuration = installation.configuration
        // So that they show, empty, from the start. A database that is away now is met by each service on its own.
        let partners = installation.partners
        var queues =
            [Intake.queueName] + partners.configured.map(Dispatch.queueName)
            + partners.batched.map(Dispatch.batchQueueName)
            + installation.statusWays.partners.map(StatusMessages.queueName)
        if configuration.emergency?.duty != nil { queues.append(DutyNotices.queueName) }
        let worker = installation.acting(as: .worker)
        try? await worker.queue.declare(queues)
        try? await worker.queue.publishPolicies()
        if roles.contains(.dispatch) { await hastenExercises() }
        try await installation.enterStart()
        var services: [ServiceGroupConfiguration.ServiceConfiguration] = []
        // With names: left out, a service's own description would stand for it, which is everything that it holds.
        func add(_ name: String, _ service: any Service) { services.append(.init(service: service, serviceName: name)) }
        add("heap keeper", HeapKeeper())
        // Stopped after whatever it counts.
        add("traffic keeper", TrafficKeeper(installation))
        add("queue waker", QueueWaker(queue: worker.queue))
        if roles.contains(.housekeeping) {
            add("housekeeping", Housekeeping(installation))
            add("replay keeper", ReplayKeeper(installation))
        }
        if roles.contains(.dispatch) {
            add("acknowledgement keeper", AcknowledgementKeeper(installation))
            for partner in partners.configured {
                let dispatch = Dispatch(to: partner, installation)
                if partners.batched.contains(partner) {
                    add(
                        "consumer \(Dispatch.batchQueueName(partner))",
                        Consumer(
                            queue: worker.queue,
                            name: Dispatch.batchQueueName(partner),
                            concurrency: Outbound.Batch.mostRows,
                            batch: Outbound.Batch.mostRows,
                            pace: .milliseconds(5),
                            handler: { await dispatch.work($0) }
                        )
                    )
                }
                add(
                    "consumer \(Dispatch.queueName(partner))",
                    Consumer(
                        queue: worker.queue,
                        name: Dispatch.queueName(partner),
                        concurrency: configuration.dispatchConcurrency,
                        batch: configuration.dispatchConcurrency * 4,
                        pace: .milliseconds(5),
                        handler: { await dispatch.work($0) }
                    )
                )
            }
        }
        if roles.contains(.dispatch) {
            for partner in installation.statusWays.partners {
                guard let channel = installation.statusWays[partner] else { continue }
                let messages = StatusMessages(to: partner, by: channel, installation)
                add(
                    "consumer \(StatusMessages.queueName(partner))",
                    Consumer(
                        queue: worker.queue,
                        name: StatusMessages.queueName(partner),
                        concurrency: StatusMessages.concurrency,
                        batch: StatusMessages.concurrency,
                        handler: { await messages.work($0) }
                    )
                )
            }
        }
        if roles.contains(.dispatch), let duty = configuration.emergency?.duty {
            let notices: DutyNotices
            do {
                notices = try DutyNotices(duty, team: configuration.organisation.name)
            } catch let error as ConfigurationError {
                throw error
            } catch {
                throw ConfigurationError(problems: [.init(line: nil, key: "emergency.duty", text: "\(error)")])
            }
            add("consumer \(DutyNotices.queueName)", DutyService(notices: notices, queue: worker.queue))
        }
        if roles.contains(.intake) {
            let intake = intake
            add(
                "consumer \(Intake.queueName)",
                Consumer(
                    queue: worker.queue,
                    name: Intake.queueName,
                    concurrency: configuration.intakeConcurrency,
                    batch: configuration.intakeConcurrency * 8,
                    pace: .milliseconds(5),
                    handler: { await intake.work($0) }
                )
            )
        }
        if roles.contains(.files), let folder = configuration.dropFolder {
            add("drop folder", DroppedFiles(folder: folder, hub: self))
        }
        if roles.contains(.mllp) {
            for settings in configuration.mllp { add("MLLP of \(settings.partner)", try listener(settings)) }
        }
        let server = Server(hub: self)
        var desk: EmergencyDesk?
        var held: @Sendable () -> KeyKeeper.Held? = { nil }
        if roles.contains(.emergency), !roles.contains(.api), configuration.emergency != nil {
            throw ConfigurationError(problems: [
                .init(line: nil, key: "--only", text: "has emergency without api: give both, or emergency alone")
            ])
        }
        if roles.contains(.emergency), let settings = configuration.emergency {
            let emergency = installation.acting(as: .emergency)
            let record = LookRecord(
                database: emergency.database, store: installation.store,
                queue: settings.duty == nil ? nil : emergency.queue, node: Installation.nodeName(),
                reviewed: settings.reviewed)
            let office = try EmergencyOffice.open(
                settings, rules: installation.policy.inForce, vault: installation.vault, record: record,
                metrics: metrics, logger: logger)
            desk = office.desk
            held = { office.keeper.held(at: settings.journal) }
            add("emergency keeper", office.keeper)
        }
        add("key keeper", KeyKeeper(worker, held: held))
        if let admin = configuration.adminListener {
            add(
                "admin listener",
                try server.adminApplication(admin) { channel in
                    if !roles.contains(.api) { await onReady(channel.localAddress?.port) }
                }
            )
        } else if !roles.contains(.api) {
            logger.warning("no `admin` listener is configured: nobody can ask this process for health and figures")
        }
        let roomDatabase =
            desk == nil ? nil : ControlRoomRoutes.database(installation.database.configuration, logger: logger)
        if roles.contains(.api) {
            add(
                "partner listener",
                try server.partnerApplication(
                    configuration.partnerListener, desk: desk, roomDatabase: roomDatabase
                ) { channel in
                    await onReady(channel.localAddress?.port)
                }
            )
        }
        if roles.contains(.mail), let mail = configuration.mail {
            add("mailbox", try Mailbox(mail, intake: intake, installation))
        }
        if roles.contains(.mesh) {
            for mailbox in try await collectedMailboxes() { add("MESH mailbox \(mailbox.name)", mailbox) }
        }
        var group = ServiceGroupConfiguration(
            services: services, gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        // Whoever does not let go by then is cut off; what was in hand is taken up again at the next start.
        group.maximumGracefulShutdownDuration = .seconds(25)
        group.maximumCancellationDuration = .seconds(5)
        do {
            try await ServiceGroup(configuration: group).run()
        } catch {
            await roomDatabase?.close()
            throw error
        }
        await roomDatabase?.close()
    }

    /// A partner's MLLP listener.
    func listener(
        _ settings: Configuration.MLLPListener, onListening: @escaping @Sendable (Int) async -> Void = { _ in }
    ) throws -> MLLPListener {
        let listener = try MLLPListener(
            settings.channel(longest: ReferralRoutes.bodyLimit),
            receiver: MLLPIntake(partner: settings.partner, hub: self), logger: logger, onListening: onListening)
        metrics.watchConnections(of: "\(settings.partner):\(settings.port)") { listener.connectionCount }
        return listener
    }
}

extension HubServices {
    /// The day of an exercise may have been moved forward since its shares began to wait. One that was moved back is seen as a
    /// share leaves.
    private func hastenExercises() async {
        for partner in installation.partners.batched {
            guard let (outbound, sheet, _) = installation.partners.exercise(of: partner) else { continue }
            do {
                try await installation.acting(as: .worker).queue.hasten(
                    Dispatch.batchQueueName(partner), until: Timestamp(microseconds: sheet.opens.microseconds),
                    sparing: outbound.retry.longest)
            } catch {
                logger.warning(
                    "shares may wait for an exercise's day of before until the next start",
                    metadata: ["partner": "\(partner)", "error": "\(error)"])
            }
        }
    }

    /// The MESH mailboxes as services; all or none.
    private func collectedMailboxes() async throws -> [CollectedMailbox] {
        var mailboxes: [CollectedMailbox] = []
        for mailbox in installation.configuration.meshMailboxes {
            do {
                mailboxes.append(try CollectedMailbox(mailbox, hub: self))
            } catch {
                for opened in mailboxes { await opened.shutdown() }
                throw ConfigurationError(
                    problems: [.init(line: nil, key: "mesh.\(mailbox.mailbox)", text: "\(error)")])
            }
        }
        return mailboxes
    }
}

/// The drop folder as a service.
private struct DroppedFiles: Service {
    let folder: String
    let hub: HubServices

    func run() async throws {
        let installation = hub.installation
        let files = FileIntake(
            intake: hub.intake, database: installation.acting(as: .ingest).database, store: installation.store,
            logger: hub.logger)
        let drop = DropFolder(
            configuration: .init(
                root: folder, state: folder + ".state", maximumBytes: ReferralRoutes.bodyLimit),
            partners: { await files.partners() },
            logger: hub.logger,
            report: { await files.report($0) },
            handler: { await files.take($0) }
        )
        try await cancelWhenGracefulShutdown {
            let statuses = StatusFiles(below: folder, installation)
            do {
                try await withThrowingDiscardingTaskGroup { group in
                    group.addTask { await statuses.run() }
                    group.addTask { try await drop.run() }
                }
            } catch is CancellationError {
                return
            }
        }
    }
}

/// A MESH mailbox as a service.
private struct CollectedMailbox: Service {
    let name: String
    private let client: MESHClient
    private let inbox: MESHInbox

    init(_ mailbox: Configuration.MESHMailbox, hub: HubServices) throws {
        name = mailbox.mailbox
        client = try MESHIntake.client(mailbox)
        let messages = MESHIntake(mailbox, client: client, intake: hub.intake, hub.installation)
        inbox = MESHInbox(client: client, interval: mailbox.interval, logger: hub.logger) { await messages.take($0) }
    }

    func run() async throws {
        try await cancelWhenGracefulShutdown {
            do {
                try await inbox.run()
            } catch is CancellationError {
                return
            }
        }
        await shutdown()
    }

    func shutdown() async { await client.shutdown() }
}
