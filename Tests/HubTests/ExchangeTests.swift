import HTTPTypes
import Hummingbird
import NIOCore
import Testing

@testable import Hub

@Suite struct ExchangeTests {
    private struct ConnectionReset: Error {}

    private func request(_ body: RequestBody, length: Int? = nil) -> Request {
        var head = HTTPRequest(method: .post, scheme: "http", authority: "hub", path: "/v1/referrals")
        head.headerFields[.contentLength] = length.map(String.init)
        return Request(head: head, body: body)
    }

    /// A body of ten bytes that then ends, or fails.
    private func body(failing error: (any Error & Sendable)? = nil) -> RequestBody {
        RequestBody(
            asyncSequence: AsyncThrowingStream<ByteBuffer, any Error> { continuation in
                continuation.yield(ByteBuffer(string: "0123456789"))
                continuation.finish(throwing: error)
            })
    }

    @Test func `a body up to the limit is read whole`() async throws {
        #expect(try await request(body()).bytes(limit: 10) == Array("0123456789".utf8))
    }

    @Test func `a longer body is too large, stated or not`() async throws {
        for length in [nil, 11] {
            let problem = try await #require(throws: Problem.self) {
                _ = try await request(body(), length: length).bytes(limit: 9)
            }
            #expect(problem.status.code == 413)
        }
    }

    @Test func `a client that goes away in the middle is no error of the hub's`() async throws {
        let problem = try await #require(throws: Problem.self) {
            _ = try await request(body(failing: ConnectionReset())).bytes(limit: 100)
        }
        #expect(problem.status.code == 400 && problem.title == "The body broke off")
    }

    @Test func `a used up budget and a hub that stops are told apart from that`() async throws {
        await #expect(throws: BudgetUsedUp.self) {
            _ = try await request(body(failing: BudgetUsedUp())).bytes(limit: 100)
        }
        await #expect(throws: CancellationError.self) {
            _ = try await request(body(failing: CancellationError())).bytes(limit: 100)
        }
    }
}
