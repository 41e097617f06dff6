import HTTPTypes
import Hummingbird
import NIOCore
import Synchronization

/// How many bytes of request bodies this process holds at once, over all requests, and a quarter of that for any one
/// caller, so that one who lets its uploads stand still leaves room for the others.
///
/// Nobody waits for it: who finds it used up is told to come again, so that uploads cannot hold each other up for ever.
final class BodyBudget: Sendable {
    private let most: Int
    private let mostOfOne: Int
    private let held = Mutex<(all: Int, each: [String: Int])>((0, [:]))

    /// - Parameter longest: What one caller may hold at least, however small the budget: one body of the longest.
    init(bytes: Int, longest: Int) {
        most = bytes
        mostOfOne = max(bytes / 4, longest)
    }

    /// Takes bytes out of the budget for a caller, all or none; false when they are not there.
    func take(_ bytes: Int, for caller: String) -> Bool {
        held.withLock { held in
            let own = held.each[caller, default: 0]
            guard bytes <= most - held.all, bytes <= mostOfOne - own else { return false }
            held.all += bytes
            held.each[caller] = own + bytes
            return true
        }
    }

    /// Gives back what was taken for a caller.
    func giveBack(_ bytes: Int, of caller: String) {
        held.withLock { held in
            held.all -= bytes
            let own = held.each[caller, default: 0] - bytes
            held.each[caller] = own > 0 ? own : nil
        }
    }

    /// Bytes that are held now.
    var inUse: Int { held.withLock { $0.all } }
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
        let loan = Loan(from: budget, to: try context.caller().id)
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
    private let caller: String
    private let bytes = Mutex(0)

    init(from budget: BodyBudget, to caller: String) {
        self.budget = budget
        self.caller = caller
    }

    func grow(by more: Int) throws(BudgetUsedUp) {
        guard budget.take(more, for: caller) else { throw BudgetUsedUp() }
        bytes.withLock { $0 += more }
    }

    func giveBack() {
        budget.giveBack(
            bytes.withLock { bytes in
                defer { bytes = 0 }
                return bytes
            }, of: caller)
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
