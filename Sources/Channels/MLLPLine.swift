import NIOCore
import Translation

/// One connection to a partner's MLLP receiver, on its event loop: a message out, its answer in, one at a time.
final class MLLPLine: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    /// The longest answer that is read, in bytes.
    static let longestAnswer = 256 << 10

    /// How long is waited for answers.
    struct Patience: Sendable {
        /// From the message's first byte sent to its answer's last byte received.
        var answer: TimeAmount
        /// From the commit answer to the application's.
        var application: TimeAmount
    }

    private struct Current {
        var exchange: MLLPExchange
        let promise: EventLoopPromise<DeliveryOutcome>
        let patience: Patience
        var deadline: Scheduled<Void>?
    }

    private let channel: any Channel
    private var reader = MLLPReader(limit: longestAnswer)
    private var current: Current?
    /// Frames that came while nobody waited for any.
    private var unasked = 0
    /// The end was begun. Under TLS the channel stays active until the other side has agreed, or 5 s have gone by.
    private var isClosing = false

    init(on channel: any Channel) {
        self.channel = channel
    }

    /// Sends a message and waits for what becomes of it. Called on the event loop, and never before the last has ended.
    ///
    /// What came before belongs to earlier messages and was dropped.
    func send(_ frame: [UInt8], _ exchange: MLLPExchange, _ patience: Patience) -> EventLoopFuture<DeliveryOutcome> {
        precondition(current == nil, "one message is outstanding on a connection")
        let promise = channel.eventLoop.makePromise(of: DeliveryOutcome.self)
        guard isUsable else {
            promise.succeed(Self.notSent)
            return promise.futureResult
        }
        unasked = 0
        current = Current(exchange: exchange, promise: promise, patience: patience)
        wait(patience.answer)
        channel.writeAndFlush(ByteBuffer(bytes: frame)).assumeIsolated().whenFailure { _ in self.cutOff() }
        return promise.futureResult
    }

    /// Whether another message may be sent. Called on the event loop.
    var isUsable: Bool { channel.isActive && !isClosing }

    /// Nothing of the message left.
    static let notSent = DeliveryOutcome.retryable(
        code: "connection_refused", text: "the connection was closed before the message was sent", after: nil)

    /// Gives up what is waited for.
    func cancel() {
        end(.unknown(code: "cancelled", text: "the hub stopped waiting for the answer"))
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let events = reader.read(Array(unwrapInboundIn(data).readableBytesView))
        for event in events { take(event) }
        guard reader.isHopeless else { return }
        if let current { end(current.exchange.hopeless()) }
        close()
    }

    func channelInactive(context: ChannelHandlerContext) {
        cutOff()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        cutOff()
        close()
    }

    private func take(_ event: MLLPReader.Event) {
        guard current != nil, let step = current?.exchange.take(event) else {
            unasked += 1
            // Somebody who sends and sends is no receiver.
            if unasked > MLLPExchange.mostStrays { close() }
            return
        }
        switch step {
        case .waiting: break
        case .committed: if let current { wait(current.patience.application) }
        case .ended(let outcome): end(outcome)
        }
    }

    private func wait(_ time: TimeAmount) {
        current?.deadline?.cancel()
        current?.deadline = channel.eventLoop.assumeIsolated().scheduleTask(in: time) { [self] in
            if let current { end(current.exchange.late()) }
        }
    }

    private func close() {
        isClosing = true
        channel.close(promise: nil)
    }

    private func cutOff() {
        if let current { end(current.exchange.cutOff()) }
    }

    private func end(_ outcome: DeliveryOutcome) {
        guard let ended = current else { return }
        current = nil
        ended.deadline?.cancel()
        // What is still to come for this message must not be taken for the answer to its repeat.
        if !outcome.isFinal { close() }
        ended.promise.succeed(outcome)
    }
}

extension DeliveryOutcome {
    /// Whether the message will not be sent again.
    fileprivate var isFinal: Bool {
        switch self {
        case .delivered, .duplicate, .rejected: true
        case .retryable, .unknown: false
        }
    }
}
