import ArgumentParser
import CaseStore
import Hub
import Postgres
import Rights

/// `hub staff`: who of the council's staff may sign in, and what they may do.
struct StaffCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "staff",
        abstract:
            "Accounts of the council's staff, and of control rooms: add, list, invite again, change roles, disable.",
        discussion: """
            Whom the council's identity provider knows (`staff_provider`) needs no account here: one is made when they \
            first sign in, with the roles that the provider gives. `hub rights` shows what each role may do.
            """,
        subcommands: [Add.self, List.self, Invite.self, SetRoles.self, Disable.self, Enable.self])

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Add an account, and print the link by which its owner sets a password and a second factor.",
            discussion: "The link is good once, for a day. Hand it to nobody but the owner.")
        @OptionGroup var installation: InstallationOption
        @Argument(help: "The user name, as it stands on the ledger: lower-case letters, digits, . _ -") var name: String
        @Option(name: .customLong("role"), help: "A role; may be given several times.") var roles: [Role] = []
        @Option(help: "In place of a role: the control room whose page it opens: one of `emergency.page_for`.")
        var controlRoom: String?

        func validate() throws {
            guard StaffAccount.isName(name) else {
                throw ValidationError("\(name) is no user name: 2 to 40 lower-case letters, digits and . _ -")
            }
            guard roles.isEmpty != (controlRoom == nil) else {
                throw ValidationError("Give at least one --role, or --control-room.")
            }
        }

        func run() async throws {
            try await installation.open { hub in
                let rooms = hub.configuration.emergency?.pageFor ?? []
                if let controlRoom, !rooms.contains(controlRoom) {
                    throw ValidationError(
                        "\(controlRoom) is none of emergency.page_for: \(rooms.sorted().joined(separator: ", ")).")
                }
                if let controlRoom {
                    let room = try await hub.database.read { [store = hub.store] in
                        try store.partner(controlRoom, in: $0)
                    }
                    guard room != nil else {
                        throw ValidationError("No partner is named \(controlRoom): `hub partner list`.")
                    }
                }
                let accounts = StaffAccounts(hub)
                let token = try await accounts.add(name, roles: roles, controlRoom: controlRoom, by: .command)
                guard let token else {
                    throw ValidationError("\(name) is there already: `hub staff invite \(name)`.")
                }
                Output.line(accounts.address(ofInvitation: token))
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Every account.")
        @OptionGroup var installation: InstallationOption
        @OptionGroup var format: JSONOption

        func run() async throws {
            try await installation.open { hub in
                let accounts = try await hub.database.read { [store = hub.store] in try store.staffAccounts(in: $0) }
                let rows = accounts.map { account in
                    [
                        account.id, account.isEnabled ? "enabled" : "disabled", account.proof.rawValue,
                        account.controlRoom.map { "control_room:\($0)" }
                            ?? account.roles.sorted().map(\.rawValue).joined(separator: " "),
                        account.addedAt.rfc3339,
                    ]
                }
                Output.table(["name", "state", "signs_in_by", "roles", "added_at"], rows, json: format.json)
            }
        }
    }

    struct Invite: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print a new link for an account whose password or phone is lost.",
            discussion: "What it had to sign in with is void from now on, and it is signed out everywhere.")
        @OptionGroup var installation: InstallationOption
        @Argument(help: "The user name.") var name: String

        func run() async throws {
            try await installation.open { hub in try await StaffCommand.invite(name, hub) }
        }
    }

    struct SetRoles: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "roles", abstract: "Give an account other roles; it is signed out everywhere.",
            discussion: "Those of an account that the provider knows are the provider's again at its next sign-in.")
        @OptionGroup var installation: InstallationOption
        @Argument(help: "The user name.") var name: String
        @Argument(help: "Its roles from now on.") var roles: [Role]

        func run() async throws {
            try await installation.open { hub in
                let roles = Set(roles).sorted()
                let isKnown = try await hub.database.transaction { [store = hub.store] connection in
                    try store.setStaffRoles(roles, of: name, by: "command", in: connection)
                }
                guard isKnown else { throw StaffCommand.nobody(name) }
                Output.line("\(name) is \(roles.map(\.rawValue).joined(separator: ", "))")
            }
        }
    }

    struct Disable: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Shut an account out, at once and everywhere.")
        @OptionGroup var installation: InstallationOption
        @Argument(help: "The user name.") var name: String

        func run() async throws { try await StaffCommand.setEnabled(false, name, installation) }
    }

    struct Enable: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Let an account sign in again.")
        @OptionGroup var installation: InstallationOption
        @Argument(help: "The user name.") var name: String

        func run() async throws { try await StaffCommand.setEnabled(true, name, installation) }
    }

    private static func setEnabled(_ isEnabled: Bool, _ name: String, _ installation: InstallationOption) async throws {
        try await installation.open { hub in
            let isKnown = try await hub.database.transaction { [store = hub.store] connection in
                try store.setStaffEnabled(isEnabled, name, by: "command", in: connection)
            }
            guard isKnown else { throw nobody(name) }
            Output.line("\(name) is \(isEnabled ? "enabled" : "disabled")")
        }
    }

    private static func invite(_ name: String, _ hub: Installation) async throws {
        let accounts = StaffAccounts(hub)
        guard let token = try await accounts.invite(name, by: "command") else {
            throw ValidationError("\(name) is no account here, or one that the council's provider knows.")
        }
        Output.line(accounts.address(ofInvitation: token))
    }

    private static func nobody(_ name: String) -> ValidationError { ValidationError("No account is named \(name).") }
}
