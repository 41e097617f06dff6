import CaseStore
import Channels
import Logging
import Postgres
import ServiceLifecycle
import Vault

/// Keeps a process at the keys that the installation wraps by, while it serves: takes over what the key file holds within a
/// second of its change, wraps by the key that the database names, and says which keys this process has, so that nobody makes
/// one current or retires one that others cannot do without. Each process runs one.
///
/// It also lets no unwrapped key stay in memory that nobody has used for a minute: of those that were destroyed on another
/// node nothing is left by then. Nobody could ask for one meanwhile (``KeyCache``).
actor KeyKeeper: Service {
    /// What of this node's own disk is wrapped by keys of the installation.
    struct Held: Sendable {
        var path: String
        var marks: [[UInt8]]
    }

    /// How long a process counts as running that was not seen.
    static let patience = Duration.seconds(30)
    /// How often a process says that it is there.
    private static let repeated = Duration.seconds(10)
    private static let forgetting = Duration.seconds(30)

    private let id = UUIDValue.v7()
    private let vault: Vault
    private let store: CaseStore
    private let database: Database
    private let node: String
    private let held: @Sendable () -> Held?
    private let logger: Logger
    private var reported: KeyProcess?
    private var reportedAt = ContinuousClock.now
    private var forgottenAt = ContinuousClock.now
    private var complaint: String?

    init(
        vault: Vault, store: CaseStore, database: Database, node: String = Installation.nodeName(),
        held: @escaping @Sendable () -> Held? = { nil }, logger: Logger
    ) {
        self.vault = vault
        self.store = store
        self.database = database
        self.node = node
        self.held = held
        self.logger = logger
    }

    init(_ installation: Installation, held: @escaping @Sendable () -> Held?) {
        self.init(
            vault: installation.vault, store: installation.store, database: installation.database, held: held,
            logger: installation.logger)
    }

    func run() async throws {
        await cancelWhenGracefulShutdown { await self.rounds() }
        try? await database.transaction { [store, id] connection in try store.forget(process: id, in: connection) }
    }

    private func rounds() async {
        var isAway = false
        while !Task.isCancelled {
            do {
                try await keep()
                isAway = false
            } catch is CancellationError {
                return
            } catch {
                if !isAway { logger.debug("the keys in use cannot be looked up", metadata: ["error": "\(error)"]) }
                isAway = true
            }
            try? await Task.sleep(for: .seconds(1))
        }
    }

    /// One round.
    func keep() async throws {
        if forgottenAt.duration(to: .now) > Self.forgetting {
            vault.forgetUnused()
            forgottenAt = .now
        }
        do {
            try vault.rereadKeys()
            complain(nil)
        } catch {
            complain("the key file has changed and cannot be taken over: \(error)")
        }
        let mark = try await database.read { [store] connection in try store.wrappingMark(in: connection) }
        if let mark, mark != store.currentMark, !vault.use(hexadecimal: mark) {
            complain("data keys are wrapped by the key \(mark), which the key file does not hold")
        }
        let held = held()
        let process = KeyProcess(
            id: id, node: node, mark: store.currentMark, marks: vault.keyMarks.map(Hexadecimal.text),
            held: held?.marks.map(Hexadecimal.text) ?? [], path: held?.path, seenAt: Timestamp(microseconds: 0))
        guard process != reported || reportedAt.duration(to: .now) > Self.repeated else { return }
        try await database.transaction { [store] connection in try store.report(process, in: connection) }
        (reported, reportedAt) = (process, .now)
    }

    private func complain(_ text: String?) {
        if let text, text != complaint { logger.error("\(text)") }
        complaint = text
    }
}

extension Vault {
    /// Wraps by the key with this mark from now on.
    ///
    /// - Returns: False where the ring does not have it.
    @discardableResult
    func use(hexadecimal mark: String) -> Bool {
        keyMarks.first { Hexadecimal.text($0) == mark }.map { use($0) } ?? false
    }
}
