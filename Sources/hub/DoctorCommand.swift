import ArgumentParser
import Hub
import Logging
import Referral

/// `hub doctor`: is the installation sound, and what is the remedy where it is not.
struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Check the installation and its promises; every finding comes with its remedy.",
        discussion: "Exits 0 when nothing is wrong, 69 when PostgreSQL cannot be reached, 78 on any other fault."
    )

    @OptionGroup var installation: InstallationOption
    @Flag(help: "Print each finding as a line of JSON.") var json = false

    func run() async throws {
        let configuration = try installation.configuration()
        let found = await Doctor(configuration, logger: InstallationOption.logger(defaultLevel: .critical)).examine()
        for diagnosis in found {
            if json {
                Output.json([
                    "severity": .string(diagnosis.severity.rawValue), "what": .string(diagnosis.what),
                    "remedy": .string(diagnosis.remedy),
                ])
            } else {
                Output.line("\(diagnosis.severity.rawValue): \(diagnosis.what)")
                Output.line("  remedy: \(diagnosis.remedy)")
            }
        }
        if found.contains(where: \.isUnavailable) { throw ExitCode.unavailable }
        if found.contains(where: { $0.severity == .fault }) { throw ExitCode.badConfiguration }
        if found.allSatisfy({ $0.severity == .note }) && !json { Output.line("nothing wrong") }
    }
}
