import CaseStore
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Postgres
import Referral
import Translation

/// What one request carries along: who asks, once authentication has told.
struct ExchangeContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// The authenticated partner or staff system; set by ``Authentication`` on every route that needs one.
    var principal: Principal?
    /// The connection.
    let channel: any Channel

    /// The other end of the connection.
    var remoteAddress: SocketAddress? { channel.remoteAddress }

    init(source: Source) {
        coreContext = .init(source: source)
        channel = source.channel
    }

    /// The authenticated caller. Routes without ``Authentication`` before them refuse.
    func caller() throws -> Principal {
        guard let principal else { throw Problem.unauthorized }
        return principal
    }
}

extension Request {
    /// The body, at most `limit` bytes.
    ///
    /// - Throws: ``Problem`` 413 when it is larger, told from `Content-Length` where that stands, else while reading;
    ///   ``Problem/brokenOff`` when it does not come to its end; ``BudgetUsedUp``.
    func bytes(limit: Int) async throws -> [UInt8] {
        if let length = headers[.contentLength].flatMap({ Int($0) }), length > limit {
            throw Problem(Finding(.tooLarge, at: "", "The body is larger than \(limit >> 10) KiB"))
        }
        do {
            let buffer = try await body.collect(upTo: limit)
            return Array(buffer.readableBytesView)
        } catch is NIOTooManyBytesError {
            throw Problem(Finding(.tooLarge, at: "", "The body is larger than \(limit >> 10) KiB"))
        } catch let error where error is BudgetUsedUp || error is CancellationError {
            throw error
        } catch {
            // Whatever the connection died of. Clients do that every day, so it is no error of the hub's.
            throw Problem.brokenOff
        }
    }
}

extension Response {
    /// An answer in JSON.
    static func json(
        _ value: Value,
        status: HTTPResponse.Status = .ok,
        mediaType: String = "application/json",
        location: String? = nil
    ) -> Response {
        var headers = HTTPFields()
        headers[.contentType] = mediaType
        headers[.cacheControl] = "no-store"
        if let location { headers[.location] = location }
        let buffer = ByteBuffer(bytes: StrictJSON.write(value))
        return Response(status: status, headers: headers, body: .init(byteBuffer: buffer))
    }
}

extension Parameters {
    /// The path parameter `id` as a UUID; anything else is not found.
    func id() throws -> UUIDValue {
        guard let text = self["id"], let id = UUIDValue(String(text)) else { throw Problem.notFound }
        return id
    }
}
