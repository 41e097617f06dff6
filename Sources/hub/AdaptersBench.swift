import ArgumentParser
import Referral
import Translation

extension Adapters {
    /// `hub adapters bench`: how fast documents are read, mapped and validated on one core.
    ///
    /// Counts this thread's processor time, so that what else the machine does changes little.
    struct Bench: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Translate the samples over and over on one core; print documents and megabytes a second.",
            discussion: "Seconds are of processor time. A referral is a row of a table, a message of a batch."
        )
        @OptionGroup var folder: AdapterFolderOption
        @OptionGroup var format: JSONOption
        @Option(help: "Processor seconds for each format.") var seconds = 1.0
        @Option(help: "Only samples with this text in their path, such as uhdb/samples/in/referral-i12.hl7.")
        var only: String?

        func validate() throws {
            guard seconds > 0, seconds <= 600 else { throw ValidationError("--seconds: more than 0, at most 600") }
        }

        func run() async throws {
            let catalogue = try folder.load()
            var groups: [String: [TimedSample]] = [:]
            for adapter in catalogue.all {
                for sample in Sample.all(of: adapter, "in") where only.map(sample.file.contains) ?? true {
                    guard let inbound = adapter.inbound(for: sample.bytes, fileName: sample.file) else { continue }
                    let kind = sample.file.split(separator: ".").last.map(String.init) ?? ""
                    let translator = Translator(
                        adapter: adapter, inbound: inbound, environment: .test, now: adapter.samplesReadAt)
                    groups[inbound.format.rawValue + "/" + kind, default: []].append(
                        TimedSample(translator: translator, bytes: sample.bytes))
                }
            }
            guard !groups.isEmpty else {
                Output.remark("no sample's path contains that text")
                throw ExitCode.badData
            }
            let rows = groups.sorted { $0.key < $1.key }.map { kind, samples in row(kind, samples) }
            Cell.table(
                ["format", "samples", "bytes", "documents_per_s", "referrals_per_s", "mb_per_s"], rows,
                json: format.json)
        }

        /// Each sample in turn, until the time is used up.
        private func row(_ kind: String, _ samples: [TimedSample]) -> [Cell] {
            for sample in samples { _ = sample.translate() }
            var (documents, referrals, bytes) = (0, 0, 0)
            let began = ProcessorTime.now
            var elapsed = 0.0
            while elapsed < seconds {
                for sample in samples {
                    referrals += sample.translate()
                    bytes += sample.bytes.count
                }
                documents += samples.count
                elapsed = ProcessorTime.now - began
            }
            let size = samples.reduce(0) { $0 + $1.bytes.count } / samples.count
            return [
                .text(kind), .number(samples.count), .number(size), .number(Int(Double(documents) / elapsed)),
                .number(Int(Double(referrals) / elapsed)),
                .figure((Double(bytes) / elapsed / 1e5).rounded() / 10, isTime: false),
            ]
        }
    }
}

/// A document and how it is translated.
private struct TimedSample {
    let translator: Translator
    let bytes: [UInt8]

    /// How many results it gave.
    func translate() -> Int { translator.translate(bytes).count }
}
