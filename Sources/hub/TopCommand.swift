import ArgumentParser
import CaseStore
import Console
import Hub
import Referral
import UnixSignals

/// `hub top`: the console's first page in the terminal.
struct TopCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "top",
        abstract: "Watch how the hub stands: who sends, what waits and fails, what needs a person.",
        discussion: """
            Goes on until Ctrl-C. Where standard output is no terminal, or with --once, the picture is printed once; with --json as
            one object, again and again unless --once is given too. Rates are of the last five minutes.
            """
    )
    @OptionGroup var installation: InstallationOption
    @Flag(help: "Print it once.") var once = false
    @Flag(help: "Print an object of JSON for each picture.") var json = false
    @Option(help: "Seconds between two pictures.") var every = 2

    func validate() throws {
        if !(1...3_600).contains(every) { throw ValidationError("--every \(every): 1 to 3600.") }
    }

    func run() async throws {
        try await installation.open(as: .audit) { hub in
            let reader = FlowReader(hub)
            if json {
                try await repeating(while: !once) { Output.json(try await reader.picture().value) }
            } else if once || !Terminal.isThere {
                let width = Terminal.size?.columns ?? 200
                for line in try await reader.picture().text(width: width) { Output.line(line) }
            } else {
                try await Terminal.holdPage {
                    try await repeating(while: true) {
                        let size = Terminal.size ?? (80, 24)
                        Terminal.show(try await reader.picture().text(width: size.columns, rows: size.rows))
                    }
                }
            }
        }
    }

    /// Does something every few seconds, until somebody ends it.
    private func repeating(while goesOn: Bool, _ body: @escaping @Sendable () async throws -> Void) async throws {
        try await body()
        guard goesOn else { return }
        let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm)
        try await withThrowingTaskGroup { group in
            group.addTask { for await _ in signals { return } }
            group.addTask {
                while !Task.isCancelled {
                    try await Task.sleep(for: .seconds(every))
                    try await body()
                }
            }
            try await group.next()
            group.cancelAll()
            // Whatever the other says of it: that it was ended.
            try? await group.waitForAll()
        }
    }
}
