import CaseStore
import Channels
import Forms
import Glibc
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Postgres
import Referral
import Synchronization
import Translation

/// The form for members of the public: `GET /refer`, `POST /refer`, `GET /refer/form.css`.
///
/// Nobody signs in, so each network address has a rate of its own instead of a riddle to solve. What is sent becomes a
/// submission like any partner's, of the sender `public`.
struct FormRoutes {
    static let path = "/refer"
    /// A form with every answer at its longest, each character of it escaped, is smaller.
    static let bodyLimit = 256 << 10
    /// Microseconds that a form may lie open before it counts as begun anew.
    private static let longestOpen: Int64 = 86_400_000_000

    let intake: Intake
    let metrics: Metrics
    private let settings: Configuration.PublicForm
    private let form: PublicForm
    private let pages: AddressLimit
    private let sends: AddressLimit

    init(_ settings: Configuration.PublicForm, organisation: String, intake: Intake, metrics: Metrics) {
        self.settings = settings
        self.intake = intake
        self.metrics = metrics
        let team = PublicForm.Team(
            name: organisation, phone: settings.phone, email: settings.email, privacyNotice: settings.privacyNotice)
        form = PublicForm(team: team, path: Self.path)
        pages = AddressLimit(.init(perSecond: 2, burst: 120))
        sends = AddressLimit(.init(perHour: settings.sendsPerHour))
    }

    func add(to router: Router<ExchangeContext>) {
        router.get("\(Self.path)", use: start)
        router.post("\(Self.path)", use: answer)
        router.get("\(Self.path)/form.css") { _, _ in Self.styleSheet() }
    }

    static func styleSheet() -> Response {
        response(PublicForm.styleSheet, type: "text/css; charset=utf-8", caching: "public, max-age=3600")
    }

    /// The fields that a page sent; nil when they cannot be read.
    static func fields(of request: Request) async throws -> [String: String]? {
        let text = String(decoding: try await request.bytes(limit: bodyLimit), as: UTF8.self)
        return try? URLEncodedFormDecoder().decode([String: String].self, from: text)
    }

    @Sendable
    private func start(_ request: Request, _ context: ExchangeContext) -> Response {
        Self.response(form.start(Self.begin()))
    }

    @Sendable
    private func answer(_ request: Request, _ context: ExchangeContext) async -> Response {
        let address = address(of: request, context)
        if let wait = pages.admit(address) { return tooMany(after: wait) }
        do {
            guard let fields = try await Self.fields(of: request) else {
                return failure(.badRequest, "We could not read that page", "Please start again.")
            }
            let begun = Self.begun(fields["form"]) ?? Self.begin()
            switch form.reply(to: fields, begun: begun, today: LondonTime.clock(Self.now()).date) {
            case .page(let html, let isMistaken):
                return Self.response(html, status: isMistaken ? .unprocessableContent : .ok)
            case .send(let sent):
                if let wait = sends.admit(address) { return tooMany(after: wait) }
                return try await send(sent)
            }
        } catch let problem as Problem where problem.status.kind == .clientError {
            return failure(problem.status, "We could not read that page", "Please start again with fewer words.")
        } catch {
            context.logger.warning("a public form could not be stored", metadata: ["error": "\(type(of: error))"])
            return failure(
                .serviceUnavailable, "Sorry, there is a problem with the service",
                "Your answers were not lost if you go back: wait a few minutes and send them again.")
        }
    }

    private func send(_ sent: SentForm) async throws -> Response {
        let arrival = Arrival(
            sender: .publicForm, channel: .form, format: .json, bytes: StrictJSON.write(sent.envelope),
            child: sent.isFromChild ? .init(tellsOfHarm: sent.tellsOfHarm) : nil)
        switch try await intake.receive(arrival) {
        case .received(let receipt), .duplicate(let receipt):
            return Self.response(form.sent(reference: receipt.id.description, isFromChild: sent.isFromChild))
        case .conflict:
            return failure(
                .conflict, "This form was sent already",
                "What you sent first is with us. To tell us more, start a new form.")
        case .quarantined:
            // The envelope is our own making, so this is a mistake of ours: staff have it all the same.
            return failure(
                .internalServerError, "Sorry, there is a problem with the service",
                "We have what you sent, and a worker will look at it.")
        }
    }

