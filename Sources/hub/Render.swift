import ArgumentParser
import Glibc
import Hub
import Referral
import Translation

/// `hub render`: a release in, the exact outbound bytes out; no database.
struct Render: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Render releases as a partner would receive them.",
        discussion:
            """
            A FILE is a release in JSON, or an extract, which gives a zip archive (see adapters/README.md); - reads standard \
            input. Exits 65 on a mistake.
            """
    )

    @OptionGroup var folder: AdapterFolderOption
    @Option(help: "The partner's adapter.")
    var adapter: String
    @Option(help: "Purpose; needed when the adapter sends for several.")
    var purpose: String?
    @Option(help: "Channel, where the adapter has several ways for the purpose; the first of them otherwise.")
    var channel: String?
    @Option(help: "The sheet of an exercise, by which the adapter's row is then written.")
    var sheet: String?
    @Flag(help: "Write what a PDF says, as text, in its place: what samples are compared with.")
    var outline = false
    @Argument(help: "Releases to render.")
    var files: [String]

    func run() async throws {
        let catalogue = try folder.load()
        guard var adapter = catalogue[adapter] else {
            throw ValidationError("No adapter is named \(adapter). `hub adapters list` shows them.")
        }
        if let sheet {
            let (filled, mistakes) = adapter.filling(sheetFile: sheet, by: .nfiWeb)
            for mistake in mistakes { Output.remark("\(mistake)") }
            guard mistakes.isEmpty else { throw ExitCode.badData }
            adapter = filled
        }
        for file in files {
            do {
                let bytes = try file == "-" ? LocalFile.readStandardInput() : LocalFile.read(file)
                let release = try StrictJSON.parse(bytes)
                let named = adapter.outbound(forRelease: release)
                let purpose = purpose ?? named?.purpose
                let outbound =
                    channel.map { channel in
                        adapter.outbound.first { $0.purpose == purpose && $0.channel.rawValue == channel }
                    } ?? (purpose == named?.purpose ? named : adapter.outbound(for: purpose))
                guard let outbound else {
                    throw ValidationError("The adapter sends nothing for that purpose, or not by that channel.")
                }
                let rendered = try Renderer(
                    adapter: adapter, outbound: outbound, documents: outline ? .outlined : .printed
                ).render(release)
                Output.bytes(rendered.bytes, to: STDOUT_FILENO)
            } catch let error as ValidationError {
                throw error
            } catch {
                Output.remark("\(file): \(error)")
                throw ExitCode.badData
            }
        }
    }
}
