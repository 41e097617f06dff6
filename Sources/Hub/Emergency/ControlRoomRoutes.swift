import EmergencyAccess
import Forms
import HTTPTypes
import Hummingbird
import Logging
import Postgres
import Referral
import Synchronization

/// The page of a control room that has no system of its own to ask by: `GET` and `POST /emergency`,
/// `POST /emergency/key-safe`.
///
/// The computer is known by its client certificate, and who sits at it by an account of that control room. While nobody's
/// session can be read, since the database is away, overloaded or locked, somebody types who they are and why they cannot
/// wait: the look is answered all the same, and marked for its review.
struct ControlRoomRoutes {
    static let path = "/emergency"
    private static let keySafePath = "/emergency/key-safe"
    /// For how long it is tried to read a session.
    private static let patience = Duration.milliseconds(750)
    private static let oldestBirth = 1890

    /// What these pages share with those of signing in.
    let site: StaffSite
    /// By which somebody signs in at a control room's computer.
    let accounts: StaffAccounts
    let signingIn = SigningIn()
    private let desk: EmergencyDesk
    private let certificates: CallerCertificates
    private let refusals: Refusals
    private let pages: ControlRoomPages
    private let rooms: Set<String>
    /// Of one computer, which has people at it.
    private let pace = AddressLimit(.init(perSecond: 5, burst: 60))

    /// Nil where the configuration has no such page.
    init?(
        _ configuration: Configuration, desk: EmergencyDesk, certificates: CallerCertificates, refusals: Refusals,
        sessions: StaffSessions, accounts: StaffAccounts
    ) {
        guard let rooms = configuration.emergency?.pageFor, !rooms.isEmpty else { return nil }
        self.rooms = rooms
        self.accounts = accounts
        self.desk = desk
        self.certificates = certificates
        self.refusals = refusals
        let pages = ControlRoomPages(
            team: configuration.organisation.name, path: Self.path, keySafePath: Self.keySafePath)
        self.pages = pages
        site = StaffSite(sessions: sessions, isSecure: configuration.partnerListener.isReachedByTLS) {
            pages.failure(title: $0, text: $1)
        }
    }

    /// By which it is known who sits at a control room: connections of its own, so that whoever keeps the others busy keeps
    /// nobody here waiting, and short waits.
    static func database(_ configuration: DatabaseConfiguration, logger: Logger) -> Database {
        var own = configuration
        own.maximumConnections = 2
        own.waitTimeout = .seconds(2)
        own.statementTimeout = .seconds(2)
        own.lockTimeout = .seconds(2)
        return Database(configuration: own, logger: logger)
    }

    func add(to router: Router<ExchangeContext>) {
        router.get("\(Self.path)", use: start)
        router.post("\(Self.path)", use: look)
        router.post("\(Self.keySafePath)", use: reveal)
        router.get("\(Self.path)/form.css") { _, _ in FormRoutes.styleSheet() }
    }

    // MARK: Who asks

    private enum User: Sendable {
        case signedIn(StaffSessions.Open)
        /// Nobody's session can be read now.
        case unproved
        case nobody

        /// As the pages take it; nil for nobody.
        var shown: ControlRoomPages.User? {
            switch self {
            case .signedIn(let open): .signedIn(open.session)
            case .unproved: .typed
            case .nobody: nil
            }
        }
    }

    /// Answers with what the body makes of a request from a control room's computer.
    private func page(
        _ context: ExchangeContext, _ body: (EmergencyCallers.Caller) async throws -> Response
    ) async -> Response {
        await site.page(context) {
            guard let room = await computer(of: context) else { return unknown(context) }
            if let wait = pace.admit(context.remoteAddress?.ipAddress ?? "") { return site.tooMany(after: wait) }
            do {
                return try await body(room)
            } catch let problem as Problem where problem.status == .serviceUnavailable {
                return site.failure(problem.status, "Nothing can be told now", problem.title + ".")
            }
        }
    }

    /// The control room whose computer it is, by its certificate; nil for one whose own system asks, too.
    func computer(of context: ExchangeContext) async -> EmergencyCallers.Caller? {
        let certificate = await certificates.certificate(of: context)
        return desk.caller(certificate: certificate, token: nil).flatMap { rooms.contains($0.id) ? $0 : nil }
    }

    /// The answer to every other computer.
    fileprivate func unknown(_ context: ExchangeContext) -> Response {
        refusals.note("emergency_unauthorized", context)
        return site.failure(
            .unauthorized, "This computer is not known",
            "Only a computer that has the certificate of a control room opens this page. Phone the duty officer.")
    }

