import NIOCore
import NIOPosix
import Synchronization

/// Stands between a client and a server and passes bytes on, until it is told to lose the server's answers: then the request
/// arrives, and the connection breaks before its answer does.
final class Relay: Sendable {
    private let losing = Mutex(false)

    /// From now on each answer is lost, or passed on again.
    func loseAnswers(_ lose: Bool) { losing.withLock { $0 = lose } }

    /// Runs `body` with a relay to a port of this machine.
    static func run(to port: Int, _ body: @escaping @Sendable (Relay, Int) async throws -> Void) async throws {
        let relay = Relay()
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .bind(host: "127.0.0.1", port: 0) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        let own = server.channel.localAddress?.port ?? 0
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await server.executeThenClose { clients in
                    try await withThrowingDiscardingTaskGroup { connections in
                        for try await client in clients {
                            connections.addTask { try? await relay.join(client, port) }
                        }
                        connections.cancelAll()
                    }
                }
            }
            group.addTask {
                // Closed, not cancelled: a cancelled server drops whom it has accepted and not handed out yet.
                defer { server.channel.close(promise: nil) }
                try await body(relay, own)
            }
            try await group.waitForAll()
        }
    }

    private func join(_ client: NIOAsyncChannel<ByteBuffer, ByteBuffer>, _ port: Int) async throws {
        try await client.executeThenClose { requests, toClient in
            let server = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connect(host: "127.0.0.1", port: port) { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                    }
                }
            try await server.executeThenClose { answers, toServer in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { for try await part in requests { try await toServer.write(part) } }
                    group.addTask {
                        for try await part in answers {
                            if self.losing.withLock({ $0 }) { return }
                            try await toClient.write(part)
                        }
                    }
                    // Whichever side ends, ends the other.
                    try await group.next()
                    group.cancelAll()
                }
            }
        }
    }
}
