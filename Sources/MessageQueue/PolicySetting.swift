/// One thing that can be set for a queue while it runs: its name in commands and in `queue.policy`, what it means there,
/// and how it goes into a ``QueuePolicy``.
package enum PolicySetting: String, CaseIterable, Sendable {
    case attempts
    case lost
    case backOffBase = "back_off_base"
    case backOffCap = "back_off_cap"
    case lease
    case deadline
    case rate
    case burst
    case concurrency
    case breakerFailures = "breaker_failures"
    case breakerRatio = "breaker_ratio"
    case breakerWindow = "breaker_window"
    case breakerPause = "breaker_pause"
    case breakerLongestPause = "breaker_longest_pause"

    /// One line on what it does, for help texts.
    package var help: String {
        switch self {
        case .attempts: "attempts before a message is dead-lettered"
        case .lost: "holders that may vanish before a message is dead-lettered"
        case .backOffBase: "the longest wait after the first attempt; doubles with each"
        case .backOffCap: "the longest wait after any attempt"
        case .lease: "how long a holder may be silent"
        case .deadline: "age at which a message is dead-lettered undelivered; 0 never"
        case .rate: "messages per second, all nodes together; 0 as many as can"
        case .burst: "messages that may go at once after a quiet time; 0 a second's worth"
        case .concurrency: "messages in hand, all nodes together; 0 as the consumers are set"
        case .breakerFailures: "failures in a row that open the breaker; 0 no breaker"
        case .breakerRatio: "part of a window's outcomes that opens it too; 0 none"
        case .breakerWindow: "how long that window is"
        case .breakerPause: "how long the breaker stays open before the first probe"
        case .breakerLongestPause: "the longest that it stays open between probes"
        }
    }

    /// Whether the value is a time, written as `500ms`, `30s`, `5min`, `2h` or `1d`.
    package var isTime: Bool {
        switch self {
        case .backOffBase, .backOffCap, .lease, .deadline, .breakerWindow, .breakerPause, .breakerLongestPause: true
        case .attempts, .lost, .rate, .burst, .concurrency, .breakerFailures, .breakerRatio: false
        }
    }

    /// Whether the value is a number of things.
    private var isCount: Bool {
        switch self {
        case .attempts, .lost, .burst, .concurrency, .breakerFailures: true
        default: false
        }
    }

    /// Reads a value as ``isTime`` says, as seconds or a plain number.
    ///
    /// - Throws: ``QueueError/policy(_:)``, which names the value and the rule
    package func value(of text: String) throws(QueueError) -> Double {
        let units: [(String, Double)] = [
            ("ms", 0.001), ("min", 60), ("s", 1), ("h", 3_600), ("d", 86_400),
        ]
        var number = text[...]
        var factor = 1.0
        if isTime, let (suffix, seconds) = units.first(where: { text.hasSuffix($0.0) }) {
            number = number.dropLast(suffix.count)
            factor = seconds
        } else if isTime, Double(text) != 0 {
            throw .policy(["\(rawValue) \"\(text.prefix(40))\": a time such as 500ms, 30s, 5min, 2h or 1d"])
        }
        guard let value = Double(number), value.isFinite, (0...1e9).contains(value * factor),
            !isCount || value == value.rounded()
        else {
            let rule = isTime ? "a time such as 500ms, 30s, 5min, 2h or 1d" : isCount ? "a whole number" : "a number"
            throw .policy(["\(rawValue) \"\(text.prefix(40))\": \(rule)"])
        }
        return value * factor
    }

    /// Puts a value into a policy. Settings are applied in the order of the cases.
    func apply(_ value: Double, to policy: inout QueuePolicy) {
        let count = Int(value)
        switch self {
        case .attempts: policy.maximumAttempts = count
        case .lost: policy.maximumLost = count
        case .backOffBase: policy.backOff.base = .seconds(value)
        case .backOffCap: policy.backOff.cap = .seconds(value)
        case .lease: policy.lease = .seconds(value)
        case .deadline: policy.deadline = value == 0 ? nil : .seconds(value)
        case .rate: policy.rate = value == 0 ? nil : MessageRate(perSecond: value)
        case .burst: if count > 0 { policy.rate?.burst = count }
        case .concurrency: policy.concurrency = count == 0 ? nil : count
        case .breakerFailures:
            if count == 0 {
                policy.breaker = nil
            } else if policy.breaker == nil {
                policy.breaker = CircuitBreaker(failures: count)
            } else {
                policy.breaker?.failures = count
            }
        case .breakerRatio: policy.breaker?.ratio = value
        case .breakerWindow: policy.breaker?.window = .seconds(value)
        case .breakerPause: policy.breaker?.pause = .seconds(value)
        case .breakerLongestPause: policy.breaker?.longestPause = .seconds(value)
        }
    }

    /// What a policy says, in the unit of `queue.policy`; `nil` where it says nothing.
    package func value(in policy: QueuePolicy) -> Double? {
        switch self {
        case .attempts: Double(policy.maximumAttempts)
        case .lost: Double(policy.maximumLost)
        case .backOffBase: policy.backOff.base / .seconds(1)
        case .backOffCap: policy.backOff.cap / .seconds(1)
        case .lease: policy.lease / .seconds(1)
        case .deadline: policy.deadline.map { $0 / .seconds(1) }
        case .rate: policy.rate?.perSecond
        case .burst: policy.rate.map { Double($0.burst) }
        case .concurrency: policy.concurrency.map(Double.init)
        case .breakerFailures: policy.breaker.map { Double($0.failures) }
        case .breakerRatio: policy.breaker?.ratio
        case .breakerWindow: policy.breaker.map { $0.window / .seconds(1) }
        case .breakerPause: policy.breaker.map { $0.pause / .seconds(1) }
        case .breakerLongestPause: policy.breaker.map { $0.longestPause / .seconds(1) }
        }
    }
}

/// Values by setting.
package typealias PolicySettings = [PolicySetting: Double]

extension QueuePolicy {
    /// This policy with the values that are set.
    func with(_ settings: PolicySettings) -> QueuePolicy {
        var policy = self
        for setting in PolicySetting.allCases {
            if let value = settings[setting] { setting.apply(value, to: &policy) }
        }
        return policy
    }

    /// All that the policy says, with 0 for what it has not.
    var settings: PolicySettings {
        Dictionary(uniqueKeysWithValues: PolicySetting.allCases.map { ($0, $0.value(in: self) ?? 0) })
    }
}
