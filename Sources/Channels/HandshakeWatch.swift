import NIOCore
import NIOTLS

/// Tells when TLS is agreed, or that it will not be.
final class HandshakeWatch: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    /// Fails with what went wrong, or with `eof` where the other side just went.
    let done: EventLoopPromise<Void>

    init(on loop: any EventLoop) {
        done = loop.makePromise()
    }

    deinit { done.fail(ChannelError.eof) }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted? = event as? TLSUserEvent { done.succeed() }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        done.fail(error)
        context.fireErrorCaught(error)
    }

    func channelInactive(context: ChannelHandlerContext) {
        done.fail(ChannelError.eof)
        context.fireChannelInactive()
    }
}
