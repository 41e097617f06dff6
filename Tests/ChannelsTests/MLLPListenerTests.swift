import Channels
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Synchronization
import Testing
import Translation

/// The listener's bounds, which tests with real clients would have to wait for.
@Suite struct MLLPListenerTests {
    /// Answers each message with its own content; a message `wait` not before it is told to.
    private final class Echo: MLLPReceiver {
        let faults = Mutex<[MLLPFault]>([])
        let reserved = Mutex(0)
        let most: Int
        let waiting: AsyncStream<Void>
        let isWaiting: AsyncStream<Void>.Continuation
        let (gate, opening) = AsyncStream.makeStream(of: Void.self)

        init(most: Int = .max) {
            self.most = most
            (waiting, isWaiting) = AsyncStream.makeStream(of: Void.self)
        }

        func receive(_ arrivals: [MLLPArrival]) async -> MLLPAnswers {
            var answers = MLLPAnswers()
            for arrival in arrivals {
                switch arrival {
                case .message(let content):
                    if content == Array("wait".utf8) {
                        isWaiting.yield()
                        for await _ in gate { break }
                    }
                    if content == Array("later".utf8) {
                        answers.later.append { Array("now later".utf8) }
                    } else {
                        answers.now.append(content)
                    }
                case .tooLong: answers.now.append(Array("too long".utf8))
                case .crowdedOut: answers.now.append(Array("crowded out".utf8))
                }
            }
            return answers
        }

        func reserve(_ bytes: Int) -> Bool {
            reserved.withLock { reserved in
                guard reserved + bytes <= most else { return false }
                reserved += bytes
                return true
            }
        }

        func release(_ bytes: Int) { reserved.withLock { $0 -= bytes } }
        func admit() -> Duration? { nil }
        func note(_ fault: MLLPFault) { faults.withLock { $0.append(fault) } }
    }

    private struct Client {
        let channel: NIOAsyncChannel<ByteBuffer, ByteBuffer>

        init(port: Int) async throws {
            channel = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
                .connect(host: "127.0.0.1", port: port) { channel in
                    channel.eventLoop.makeCompletedFuture { try NIOAsyncChannel(wrappingChannelSynchronously: channel) }
                }
        }

        /// Sends the texts, then reads until the other side closes.
        func exchange(_ texts: String...) async throws -> String {
            try await channel.executeThenClose { inbound, outbound in
                var read = ByteBuffer()
                // However and whenever the connection ends, the answers are what counts.
                do {
                    for text in texts { try await outbound.write(ByteBuffer(string: text)) }
                    for try await var part in inbound { read.writeBuffer(&part) }
                } catch is IOError {} catch is ChannelError {}
                return String(buffer: read)
            }
        }
    }

    private static let logger = Logger(label: "tests", factory: { _ in SwiftLogNoOpLogHandler() })

    private func listening(
        _ change: (inout MLLPListener.Configuration) -> Void, _ receiver: Echo,
        _ body: (Int, ServiceGroup) async throws -> Void
    ) async throws {
        var configuration = MLLPListener.Configuration(host: "127.0.0.1", port: 0, longest: 1 << 20)
        change(&configuration)
        let (ports, port) = AsyncStream.makeStream(of: Int.self)
        let listener = try MLLPListener(configuration, receiver: receiver, logger: Self.logger) { port.yield($0) }
        let group = ServiceGroup(services: [listener], logger: Self.logger)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            for await port in ports {
                try await body(port, group)
                break
            }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
        #expect(receiver.reserved.withLock { $0 } == 0)
    }

    private func frame(_ text: String) -> String { "\u{0B}\(text)\u{1C}\r" }

    @Test(.timeLimit(.minutes(1))) func `who falls silent in a message is let go, with what was before answered`()
        async throws
    {
        let echo = Echo()
        try await listening({ $0.silence = .milliseconds(200) }, echo) { port, _ in
            let answer = try await Client(port: port).exchange(frame("one") + "\u{0B}half")
            #expect(answer == frame("one"))
        }
        #expect(echo.faults.withLock { $0 } == [.brokenOff])
    }

    @Test(.timeLimit(.minutes(1))) func `who waits long before a next message is let go`() async throws {
        let echo = Echo()
        try await listening({ $0.idle = .seconds(2) }, echo) { port, _ in
            let first = try await Client(port: port).exchange(frame("one"))
            #expect(first == frame("one"))
            let silent = try await Client(port: port).exchange()
            #expect(silent == "")
        }
        #expect(echo.faults.withLock { $0 } == [])
    }

