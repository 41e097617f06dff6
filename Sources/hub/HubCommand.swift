import ArgumentParser

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
            .init(name: "Running", subcommands: [Serve.self, Migrate.self, DoctorCommand.self, Simulate.self]),
            .init(name: "Documents", subcommands: [Translate.self, Render.self, Adapters.self, Disclose.self]),
            .init(
                name: "Looking and mending",
                subcommands: [WorkCommand.self, QueueCommand.self, Trace.self, LedgerCommand.self]
            ),
            .init(
                name: "Partners and people",
                subcommands: [PartnerCommand.self, PersonCommand.self, AgreementCommand.self, ShareCommand.self]
            ),
        ]
    )
}
