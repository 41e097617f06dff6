import HTTPTypes
import Hummingbird
import NIOCore
import Synchronization

/// How many bytes of request bodies this process holds at once, over all requests.
///
/// Nobody waits for it: who finds it used up is told to come again, so that uploads cannot hold each other up for ever.
final class BodyBudget: Sendable {
    private let most: Int
    private let held = Mutex(0)

    init(bytes: Int) {
        most = bytes
    }

    /// Takes bytes out of the budget, all or none; false when they are not there.
    func take(_ bytes: Int) -> Bool {
        held.withLock { held in
            guard bytes <= most - held else { return false }
            held += bytes
            return true
        }
    }

    /// Gives back what was taken.
    func giveBack(_ bytes: Int) {
        held.withLock { $0 -= bytes }
    }

    /// Bytes that are held now.
    var inUse: Int { held.withLock { $0 } }
}

/// Admits a body while the budget has room for it, and holds its bytes until the request is answered.
///
/// A body of a stated length is admitted whole before it is read. One in chunks is accounted as it grows, and may find
/// the budget used up in the middle.
struct BodyBudgeting: RouterMiddleware {
    let budget: BodyBudget
    /// What any route reads at most. More is refused by the route, unread.
    let longest: Int
    let metrics: Metrics

    func handle(
        _ request: Request,
        context: ExchangeContext,
        next: (Request, ExchangeContext) async throws -> Response
    ) async throws -> Response {
        let loan = Loan(from: budget)
        defer { loan.giveBack() }
        var request = request
        do {
            if let length = request.headers[.contentLength].flatMap({ Int($0) }) {
                try loan.grow(by: min(max(0, length), longest))
            } else if request.headers[.transferEncoding] != nil {
                request.body = RequestBody(asyncSequence: MeteredBody(body: request.body, loan: loan))
            }
            return try await next(request, context)
        } catch is BudgetUsedUp {
            metrics.count(.refusedRequests, Problem.busy.code)
            throw Problem.busy
        }
    }
}

/// The budget has no room for (more of) a body.
struct BudgetUsedUp: Error {}

/// What one request holds of the budget.
private final class Loan: Sendable {
    private let budget: BodyBudget
    private let bytes = Mutex(0)

    init(from budget: BodyBudget) {
        self.budget = budget
    }

    func grow(by more: Int) throws(BudgetUsedUp) {
        guard budget.take(more) else { throw BudgetUsedUp() }
        bytes.withLock { $0 += more }
    }

    func giveBack() {
        budget.giveBack(
            bytes.withLock { bytes in
                defer { bytes = 0 }
                return bytes
            })
    }
}

/// A body whose bytes are accounted as they come in.
private struct MeteredBody: AsyncSequence, Sendable {
    let body: RequestBody
    let loan: Loan

    struct AsyncIterator: AsyncIteratorProtocol {
        var body: RequestBody.AsyncIterator
        let loan: Loan

        mutating func next() async throws -> ByteBuffer? {
            guard let buffer = try await body.next() else { return nil }
            try loan.grow(by: buffer.readableBytes)
            return buffer
        }
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(body: body.makeAsyncIterator(), loan: loan) }
}
