import MessageQueue
import Testing

@testable import MessageQueue

struct QueuePolicyTests {
    @Test func `the defaults make sense`() {
        #expect(QueuePolicy().problems.isEmpty)
        #expect(MessageQueue.Configuration().problems.isEmpty)
    }

    @Test func `every problem is named at once with its rule`() {
        let policy = QueuePolicy(
            maximumAttempts: 0, maximumLost: 0, backOff: BackOff(base: .zero, cap: .seconds(-1)), lease: .zero)
        #expect(policy.problems.count == 5)
        #expect(policy.problems.contains("attempts 0: between 1 and 1000"))
        var configuration = MessageQueue.Configuration()
        configuration.policies["out"] = policy
        configuration.enqueueLanes = 0
        #expect(configuration.problems.count == 6)
        #expect(configuration.problems.contains("queue out: attempts 0: between 1 and 1000"))
    }

    @Test func `a queue without a policy of its own has that of its first part`() {
        var configuration = MessageQueue.Configuration()
        configuration.policies = ["out": QueuePolicy(maximumAttempts: 5), "out.fire": QueuePolicy(maximumAttempts: 7)]
        #expect(configuration.policy(of: "out.fire").maximumAttempts == 7)
        #expect(configuration.policy(of: "out.police").maximumAttempts == 5)
        #expect(configuration.policy(of: "intake") == configuration.defaultPolicy)
    }

    @Test func `the last attempt's failure dead-letters`() {
        let policy = QueuePolicy(maximumAttempts: 3)
        #expect(policy.verdict(afterAttempt: 2, asked: .seconds(9)) == .retry(after: .seconds(9)))
        #expect(policy.verdict(afterAttempt: 2, asked: .seconds(-9)) == .retry(after: .zero))
        #expect(policy.verdict(afterAttempt: 3, asked: .seconds(9)) == .deadLetter)
        #expect(policy.verdict(afterAttempt: 4, asked: nil) == .deadLetter)
    }
}
