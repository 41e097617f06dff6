import ArgumentParser
import CaseStore
import Hub
import Logging
import MessageQueue
import NIOCore
import Postgres

/// `--config`, and how commands open the installation it names.
struct InstallationOption: ParsableArguments {
    @Option(name: .customLong("config"), help: "Configuration file. Defaults to HUB_CONFIG, else .hub/hub.yaml.")
    var path: String?

    /// The checked configuration; every problem is printed, and any ends the command with 78.
    func configuration() throws -> Configuration {
        let path = path ?? EnvironmentVariables.value("HUB_CONFIG") ?? ".hub/hub.yaml"
        do {
            return try Configuration.load(path)
        } catch {
            for problem in error.problems { Output.remark("\(path): \(problem)") }
            throw ExitCode.badConfiguration
        }
    }

    /// Opens the installation for `body` and closes it again.
    ///
    /// A service that cannot be reached ends the command with 69 and the remedy.
    ///
    /// - Parameter role: The function that the command is of; left alone, the operator's own.
    func open<Result>(
        as role: DatabaseRole = .app, _ body: (Installation) async throws -> Result
    ) async throws -> Result {
        let configuration = try configuration()
        let installation = try await Self.reporting {
            try await Installation.open(configuration, as: role, logger: Self.logger())
        }
        do {
            let result = try await Self.reporting { try await body(installation) }
            await installation.close()
            return result
        } catch {
            await installation.close()
            throw error
        }
    }

    /// Runs `body`; what it throws is printed in plain words and becomes an exit code.
    static func reporting<Result>(_ body: () async throws -> Result) async throws -> Result {
        do {
            return try await body()
        } catch let error as ConfigurationError {
            for problem in error.problems { Output.remark("\(problem)") }
            throw ExitCode.badConfiguration
        } catch let error as InstallationError {
            Output.remark("\(error)")
            throw ExitCode.badConfiguration
        } catch let error as PostgresError {
            Output.remark("\(error)")
            Output.remark(
                "Check that it runs and that `database` in the configuration names it; `hub doctor` says more.")
            throw ExitCode.unavailable
        } catch let error as QueueError {
            Output.remark("\(error)")
            throw ExitCode.badData
        } catch let error as IOError {
            Output.remark("\(error)")
            Output.remark("Check that the addresses of `listen` and `admin` are free and this machine's own.")
            throw ExitCode.unavailable
        } catch let error as PrivateClusterError {
            Output.remark("\(error)")
            throw ExitCode.unavailable
        } catch let error as MigrationError {
            Output.remark("\(error)")
            throw ExitCode.unavailable
        }
    }

    /// Logs to standard error, from `LOG_LEVEL` (default warning for commands).
    static func logger(defaultLevel: Logger.Level = .warning) -> Logger {
        var logger = Logger(label: "hub") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel =
            EnvironmentVariables.value("LOG_LEVEL").flatMap { Logger.Level(rawValue: $0.lowercased()) } ?? defaultLevel
        return logger
    }

    /// An id given on the command line, or a usage error.
    static func id(_ text: String) throws -> UUIDValue {
        guard let id = UUIDValue(text) else { throw ValidationError("That is not an id as the hub gives them.") }
        return id
    }
}
