import ArgumentParser
import Hub
import Translation

/// `hub adapters`: the partners' folders of data.
struct Adapters: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List, test, check, start and measure adapters.",
        subcommands: [List.self, Test.self, Check.self, New.self, Bench.self]
    )

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "What each adapter takes and sends.")
        @OptionGroup var folder: AdapterFolderOption
        @OptionGroup var format: JSONOption

        func run() async throws {
            let rows = try folder.load().all.map { adapter in
                [
                    adapter.id, adapter.kind.rawValue,
                    adapter.inbound.map { $0.format.rawValue }.joined(separator: " "),
                    adapter.outbound.map { "\($0.purpose)/\($0.channel.rawValue)" }.joined(separator: " "),
                    adapter.name,
                ]
            }
            Output.table(["id", "kind", "takes", "sends", "name"], rows, json: format.json)
        }
    }

    struct Test: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Run every sample; a difference is named with file and path. Exits 1 on a failure."
        )
        @OptionGroup var folder: AdapterFolderOption
        @Argument(help: "Only these adapters.") var ids: [String] = []

        func run() async throws {
            let catalogue = try folder.load()
            for id in ids where catalogue[id] == nil {
                throw ValidationError("No adapter is named \(id). `hub adapters list` shows them.")
            }
            let chosen = catalogue.all.filter { ids.isEmpty || ids.contains($0.id) }
            let results = chosen.flatMap { SampleRunner().run($0) }
            let failed = results.filter { !$0.differences.isEmpty }
            for result in failed { Output.line(result.description) }
            Output.line(SampleRunner.summary(results))
            if !failed.isEmpty { throw ExitCode(1) }
        }
    }

    struct Check: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Report every mistake in the adapters at once, with file, line, key and remedy. Exits 65 on one."
        )
        @OptionGroup var folder: AdapterFolderOption

        func run() async throws {
            let path = folder.path ?? EnvironmentVariables.value("HUB_ADAPTERS") ?? "adapters"
            let (catalogue, diagnostics) = AdapterCatalogue.load(path)
            for diagnostic in diagnostics { Output.line("\(diagnostic)") }
            guard diagnostics.isEmpty else { throw ExitCode.badData }
            Output.line("\(catalogue.all.count) adapters, no mistakes")
        }
    }

    struct New: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Write a working skeleton of an adapter.")
        @OptionGroup var folder: AdapterFolderOption
        @Argument(help: "The partner's id: lower-case letters, digits and underscores.") var id: String

        func run() async throws {
            let path = folder.path ?? EnvironmentVariables.value("HUB_ADAPTERS") ?? "adapters"
            do {
                for file in try AdapterSkeleton.write(id: id, to: path) { Output.line(file) }
            } catch {
                Output.remark("\(error)")
                throw ExitCode.badData
            }
            Output.line("\(path)/\(id): now change it to what the partner sends, and run `hub adapters test \(id)`")
        }
    }
}
