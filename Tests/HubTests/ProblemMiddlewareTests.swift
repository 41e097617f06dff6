import Dispatch
import HTTPTypes
import Hummingbird
import Logging
import MessageQueue
import NIOCore
import NIOEmbedded
import Synchronization
import TestSupport
import Testing

@testable import Hub
@testable import Postgres

@Suite struct ProblemMiddlewareTests {
    /// What a client gets when a route ends like this.
    private func answer(
        to method: HTTPRequest.Method, logger: Logger = Logger(label: "tests") { _ in SwiftLogNoOpLogHandler() },
        _ route: @escaping @Sendable () async throws -> Void
    ) async throws -> (status: Int, retryAfter: String?, text: String) {
        let request = Request(
            head: HTTPRequest(method: method, scheme: "http", authority: "hub", path: "/v1/referrals"),
            body: RequestBody(buffer: .init()))
        let channel = EmbeddedChannel()
        defer { _ = try? channel.finish() }
        let context = ExchangeContext(source: .init(channel: channel, logger: logger))
        let response = try await ProblemMiddleware().handle(request, context: context) { _, _ in
            try await route()
            return Response(status: .ok)
        }
        let written = WrittenBody()
        try await response.body.write(written)
        return (
            Int(response.status.code), response.headers[.retryAfter],
            String(decoding: written.bytes.withLock { $0 }, as: UTF8.self)
        )
    }

    /// A response's body as bytes.
    private final class WrittenBody: ResponseBodyWriter, Sendable {
        let bytes = Mutex<[UInt8]>([])

        func write(_ buffer: ByteBuffer) { bytes.withLock { $0 += buffer.readableBytesView } }
        func finish(_ trailingHeaders: HTTPFields?) {}
    }

    @Test(.database) func `a coalescer that is full is 503, and says when to come again`() async throws {
        let released = DispatchSemaphore(value: 0)
        let (began, begin) = AsyncStream.makeStream(of: Void.self)
        let database = TestDatabase.current.database
        let coalescer = Coalescer<Int, Int>(on: database, maxBatch: 1, lanes: 1, maximumWaiting: 1) { items, _ in
            begin.yield()
            released.wait()
            return items
        }
        let working = Task { try await coalescer.submit(1) }
        for await _ in began { break }
        let waiting = Task { try await coalescer.submit(2) }
        try await eventually { coalescer.waitingCount == 1 }
        let answer = try await answer(to: .post) { _ = try await coalescer.submit(3) }
        #expect(answer.status == 503 && answer.retryAfter == "5")
        #expect(answer.text.contains("urn:lac:problem:unavailable"))
        for _ in 0..<2 { released.signal() }
        #expect(try await working.value == 1)
        #expect(try await waiting.value == 2, "those who were let in are answered")
    }

    @Test(arguments: [HTTPRequest.Method.get, .head])
    func `who only asks is not told of storing`(method: HTTPRequest.Method) async throws {
        let answer = try await answer(to: method) { throw PostgresError(.connectionLost) }
        #expect(answer.status == 503 && answer.retryAfter == "5")
        #expect(!answer.text.contains("stored") && answer.text.contains("Ask again"))
    }

    @Test func `who sends something is told that it may have been stored`() async throws {
        let answer = try await answer(to: .post) { throw PostgresError(.connectionLost) }
        #expect(answer.status == 503 && answer.text.contains("cannot say whether this was stored"))
    }

    private struct Unforeseen: Error, CustomStringConvertible {
        let description = "CANARY, with what it was about"
    }

    @Test func `what nobody foresaw is told by no more than that, and logged by its type`() async throws {
        let log = KeptLog()
        let answer = try await answer(to: .post, logger: Logger(label: "tests") { _ in log }) { throw Unforeseen() }
        #expect(answer.status == 500 && answer.text.contains("urn:lac:problem:internal"))
        #expect(!answer.text.contains("CANARY") && !answer.text.contains("Unforeseen"))
        let lines = log.lines.withLock { $0 }
        #expect(lines.count == 1 && lines[0].hasPrefix("error request failed") && lines[0].contains("Unforeseen"))
        #expect(!lines[0].contains("CANARY"))
    }
}

/// Keeps what is logged.
private final class KeptLog: LogHandler, Sendable {
    let lines = Mutex<[String]>([])

    var logLevel: Logger.Level {
        get { .trace }
        set {}
    }
    var metadata: Logger.Metadata {
        get { [:] }
        set {}
    }
    subscript(metadataKey _: String) -> Logger.Metadata.Value? {
        get { nil }
        set {}
    }

    func log(event: LogEvent) {
        lines.withLock { $0.append("\(event.level) \(event.message) \(event.metadata ?? [:])") }
    }
}
