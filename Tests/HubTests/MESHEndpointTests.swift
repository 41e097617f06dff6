import Foundation
import Hub
import Testing
import Translation

@Suite struct MESHEndpointTests {
    private let trust: Adapter
    private let service: Adapter

    init() throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../adapters").path
        let (catalogue, _) = AdapterCatalogue.load(folder)
        trust = try #require(catalogue["uhdb"])
        service = try #require(catalogue["emas"])
    }

    private func problems(_ workflows: String, _ adapter: Adapter) throws -> [String: String] {
        let text = """
            environment: test
            organisation: { id: a, name: b }
            outbound: { x: { mesh: { url: u, mailbox: m, to: t, \(workflows), password: env:P, shared_key: env:K } } }
            """
        guard case .mesh(let endpoint)? = try Configuration.parse(text, folder: ".").outbound["x"]?[.mesh] else {
            return ["": "no endpoint"]
        }
        let found = endpoint.problems(with: adapter, at: "outbound.x.mesh")
        return Dictionary(found.map { ($0.key, $0.text) }) { $1 }
    }

    @Test func `an adapter's every name needs an id`() throws {
        #expect(try problems("workflows: { uhdb_referral: A, uhdb_concern: B }", trust).isEmpty)
        let missing = try problems("workflows: { uhdb_referral: A }", trust)
        #expect(
            missing == ["outbound.x.mesh.workflows.uhdb_concern": "is missing: the adapter sends safeguarding under it"]
        )
    }

    @Test func `a name that the adapter does not have is refused`() throws {
        let unknown = try problems("workflows: { uhdb_referral: A, uhdb_concern: B, uhdb_concerns: C }", trust)
        #expect(unknown.keys.sorted() == ["outbound.x.mesh.workflows.uhdb_concerns"])
        #expect(unknown.values.first?.contains("uhdb_concern, uhdb_referral") == true)
    }

    @Test func `one id is enough only where the adapter has one name`() throws {
        // Both of the ambulance service's purposes go under one name.
        #expect(try problems("workflow: A", service).isEmpty)
        let several = try problems("workflow: A", trust)
        #expect(several.keys.sorted() == ["outbound.x.mesh.workflow"])
        #expect(several.values.first?.contains("uhdb_concern, uhdb_referral") == true)
    }
}