    // MARK: A form's id

    static func begin() -> PublicForm.Begun {
        let id = UUIDValue.v7()
        return PublicForm.Begun(id: id.description, at: time(of: id))
    }

    /// The form of that id; nil when it is none of ours, or was begun too long ago.
    static func begun(_ text: String?) -> PublicForm.Begun? {
        guard let id = text.flatMap({ UUIDValue($0) }) else { return nil }
        let (begun, now) = (time(of: id), now())
        guard begun <= now, begun.microseconds >= now.microseconds - longestOpen else { return nil }
        return PublicForm.Begun(id: id.description, at: begun)
    }

    static func now() -> Instant { Instant(microseconds: Timestamp.now().microseconds) }

    /// When a UUID of version 7 was made: its first 48 bits are milliseconds (RFC 9562 section 5.7).
    private static func time(of id: UUIDValue) -> Instant {
        let milliseconds = id.bytes.prefix(6).reduce(Int64(0)) { $0 << 8 | Int64($1) }
        return Instant(microseconds: milliseconds * 1_000)
    }

    // MARK: Answers

    private func tooMany(after wait: Duration) -> Response {
        metrics.count(.refusedRequests, "public_form")
        var response = failure(
            .tooManyRequests, "Too many forms from this place",
            "Please wait a little and try again, or call us. If someone is in danger, call 999.")
        response.headers[.retryAfter] = String(wait.components.seconds + 1)
        return response
    }

    private func failure(_ status: HTTPResponse.Status, _ title: String, _ text: String) -> Response {
        Self.response(form.failure(title: title, text: text), status: status)
    }

    static func response(
        _ text: String, status: HTTPResponse.Status = .ok, type: String = "text/html; charset=utf-8",
        caching: String = "no-store"
    ) -> Response {
        var headers = HTTPFields()
        headers[.contentType] = type
        headers[.cacheControl] = caching
        headers[.contentSecurityPolicy] =
            "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
        return Response(status: status, headers: headers, body: .init(byteBuffer: ByteBuffer(string: text)))
    }

    /// Where a request came from: the network of the connection, or behind a proxy what the proxy adds last.
    private func address(of request: Request, _ context: ExchangeContext) -> String {
        let forwarded = HTTPField.Name("X-Forwarded-For").flatMap { request.headers[$0] }
        if settings.isBehindProxy, let last = forwarded?.split(separator: ",").last {
            return String(last.filter { $0 != " " })
        }
        return context.remoteAddress?.ipAddress ?? ""
    }
}

/// Holds each network address to a rate. Remembers an address no longer than it must.
final class AddressLimit: Sendable {
    /// Addresses that are remembered at most; with more, full buckets are forgotten, and if that is not enough, all are.
    private static let most = 10_000

    private let rate: TokenBucket.Rate
    private let buckets = Mutex<[String: TokenBucket]>([:])

    init(_ rate: TokenBucket.Rate) {
        self.rate = rate
    }

    /// Nil when the address may go on, else how long it must wait.
    func admit(_ address: String, at now: ContinuousClock.Instant = .now) -> Duration? {
        buckets.withLock { [rate] buckets in
            if buckets.count >= Self.most { buckets = buckets.filter { !$0.value.isFull(at: now) } }
            if buckets.count >= Self.most { buckets = [:] }
            return buckets[Self.network(address), default: TokenBucket(rate, at: now)].take(at: now)
        }
    }

    /// How many addresses are remembered.
    var remembered: Int { buckets.withLock { $0.count } }

    /// An IPv6 address as its /64, which is what one household or office has; any other text as it is.
    static func network(_ address: String) -> String {
        var bytes = [UInt8](repeating: 0, count: 16)
        return inet_pton(AF_INET6, address, &bytes) == 1 ? Hexadecimal.text(bytes.prefix(8)) : address
    }
}

extension Principal {
    /// Who sends what members of the public write; a partner cannot have this id.
    package static let publicForm = Principal(
        id: SentForm.sender, kind: .partner, adapter: "envelope", name: "Members of the public")
}
