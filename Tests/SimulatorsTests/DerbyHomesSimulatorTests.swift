import Channels
import Foundation
import Logging
import Simulators
import Testing

@Suite(.timeLimit(.minutes(1))) struct DerbyHomesSimulatorTests {
    private func delivery(_ id: String, _ text: String = "{}") -> Delivery {
        Delivery(id: id, recipient: "derby_homes", bytes: Array(text.utf8), mediaType: "application/json")
    }

    /// Runs `body` with a simulator on plain HTTP and a channel to it.
    private func withSimulator(
        _ configuration: DerbyHomesSimulator.Configuration = .init(port: 0),
        _ body: @escaping @Sendable (DerbyHomesSimulator, HTTPSChannel) async throws -> Void
    ) async throws {
        let simulator = try DerbyHomesSimulator(
            configuration: configuration, logger: Logger(label: "test"), say: { _ in })
        try await LocalServer.run { ready in
            try await simulator.run(ready: ready)
        } body: { port in
            let channel = try HTTPSChannel(
                configuration: .init(
                    url: "http://127.0.0.1:\(port)/housing/v1", connectTimeout: .seconds(60),
                    insecureLoopbackAllowed: true))
            do { try await body(simulator, channel) } catch { Issue.record(error) }
            await channel.shutdown()
        }
    }

    @Test func `a repeat gets the first reference, also after a restart`() async throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "receipts-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        let reference = Kept<String>()
        try await withSimulator(.init(port: 0, journal: path)) { simulator, channel in
            guard case .delivered(let first) = await channel.deliver(delivery("share-1")) else { return }
            await reference.keep(first)
            #expect(await channel.deliver(delivery("share-1")) == .duplicate(reference: first))
            #expect(simulator.count == 2)
        }
        let first = try #require(await reference.value)
        try await withSimulator(.init(port: 0, journal: path)) { _, channel in
            #expect(await channel.deliver(delivery("share-1", #"{"changed":1}"#)) == .duplicate(reference: first))
        }
        #expect(try Journal.read(path).map(\.seen) == ["first", "again", "changed"])
    }

    @Test func `while it is down it says when to come back`() async throws {
        try await withSimulator(.init(port: 0, behaviour: .init(down: true))) { simulator, channel in
            guard case .retryable("http_503", _, .seconds(2)) = await channel.deliver(delivery("share-1")) else {
                Issue.record("it was taken")
                return
            }
            simulator.behave(.init())
            guard case .delivered = await channel.deliver(delivery("share-1")) else {
                Issue.record("it was not taken")
                return
            }
        }
    }

    @Test func `a fail rate of one takes nothing`() async throws {
        try await withSimulator(.init(port: 0, behaviour: .init(failRate: 1))) { simulator, channel in
            for number in 0..<5 {
                guard case .retryable = await channel.deliver(delivery("share-\(number)")) else {
                    Issue.record("it was taken")
                    return
                }
            }
            #expect(simulator.count == 0)
        }
    }

    @Test func `what is not JSON is refused`() async throws {
        try await withSimulator { _, channel in
            guard case .rejected("http_400", _) = await channel.deliver(delivery("share-1", "MSH|")) else {
                Issue.record("it was taken")
                return
            }
        }
    }
}
