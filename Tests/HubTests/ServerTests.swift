import CaseStore
import NIOCore
import NIOPosix
import Postgres
import ServiceLifecycle
import TestSupport
import Testing

@testable import Hub

@Suite(.installation) struct ServerTests {
    /// Runs the partner listener for `body`, which gets its port.
    private func serve(
        _ hub: Installation, idleTimeout: TimeAmount, _ body: (Int) async throws -> Void
    ) async throws {
        let (ports, port) = AsyncStream.makeStream(of: Int.self)
        let listener = try Server(hub: HubServices(hub), idleTimeout: idleTimeout)
            .partnerApplication(.init(host: "127.0.0.1", port: 0)) { channel in
                port.yield(channel.localAddress?.port ?? 0)
            }
        let group = ServiceGroup(services: [listener], logger: hub.logger)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            for await port in ports {
                try await body(port)
                break
            }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }

    @Test(.timeLimit(.minutes(1)), arguments: ["", "GET /heal", "half a body"])
    func `a connection on which nothing comes for a while is let go`(sent: String) async throws {
        try await TestInstallation.run { hub in
            let partner = Partner(id: "uhdb", name: "A trust", kind: .partner, adapter: "uhdb")
            let key = try await hub.database.transaction { [store = hub.store] connection in
                _ = try store.add(partner, by: "test", in: connection)
                return try store.issueKey(for: "uhdb", by: "test", in: connection)
            }
            let post = """
                POST /v1/referrals HTTP/1.1\r
                Host: hub\r
                Authorization: Bearer \(try #require(key).text)\r
                Content-Type: application/hl7-v2\r
                Content-Length: 1000\r
                \r
                MSH|
                """
            // Long enough for what is sent to leave a busy machine.
            try await serve(hub, idleTimeout: .seconds(2)) { port in
                let client = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
                    .connect(host: "127.0.0.1", port: port).get()
                if !sent.isEmpty {
                    try await client.writeAndFlush(ByteBuffer(string: sent == "half a body" ? post : sent))
                }
                // The test's time limit is the minute after which it would be let go by default.
                try await client.closeFuture.get()
            }
        }
    }
}
