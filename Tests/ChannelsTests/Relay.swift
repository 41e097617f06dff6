import NIOCore
import NIOPosix
import Synchronization

/// Stands between a client and a server and passes bytes on, until it is told to lose the server's answers: then the request
/// arrives, and the connection breaks before its answer does. Or to do the other things that a bad line does.
final class Relay: Sendable {
    enum Fault: Sendable {
        case none
        case losingAnswers
        /// The connection breaks once so many bytes came from the client; the server still gets them.
        case breaking(afterRequestBytes: Int)
        /// The client is accepted and never answered.
        case silent
        /// After so many bytes, answers come one at a time, ten a second.
        case trickling(afterAnswerBytes: Int)
    }

    private let fault = Mutex(Fault.none)

    /// From now on each answer is lost, or passed on again.
    func loseAnswers(_ lose: Bool) { set(lose ? .losingAnswers : .none) }

    /// What happens from now on to whoever connects, and to answers.
    func set(_ fault: Fault) { self.fault.withLock { $0 = fault } }

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
            if case .silent = self.fault.withLock({ $0 }) {
                for try await _ in requests {}
                return
            }
            let server = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connect(host: "127.0.0.1", port: port) { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                    }
                }
            try await server.executeThenClose { answers, toServer in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask {
                        var seen = 0
                        for try await part in requests {
                            seen += part.readableBytes
                            try await toServer.write(part)
                            if case .breaking(let limit) = self.fault.withLock({ $0 }), seen > limit { return }
                        }
                    }
                    group.addTask {
                        var seen = 0
                        for try await var part in answers {
                            let fault = self.fault.withLock { $0 }
                            if case .losingAnswers = fault { return }
                            if case .trickling(let limit) = fault, seen > limit {
                                while let byte = part.readSlice(length: 1) {
                                    try await toClient.write(byte)
                                    try await Task.sleep(for: .milliseconds(100))
                                }
                            } else {
                                seen += part.readableBytes
                                try await toClient.write(part)
                            }
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
