import ArgumentParser
import Glibc
import Hub
import Logging
import MessageQueue
import Postgres
import Referral
import ServiceLifecycle
import Translation
import UnixSignals

/// `hub queue`: look at the queues, set how they work and mend what is stuck.
struct QueueCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "queue",
        abstract: "List, show, set, pause, resume and replay queues; measure them.",
        subcommands: [
            List.self, Show.self, PolicyCommand.self, Pause.self, Resume.self, Replay.self, Bench.self, Drill.self,
        ]
    )

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Every queue: depth, oldest message, dead letters, state.")
        @OptionGroup var installation: InstallationOption
        @OptionGroup var format: JSONOption

        func run() async throws {
            try await installation.open { hub in
                let rows = try await hub.queue.statistics().map { queue -> [Cell] in
                    [
                        .text(queue.queue), .number(queue.ready), .number(queue.delayed), .number(queue.leased),
                        .number(queue.dead), .seconds(queue.oldestReadyAge), .text(Self.state(of: queue)),
                    ]
                }
                Cell.table(
                    ["queue", "ready", "delayed", "leased", "dead", "oldest", "state"], rows, json: format.json)
            }
        }

        /// Why nothing is claimed from it; empty when all is well.
        private static func state(of queue: QueueStatistics) -> String {
            var words: [String] = []
            if let reason = queue.pauseReason {
                words.append("paused" + (queue.pausedUntil.map { " until \($0.rfc3339)" } ?? "") + ": \(reason)")
            }
            switch queue.circuit {
            case .closed: break
            case .open: words.append("circuit open" + (queue.probesAt.map { ", tried again at \($0.rfc3339)" } ?? ""))
            case .halfOpen: words.append("circuit half-open")
            }
            return words.joined(separator: "; ")
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "The dead letters of a queue, counted by cause, or one with all its attempts.")
        @OptionGroup var installation: InstallationOption
        @OptionGroup var format: JSONOption
        @Argument(help: "The queue.") var queue: String
        @Argument(help: "One dead letter, to see where it came from and what became of each attempt.") var id: String?
        @Flag(help: "Count by cause.") var groups = false

        func validate() throws {
            if groups, id != nil { throw ValidationError("Give an id or --groups, but not both.") }
        }

        func run() async throws {
            let message = try id.map(QueueCommand.messageID)
            try await installation.open { hub in
                _ = try await hub.queue.policyReport(of: queue)
                if let message {
                    try await show(message, of: hub.queue)
                } else if groups {
                    try await showGroups(of: hub.queue)
                } else {
                    try await showLetters(of: hub.queue)
                }
            }
        }

        private func showLetters(of messages: MessageQueue) async throws {
            let rows = try await messages.deadLetters(.init(queue: queue, limit: 500)).map { letter -> [Cell] in
                [
                    .text(letter.messageID.description), .text(letter.diedAt.rfc3339), .number(letter.attempts),
                    .text(letter.cause.code), .text(QueueCommand.group(letter.cause.fingerprint)),
                    .text(letter.cause.text),
                ]
            }
            Cell.table(["id", "at", "attempts", "cause", "group", "text"], rows, json: format.json)
        }

        private func showGroups(of messages: MessageQueue) async throws {
            let rows = try await messages.deadLetterGroups().filter { $0.queue == queue }.map { group -> [Cell] in
                [
                    .text(QueueCommand.group(group.fingerprint)), .number(group.count), .text(group.firstDied.rfc3339),
                    .text(group.lastDied.rfc3339), .text(group.cause.code), .text(group.cause.text),
                ]
            }
            Cell.table(["group", "count", "first", "last", "cause", "text"], rows, json: format.json)
        }

        private func show(_ message: MessageID, of messages: MessageQueue) async throws {
            guard let letter = try await messages.deadLetters(.init(messages: [message], queue: queue)).first else {
                Output.remark("no dead letter of \(queue) has the id \(message)")
                throw ExitCode.badData
            }
            if !format.json {
                Output.line("enqueued \(letter.enqueuedAt.rfc3339), set aside \(letter.diedAt.rfc3339)")
                if let correlation = letter.correlation { Output.line("about \(correlation); `hub trace` tells all") }
                Output.line("cause: \(letter.cause)")
            }
            let rows = try await messages.history(of: message).map { entry -> [Cell] in
                [
                    .text(entry.at.rfc3339), .text(entry.event.rawValue), .number(entry.attempt),
                    .text(entry.node ?? ""), .text(entry.cause ?? ""),
                ]
            }
            Cell.table(["at", "event", "attempt", "node", "cause"], rows, json: format.json)
        }
    }

    struct PolicyCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "policy",
            abstract: "See how a queue works, or set it, on every node within a second.",
            discussion: """
                Settings are NAME=VALUE; NAME=default goes back to what the installation configures. Times are written \
                500ms, 30s, 5min, 2h or 1d.

                """
                    + PolicySetting.allCases.map { "  \($0.rawValue): \($0.help)" }.joined(separator: "\n")
        )
        @OptionGroup var installation: InstallationOption
        @OptionGroup var format: JSONOption
        @Argument(help: "The queue.") var queue: String
        @Argument(help: "What to set, such as rate=5 or attempts=default.") var settings: [String] = []

        func run() async throws {
            let changes = try await InstallationOption.reporting { try Self.changes(settings) }
            try await installation.open { hub in
                let report =
                    changes.isEmpty
                    ? try await hub.queue.policyReport(of: queue)
                    : try await hub.queue.setPolicy(of: queue, changes)
                let rows = PolicySetting.allCases.map { setting -> [Cell] in
                    let value = setting.value(in: report.policy)
                    let source =
                        report.chosen[setting] != nil
                        ? "operator" : report.configured[setting] != nil ? "configuration" : "default"
                    return [.text(setting.rawValue), .figure(value, isTime: setting.isTime), .text(source)]
                }
                Cell.table(["setting", "value", "from"], rows, json: format.json)
            }
        }

        private static func changes(_ settings: [String]) throws -> [PolicySetting: Double?] {
            var changes: [PolicySetting: Double?] = [:]
            for text in settings {
                let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
                guard parts.count == 2, let setting = PolicySetting(rawValue: parts[0]) else {
                    let names = PolicySetting.allCases.map(\.rawValue).joined(separator: ", ")
                    throw ValidationError("\"\(text)\" is no NAME=VALUE; names: \(names).")
                }
                changes[setting] = parts[1] == "default" ? .some(nil) : try setting.value(of: parts[1])
            }
            return changes
        }
    }

    struct Pause: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Stop claiming from a queue, on every node; what arrives waits."
        )
        @OptionGroup var installation: InstallationOption
        @Argument(help: "The queue.") var queue: String
        @Option(help: "Why; others will see it.") var reason: String
        @Option(help: "When it goes on by itself: a time (2026-12-24T08:00:00Z) or how long (30min, 2h).")
        var until: String?

        func run() async throws {
            let time = try until.map { text -> Duration in
                if let instant = Timestamp(text) { return instant - .now() }
                guard let seconds = try? PolicySetting.deadline.value(of: text) else {
                    throw ValidationError("--until \(text): a time such as 2026-12-24T08:00:00Z, or 30min, 2h, 1d.")
                }
                return .seconds(seconds)
            }
            if let time, time <= .zero { throw ValidationError("--until \(until ?? ""): that is over already.") }
            try await installation.open { hub in
                try await QueuePauses(hub).pause(
                    queue, reason: reason, for: time, replacing: true, by: "command")
                Output.line("\(queue) is paused" + (until.map { " until \($0)" } ?? ""))
            }
        }
    }

    struct Resume: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Claim from a paused queue again.")
        @OptionGroup var installation: InstallationOption
        @Argument(help: "The queue.") var queue: String

        func run() async throws {
            try await installation.open { hub in
                try await QueuePauses(hub).resume(queue, by: "command")
                Output.line("\(queue) is resumed")
            }
        }
    }

    struct Replay: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Put dead letters back into their queue: some by id, all of one cause, or a group."
        )
        @OptionGroup var installation: InstallationOption
        @OptionGroup var format: JSONOption
        @Argument(help: "The queue.") var queue: String
        @Argument(help: "Ids of dead letters.") var ids: [String] = []
        @Option(help: "All whose cause has this code.") var cause: String?
        @Option(help: "All of one group of `hub queue show --groups`.") var group: String?
        @Flag(help: "Only say what would go.") var dryRun = false

        func validate() throws {
            if [!ids.isEmpty, cause != nil, group != nil].count(where: { $0 }) != 1 {
                throw ValidationError("Give ids, --cause or --group, but only one of them.")
            }
            _ = try fingerprint
        }

        private var fingerprint: Int64? {
            get throws {
                guard let group else { return nil }
                guard let number = UInt64(group, radix: 16) else {
                    throw ValidationError("\(group) is no group; `hub queue show \(queue) --groups` lists them.")
                }
                return Int64(bitPattern: number)
            }
        }

        func run() async throws {
            let messages = try ids.map(QueueCommand.messageID)
            let selection = DeadLetterSelection(
                messages: messages.isEmpty ? nil : messages, queue: queue, causeCode: cause,
                fingerprint: try fingerprint)
            try await installation.open { hub in
                _ = try await hub.queue.policyReport(of: queue)
                guard dryRun else {
                    let count = try await HubServices(hub).operations.replay(selection)
                    return format.json
                        ? Output.json(.object(["replayed": .number("\(count)")])) : Output.line("\(count) replayed")
                }
                let letters = try await hub.queue.deadLetters(selection)
                let rows = letters.map { letter -> [Cell] in
                    [
                        .text(letter.messageID.description), .text(letter.queue), .text(letter.cause.code),
                        .text(letter.enqueuedAt.rfc3339),
                    ]
                }
                Cell.table(["id", "to", "cause", "enqueued"], rows, json: format.json)
                if !format.json { Output.line("\(letters.count) would be replayed") }
            }
        }
    }

    /// An id given on the command line, or a usage error.
    fileprivate static func messageID(_ text: String) throws -> MessageID {
        guard let id = MessageID(text) else { throw ValidationError("\(text) is no id of a dead letter.") }
        return id
    }

    /// A fingerprint as commands show it.
    fileprivate static func group(_ fingerprint: Int64) -> String {
        String(UInt64(bitPattern: fingerprint), radix: 16)
    }
}

