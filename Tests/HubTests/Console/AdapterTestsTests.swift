import Foundation
import Testing
import Translation

@testable import Hub

@Suite struct AdapterTestsTests {
    private let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../adapters")
        .standardizedFileURL.path

    /// The project's adapters in a folder of their own.
    private func copied(_ body: (String) async throws -> Void) async throws {
        let files = FileManager.default
        let copy = files.temporaryDirectory.appending(path: "hub-adapters-\(UUID().uuidString)").path
        try files.copyItem(atPath: folder, toPath: copy)
        defer { try? files.removeItem(atPath: copy) }
        try await body(copy)
    }

    @Test func `samples that give something else fail their adapter and no other`() async throws {
        try await copied { folder in
            let catalogue = AdapterCatalogue.load(folder).0
            let expected = "\(folder)/uhdb/samples/in/referral-i12.expected.json"
            let text = try String(contentsOfFile: expected, encoding: .utf8)
            try text.replacing("\"accepted\"", with: "\"rejected\"").write(
                toFile: expected, atomically: true, encoding: .utf8)
            let tests = AdapterTests(catalogue)
            #expect(await tests.failing == nil)
            await tests.run([try #require(catalogue["uhdb"]), try #require(catalogue["dchs"])])
            #expect(await tests.failing == 1)
            guard case .done(let results, _)? = await tests.outcomes["uhdb"] else {
                Issue.record("it was not tested")
                return
            }
            let failed = results.filter { !$0.differences.isEmpty }
            #expect(failed.map(\.file) == ["uhdb/samples/in/referral-i12.hl7"])
        }
    }

    @Test func `what there is no time for is said to be left out`() async throws {
        try await copied { folder in
            let catalogue = AdapterCatalogue.load(folder).0
            let tests = AdapterTests(catalogue, limit: .zero)
            await tests.run(catalogue.all)
            for adapter in catalogue.all {
                guard case .leftOut? = await tests.outcomes[adapter.id] else {
                    Issue.record("\(adapter.id) was not left out")
                    continue
                }
            }
            #expect(await tests.failing == nil)
        }
    }

    @Test func `a file that is another than it was is told`() async throws {
        try await copied { folder in
            let catalogue = AdapterCatalogue.load(folder).0
            let digests = AdapterDigests(catalogue, folder: folder)
            let (changed, other) = (try #require(catalogue["uhdb"]), try #require(catalogue["dchs"]))
            #expect(digests["uhdb/referral.map.yaml"]?.count == 64)
            #expect(!digests.isChanged(changed) && !digests.isChanged(other))
            try append("# more\n", to: "\(folder)/uhdb/referral.map.yaml")
            #expect(digests.isChanged(changed) && !digests.isChanged(other))
        }
    }

    private func append(_ text: String, to file: String) throws {
        try (String(contentsOfFile: file, encoding: .utf8) + text).write(
            toFile: file, atomically: true, encoding: .utf8)
    }

    @Test func `a change of what a mapping extends is one of each adapter that extends it, of a shared table of all`()
        async throws
    {
        try await copied { folder in
            let catalogue = AdapterCatalogue.load(folder).0
            var digests = AdapterDigests(catalogue, folder: folder)
            try append("# more\n", to: "\(folder)/hl7v2/message.map.yaml")
            let changed = Set(catalogue.all.filter(digests.isChanged).map(\.id))
            #expect(changed.isSuperset(of: ["hl7v2", "uhdb"]) && !changed.contains("csv"))
            for adapter in catalogue.all {
                for file in adapter.files { #expect(digests[file] != nil, "\(adapter.id): \(file)") }
                for way in adapter.inbound where !way.isBuiltIn { #expect(digests[way.mappingFile] != nil) }
            }
            digests = AdapterDigests(catalogue, folder: folder)
            let shared = digests.shared
            #expect(!catalogue.all.contains(where: digests.isChanged))
            let table = try #require(catalogue.sharedFiles.first { $0.hasPrefix("codes/") })
            try append("# more\n", to: "\(folder)/\(table)")
            #expect(catalogue.all.allSatisfy(digests.isChanged))
            #expect(AdapterDigests(catalogue, folder: folder).shared != shared)
        }
    }

    /// Of what hangs, else, nobody would be told, and nothing could be tested until the process ends.
    @Test(.timeLimit(.minutes(1))) func `samples that would never give anything fail in time`() async throws {
        try await copied { folder in
            let list = Array(repeating: "PID-3", count: 20).joined(separator: " + ")
            var expression = "(\(list))"
            for _ in 0..<12 { expression = "(\(list) | where \(expression))" }
            try "notes: \"\(expression)\"\n".write(
                toFile: "\(folder)/uhdb/referral.map.yaml", atomically: true, encoding: .utf8)
            let catalogue = AdapterCatalogue.load(folder).0
            let tests = AdapterTests(catalogue, limit: .seconds(2))
            await tests.run([try #require(catalogue["uhdb"]), try #require(catalogue["dchs"])])
            guard case .done(let results, _)? = await tests.outcomes["uhdb"],
                case .leftOut? = await tests.outcomes["dchs"]
            else {
                Issue.record("it is not told what became of them")
                return
            }
            #expect(results.contains { $0.differences.first?.expected == "a result in time" })
            #expect(await tests.waiting.isEmpty)
        }
    }
}