    @Test(.timeLimit(.minutes(1))) func `a message that drips is let go, however it goes on`() async throws {
        let echo = Echo()
        try await listening({ $0.slowest = .milliseconds(400) }, echo) { port, _ in
            let client = try await Client(port: port)
            try await client.channel.executeThenClose { _, outbound in
                try await outbound.write(ByteBuffer(string: "\u{0B}"))
                // Until the connection breaks; the test's time limit is the deadline.
                do {
                    while true {
                        try await outbound.write(ByteBuffer(string: "x"))
                        try await Task.sleep(for: .milliseconds(20))
                    }
                } catch {}
            }
        }
        #expect(echo.faults.withLock { $0 }.last == .brokenOff)
    }

    @Test(.timeLimit(.minutes(1))) func `who speaks no TLS is let go`() async throws {
        let folder = TestCertificates.folder
        let echo = Echo()
        let tls = MLLPListener.TLS(
            certificate: "\(folder)/server.pem", key: "\(folder)/server.key", authority: "\(folder)/ca.pem",
            clients: ["hub"])
        try await listening(
            {
                $0.tls = tls
                $0.handshake = .milliseconds(200)
            }, echo
        ) { port, _ in
            let answer = try await Client(port: port).exchange(frame("one"))
            #expect(!answer.contains("one"))
            let silent = try await Client(port: port).exchange()
            #expect(silent == "")
        }
        #expect(echo.faults.withLock { $0 } == [.notAdmitted, .notAdmitted])
    }

    @Test(.timeLimit(.minutes(1))) func `an address that is not the partner's is refused`() async throws {
        let echo = Echo()
        try await listening({ $0.sources = ["192.0.2.1"] }, echo) { port, _ in
            let answer = try await Client(port: port).exchange()
            #expect(answer == "")
        }
        #expect(echo.faults.withLock { $0 } == [.notAdmitted])
    }

    @Test(.timeLimit(.minutes(1))) func `without memory for a long message its sender is told so and let go`()
        async throws
    {
        let echo = Echo(most: 100_000)
        try await listening({ _ in }, echo) { port, _ in
            let long = "\u{0B}" + String(repeating: "x", count: 500_000)
            let answer = try await Client(port: port).exchange(frame("one"), long)
            #expect(answer.hasSuffix(frame("crowded out")))
        }
    }

    @Test(.timeLimit(.minutes(1))) func `a message without end is refused and its sender let go`() async throws {
        let echo = Echo()
        try await listening({ $0.longest = 10_000 }, echo) { port, _ in
            let long = "\u{0B}" + String(repeating: "x", count: 50_000)
            let answer = try await Client(port: port).exchange(long)
            #expect(answer == frame("too long"))
        }
    }

    @Test(.timeLimit(.minutes(1))) func `an answer that comes later is sent when it is there`() async throws {
        let echo = Echo()
        try await listening({ $0.idle = .seconds(2) }, echo) { port, _ in
            let answers = try await Client(port: port).exchange(frame("later") + frame("one"))
            #expect(answers == frame("one") + frame("now later"))
        }
    }

    @Test(.timeLimit(.minutes(1))) func `a stop answers what is in hand and closes`() async throws {
        let echo = Echo()
        try await listening({ _ in }, echo) { port, group in
            let client = try await Client(port: port)
            async let answer = client.exchange(frame("wait"))
            for await _ in echo.waiting { break }
            await group.triggerGracefulShutdown()
            echo.opening.yield()
            let answered = try await answer
            #expect(answered == frame("wait"))
        }
    }

    @Test(.timeLimit(.minutes(1))) func `who comes at the moment of the stop is let go, and the process lives`()
        async throws
    {
        for _ in 0..<20 {
            var configuration = MLLPListener.Configuration(host: "127.0.0.1", port: 0, longest: 1 << 20)
            configuration.connections = 100
            let (ports, found) = AsyncStream.makeStream(of: Int.self)
            let listener = try MLLPListener(configuration, receiver: Echo(), logger: Self.logger) { found.yield($0) }
            let running = Task { try await listener.run() }
            for await port in ports {
                try await withThrowingTaskGroup(of: Void.self) { clients in
                    for _ in 0..<64 {
                        clients.addTask {
                            // Taken or not: the listener is going.
                            guard let client = try? await Client(port: port) else { return }
                            _ = try await client.exchange()
                        }
                    }
                    running.cancel()
                    try await clients.waitForAll()
                }
                break
            }
            try await running.value
        }
    }
}