extension QueueCommand {
    struct Bench: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Measure the queue in this installation's database, in queues of its own.",
            discussion: """
                Beside each figure stands what the machine itself can do, measured in the same run: single commits by \
                pgbench, a bare insert of 100 documents, a bare delete of 100. Other load shows as noise: judge by the ratio.
                """
        )
        @OptionGroup var installation: InstallationOption
        @OptionGroup var format: JSONOption
        @Option(help: "Messages of a measurement; those with a rate of their own move twice as many.")
        var messages = 50_000
        @Option(name: .customLong("size"), help: "Bytes of a document; may be given again. Defaults to 2048 and 200.")
        var sizes: [Int] = []
        @Option(help: "Also build up a backlog of so many, 1000000 for example, and drain it.") var backlog = 0

        func validate() throws {
            if messages < 1_000 { throw ValidationError("--messages \(messages): at least 1000.") }
            if sizes.contains(where: { !(1...1_000_000).contains($0) }) {
                throw ValidationError("--size: 1 to 1000000.")
            }
        }

        func run() async throws {
            try await installation.open { hub in
                let owner = try hub.ownerDatabase()
                if !format.json { Output.line(QueueBench.Figure.header) }
                do {
                    for size in sizes.isEmpty ? [2_048, 200] : sizes {
                        let bench = QueueBench(
                            database: hub.database, owner: owner, messages: messages, bytes: size, backlog: backlog)
                        try await bench.run { Output.line(format.json ? $0.json : $0.line) }
                    }
                } catch {
                    await owner.close()
                    throw error
                }
                await owner.close()
            }
        }
    }

    /// For the tests that kill it.
    struct Drill: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Put numbered messages through a queue of its own and keep a journal, to be killed at will.",
            shouldDisplay: false
        )
        @OptionGroup var installation: InstallationOption
        @Option(help: "A file to which every process of a drill appends.") var journal: String
        @Option(help: "A word for this process in the journal and in its keys.") var name: String
        @Option(help: "Keys to enqueue under; 0 only handles.") var keys = 4
        @Option(help: "How long a lease holds, as 500ms or 2s.") var lease = "2s"
        @Option(help: "How long a message is worked on.") var work = "0ms"

        func run() async throws {
            let lease = try PolicySetting.lease.value(of: lease)
            let work = try PolicySetting.lease.value(of: work)
            let journal = try Journal(journal)
            try await installation.open { hub in
                let drill = QueueDrill(
                    database: hub.database, name: name, keys: keys, lease: .seconds(lease), work: .seconds(work)
                ) { journal.append($0) }
                try await ServiceGroup(
                    services: [drill], gracefulShutdownSignals: [.sigterm, .sigint], logger: InstallationOption.logger()
                ).run()
                journal.append("R \(name) \(drill.refused)")
            }
        }

        /// Whole lines at the end of a file, which outlive the process that wrote them.
        private struct Journal: Sendable {
            private let descriptor: Int32

            init(_ path: String) throws {
                descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT, 0o600)
                guard descriptor >= 0 else { throw ValidationError("--journal \(path): cannot be written.") }
            }

            func append(_ line: String) { Output.bytes(Array((line + "\n").utf8), to: descriptor) }
        }
    }
}
