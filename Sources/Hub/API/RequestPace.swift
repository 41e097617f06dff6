import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// Lets no client hold a connection, or have the hub read, by sending a body without end or more slowly than anybody must.
///
/// A body that comes more slowly than ``slowest`` after ``patience`` ends its connection; the listener's idle time-out alone
/// would begin anew with each byte. An answer that is given before the body was read, as a refusal is, says that the
/// connection ends: what still comes is read for a moment, so that the answer is not lost with it, and no longer.
final class RequestPace: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    /// Every body has so much time, whatever its length.
    private static let patience: TimeAmount = .seconds(60)
    /// And a second more for each of so many bytes.
    private static let slowest = 1_024
    /// How long, and how many bytes, are read after an answer that did not wait for them.
    private static let lingering: TimeAmount = .seconds(5)
    private static let mostDrained = 8 << 20

    private var requestsBegun = 0
    private var requestsRead = 0
    private var answersGiven = 0
    private var begun = NIODeadline.now()
    private var received = 0
    private var isWatched = false
    /// Whether the answer being given did not wait for its request, or ends the connection by itself.
    private var isEarly = false
    private var isDraining = false
    private var drained = 0

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head:
            requestsBegun += 1
            (begun, received) = (.now(), 0)
        case .body(let bytes):
            received += bytes.readableBytes
            if isDraining {
                drained += bytes.readableBytes
                if drained > Self.mostDrained { context.close(promise: nil) }
            }
        case .end:
            requestsRead += 1
            if isDraining { context.close(promise: nil) }
        }
        context.fireChannelRead(data)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        // Most bodies come whole with their head, and need no watch.
        if requestsBegun > requestsRead, !isWatched {
            isWatched = true
            watch(context)
        }
        context.fireChannelReadComplete()
    }

    private func watch(_ context: ChannelHandlerContext) {
        context.eventLoop.assumeIsolated().scheduleTask(in: .seconds(10)) {
            guard self.requestsBegun > self.requestsRead, context.channel.isActive else {
                self.isWatched = false
                return
            }
            let allowed = Self.patience + .seconds(Int64(self.received / Self.slowest))
            guard NIODeadline.now() - self.begun <= allowed else { return context.close(promise: nil) }
            self.watch(context)
        }
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(var head) where requestsRead <= answersGiven || head.headerFields[.connection] == "close":
            isEarly = true
            head.headerFields[.connection] = "close"
            context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .end where isEarly:
            answersGiven += 1
            isDraining = true
            context.write(data, promise: promise)
            context.flush()
            let wait: TimeAmount = requestsRead >= answersGiven ? .zero : Self.lingering
            let channel = context.channel
            context.eventLoop.scheduleTask(in: wait) { channel.close(promise: nil) }
        case .end:
            answersGiven += 1
            context.write(data, promise: promise)
        default: context.write(data, promise: promise)
        }
    }
}
