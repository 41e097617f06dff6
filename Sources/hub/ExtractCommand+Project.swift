import ArgumentParser
import CaseStore
import Disclosure
import Hub
import Postgres
import Referral

extension ExtractCommand {
    struct ProjectCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "project",
            abstract: "Enter and list the projects for which recipients are given extracts.",
            subcommands: [Add.self, List.self]
        )

        struct Add: AsyncParsableCommand {
            static let configuration = CommandConfiguration(
                abstract: "Enter a project. It is not changed afterwards: a person keeps one pseudonym within it."
            )
            @OptionGroup var installation: InstallationOption
            @Argument(help: "Who receives its extracts, as the disclosure rules name them.") var recipient: String
            @Argument(help: "A short name: lower-case letters, digits, point, hyphen, underscore.") var id: String
            @Option(help: "research_evaluation, ipsos_evaluation or health_planning.") var purpose: Purpose
            @Option(help: "anonymised, pseudonymised or identifiable.") var level: Level
            @Option(help: "By which way the files are carried to the recipient, as sftp or portal.")
            var channel: ReleaseChannel
            @Option(help: "The first day on which an extract may be made.") var from: String
            @Option(help: "The last day on which an extract may be made.") var until: String
            @Option(help: "The day by which the recipient has destroyed what it was given.") var destroyBy: String
            @Option(help: "Field groups, comma-separated. Defaults to all that the policy gives for it.")
            var groups: String?
            @Option(help: "Where the recipient's signed undertakings are filed; needed for rows.")
            var undertakings: String?
            @Option(help: "Why it cannot be done without identifiable data.") var whyIdentifiable: String?

            func run() async throws {
                guard PolicyRules.extractPurposes.contains(purpose) else {
                    throw ValidationError("Extracts are not made for \(purpose.rawValue).")
                }
                guard Self.isName(id), id.utf8.first.map({ $0 != 0x2D && $0 != 0x2E && $0 != 0x5F }) ?? false else {
                    throw ValidationError(
                        "A project's name is 1 to 64 of a-z 0-9 . _ - and begins with a letter or digit.")
                }
                guard Self.isName(recipient.lowercased(), or: 0x3A) else {
                    throw ValidationError("That is no recipient's id.")
                }
                let (starts, ends, end) = (try day(from), try day(until), try day(destroyBy))
                guard starts <= ends, ends <= end else {
                    throw ValidationError("--from, --until and --destroy-by are not in order.")
                }
                let asked = try groups.map(Self.groups)
                try await installation.open(as: .console) { hub in
                    let extracts = Extracts(hub)
                    let project = ExtractProject(
                        recipient: recipient, id: id, purpose: purpose, level: level,
                        groups: asked ?? extracts.usualGroups(purpose, level), channel: channel,
                        undertakings: undertakings, whyIdentifiable: whyIdentifiable, starts: starts, ends: ends,
                        destroyBy: end)
                    let isNew = try await extracts.add(project, by: "command")
                    Output.line(
                        isNew
                            ? "\(id) of \(recipient) added"
                            : "\(id) of \(recipient) was there already and stays as it is")
                }
            }

            private func day(_ text: String) throws -> CalendarDate {
                guard let day = CalendarDate(iso: text) else {
                    throw ValidationError("A day is written as 2026-04-01.")
                }
                return day
            }

            private static func groups(_ text: String) throws -> Set<FieldGroup> {
                Set(
                    try text.split(separator: ",").map { word in
                        guard let group = FieldGroup(rawValue: String(word)) else {
                            throw ValidationError("There is no such field group; they are named as NEEDS or SERVICE.")
                        }
                        return group
                    })
            }

            /// 1 to 64 of lower-case letters, digits, point, hyphen, underscore, or one more character.
            private static func isName(_ text: String, or more: UInt8 = 0x5F) -> Bool {
                (1...64).contains(text.utf8.count)
                    && text.utf8.allSatisfy {
                        (0x61...0x7A).contains($0) || (0x30...0x39).contains($0)
                            || [0x2D, 0x2E, 0x5F, more].contains($0)
                    }
            }
        }

        struct List: AsyncParsableCommand {
            static let configuration = CommandConfiguration(abstract: "Every project, by recipient.")
            @OptionGroup var installation: InstallationOption
            @OptionGroup var format: JSONOption

            func run() async throws {
                try await installation.open(as: .console) { hub in
                    let projects = try await hub.database.read { [store = hub.store] connection in
                        try store.extractProjects(in: connection)
                    }
                    let rows = projects.map {
                        [
                            $0.recipient, $0.id, $0.purpose.rawValue, $0.level.rawValue, $0.channel.rawValue,
                            $0.starts.iso, $0.ends.iso, $0.destroyBy.iso, $0.undertakings ?? "",
                        ]
                    }
                    let columns = [
                        "recipient", "project", "purpose", "level", "channel", "from", "until", "destroy_by",
                        "undertakings",
                    ]
                    Output.table(columns, rows, json: format.json)
                }
            }
        }
    }
}

extension Purpose: ExpressibleByArgument {}
extension Level: ExpressibleByArgument {}
extension ReleaseChannel: ExpressibleByArgument {}
