import Logging
import ServiceLifecycle
import Synchronization

/// Works on the messages of one queue: claims them in batches, hands each to the handler, and reports the outcomes.
///
/// - At most `concurrency` handlers run at once, never two for one key.
/// - Messages claimed ahead wait in a local queue, with their leases renewed. Outcomes travel with the next claim, in
///   one round trip.
/// - When the task is cancelled, or the service group shuts down, it claims no more, gives back what no handler has
///   begun, waits for the handlers that run, reports their outcomes and returns. Handlers are not cancelled: a message
///   half done is worse than a second's patience.
/// - A database that goes away is waited for. Handlers go on; outcomes are sent when it is back. If a lease ran out
///   meanwhile and another holder has the message, the outcome is refused.
package struct Consumer: Service {
    /// Works on a message. May take long, and may be called again for the same message: after a crash, a lost lease, or
    /// a lost database it cannot be known whether it was dealt with.
    package typealias Handler = @Sendable (Lease) async -> Outcome

    private let queue: MessageQueue
    private let name: String
    private let settings: ConsumerState.Settings
    private let handler: Handler

    /// - Parameters:
    ///   - queue: where the queues are
    ///   - name: the queue to work on
    ///   - concurrency: handlers at once
    ///   - batch: messages of one claim at most, and in hand at most, unless `concurrency` is more. More makes fewer
    ///     round trips; what one node has in hand the others cannot have
    ///   - pace: the least time between two round trips that are not full. Defaults to 0.5 ms
    ///   - poll: how long an idle consumer waits for a wake before it looks by itself. Defaults to 1 s
    ///   - handler: the work
    package init(
        queue: MessageQueue, name: String, concurrency: Int, batch: Int, pace: Duration = .microseconds(500),
        poll: Duration = .seconds(1), handler: @escaping Handler
    ) {
        self.queue = queue
        self.name = name
        self.handler = handler
        settings = ConsumerState.Settings(
            concurrency: concurrency, batch: batch, policy: queue.policy(of: name), pace: pace, poll: poll)
    }

    /// Works until the task is cancelled or the service group shuts down.
    package func run() async throws {
        try QueueName.validate(name)
        // So that an empty queue shows in the statistics; without a database that must wait for its first message.
        try? await queue.declare([name])
        let run = Run(queue: queue, name: name, settings: settings, handler: handler)
        // Unstructured, and awaited at once: cancellation must reach the machine as a request to stop, not the handlers
        // and the statements that settle their messages.
        let work = Task { await run.loop() }
        await withTaskCancellationHandler {
            await withGracefulShutdownHandler {
                await work.value
            } onGracefulShutdown: {
                run.stop()
            }
        } onCancel: {
            run.stop()
        }
    }

    /// One run: performs what ``ConsumerState`` decides.
    private final class Run: Sendable {
        private let queue: MessageQueue
        private let name: String
        private let handler: Handler
        private let state: Mutex<ConsumerState>
        private let signal = WakeSignal()

        init(queue: MessageQueue, name: String, settings: ConsumerState.Settings, handler: @escaping Handler) {
            self.queue = queue
            self.name = name
            self.handler = handler
            state = Mutex(ConsumerState(settings: settings, now: .now))
        }

        func stop() {
            state.withLock { $0.stop() }
            signal.raise()
        }

        func loop() async {
            queue.board.join(name, self) { [self] in
                state.withLock { $0.woken() }
                signal.raise()
            }
            defer { queue.board.leave(name, self) }
            await withDiscardingTaskGroup { group in
                var alarm: ContinuousClock.Instant?
                loop: while true {
                    switch state.withLock({ $0.next(now: .now) }) {
                    case .start(let lease):
                        group.addTask { [self] in
                            let outcome = await handler(lease)
                            state.withLock { $0.finished(lease, outcome, now: .now) }
                            signal.raise()
                        }
                    case .exchange(let exchange):
                        group.addTask { [self] in
                            await perform(exchange)
                            signal.raise()
                        }
                    case .wait(let instant):
                        // An alarm that is set already and rings earlier will do; it only makes the machine look once
                        // more.
                        if alarm.map({ $0 > instant || $0 <= .now }) ?? true {
                            alarm = instant
                            group.addTask { [signal] in
                                try? await Task.sleep(until: instant, clock: .continuous)
                                signal.raise()
                            }
                        }
                        await signal.wait()
                    case .end:
                        break loop
                    }
                }
                group.cancelAll()
            }
        }

        private func perform(_ exchange: ConsumerState.Exchange) async {
            let sentAt = ContinuousClock.now
            do {
                let lease = exchange.lease ?? queue.policy(of: name).lease
                let result = try await queue.exchange(exchange, queue: name, lease: lease)
                state.withLock {
                    $0.exchanged(
                        exchange, claimed: result.claimed, lost: result.lost, lookAgain: result.lookAgain,
                        isHeldBack: result.isHeldBack, policy: result.policy, sentAt: sentAt, now: .now)
                }
                signal.raise()
                if exchange.limit > 0 { await queue.surveyIfDue(name) }
            } catch {
                let failures = state.withLock {
                    $0.exchangeFailed(exchange, retryAfter: Self.backOff.delay(afterAttempt:), now: .now)
                    return $0.failures
                }
                // Once at the start of a failure, not once a second while it lasts.
                if failures == 1 {
                    queue.logger.warning(
                        "consumer waits for the database", metadata: ["queue": "\(name)", "error": "\(error)"])
                }
            }
        }

        private static let backOff = BackOff(base: .milliseconds(100), cap: .seconds(5))
    }
}
