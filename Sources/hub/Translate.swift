import ArgumentParser
import Hub
import Postgres
import Referral
import Translation

/// `hub translate`: documents in, canonical referrals out; no database.
struct Translate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Translate partner documents into the canonical model.",
        discussion: """
            Prints one JSON line per document found: file, index, status (accepted, incomplete or rejected), referral, \
            warnings, errors; and reply, where it says what becomes of a share that its sender was given. Exits 0 when nothing was rejected, else 65. A FILE of - reads standard input.
            """
    )

    @OptionGroup var folder: AdapterFolderOption
    @Option(help: "Adapter to translate with, or auto to detect one for each file.")
    var adapter: String
    @Flag(help: "Tell of each value where it stands in the document and what was done to it, as `provenance`.")
    var provenance = false
    @Flag(help: "Apply production rules: refuse the synthetic NHS number range.")
    var production = false
    @Argument(help: "Documents to translate.")
    var files: [String]

    func run() async throws {
        let catalogue = try folder.load()
        var rejected = false
        for file in files {
            for translated in try translate(file, catalogue) {
                rejected = rejected || translated.status == .rejected
                var line: Object = ["file": .string(file)]
                if case .object(let rest) = translated.line {
                    for key in rest.keys { line[key] = rest[key] }
                }
                if provenance, let referral = translated.referral {
                    line["provenance"] = translated.provenance?.told(of: referral)
                }
                Output.json(.object(line))
            }
        }
        if rejected { throw ExitCode.badData }
    }

    private func translate(_ file: String, _ catalogue: AdapterCatalogue) throws -> [Translated] {
        let bytes: [UInt8]
        do {
            bytes = try file == "-" ? LocalFile.readStandardInput() : LocalFile.read(file, limit: 100 << 20)
        } catch {
            Output.remark("\(error)")
            return [.rejected(Finding(.notParseable, at: "", "The file cannot be read"), 0)]
        }
        let fileName = file == "-" ? nil : file
        if adapter == "auto" {
            guard let (adapter, inbound) = catalogue.detect(bytes, fileName: fileName) else {
                return [.rejected(Finding(.notParseable, at: "", "No adapter knows this document"), 0)]
            }
            return translator(adapter, inbound).translate(bytes)
        }
        guard let chosen = catalogue[adapter] else {
            throw ValidationError("No adapter is named \(adapter). `hub adapters list` shows them.")
        }
        guard let inbound = chosen.inbound(for: bytes, fileName: fileName) else {
            return [.rejected(Finding(.mediaType, at: "", "The adapter takes no such document"), 0)]
        }
        return translator(chosen, inbound).translate(bytes)
    }

    private func translator(_ adapter: Adapter, _ inbound: Inbound) -> Translator {
        let now = Instant(microseconds: Timestamp.now().microseconds)
        return Translator(
            adapter: adapter, inbound: inbound, environment: production ? .production : .test, now: now)
    }
}

/// `--adapters`, for the commands that need no installation.
struct AdapterFolderOption: ParsableArguments {
    @Option(name: .customLong("adapters"), help: "Folder of adapters. Defaults to HUB_ADAPTERS, else ./adapters.")
    var path: String?

    /// The catalogue; mistakes in it are printed with file, line, key and remedy, and end the command.
    func load() throws -> AdapterCatalogue {
        let folder = path ?? EnvironmentVariables.value("HUB_ADAPTERS") ?? "adapters"
        let (catalogue, diagnostics) = AdapterCatalogue.load(folder)
        for diagnostic in diagnostics { Output.remark("\(diagnostic)") }
        guard diagnostics.isEmpty else { throw ExitCode.badConfiguration }
        return catalogue
    }
}