    /// A session of another control room, or of the council's staff, is nobody's here.
    private func user(
        of request: Request, _ context: ExchangeContext, at room: EmergencyCallers.Caller
    ) async -> User {
        guard !desk.isOffline else { return .unproved }
        // What comes first; a database that hangs is not waited for, not even to be told that nobody waits any more.
        let (found, told) = AsyncStream.makeStream(of: User.self)
        let reading = Task {
            do {
                if let open = try await site.session(of: request) {
                    told.yield(open.controlRoom == room.id ? .signedIn(open) : .nobody)
                } else {
                    // Whether somebody could be signed in.
                    try await site.sessions.attempt()
                    told.yield(signingIn.fails(at: room.id) ? .unproved : .nobody)
                }
            } catch {
                // Whatever it is, the look goes on, and staff have to know.
                if !(error is CancellationError) {
                    context.logger.error("sessions cannot be read", metadata: ["error": "\(error)"])
                }
                told.yield(.unproved)
            }
        }
        let waiting = Task {
            try await Task.sleep(for: Self.patience)
            told.finish()
        }
        defer {
            reading.cancel()
            waiting.cancel()
        }
        if let user = await found.first(where: { _ in true }) { return user }
        context.logger.warning("sessions are not read in time")
        return .unproved
    }

    // MARK: Pages

    @Sendable
    private func start(_ request: Request, _ context: ExchangeContext) async -> Response {
        await page(context) { room in
            let user = await user(of: request, context, at: room)
            guard let shown = user.shown else { return StaffSite.redirect(to: StaffRoutes.signInPath) }
            return response(pages.form(shown), user)
        }
    }

    @Sendable
    private func look(_ request: Request, _ context: ExchangeContext) async -> Response {
        await form(request, context) { room, user, shown, fields in
            var mistakes = Self.mistakes(of: user, fields)
            let asked: LookRequest
            do throws(RequestError) {
                asked = try Self.request(fields, by: Self.name(of: user, fields), at: room)
            } catch {
                mistakes += error.findings.map(Self.mistake)
                return response(pages.form(shown, fields, mistakes: mistakes), user, status: .unprocessableContent)
            }
            guard mistakes.isEmpty else {
                return response(pages.form(shown, fields, mistakes: mistakes), user, status: .unprocessableContent)
            }
            let answer = try await desk.look(asked, by: room, Self.way(of: user, fields))
            return response(pages.answer(answer, to: fields, shown), user)
        }
    }

    @Sendable
    private func reveal(_ request: Request, _ context: ExchangeContext) async -> Response {
        await form(request, context) { room, user, shown, fields in
            let mistakes = Self.mistakes(of: user, fields)
            guard mistakes.isEmpty else {
                return response(
                    pages.askForCode(fields, shown, mistakes: mistakes), user, status: .unprocessableContent)
            }
            let body: Value = [
                "reveal": .string(fields["reveal"] ?? ""), "caller_id": .string(Self.name(of: user, fields)),
            ]
            let answer: Value
            do {
                answer = try await desk.reveal(
                    RevealRequest(StrictJSON.write(body)), by: room, Self.way(of: user, fields))
            } catch is RequestError {
                return gone
            } catch let problem as Problem where problem.status == .notFound {
                return gone
            }
            return response(pages.code(answer, to: fields, shown), user)
        }
    }

    private var gone: Response {
        site.failure(.notFound, "The card is too old", "Look the person up again.")
    }

    /// As ``page(_:_:)``, for what a form sent.
    private func form(
        _ request: Request, _ context: ExchangeContext,
        _ body: (EmergencyCallers.Caller, User, ControlRoomPages.User, [String: String]) async throws -> Response
    ) async -> Response {
        await page(context) { room in
            // First: who is slow to send is known by what is so when the look is made.
            guard let fields = try await FormRoutes.fields(of: request) else {
                return site.failure(.badRequest, "The page could not be read", "Please start again.")
            }
            let user = await user(of: request, context, at: room)
            guard let shown = user.shown else {
                return site.failure(
                    .unauthorized, "You are not signed in",
                    "Nothing was looked up. Sign in at \(StaffRoutes.signInPath), then look up again.")
            }
            // Without a session there is no token either; a browser's own words keep other sites' pages out (``BrowserGuard``).
            if case .signedIn(let open) = user, !open.owns(fields) {
                let again = ControlRoomPages.Mistake(
                    ControlRoomPages.incidentField,
                    "You have signed in since this page was opened. Look through it and send it again")
                return response(pages.form(shown, fields, mistakes: [again]), user, status: .forbidden)
            }
            return try await body(room, user, shown, fields)
        }
    }

    private func response(_ html: String, _ user: User, status: HTTPResponse.Status = .ok) -> Response {
        if case .signedIn(let open) = user { return site.shown(html, open, status: status) }
        return FormRoutes.response(html, status: status)
    }

