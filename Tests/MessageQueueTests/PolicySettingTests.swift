import Testing

@testable import MessageQueue

struct PolicySettingTests {
    @Test(arguments: [
        (PolicySetting.attempts, "5", 5.0), (.backOffBase, "500ms", 0.5), (.backOffCap, "5min", 300),
        (.lease, "30s", 30),
        (.deadline, "2h", 7_200), (.deadline, "1d", 86_400), (.deadline, "0", 0), (.rate, "2.5", 2.5),
        (.breakerRatio, "0.5", 0.5),
    ])
    func `a value is read in its unit`(setting: PolicySetting, text: String, value: Double) throws {
        #expect(try setting.value(of: text) == value)
    }

    @Test(arguments: [
        (PolicySetting.attempts, "five"), (.attempts, "1.5"), (.attempts, "-1"), (.lease, "30"), (.lease, "30 parsecs"),
        (.rate, "nan"), (.rate, "inf"), (.rate, ""), (.deadline, "s"), (.concurrency, "1e99"),
    ])
    func `a value outside its form is refused by name and rule`(setting: PolicySetting, text: String) throws {
        let error = try #require(throws: QueueError.self) { try setting.value(of: text) }
        #expect(error.description.contains("\(setting.rawValue) \"\(text)\": a"))
    }

    @Test func `what is set comes back as it was, for every setting`() {
        let policy = QueuePolicy(
            maximumAttempts: 3, maximumLost: 2, backOff: BackOff(base: .seconds(2), cap: .seconds(40)),
            lease: .seconds(10), deadline: .seconds(100), rate: MessageRate(perSecond: 4, burst: 9), concurrency: 6,
            breaker: CircuitBreaker(
                failures: 8, ratio: 0.25, window: .seconds(30), pause: .seconds(1), longestPause: .seconds(60)))
        #expect(QueuePolicy().with(policy.settings) == policy)
        #expect(policy.with(QueuePolicy().settings) == QueuePolicy())
    }

    @Test func `a breaker set where none is configured has its defaults`() {
        let policy = QueuePolicy().with(QueuePolicy().settings).with([.breakerFailures: 4])
        #expect(policy.breaker == CircuitBreaker(failures: 4))
        #expect(policy.problems.isEmpty)
    }
}
