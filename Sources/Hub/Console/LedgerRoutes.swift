import CaseStore
import Console
import Forms
import FoundationEssentials
import HTTPTypes
import Hummingbird
import Ledger
import Postgres
import Referral
import Rights

/// The ledger: `/console/ledger`, a page and a proof for each entry, and a check of all of it.
struct LedgerRoutes: Sendable {
    private static let path = Console.Section.ledger.path
    private static let pageSize = 50

    private let desk: ConsoleDesk
    private let installation: Installation
    private let proofs: LedgerProofs
    private let check: LedgerCheck

    init(desk: ConsoleDesk, _ installation: Installation) {
        self.desk = desk
        self.installation = installation.acting(as: .audit)
        proofs = LedgerProofs(installation)
        check = LedgerCheck(installation)
    }

    func add(to router: Router<ExchangeContext>) {
        router.get("\(Self.path)", use: list)
        router.post("\(Self.path)/check", use: begin)
        router.get("\(Self.path)/{position}", use: show)
        router.get("\(Self.path)/{position}/proof.json", use: prove)
    }

    @Sendable
    private func list(_ request: Request, _ context: ExchangeContext) async -> Response {
        await desk.site.page(request, context, for: .readLedger) { open in
            let asked = request.uri.queryParameters["before"].map(String.init)
            let before = asked.flatMap(Self.position)
            guard asked == nil || before != nil else { return unknown }
            let (size, lines) = try await read(by: open) { size in
                let end = min(size, before ?? size)
                return max(0, end - Self.pageSize)..<end
            }
            let state = await check.state
            let book = LedgerBook(
                size: size, entries: lines.reversed().map(LedgerBook.Entry.init), check: state)
            var response = desk.shown(open) {
                desk.pages.ledger(book, isFirst: before == nil, at: Instant(.now()), $0, sections: $1)
            }
            if case .running = state {
                StaffSite.refresh(&response, Self.path + (before.map { "?before=\($0)" } ?? ""), after: 2)
            }
            return response
        }
    }

    @Sendable
    private func show(_ request: Request, _ context: ExchangeContext) async -> Response {
        await desk.site.page(request, context, for: .readLedger) { open in
            guard let position = Self.position(context) else { return unknown }
            let (size, lines) = try await read(by: open) { $0 > position ? position..<position + 1 : 0..<0 }
            guard let line = lines.first else { return unknown }
            return desk.shown(open) {
                desk.pages.ledgerEntry(.init(line), size: size, at: Instant(.now()), $0, sections: $1)
            }
        }
    }

    @Sendable
    private func prove(_ request: Request, _ context: ExchangeContext) async -> Response {
        await desk.site.page(request, context, for: .readLedger) { open in
            guard let position = Self.position(context) else { return unknown }
            do {
                let (proof, checkpoint) = try await proofs.prove(.entry(position), by: open.principal.id)
                var headers = HTTPFields()
                headers[.contentType] = "application/json"
                headers[.cacheControl] = "no-store"
                headers[.contentDisposition] = "attachment; filename=\"ledger-entry-\(position).json\""
                return Response(
                    status: .ok, headers: headers,
                    body: .init(byteBuffer: ByteBuffer(bytes: StrictJSON.write(proof.value(with: checkpoint)) + [0x0A]))
                )
            } catch let refusal as LedgerProofs.Refusal {
                return desk.site.failure(.conflict, "It cannot be proved now", refusal.text)
            }
        }
    }

    @Sendable
    private func begin(_ request: Request, _ context: ExchangeContext) async -> Response {
        await desk.site.form(request, context, for: .readLedger, undone: "Nothing was checked.") { open, _ in
            try await check.begin(by: open.principal.id)
            return StaffSite.redirect(to: Self.path)
        }
    }

    /// Entries of the ledger, in order; that somebody read them is entered.
    private func read(
        by open: StaffSessions.Open, _ range: @escaping @Sendable (_ size: Int) -> Range<Int>
    ) async throws -> (size: Int, lines: [LedgerLine]) {
        try await installation.database.transaction { [store = installation.store] connection in
            try store.enterLook(at: .ledger, by: open.principal.id, in: connection)
            let size = try store.ledgerSize(in: connection)
            let range = range(size)
            guard !range.isEmpty else { return (size, []) }
            let lines = try store.ledgerPage(from: range.lowerBound, limit: range.count, in: connection)
            return (size, lines.filter { range.contains($0.position) })
        }
    }

    private static func position(_ context: ExchangeContext) -> Int? {
        context.parameters.get("position").flatMap(position)
    }

    private static func position(_ text: String) -> Int? {
        text.utf8.count <= 15 && text.utf8.allSatisfy { (0x30...0x39).contains($0) } ? Int(text) : nil
    }

    private var unknown: Response {
        desk.site.failure(.notFound, "There is no such entry", "The ledger's entries are counted from 0, without gap.")
    }
}

extension LedgerBook.Entry {
    fileprivate init(_ line: LedgerLine) {
        let said = line.bytes.flatMap { try? JSONDecoder().decode([String: String].self, from: Data($0)) }
        let hidden: Set<String> = ["id", "at", "kind"]
        let event = said.map { said in
            Life.Event(
                at: Instant(line.at), kind: line.kind, id: line.id.description,
                details: said.filter { !hidden.contains($0.key) }.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
        }
        self.init(position: line.position, event: event, at: Instant(line.at))
    }
}
