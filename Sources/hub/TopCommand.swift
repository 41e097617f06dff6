import ArgumentParser
import CaseStore
import Console
import Hub
import Postgres
import Referral
import UnixSignals

/// `hub top`: the console's first page in the terminal.
struct TopCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "top",
        abstract: "Watch how the hub stands: who sends, what waits and fails, what needs a person.",
        discussion: """
            Goes on until Ctrl-C. Where standard output is no terminal, or with --once, the picture is printed once; with --json as
            one object, again and again unless --once is given too. Rates are of the last five minutes. Where reading takes long,
            since very much waits, it is read less often.
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
            let isPage = Terminal.isThere && !json && !once
            if once || !(isPage || json) { return show(try await reader.picture()) }
            let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm)
            try await Terminal.holdPage(if: isPage) {
                try await withThrowingTaskGroup { group in
                    group.addTask { for await _ in signals { return } }
                    group.addTask { try await watch(reader, isPage: isPage) }
                    try await group.next()
                    group.cancelAll()
                }
            }
        }
    }

    /// Shows one picture after the other.
    private func watch(_ reader: FlowReader, isPage: Bool) async throws {
        while true {
            let began = ContinuousClock.now
            do {
                let picture = try await reader.picture()
                if isPage {
                    let size = Terminal.size ?? (80, 24)
                    Terminal.show(picture.text(width: size.columns, rows: size.rows))
                } else {
                    show(picture)
                }
            } catch let error as PostgresError where isPage {
                Terminal.show(["The database does not answer: \(error)", "", "It is asked again. Ctrl-C ends it."])
            }
            try await Task.sleep(for: FlowReader.pause(.seconds(every), after: .now - began))
        }
    }

    private func show(_ picture: FlowPicture) {
        if json { return Output.json(picture.value) }
        for line in picture.text(width: Terminal.size?.columns ?? 200) { Output.line(line) }
    }
}
