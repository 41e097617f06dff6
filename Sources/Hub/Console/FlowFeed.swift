import Console
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Referral
import ServiceLifecycle

/// Tells all who have the console's first page open what changes on it. The hub's figures are read once a second for all of
/// them together, and only while there is anybody.
actor FlowFeed {
    /// One who listens: whatever is left of what was not sent yet.
    private struct Listener {
        var period: Traffic.Period
        var events: AsyncStream<Event>.Continuation
    }

    private enum Event: Sendable {
        /// The title, and the elements of the page that have changed.
        case parts(title: String, elements: [String: String])
        /// The figures cannot be read.
        case stale
    }

    private static let pause: Duration = .seconds(1)
    /// Where reading takes long, since very much waits, it is read less often: this part of the time goes into it at most.
    private static let share = 0.05
    /// How often it is looked whether a session is still open.
    private static let lookAgain: Duration = .seconds(15)
    /// More than so many that were not sent end a connection; the browser comes back, and is told everything.
    private static let mostUnsent = 16

    private let reader: FlowReader
    private let pages: Console
    private let logger: Logger
    private var listeners: [Int: Listener] = [:]
    private var lastListener = 0
    private var told: [Traffic.Period: Console.FlowParts] = [:]
    private var reading: Task<Void, Never>?

    init(_ reader: FlowReader, pages: Console, logger: Logger) {
        self.reader = reader
        self.pages = pages
        self.logger = logger
    }

    /// An answer that goes on for as long as somebody listens.
    ///
    /// - Parameter isOpen: Whether whoever listens is still signed in, and may.
    nonisolated func response(
        over period: Traffic.Period, while isOpen: @escaping @Sendable () async throws -> Bool
    ) -> Response {
        var headers = HTTPFields()
        headers[.contentType] = "text/event-stream"
        headers[.cacheControl] = "no-store"
        // For a proxy that would keep it until it is whole.
        headers[HTTPField.Name("X-Accel-Buffering")!] = "no"
        return Response(
            status: .ok, headers: headers,
            body: ResponseBody { writer in
                let (number, events) = await self.join(period)
                do {
                    try await withGracefulShutdownHandler {
                        try await self.tell(events, &writer, while: isOpen)
                    } onGracefulShutdown: {
                        Task { await self.leave(number) }
                    }
                } catch {
                    await self.leave(number)
                    throw error
                }
                await self.leave(number)
                try await writer.finish(nil)
            })
    }

    private nonisolated func tell(
        _ events: AsyncStream<Event>, _ writer: inout any ResponseBodyWriter,
        while isOpen: @Sendable () async throws -> Bool
    ) async throws {
        var looked = ContinuousClock.now
        for await event in events {
            if ContinuousClock.now - looked >= Self.lookAgain {
                looked = .now
                // Where it cannot be known, the next time.
                if let isOpen = try? await isOpen(), !isOpen {
                    return try await writer.write(ByteBuffer(string: "event: ended\ndata:\n\n"))
                }
            }
            try await writer.write(ByteBuffer(string: Self.text(event)))
        }
    }

    private static func text(_ event: Event) -> String {
        switch event {
        case .parts(let title, let elements):
            let value: Value = [
                "title": .string(title), "elements": .object(Object(elements.map { ($0.key, .string($0.value)) })),
            ]
            return "event: parts\ndata: \(String(decoding: StrictJSON.write(value), as: UTF8.self))\n\n"
        case .stale: return "event: stale\ndata:\n\n"
        }
    }

    // MARK: Who listens

    private func join(_ period: Traffic.Period) -> (Int, AsyncStream<Event>) {
        let (events, continuation) = AsyncStream.makeStream(
            of: Event.self, bufferingPolicy: .bufferingOldest(Self.mostUnsent))
        lastListener += 1
        listeners[lastListener] = Listener(period: period, events: continuation)
        if let parts = told[period] { continuation.yield(.parts(title: parts.title, elements: parts.elements)) }
        if reading == nil { reading = Task { await self.read() } }
        return (lastListener, events)
    }

    private func leave(_ number: Int) {
        listeners.removeValue(forKey: number)?.events.finish()
        guard listeners.isEmpty else { return }
        reading?.cancel()
        reading = nil
        told = [:]
    }

    // MARK: What they are told

    private func read() async {
        while !Task.isCancelled {
            let began = ContinuousClock.now
            for period in Set(listeners.values.map(\.period)) {
                do {
                    let parts = pages.flowParts(try await reader.picture(over: period))
                    guard !Task.isCancelled else { return }
                    let before = told.updateValue(parts, forKey: period)
                    let changed = parts.elements.filter { before?.elements[$0.key] != $0.value }
                    send(.parts(title: parts.title, elements: changed), over: period)
                } catch is CancellationError {
                    return
                } catch {
                    logger.debug("the console's figures cannot be read", metadata: ["error": "\(error)"])
                    send(.stale, over: period)
                }
            }
            try? await Task.sleep(for: max(Self.pause, (.now - began) / Self.share))
        }
    }

    private func send(_ event: Event, over period: Traffic.Period) {
        for (number, listener) in listeners where listener.period == period {
            if case .dropped = listener.events.yield(event) { leave(number) }
        }
    }
}
