import ArgumentParser
import Disclosure
import Hub
import Referral

/// `hub policy`: the files of disclosure rules.
struct PolicyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "policy",
        abstract: "Check, show and list the files of disclosure rules.",
        subcommands: [Check.self, Show.self, List.self]
    )

    struct Check: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Report every mistake in files of rules at once, with file and line. Exits 65 on one.",
            discussion: "Without a file it checks the one that the configuration names and those beside it."
        )
        @Argument(help: "Files of rules.") var files: [String] = []
        @OptionGroup var installation: InstallationOption

        func run() async throws {
            var lines: [String] = []
            if files.isEmpty {
                let file = try installation.configuration().policyFile
                do throws(PolicyShelfError) { _ = try PolicyShelf.load(file) } catch { lines = error.lines }
            }
            for file in files {
                do {
                    let rules = try PolicyFile(LocalFile.read(file, limit: 1 << 20), name: file).rules
                    Output.line("\(file): \(rules.version), no mistakes")
                } catch let error as PolicyFileError {
                    lines += error.lines
                } catch {
                    lines.append("\(file): file: cannot be read: \(error)")
                }
            }
            for line in lines { Output.line(line) }
            guard lines.isEmpty else { throw ExitCode.badData }
            if files.isEmpty { Output.line("no mistakes") }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print the file of rules that the hub is built with, to begin one's own from."
        )

        func run() async throws { Output.bytes(PolicyRules.noticeFile, to: 1) }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "The versions there are, and which is in force.")
        @OptionGroup var installation: InstallationOption
        @OptionGroup var format: JSONOption

        func run() async throws {
            let shelf: PolicyShelf
            do {
                shelf = try PolicyShelf.load(installation.configuration().policyFile)
            } catch let error as PolicyShelfError {
                Output.remark("\(error)")
                throw ExitCode.badConfiguration
            }
            let rows = shelf.all.map { rules in
                [
                    rules.version, rules.version == shelf.inForce.version ? "in force" : "kept",
                    String(rules.matrix.count), String(rules.register.recipients.count),
                    String(rules.register.entered.count),
                ]
            }
            Output.table(["version", "state", "rows", "recipients", "entered"], rows, json: format.json)
        }
    }
}
