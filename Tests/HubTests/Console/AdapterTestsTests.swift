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
            let file = "\(folder)/uhdb/referral.map.yaml"
            try (String(contentsOfFile: file, encoding: .utf8) + "# more\n").write(
                toFile: file, atomically: true, encoding: .utf8)
            #expect(digests.isChanged(changed) && !digests.isChanged(other))
        }
    }
}
