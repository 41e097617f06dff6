import ArgumentParser
import CaseStore
import Hub
import Postgres
import Referral
import Rights
import Translation

/// `hub partner`: who may submit, and their credentials.
struct PartnerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "partner",
        abstract: "Add, list and disable partners and staff systems; their credentials; test the way to one.",
        subcommands: [
            Add.self, List.self, Roles.self, Disable.self, Enable.self, Key.self, Certificate.self, ClientKey.self,
            Credentials.self, Revoke.self, Test.self,
        ]
    )

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Add a partner or a staff system.")
        @OptionGroup var installation: InstallationOption
        @Argument(help: "Its id; for a partner the sender's id of its documents.") var id: String
        @Option(help: "partner or staff.") var kind: PartnerKind = .partner
        @Option(help: "The adapter that reads its documents. Defaults to the id.") var adapter: String?
        @Option(help: "Its name in plain words.") var name: String
        @Option(
            name: .customLong("role"),
            help: """
                What a staff system may do, by the role of its users; may be given several times. Defaults to coordinator, \
                duty_officer and privacy_officer. `hub rights` shows them.
                """) var roles: [Role] = []

        func run() async throws {
            guard id != Principal.publicForm.id else {
                throw ValidationError("\(id) is the sender of the form for members of the public.")
            }
            guard kind == .staff || roles.isEmpty else { throw ValidationError("--role is for --kind staff.") }
            try await installation.open { hub in
                guard id != hub.configuration.organisation.id else {
                    throw ValidationError("\(id) is the council's own team, the sender of the form for staff.")
                }
                let adapter = kind == .partner ? adapter ?? id : nil
                if let adapter, hub.catalogue[adapter] == nil {
                    throw ValidationError("No adapter is named \(adapter). `hub adapters list` shows them.")
                }
                let partner = Partner(
                    id: id, name: name, kind: kind, adapter: adapter, roles: roles.isEmpty ? nil : roles)
                let added = try await hub.database.transaction { [store = hub.store] connection in
                    try store.add(partner, by: "command", in: connection)
                }
                Output.line(added ? "\(id) added" : "\(id) was there already and stays as it is")
            }
        }
    }

    struct Roles: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Give a staff system other roles.",
            discussion: "They hold within a second. `hub rights` shows what each may do.")
        @OptionGroup var installation: InstallationOption
        @Argument(help: "The staff system's id.") var id: String
        @Argument(help: "Its roles from now on.") var roles: [Role]

        func run() async throws {
            try await installation.open { hub in
                let known = try await hub.database.transaction { [store = hub.store] connection in
                    try store.setRoles(roles, ofStaff: id, by: "command", in: connection)
                }
                guard known else { throw ValidationError("No staff system is named \(id).") }
                Output.line("\(id) is \(Set(roles).sorted().map(\.rawValue).joined(separator: ", "))")
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Every partner and staff system.")
        @OptionGroup var installation: InstallationOption
        @OptionGroup var format: JSONOption

        func run() async throws {
            try await installation.open { hub in
                let rows = try await hub.database.read { [store = hub.store] connection in
                    try store.partners(in: connection).map { partner in
                        [
                            partner.id, partner.kind.rawValue, partner.isEnabled ? "enabled" : "disabled",
                            partner.adapter ?? "", partner.roles.map(\.rawValue).joined(separator: " "),
                            try store.keys(of: partner.id, in: connection).filter { $0.revokedAt == nil }.map(\.prefix)
                                .joined(separator: " "),
                            partner.name,
                        ]
                    }
                }
                Output.table(["id", "kind", "state", "adapter", "roles", "keys", "name"], rows, json: format.json)
            }
        }
    }

    struct Test: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Try the way to a partner, step by step, without personal data.",
            discussion: """
                Each channel that `outbound` has for it, and the way of status messages that `status` has, is tried as \
                far as it goes without a document: certificates, connection, TLS, the partner's own check of who we \
                are. Exits 69 when a step fails.
                """
        )
        @OptionGroup var installation: InstallationOption
        @OptionGroup var format: JSONOption
        @Argument(help: "Its id, or that of a member of a kind, such as gp:C81001.") var id: String

        func run() async throws {
            try await installation.open { hub in
                guard let steps = await RouteTest(hub).run(id) else {
                    throw ValidationError("No way to \(id) is configured: `outbound.\(id)` or `status.\(id)`.")
                }
                let rows = steps.map { [$0.channel, $0.what, $0.isPassed ? "passed" : "failed", $0.seen] }
                Output.table(["channel", "step", "outcome", "seen"], rows, json: format.json)
                if !steps.allSatisfy(\.isPassed) { throw ExitCode(69) }
            }
        }
    }

    struct Disable: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Refuse a partner from now on.")
        @OptionGroup var installation: InstallationOption
        @Argument var id: String

        func run() async throws { try await PartnerCommand.setEnabled(false, id, installation) }
    }

    struct Enable: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Let a disabled partner in again.")
        @OptionGroup var installation: InstallationOption
        @Argument var id: String

        func run() async throws { try await PartnerCommand.setEnabled(true, id, installation) }
    }

    struct Key: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Issue an API key. It is shown once; only its hash is kept.",
            discussion: """
                Whoever has it is let in, so in production it is for staff systems and for senders of low risk, such as a \
                small charity: say --low-risk. Others have a certificate or sign for access tokens: `hub partner \
                certificate`, `hub partner client-key`.
                """
        )
        @OptionGroup var installation: InstallationOption
        @Argument(help: "The partner.") var id: String
        @Option(help: "Write the key to this file, readable by its owner only, instead of printing it.")
        var toFile: String?
        @Option(help: "Days until it expires. Defaults to never.") var days: Int?
        @Flag(help: "Somebody has judged that little can come of the key in wrong hands.") var lowRisk = false

        func run() async throws {
            try await installation.open { hub in
                let partner = try await hub.database.read { [store = hub.store] in try store.partner(id, in: $0) }
                if let partner, !PartnerDesk.mayHaveKey(partner, isLowRisk: lowRisk, in: hub.configuration.environment)
                {
                    throw ValidationError(
                        "An API key is for senders of low risk: say --low-risk, or give \(id) a certificate or a client key."
                    )
                }
                let expires = days.map { Timestamp.now() + .seconds($0 * 86_400) }
                let key = try await hub.database.transaction { [store = hub.store] connection in
                    try store.issueKey(
                        for: id, expiresAt: expires, isLowRisk: lowRisk, by: "command", in: connection)
                }
                guard let key else { throw PartnerCommand.noPartner(id) }
                if let toFile {
                    try LocalFile.write(Array(key.text.utf8), to: toFile, mode: 0o600)
                    Output.line("key \(key.prefix) of \(id) written to \(toFile)")
                } else {
                    Output.line(key.text)
                }
            }
        }
    }

    private static func setEnabled(_ enabled: Bool, _ id: String, _ installation: InstallationOption) async throws {
        try await installation.open { hub in
            let outcome = try await PartnerDesk(hub).setEnabled(enabled, partner: id, by: .command)
            guard case .done = outcome else { throw PartnerCommand.noPartner(id) }
            Output.line("\(id) is \(enabled ? "enabled" : "disabled")")
        }
    }
}

extension PartnerKind: ExpressibleByArgument {}

extension Role: ExpressibleByArgument {
    /// A role of staff: the others are what a partner is.
    public init?(argument: String) {
        guard let role = Role(rawValue: argument), role.isOfStaff else { return nil }
        self = role
    }

    public static var allValueStrings: [String] { ofStaff.map(\.rawValue) }
}
