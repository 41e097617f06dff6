import Hummingbird
import HummingbirdCore
import Logging
import NIOCore

/// An HTTP connection whose requests are worked on where they arrive, on the thread of the connection's event loop: between
/// a request, its answer and the socket nothing waits for another thread to wake. What may take long leaves it
/// (``OffTheLoop``).
struct LoopChannel: ServerChildChannel {
    let base: HTTP1Channel

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<HTTP1Channel.Value> {
        base.setup(channel: channel, logger: logger)
    }

    func handle(value: HTTP1Channel.Value, logger: Logger) async {
        await withTaskExecutorPreference(LoopExecutor(value.channel.eventLoop)) {
            await base.handle(value: value, logger: logger)
        }
    }
}

/// Runs tasks on the thread of an event loop.
private final class LoopExecutor: TaskExecutor {
    private let loop: any EventLoop

    init(_ loop: any EventLoop) { self.loop = loop }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        loop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}

/// Has everything but a control room's questions worked on by Swift's own threads, so that nothing keeps an event loop from
/// the other connections that it serves.
struct OffTheLoop: RouterMiddleware {
    func handle(
        _ request: Request, context: ExchangeContext, next: (Request, ExchangeContext) async throws -> Response
    ) async throws -> Response {
        if EmergencyRoutes.paths.contains(request.uri.path) { return try await next(request, context) }
        return try await withTaskExecutorPreference(globalConcurrentExecutor) { try await next(request, context) }
    }
}
