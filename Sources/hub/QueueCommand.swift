import ArgumentParser
import Hub
import MessageQueue
import Postgres

/// `hub queue`: look at the queues and mend what is stuck.
struct QueueCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "queue",
        abstract: "List, show, pause, resume and replay queues; measure them.",
        subcommands: [List.self, Show.self, Pause.self, Resume.self, Replay.self, Bench.self]
    )

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Every queue: depth, oldest message, dead letters.")
        @OptionGroup var installation: InstallationOption
        @OptionGroup var format: JSONOption

        func run() async throws {
            try await installation.open { hub in
                let rows = try await hub.queue.statistics().map { queue in
                    [
                        queue.queue, "\(queue.ready)", "\(queue.delayed)", "\(queue.leased)", "\(queue.dead)",
                        queue.oldestReadyAge.map { "\($0.components.seconds) s" } ?? "",
                        queue.pauseReason.map { "paused: \($0)" } ?? "",
                    ]
                }
                Output.table(
                    ["queue", "ready", "delayed", "leased", "dead", "oldest", "state"], rows, json: format.json)
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "The dead letters of a queue.")
        @OptionGroup var installation: InstallationOption
        @OptionGroup var format: JSONOption
        @Argument(help: "The queue.") var queue: String

        func run() async throws {
            try await installation.open { hub in
                let rows = try await hub.queue.deadLetters(.init(queue: queue, limit: 500)).map { letter in
                    [
                        letter.messageID.description, letter.diedAt.rfc3339, "\(letter.attempts)", letter.cause.code,
                        letter.cause.text,
                    ]
                }
                Output.table(["id", "at", "attempts", "cause", "text"], rows, json: format.json)
            }
        }
    }

    struct Pause: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Stop claiming from a queue, on every node; what arrives waits."
        )
        @OptionGroup var installation: InstallationOption
        @Argument(help: "The queue.") var queue: String
        @Option(help: "Why; others will see it.") var reason: String

        func run() async throws {
            try await installation.open { hub in
                try await hub.queue.pause(queue, reason: reason)
                Output.line("\(queue) is paused")
            }
        }
    }

    struct Resume: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Claim from a paused queue again.")
        @OptionGroup var installation: InstallationOption
        @Argument(help: "The queue.") var queue: String

        func run() async throws {
            try await installation.open { hub in
                try await hub.queue.resume(queue)
                Output.line("\(queue) is resumed")
            }
        }
    }

    struct Replay: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Put dead letters back into their queue: some by id, or all of one cause."
        )
        @OptionGroup var installation: InstallationOption
        @Argument(help: "The queue.") var queue: String
        @Argument(help: "Ids of dead letters.") var ids: [String] = []
        @Option(help: "All whose cause has this code.") var cause: String?
        @Flag(help: "Only say how many would go.") var dryRun = false

        func validate() throws {
            if ids.isEmpty == (cause == nil) { throw ValidationError("Give ids, or --cause, but not both.") }
        }

        func run() async throws {
            let messages = try ids.map { text in
                guard let id = MessageID(text) else { throw ValidationError("\(text) is no id of a dead letter.") }
                return id
            }
            let selection = DeadLetterSelection(
                messages: messages.isEmpty ? nil : messages, queue: queue, causeCode: cause)
            try await installation.open { hub in
                let count =
                    dryRun
                    ? try await hub.queue.deadLetters(selection).count
                    : try await HubServices(hub).operations.replay(selection)
                Output.line("\(count) \(dryRun ? "would be replayed" : "replayed")")
            }
        }
    }

    struct Bench: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Measure the queue in this installation's database, in queues of its own."
        )
        @OptionGroup var installation: InstallationOption

        func run() async throws {
            try await installation.open { hub in
                Output.line(QueueBench.Figure.header)
                _ = try await QueueBench(database: hub.database).run { Output.line($0.line) }
            }
        }
    }
}
