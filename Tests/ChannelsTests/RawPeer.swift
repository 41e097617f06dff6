import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

/// A server of which each test says what it does on a connection, byte by byte.
final class RawPeer: Sendable {
    typealias Inbound = NIOAsyncChannelInboundStream<ByteBuffer>
    typealias Outbound = NIOAsyncChannelOutboundWriter<ByteBuffer>

    private let counted = Mutex(0)
    private let heard = Mutex([UInt8]())

    /// Connections that were made so far.
    var connections: Int { counted.withLock { $0 } }
    /// Everything that was received, of all connections.
    var received: [UInt8] { heard.withLock { $0 } }

    /// Runs `body` with the server's port. A connection ends when `behave` returns.
    /// - Parameter behave: given the connection's number, from 1.
    static func run(
        tls: TLSConfiguration? = nil,
        behave: @escaping @Sendable (RawPeer, Int, Inbound, Outbound) async throws -> Void,
        _ body: @escaping @Sendable (RawPeer, Int) async throws -> Void
    ) async throws {
        let peer = RawPeer()
        let context = try tls.map { try NIOSSLContext(configuration: $0) }
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .bind(host: "127.0.0.1", port: 0) { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let context {
                        try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: context))
                    }
                    return try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        let port = server.channel.localAddress?.port ?? 0
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await server.executeThenClose { clients in
                    try await withThrowingDiscardingTaskGroup { connections in
                        for try await client in clients {
                            let number = peer.counted.withLock { count in
                                count += 1
                                return count
                            }
                            connections.addTask {
                                // The other side may break off: that is what is tested.
                                try? await client.executeThenClose { try await behave(peer, number, $0, $1) }
                            }
                        }
                        connections.cancelAll()
                    }
                }
            }
            group.addTask {
                // Closed, not cancelled: a cancelled server drops whom it has accepted and not handed out yet.
                defer { server.channel.close(promise: nil) }
                try await body(peer, port)
            }
            try await group.waitForAll()
        }
    }

    /// Keeps what was received.
    func hear(_ buffer: ByteBuffer) {
        heard.withLock { $0.append(contentsOf: buffer.readableBytesView) }
    }

    /// Keeps what is received until the other side goes.
    func listen(_ inbound: Inbound) async throws {
        for try await buffer in inbound { hear(buffer) }
    }
}
