import Synchronization

/// The policies that are set in the database, as this process last read them.
final class PolicyBoard: Sendable {
    /// What is set for a queue: by the configuration, and over it by an operator.
    struct Layers: Sendable, Equatable {
        var configured: PolicySettings = [:]
        var chosen: PolicySettings = [:]
    }

    private struct State {
        var layers: [String: Layers] = [:]
        var policies: [String: QueuePolicy] = [:]
        var isBeingRead = false
        var nextReading: ContinuousClock.Instant?
    }

    /// How often a process that claims reads them anew: well within the second that a change may take.
    static let interval = Duration.milliseconds(400)

    private let state = Mutex(State())
    private let configuration: MessageQueue.Configuration

    init(_ configuration: MessageQueue.Configuration) {
        self.configuration = configuration
    }

    /// What holds for the queue, as far as is known here.
    func policy(of queue: String) -> QueuePolicy {
        state.withLock { state in
            if let known = state.policies[queue] { return known }
            let policy = Self.policy(configuration.policy(of: queue), state.layers[queue])
            state.policies[queue] = policy
            return policy
        }
    }

    /// A policy with what is set over it. What makes no sense any more, because the code's rules have changed since it
    /// was set, is left out.
    static func policy(_ base: QueuePolicy, _ layers: Layers?) -> QueuePolicy {
        guard let layers else { return base }
        return [layers.configured, layers.chosen].reduce(base) { policy, settings in
            let changed = policy.with(settings)
            return changed.problems.isEmpty ? changed : policy
        }
    }

    /// Whether it is time to read them again; the one who is told so does, with the next statement.
    func isDue(now: ContinuousClock.Instant) -> Bool {
        state.withLock { state in
            guard state.nextReading.map({ now >= $0 }) ?? true else { return false }
            state.nextReading = now + Self.interval
            return true
        }
    }

    /// Takes note of what is in the database.
    func take(_ layers: [String: Layers]) {
        state.withLock { state in
            guard layers != state.layers else { return }
            state.layers = layers
            state.policies = [:]
        }
    }
}
