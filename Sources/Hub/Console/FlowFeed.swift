import Console
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Postgres
import Referral
import ServiceLifecycle

/// Tells all who have the console's first page open what changes on it. The hub's figures are read once a second for all of
/// them together, and only while there is anybody.
actor FlowFeed {
    private struct Listener {
        var period: Traffic.Period
        var events: AsyncStream<ByteBuffer>.Continuation
        /// Ends the connection of one who reads no more.
        var close: @Sendable () -> Void
    }

    private static let pause: Duration = .seconds(1)
    /// How often it is looked whether a session is still open.
    private static let lookAgain: Duration = .seconds(15)
    /// More than so many that were not sent end a connection; the browser comes back, and is told everything.
    private static let mostUnsent = 16
    /// How long whoever is told no more may take to read what was sent, before the connection is closed.
    private static let patience: Duration = .seconds(1)

    private let reader: FlowReader
    private let pages: Console
    private let logger: Logger
    private var listeners: [Int: Listener] = [:]
    private var lastListener = 0
    private var told: [Traffic.Period: Console.FlowParts] = [:]
    private var reading: Task<Void, Never>?
    /// However often somebody comes and goes, the figures are not read before.
    private var readsAgain = ContinuousClock.now

    init(_ reader: FlowReader, pages: Console, logger: Logger) {
        self.reader = reader
        self.pages = pages
        self.logger = logger
    }

    /// An answer that goes on for as long as somebody listens.
    ///
    /// - Parameters:
    ///   - channel: The connection that it goes to.
    ///   - isOpen: Whether whoever listens is still signed in, and may.
    nonisolated func response(
        over period: Traffic.Period, on channel: any Channel, while isOpen: @escaping @Sendable () async throws -> Bool
    ) -> Response {
        var headers = HTTPFields()
        headers[.contentType] = "text/event-stream"
        headers[.cacheControl] = "no-store"
        // For a proxy that would keep it until it is whole.
        headers[HTTPField.Name("X-Accel-Buffering")!] = "no"
        return Response(
            status: .ok, headers: headers,
            body: ResponseBody { writer in
                let (number, events) = await self.join(period) { channel.close(promise: nil) }
                do {
                    try await withGracefulShutdownHandler {
                        try await Self.tell(events, &writer, while: isOpen)
                    } onGracefulShutdown: {
                        Task { await self.end(number) }
                    }
                } catch {
                    await self.leave(number)
                    throw error
                }
                await self.leave(number)
                try await writer.finish(nil)
            })
    }

    private static func tell(
        _ events: AsyncStream<ByteBuffer>, _ writer: inout any ResponseBodyWriter,
        while isOpen: @Sendable () async throws -> Bool
    ) async throws {
        var looked = ContinuousClock.now
        for await event in events {
            if ContinuousClock.now - looked >= Self.lookAgain {
                looked = .now
                // Where it cannot be known, the next time.
                if let isOpen = try? await isOpen(), !isOpen { return try await writer.write(Self.event("ended", "")) }
            }
            try await writer.write(event)
        }
    }

    private static func event(_ name: String, _ data: String) -> ByteBuffer {
        ByteBuffer(string: "event: \(name)\ndata: \(data)\n\n")
    }

    /// The title, and elements of the page.
    private static func event(_ title: String, _ elements: [String: String]) -> ByteBuffer {
        let value: Value = [
            "title": .string(title), "elements": .object(Object(elements.map { ($0.key, .string($0.value)) })),
        ]
        return event("parts", String(decoding: StrictJSON.write(value), as: UTF8.self))
    }

    // MARK: Who listens

    private func join(
        _ period: Traffic.Period, _ close: @escaping @Sendable () -> Void
    ) -> (Int, AsyncStream<ByteBuffer>) {
        let (events, continuation) = AsyncStream.makeStream(
            of: ByteBuffer.self, bufferingPolicy: .bufferingOldest(Self.mostUnsent))
        lastListener += 1
        listeners[lastListener] = Listener(period: period, events: continuation, close: close)
        if let parts = told[period] { continuation.yield(Self.event(parts.title, parts.elements)) }
        if reading == nil { reading = Task { await self.read() } }
        return (lastListener, events)
    }

    /// Whoever listens is told no more.
    private func leave(_ number: Int) {
        guard let listener = listeners.removeValue(forKey: number) else { return }
        listener.events.finish()
        if !listeners.values.contains(where: { $0.period == listener.period }) { told[listener.period] = nil }
        guard listeners.isEmpty else { return }
        reading?.cancel()
        reading = nil
    }

    /// As ``leave(_:)``, of one who may never read what was sent: their connection would be held for as long.
    private func end(_ number: Int) {
        guard let close = listeners[number]?.close else { return }
        leave(number)
        Task {
            try? await Task.sleep(for: Self.patience)
            close()
        }
    }

    // MARK: What they are told

    private func read() async {
        while !Task.isCancelled {
            try? await Task.sleep(until: readsAgain)
            let began = ContinuousClock.now
            readsAgain = began + Self.pause
            do {
                let now = Timestamp.now()
                var picture = try await reader.picture(at: now)
                for period in Set(listeners.values.map(\.period)) {
                    picture.traffic = try await reader.traffic(over: period, at: now)
                    guard !Task.isCancelled else { return }
                    tell(pages.flowParts(picture), over: period)
                }
            } catch is CancellationError {
                return
            } catch {
                logger.debug("the console's figures cannot be read", metadata: ["error": "\(error)"])
                send(Self.event("stale", "")) { _ in true }
            }
            readsAgain = .now + FlowReader.pause(Self.pause, after: .now - began)
        }
    }

    private func tell(_ parts: Console.FlowParts, over period: Traffic.Period) {
        let before = told.updateValue(parts, forKey: period)
        let changed = parts.elements.filter { before?.elements[$0.key] != $0.value }
        send(Self.event(parts.title, changed)) { $0.period == period }
    }

    private func send(_ event: ByteBuffer, to isMeant: (Listener) -> Bool) {
        for (number, listener) in listeners where isMeant(listener) {
            if case .dropped = listener.events.yield(event) { end(number) }
        }
    }
}
