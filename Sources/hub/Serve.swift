import ArgumentParser
import CaseStore
import Glibc
import Hub
import Logging
import Referral

/// `hub serve`: everything in one process, or one role per node.
struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run the hub: API, dropped files, MLLP, MESH mailboxes, e-mail, intake, dispatch, housekeeping.",
        discussion: """
            SIGTERM or Ctrl-C stops it: nothing new is taken, what is in hand is finished. `--only emergency` answers control \
            rooms alone and starts without the database.
            """
    )

    @OptionGroup var installation: InstallationOption
    @Option(
        help:
            "Only these roles, comma-separated: api, files, mllp, mesh, mail, intake, dispatch, housekeeping, emergency."
    )
    var only: String?
    @Option(
        help: "Port of the admin listener, instead of the configured one: for several processes on one machine. 0: any."
    )
    var adminPort: UInt16?

    func run() async throws {
        HeapKeeper.limitArenas()
        let roles = try chosen()
        var configuration = try installation.configuration()
        if let adminPort { configuration = configuration.administered(on: Int(adminPort)) }
        let settled = configuration
        let logger = InstallationOption.logger(defaultLevel: .notice)
        if geteuid() == 0 && settled.environment == .production {
            logger.warning("the hub runs as root; give it a user of its own")
        }
        try await InstallationOption.reporting {
            if roles == [.emergency] {
                return try await EmergencyNode(settled, logger: logger).run { port in
                    logger.notice("ready", metadata: ["port": "\(port ?? 0)"])
                }
            }
            let opened = try await Installation.open(settled, as: .serving, logger: logger)
            do {
                try await HubServices(opened).run(roles: roles) { port in
                    logger.notice("ready", metadata: ["port": "\(port ?? 0)"])
                }
                await opened.close()
            } catch {
                await opened.close()
                throw error
            }
        }
    }

    private func chosen() throws -> Set<HubServices.Role> {
        guard let only else { return Set(HubServices.Role.allCases) }
        return try Set(
            only.split(separator: ",").map { name in
                guard let role = HubServices.Role(rawValue: String(name)) else {
                    let known = HubServices.Role.allCases.map(\.rawValue).joined(separator: ", ")
                    throw ValidationError("No role is named \(name). Roles: \(known).")
                }
                return role
            }
        )
    }
}
