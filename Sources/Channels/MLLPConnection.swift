import NIOCore
import Synchronization
import Translation

/// One connection's conversation: reads frames, hands on what came together, writes the answers.
final class MLLPConnection: Sendable {
    private struct State {
        /// Until when the other side has time for what it owes.
        var deadline = ContinuousClock.now + .seconds(60)
        /// Whether messages are in hand, which graceful shutdown waits for.
        var isBusy = false
        var isStopping = false
    }

    private let channel: any Channel
    private let state = Mutex(State())

    init(_ channel: any Channel) {
        self.channel = channel
    }

    /// Ends the conversation as soon as nothing is in hand.
    func stop() {
        let isBusy = state.withLock { state in
            state.isStopping = true
            return state.isBusy
        }
        if !isBusy { channel.close(promise: nil) }
    }

    /// Goes on until the other side ends it, or is given up.
    func converse(
        _ channel: NIOAsyncChannel<ByteBuffer, ByteBuffer>, with receiver: any MLLPReceiver,
        _ configuration: MLLPListener.Configuration
    ) async {
        grant(configuration.idle)
        try? await channel.executeThenClose { inbound, outbound in
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await self.watch() }
                group.addTask {
                    // An error is the connection's end: what was stored is stored, and what is not answered comes again.
                    try? await self.exchange(inbound, outbound, receiver, configuration)
                }
                await group.next()
                group.cancelAll()
            }
        }
    }

    private func exchange(
        _ inbound: NIOAsyncChannelInboundStream<ByteBuffer>, _ outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>,
        _ receiver: any MLLPReceiver, _ configuration: MLLPListener.Configuration
    ) async throws {
        let (owed, owe) = AsyncStream.makeStream(of: (@Sendable () async -> [UInt8]?).self)
        let (slots, giveSlot) = AsyncStream.makeStream(of: Void.self)
        for _ in 0..<MLLPListener.mostOwed { giveSlot.yield() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for await answer in owed {
                    if let answer = await answer() { try await outbound.write(ByteBuffer(bytes: MLLP.frame(answer))) }
                    giveSlot.yield()
                }
            }
            var slot = slots.makeAsyncIterator()
            var intake = MLLPFrames(receiver: receiver, configuration: configuration)
            defer { intake.abandon() }
            reading: for try await buffer in inbound {
                var arrivals = intake.take(Array(buffer.readableBytesView))[...]
                let isHopeless = intake.isHopeless
                guard begin() else { break }
                while !arrivals.isEmpty {
                    let together = Array(arrivals.prefix(MLLPListener.mostTogether))
                    arrivals = arrivals.dropFirst(together.count)
                    for _ in together { while let wait = receiver.admit() { try await Task.sleep(for: wait) } }
                    // Bounded by itself: the receiver's own limits say how long it takes.
                    grant(configuration.slowest)
                    let answers = await receiver.receive(together)
                    grant(configuration.silence)
                    if !answers.now.isEmpty {
                        try await outbound.write(ByteBuffer(bytes: answers.now.flatMap(MLLP.frame)))
                    }
                    for answer in answers.later {
                        _ = await slot.next()
                        owe.yield(answer)
                    }
                }
                intake.settle()
                if isHopeless { break reading }
                grant(intake.patience)
                guard finish() else { break }
            }
            owe.finish()
            grant(configuration.silence)
            try await group.waitForAll()
        }
    }

    /// Closes the connection when its time is up.
    private func watch() async {
        while true {
            let left = ContinuousClock.now.duration(to: state.withLock { $0.deadline })
            guard left > .zero else {
                channel.close(promise: nil)
                return
            }
            do {
                // Looked at each second, since the deadline may come nearer.
                try await Task.sleep(for: min(left, .seconds(1)))
            } catch {
                return
            }
        }
    }

    private func grant(_ time: Duration) {
        state.withLock { $0.deadline = .now + time }
    }

    /// False when no more is to be begun.
    private func begin() -> Bool {
        state.withLock { state in
            state.isBusy = !state.isStopping
            return state.isBusy
        }
    }

    /// False when it was the last.
    private func finish() -> Bool {
        state.withLock { state in
            state.isBusy = false
            return !state.isStopping
        }
    }
}

/// The frames of one connection with the memory that they take, and the time that they are given.
private struct MLLPFrames {
    private let receiver: any MLLPReceiver
    private let configuration: MLLPListener.Configuration
    private var reader: MLLPReader
    private var reserved = 0
    /// Whether there was no memory for the frame that has not ended.
    private var isCrowdedOut = false
    private var began: ContinuousClock.Instant?

    init(receiver: any MLLPReceiver, configuration: MLLPListener.Configuration) {
        self.receiver = receiver
        self.configuration = configuration
        reader = MLLPReader(limit: configuration.longest)
    }

    /// How long the other side may take for what comes next.
    var patience: Duration {
        guard let began else { return configuration.idle }
        return min(configuration.silence, ContinuousClock.now.duration(to: began + configuration.slowest))
    }

    var isHopeless: Bool { reader.isHopeless || isCrowdedOut }

    mutating func take(_ bytes: [UInt8]) -> [MLLPArrival] {
        var arrivals: [MLLPArrival] = []
        for event in reader.read(bytes) {
            switch event {
            case .message(let content): arrivals.append(.message(content))
            case .tooLong(let beginning): arrivals.append(.tooLong(beginning))
            case .brokenOff: receiver.note(.brokenOff)
            case .noise: receiver.note(.noise)
            }
            began = nil
        }
        if reader.isInside {
            if began == nil { began = .now }
            // A frame that goes on over several reads; a short one is bounded by the size of a read.
            let missing = reader.kept - reserved
            if missing > 0 {
                if receiver.reserve(missing) {
                    reserved += missing
                } else {
                    isCrowdedOut = true
                    arrivals.append(.crowdedOut(reader.beginning))
                }
            }
            if reader.isHopeless { arrivals.append(.tooLong(reader.beginning)) }
        } else {
            began = nil
        }
        return arrivals
    }

    /// What was taken is worked on.
    mutating func settle() {
        if !reader.isInside { release() }
    }

    /// The connection ends, in whatever state.
    mutating func abandon() {
        if reader.isInside { receiver.note(.brokenOff) }
        release()
    }

    private mutating func release() {
        if reserved > 0 { receiver.release(reserved) }
        reserved = 0
    }
}
