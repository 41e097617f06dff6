import ArgumentParser
import Glibc

/// `hub`: one command for everything; alone it prints its help.
@main
struct HubCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hub",
        abstract: "The referral hub: takes referrals in, keeps them, and shares only what is permitted.",
        discussion: """
            Exit codes are those of sysexits: 64 bad usage, 65 bad data, 69 service unavailable, 78 bad configuration.
            Commands that need the installation read its configuration from --config, else HUB_CONFIG, else \
            .hub/hub.yaml.
            """,
        groupedSubcommands: [
            .init(
                name: "Running",
                subcommands: [Serve.self, Migrate.self, DoctorCommand.self, KeysCommand.self, Simulate.self]),
            .init(
                name: "Documents and rules",
                subcommands: [Translate.self, Render.self, Adapters.self, Disclose.self, PolicyCommand.self]
            ),
            .init(
                name: "Looking and mending",
                subcommands: [TopCommand.self, WorkCommand.self, QueueCommand.self, Trace.self, LedgerCommand.self]
            ),
            .init(
                name: "Partners and people",
                subcommands: [
                    PartnerCommand.self, StaffCommand.self, RightsCommand.self, PersonCommand.self,
                    ReferralCommand.self, EmergencyCommand.self,
                    MatchCommand.self,
                    AgreementCommand.self, ShareCommand.self, ExtractCommand.self, NFICommand.self,
                ]
            ),
        ]
    )

    /// Runs the command that the arguments name.
    ///
    /// As the library's own `main`, but for what a command finds wrong with its arguments while it runs: the library
    /// would explain it with the usage of `hub`, and not of that command.
    static func main() async {
        do {
            var command = try await asyncParseAsRoot()
            do {
                if var command = command as? any AsyncParsableCommand {
                    try await command.run()
                } else {
                    try command.run()
                }
            } catch let error as ValidationError {
                let usage = usageString(for: type(of: command))
                let name = usage.split(separator: " ").prefix { !"[<-(".contains($0.prefix(1)) }.joined(separator: " ")
                Output.remark(
                    "Error: \(error.message)\nUsage: \(usage)\n  See '\(name) --help' for more information.")
                Glibc.exit(ExitCode.validationFailure.rawValue)
            }
        } catch {
            exit(withError: error)
        }
    }
}
