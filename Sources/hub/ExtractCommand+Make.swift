import ArgumentParser
import CaseStore
import Disclosure
import Hub
import Postgres
import Referral
import Translation

extension ExtractCommand {
    struct Make: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make an extract for a project: a table in CSV, datapackage.json and release-note.json.",
            discussion: """
                Everybody is judged alone by the disclosure policy, and then the extract as a whole. With --out the files are \
                written into a folder, and the release is on the ledger before. With --send a running hub sends them, in one \
                zip archive, by the project's channel, and judges everybody in it once more as it leaves. Exits 65 when \
                nothing may leave, with the reason; that is on the ledger too.
                """
        )
        @OptionGroup var installation: InstallationOption
        @OptionGroup var format: JSONOption
        @Argument(help: "Who is to receive it.") var recipient: String
        @Argument(help: "The recipient's project.") var project: String
        @Option(help: "The folder for the files; made when it is not there. A file in it is never overwritten.")
        var out: String?
        @Flag(help: "Send it by the project's channel, as the recipient's adapter says.") var send = false
        @Option(
            help: "CSV with the columns postcode, lsoa and ward (ONS Postcode Directory). Without it no area is told.")
        var areas: String?
        @Option(help: "Only persons first referred in this month (yyyy-mm) or later.") var referredFrom: String?
        @Option(help: "Only persons first referred in this month (yyyy-mm) or earlier.") var referredUntil: String?

        func validate() throws {
            guard (out == nil) == send else { throw ValidationError("Give either --out FOLDER or --send.") }
        }

        func run() async throws {
            let days = try days()
            let areas = try areas.map(Self.read) ?? AreaTable()
            if let out, let file = ExtractRelease.fileNames.first(where: { LocalFile.exists("\(out)/\($0)") }) {
                throw ValidationError("\(out) holds a \(file) already; name another folder.")
            }
            try await installation.open(as: .console) { hub in
                let extracts = Extracts(hub)
                let order = Extracts.Order(
                    recipient: recipient, project: project, days: days, areas: areas, actor: "command",
                    isSent: send)
                switch try await extracts.make(order) {
                case .noProject:
                    Output.remark("\(recipient) has no project \(project). `hub extract project list` shows them.")
                    throw ExitCode.badData
                case .noWay(let project):
                    Output.remark(
                        """
                        The adapter of \(recipient) sends no extracts of \(project.purpose.rawValue) by \
                        \(project.channel.rawValue). Give its adapter.yaml such a way out, or use --out.
                        """)
                    throw ExitCode.badData
                case .refused(let id, let decision):
                    tell(["extract_id": .string(id.description)], decision)
                    if decision.outcome == .refer {
                        Output.remark(
                            "A named person must decide on this; extracts cannot wait for that, so none is made.")
                    }
                    throw ExitCode.badData
                case .released(let release):
                    guard let out else { preconditionFailure("what is not sent is written") }
                    try await write(release, to: out, extracts)
                    tell(Self.figures(release, ["out": .string(out)]), release.decision)
                case .queued(let release):
                    tell(Self.figures(release, ["state": .string(ExtractState.queued.rawValue)]), release.decision)
                }
            }
        }

        private static func figures(_ release: ExtractRelease, _ whereabouts: Object) -> Object {
            var members: Object = [
                "extract_id": .string(release.id.description),
                "row_count": .number(String(release.table.rows.count)),
                "k": release.k.map { .number(String($0)) } ?? .null,
            ]
            for (key, value) in whereabouts { members[key] = value }
            return members
        }

        /// Writes the files, all or none, and enters what became of them.
        private func write(_ release: ExtractRelease, to out: String, _ extracts: Extracts) async throws {
            do {
                try LocalFile.makeFolder(out, mode: 0o700)
                try LocalFile.create(release.files.map { ($0.name, $0.bytes) }, in: out, mode: 0o600)
            } catch {
                let isClean = (error as? LocalFile.Unfinished)?.isClean ?? true
                try await extracts.finish(release.id, isClean ? .notWritten : .partlyWritten)
                Output.remark("\(error)")
                if !isClean { Output.remark("Files of it are left in \(out); take them away.") }
                throw ExitCode.unavailable
            }
            try await extracts.finish(release.id, .written)
        }

        /// The decision, in words or as JSON.
        private func tell(_ members: Object, _ decision: Decision) {
            var object = members
            object["outcome"] = .string(decision.outcome.rawValue)
            object["reason"] = .string(decision.reason.rawValue)
            object["level"] = decision.level.map { .string($0.rawValue) }
            guard !format.json else { return Output.json(.object(object)) }
            for (key, value) in object { Output.line("\(key): \(value.textValue ?? "none")") }
        }

        /// The first day of the first month and the last of the last.
        private func days() throws -> ClosedRange<CalendarDate>? {
            func month(_ text: String, _ option: String) throws -> CalendarDate {
                guard let day = CalendarDate(iso: text + "-01") else {
                    throw ValidationError("\(option) is a month, as 2026-04.")
                }
                return day
            }
            guard referredFrom != nil || referredUntil != nil else { return nil }
            let first = try referredFrom.map { try month($0, "--referred-from") } ?? CalendarDate(iso: "0001-01-01")
            let last = try referredUntil.map { try month($0, "--referred-until") }
            let end = last.flatMap {
                CalendarDate(
                    year: $0.year, month: $0.month, day: CalendarDate.days(inMonth: $0.month, year: $0.year))
            }
            guard let first, first <= end ?? .last else {
                throw ValidationError("--referred-until is before --referred-from.")
            }
            return first...(end ?? .last)
        }

        private static func read(_ path: String) throws -> AreaTable {
            do {
                return try AreaTable.read(LocalFile.read(path, limit: 256 << 20))
            } catch let error as AreaTableError {
                Output.remark("\(path): \(error)")
            } catch let error as LocalFile.Failure {
                Output.remark("\(error)")
            }
            throw ExitCode.badData
        }
    }
}