    // MARK: What was sent

    private static func name(of user: User, _ fields: [String: String]) -> String {
        if case .signedIn(let open) = user { return open.account }
        return text(ControlRoomPages.userField, fields)
    }

    private static func way(of user: User, _ fields: [String: String]) -> AskingWay {
        if case .signedIn = user { return .page }
        return .pageUnproved(reason: text(ControlRoomPages.whyField, fields))
    }

    private static func text(_ name: String, _ fields: [String: String]) -> String {
        (fields[name] ?? "").trimmed
    }

    /// What is missing of somebody whom nothing proves.
    private static func mistakes(of user: User, _ fields: [String: String]) -> [ControlRoomPages.Mistake] {
        guard case .unproved = user else { return [] }
        let asked = [
            (ControlRoomPages.userField, 120, "Say who you are"),
            (ControlRoomPages.whyField, 500, "Say why this cannot wait"),
        ]
        return asked.compactMap { name, longest, mistake in
            (1...longest).contains(text(name, fields).utf8.count)
                ? nil : .init(name, "\(mistake), in \(longest) letters at most")
        }
    }

    /// The look-up that a form is, as a control room's own system would send it.
    ///
    /// - Throws: ``RequestError``.
    private static func request(
        _ fields: [String: String], by user: String, at room: EmergencyCallers.Caller
    ) throws(RequestError) -> LookRequest {
        var query = Object()
        if let candidate = fields["candidate"] {
            query["candidate"] = .string(candidate)
        } else {
            var texts = fields
            texts["dob"] = date(fields)
            for way in ControlRoomPages.ways where way.contains(where: { !text($0, texts).isEmpty }) {
                for name in way { query[name] = .string(text(name, texts)) }
            }
        }
        let body: Value = [
            "incident_ref": .string(text(ControlRoomPages.incidentField, fields)),
            // Who is not there, or too long, is a mistake of its own.
            "caller_id": .string((1...120).contains(user.utf8.count) ? user : "?"),
            "reason": .string(text(ControlRoomPages.reasonField, fields)), "query": .object(query),
        ]
        return try LookRequest(StrictJSON.write(body), by: room.id)
    }

    /// The date of birth as `yyyy-mm-dd`, of its three fields; what is no date stays none.
    private static func date(_ fields: [String: String]) -> String {
        let parts = ["dob_year", "dob_month", "dob_day"].map { text($0, fields) }
        guard parts.contains(where: { !$0.isEmpty }) else { return "" }
        let numbers = parts.filter { $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }.compactMap { Int($0) }
        let today = LondonTime.clock(FormRoutes.now()).date
        guard numbers.count == 3, numbers[0] >= oldestBirth,
            let date = CalendarDate(year: numbers[0], month: numbers[1], day: numbers[2]), date <= today
        else { return "?" }
        return date.iso
    }

    private static func mistake(_ finding: Finding) -> ControlRoomPages.Mistake {
        switch finding.path {
        case ControlRoomPages.incidentField:
            .init(finding.path, "Enter the number of the incident, in 64 letters at most")
        case ControlRoomPages.reasonField: .init(finding.path, "Enter why you need to get in, in 500 letters at most")
        case "query.postcode": .init("postcode", "Enter a postcode, such as DE1 2FS")
        case "query.house": .init("house", "Enter the house's number or name")
        case "query.name": .init("name", "Enter the family name")
        case "query.dob": .init("dob_day", "Enter the date of birth, with the year in four digits")
        case "query.nhs_number": .init("nhs_number", "Enter an NHS number of ten digits")
        case "query.uprn": .init("uprn", "Enter a UPRN of up to 12 digits")
        default: .init("postcode", "Fill in one of the four ways to say who it is, and only one")
        }
    }
}

/// When last nobody could be signed in at a control room, by no fault of theirs: of a full disk or a locked ledger, reading
/// sessions tells nothing.
final class SigningIn: Sendable {
    private static let recent = Duration.seconds(30)
    private let last = Mutex<[String: ContinuousClock.Instant]>([:])

    func failed(at room: String) { last.withLock { $0[room] = .now } }

    func succeeded(at room: String) { last.withLock { $0[room] = nil } }

    fileprivate func fails(at room: String) -> Bool {
        last.withLock { $0[room].map { $0.duration(to: .now) < Self.recent } ?? false }
    }
}

/// Lets only a control room's computers pass: for a node that answers nobody else.
struct ControlRoomComputers: RouterMiddleware {
    let room: ControlRoomRoutes

    func handle(
        _ request: Request, context: ExchangeContext,
        next: (Request, ExchangeContext) async throws -> Response
    ) async throws -> Response {
        await room.computer(of: context) == nil ? room.unknown(context) : try await next(request, context)
    }
}
