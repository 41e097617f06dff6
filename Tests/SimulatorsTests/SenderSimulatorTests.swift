import Foundation
import Hummingbird
import Logging
import NIOCore
import Simulators
import Synchronization
import Testing

/// Senders and load against a server that stands for the hub.
@Suite(.timeLimit(.minutes(1))) struct SenderSimulatorTests {
    private struct Posted: Sendable, Hashable {
        var mediaType: String
        var authorization: String
        var body: [UInt8]
    }

    /// A stand-in that takes every referral once.
    private final class StandIn: Sendable {
        let posted = Mutex<[Posted]>([])

        func run(_ ready: @escaping @Sendable (Int) async -> Void) async throws {
            let router = Router()
            router.post("/v1/referrals") { request, _ in
                try await self.keep(request)
                return Response(
                    status: .accepted, headers: [.contentType: "application/json"],
                    body: .init(byteBuffer: ByteBuffer(string: #"{"receipt_id":"R-1"}"#)))
            }
            router.post("/v1/emergency/lookup") { request, _ in
                try await self.keep(request)
                return Response(
                    status: .ok, headers: [.contentType: "application/json"],
                    body: .init(byteBuffer: ByteBuffer(string: #"{"matches":1}"#)))
            }
            let application = Application(
                router: router, configuration: .init(address: .hostname("127.0.0.1", port: 0)),
                onServerRunning: { await ready($0.localAddress?.port ?? 0) }, logger: Logger(label: "test"))
            try await application.runService(gracefulShutdownSignals: [])
        }

        private func keep(_ request: Request) async throws {
            let body = try await request.body.collect(upTo: 1 << 20)
            let posted = Posted(
                mediaType: request.headers[.contentType] ?? "",
                authorization: request.headers[.authorization] ?? "",
                body: Array(body.readableBytesView))
            self.posted.withLock { $0.append(posted) }
        }
    }

    @Test func `each partner sends in its own way, with its own key`() async throws {
        let drop = FileManager.default.temporaryDirectory.appending(path: "drop-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: drop) }
        for kind in [SimulatedDocument.Kind.police, .voluntary] {
            try FileManager.default.createDirectory(
                atPath: "\(drop)/\(kind.partner)/in", withIntermediateDirectories: true)
        }
        let hub = StandIn()
        let said = Mutex<[String]>([])
        try await LocalServer.run(hub.run) { port in
            let keys = Dictionary(
                uniqueKeysWithValues: SimulatedDocument.Kind.allCases.map { ($0.partner, "key of \($0)") })
            try await SenderSimulator(
                configuration: .init(
                    hub: "http://127.0.0.1:\(port)", drop: drop, keys: keys, interval: .zero, count: 10),
                say: { line in said.withLock { $0.append(line) } }
            ).run()
        }
        let posted = hub.posted.withLock { $0 }
        #expect(
            Set(posted.map { "\($0.mediaType) \($0.authorization)" }) == [
                "application/hl7-v2 Bearer key of hospital", "application/fhir+json Bearer key of bars",
                "application/vnd.lac.referral+json;v=1 Bearer key of school",
            ])
        #expect(posted.count == 6 && Set(posted.map(\.body)).count == 6)
        for kind in [SimulatedDocument.Kind.police, .voluntary] {
            let names = try FileManager.default.contentsOfDirectory(atPath: "\(drop)/\(kind.partner)/in")
            #expect(names.count == 6 && names.filter { $0.hasSuffix(".done") }.count == 2)
        }
        #expect(said.withLock { $0.filter { $0.contains("202  receipt R-1") }.count } == 6)
        for family in ["Jessop", "Mistry", "Varley"] { #expect(!said.withLock { "\($0)" }.contains(family)) }
    }

    @Test func `load is all different, and every answer is counted`() async throws {
        let hub = StandIn()
        let kept = Kept<LoadSimulator.Result>()
        try await LocalServer.run(hub.run) { port in
            await kept.keep(
                try await LoadSimulator(
                    configuration: .init(
                        hub: "http://127.0.0.1:\(port)", key: "k", sender: "school", connections: 3,
                        duration: .milliseconds(300))
                ).run())
        }
        let result = try #require(await kept.value)
        let posted = hub.posted.withLock { $0 }
        #expect(result.accepted > 0 && result.errors.isEmpty)
        #expect(posted.count == result.accepted)
        struct Envelope: Decodable { var message_id: String, sender: String }
        let ids = try posted.map { try JSONDecoder().decode(Envelope.self, from: Data($0.body)).message_id }
        #expect(Set(ids).count == ids.count)
        #expect(result.p50 > 0 && result.p50 <= result.p99 && result.p99 <= result.longest)
    }

    @Test func `look-ups ask at their pace, in turn, and of the other node where one is away`() async throws {
        let hub = StandIn()
        let kept = Kept<LoadSimulator.Result>()
        try await LocalServer.run(hub.run) { port in
            await kept.keep(
                try await LoadSimulator(
                    configuration: .init(
                        hub: "http://127.0.0.1:1", otherHub: "http://127.0.0.1:\(port)",
                        looks: .init(uprns: ["1", "2", "3"], token: "t"), connections: 2,
                        duration: .milliseconds(500), rate: 40)
                ).run())
        }
        let result = try #require(await kept.value)
        let posted = hub.posted.withLock { $0 }
        // What was due in half a second, however slow the machine is.
        #expect(result.accepted == 20 && result.errors.isEmpty)
        #expect(Set(posted.map { "\($0.mediaType) \($0.authorization)" }) == ["application/json Bearer t"])
        struct Look: Decodable {
            struct Query: Decodable { var uprn: String }
            var incident_ref: String
            var query: Query
        }
        let looks = try posted.map { try JSONDecoder().decode(Look.self, from: Data($0.body)) }
        #expect(Set(looks.map(\.incident_ref)).count == 20)
        #expect(looks.allSatisfy { $0.incident_ref.hasPrefix("BENCH-") && $0.incident_ref.utf8.count <= 64 })
        let asked = Dictionary(grouping: looks, by: \.query.uprn).mapValues(\.count)
        #expect(asked == ["1": 5, "2": 10, "3": 5])
    }

    @Test func `load against nobody counts errors`() async throws {
        let result = try await LoadSimulator(
            configuration: .init(
                hub: "http://127.0.0.1:1", key: "k", sender: "school", connections: 2, duration: .milliseconds(50))
        ).run()
        #expect(result.accepted == 0 && result.errors["connection", default: 0] > 0)
        await #expect(throws: LoadSimulator.AddressError.self) {
            _ = try await LoadSimulator(
                configuration: .init(hub: "https://hub", key: "", sender: "", connections: 1, duration: .zero)
            ).run()
        }
    }
}
