import ArgumentParser
import Hub
import Postgres

/// `hub migrate`: brings the schema up to date.
struct Migrate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Apply the schema's migrations; on a fresh database also make the installation's key.",
        discussion: "Exits 65 with --check when something is pending."
    )

    @OptionGroup var installation: InstallationOption
    @Flag(help: "Only report what is pending; change nothing.")
    var check = false

    func run() async throws {
        let configuration = try installation.configuration()
        let logger = InstallationOption.logger()
        try await InstallationOption.reporting {
            if check {
                let status = try await Installation.migrationStatus(configuration, logger: logger)
                Output.line(status.summary)
                if !status.isCurrent { throw ExitCode.badData }
            } else {
                let applied = try await Installation.migrate(configuration, logger: logger)
                for name in applied { Output.line("applied \(name)") }
                if applied.isEmpty { Output.line("nothing to apply") }
            }
        }
    }
}
