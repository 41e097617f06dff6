import Foundation
import Referral
import Testing

@testable import Translation

/// Every sample of the project's adapters, cut off and changed at random: nothing may trap, hang or be taken for whole.
///
/// `HUB_MUTATIONS` says how many changed documents are read for each format, and cuts each at every byte. Defaults to a few of both,
/// so that the suite stays quick.
struct SampleMutationTests {
    private static let mutations = ProcessInfo.processInfo.environment["HUB_MUTATIONS"].flatMap { Int($0) }

    private struct Document: CustomTestStringConvertible {
        var adapter: Adapter
        var sample: Sample
        var format: DocumentFormat

        var testDescription: String { sample.file }

        func read(_ bytes: [UInt8]) -> [Translated] {
            guard let way = adapter.inbound(for: format, type: nil) else { return [] }
            return Translator(adapter: adapter, inbound: way, environment: .test, now: later).translate(bytes)
        }
    }

    private static let documents: [Document] = AdapterFolder.loaded.0.all.flatMap { adapter in
        Sample.all(of: adapter, "in").compactMap { sample in
            DocumentFormat.guess(sample.bytes).map { Document(adapter: adapter, sample: sample, format: $0) }
        }
    }

    /// How many changes are tried of each sample of a format.
    private static func changes(of format: DocumentFormat) -> Int {
        guard let mutations else { return 10 }
        let samples = documents.count { $0.format == format }
        return (mutations + samples - 1) / max(samples, 1)
    }

    @Test(arguments: documents) private func `a sample cut off anywhere is read to the end of what is there`(
        _ document: Document
    ) {
        let bytes = document.sample.bytes
        // The end of JSON and XML is known by its last mark, and that of a workbook by its directory. A message or a table may end
        // after any line.
        let isClosed = [.json, .fhir, .xml].contains(document.format) || bytes.starts(with: ZipArchive.signature)
        let end = bytes.lastIndex { $0 > 0x20 } ?? 0
        let step = Self.mutations == nil ? max(1, bytes.count / 20) : 1
        for length in stride(from: 0, to: end, by: step) {
            let results = document.read(Array(bytes.prefix(length)))
            #expect(!results.isEmpty)
            let isTaken = results.contains { $0.status != .rejected }
            // Fewer than four bytes of a workbook are a table of one heading.
            if isClosed, length >= 4 { #expect(!isTaken, "\(length) bytes are taken for the whole") }
        }
    }

    @Test(arguments: documents) private func `a sample changed at random never traps`(_ document: Document) {
        // The same changes each time, so that a failure can be had again.
        var random = FixedRandom(state: document.sample.file.utf8.reduce(0) { $0 &* 31 &+ UInt64($1) })
        for _ in 0..<Self.changes(of: document.format) {
            var bytes = document.sample.bytes
            for _ in 0..<Int.random(in: 1...4, using: &random) where !bytes.isEmpty {
                let position = Int.random(in: bytes.indices, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: bytes[position] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes.remove(at: position)
                case 2: bytes.insert(UInt8.random(in: 0...255, using: &random), at: position)
                default:
                    let end = min(bytes.count, position + Int.random(in: 1...64, using: &random))
                    bytes.insert(contentsOf: bytes[position..<end], at: position)
                }
            }
            #expect(!document.read(bytes).isEmpty)
        }
    }
}

/// A small generator with a fixed sequence (SplitMix64).
private struct FixedRandom: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
