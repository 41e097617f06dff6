import MessageQueue
import Postgres
import Testing

@testable import MessageQueue

struct SettlementTests {
    let policy = QueuePolicy(maximumAttempts: 2)
    let cause = Cause(code: "unreachable")

    @Test func `an outcome that the handler wrote itself needs no writing`() {
        #expect(Settlement(.stub(1), .acknowledged, policy: policy) == nil)
    }

    @Test func `outcomes become verdicts`() {
        #expect(Settlement(.stub(1), .done, policy: policy)?.verdict == .acknowledge)
        #expect(Settlement(.stub(1), .deadLetter(cause), policy: policy)?.verdict == .deadLetter(cause))
        #expect(
            Settlement(.stub(1, attempt: 1), .retry(cause, after: .seconds(3)), policy: policy)?.verdict
                == .retry(cause, after: .seconds(3)))
    }

    @Test func `a retry after the last attempt is a dead letter with the same cause`() {
        #expect(
            Settlement(.stub(1, attempt: 2), .retry(cause, after: .seconds(3)), policy: policy)?.verdict
                == .deadLetter(cause))
    }

    @Test func `each kind of outcome is one statement`() {
        let settlements: [Settlement] = [
            Settlement(.stub(3), .acknowledge), Settlement(.stub(1), .acknowledge), Settlement(.stub(2), .release),
            Settlement(.stub(4), .retry(cause, after: .zero)), Settlement(.stub(5), .deadLetter(cause)),
        ]
        let statements = SettleStatement.statements(settlements)
        #expect(statements.map { $0.columns.positions } == [[1, 3], [4], [5], [2]])
    }
}

extension Lease {
    /// A lease that no database knows.
    static func stub(
        _ number: Int64, key: String? = nil, attempt: Int = 1, fence: Int = 1, isSuspect: Bool = false
    ) -> Lease {
        Lease(
            messageID: MessageID(rawValue: number), queue: "stub", key: key, payload: [], contentType: nil,
            attempt: attempt,
            fence: fence, expiresAt: .init(seconds: 0), correlation: nil, enqueuedAt: .init(seconds: 0),
            priority: .routine,
            lost: isSuspect ? 1 : 0, place: Place(queue: 1, shelf: 2, position: number))
    }
}
