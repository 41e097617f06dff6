import CaseStore
import Console
import Disclosure
import HTTPTypes
import Hummingbird
import Ledger
import Postgres
import Referral
import Rights
import Translation

/// What came, what was understood and what left: `GET` and `POST /console/messages/{id}/documents` for a submission or a
/// referral, `/console/messages/{id}/sent` for a share. Values are hidden; a `POST` shows one, once it is on the ledger.
struct DocumentRoutes: Sendable {
    /// How long a page may be open before it asks for a value.
    private static let patience: Duration = .seconds(12 * 3600)
    /// Letters of a value's place that the ledger takes.
    private static let longestField = 200
    private static let undone = "Nothing was shown."

    private let desk: ConsoleDesk
    private let reader: DocumentReader
    private let sentDocuments: SentDocuments
    private let sharing: Sharing

    init(desk: ConsoleDesk, hub: HubServices) {
        self.desk = desk
        sharing = hub.sharing
        reader = DocumentReader(hub.installation, hub.sharing)
        sentDocuments = SentDocuments(hub.installation, hub.sharing)
    }

    func add(to router: Router<ExchangeContext>) {
        router.get("\(Console.documentsPath("{id}"))", use: show)
        router.post("\(Console.documentsPath("{id}"))", use: reveal)
        router.get("\(Console.sentPath("{id}"))", use: showSent)
        router.post("\(Console.sentPath("{id}"))", use: revealSent)
    }

    // MARK: As received and as understood

    @Sendable
    private func show(_ request: Request, _ context: ExchangeContext) async -> Response {
        await desk.site.page(request, context, for: .readReferral) { open in
            let (first, after) = (Self.number(request, "from"), Self.number(request, "after"))
            guard let id = ConsoleDesk.id(context),
                let look = try await reader.look(at: id, from: first ?? 0, after: after, for: open)
            else { return unknown }
            return page(look.sheet, open)
        }
    }

    @Sendable
    private func reveal(_ request: Request, _ context: ExchangeContext) async -> Response {
        await desk.site.form(request, context, for: .readReferral, undone: Self.undone) { open, fields in
            let reading = RevealForm.read(fields)
            // The page on which the value stands.
            let number = (try? reading.get()).flatMap { Self.number(of: $0.key, .received) }
            guard let id = ConsoleDesk.id(context),
                let look = try await reader.look(
                    at: id, from: number ?? Self.number(request, "from") ?? 0, after: nil, for: open)
            else { return unknown }
            return try await answer(fields, reading, look.texts, look.about, open) { revealing, status in
                page(look.sheet, open, revealing, status: status)
            }
        }
    }

    private func page(
        _ sheet: DocumentSheet, _ open: StaffSessions.Open, _ revealing: Console.Revealing? = nil,
        status: HTTPResponse.Status = .ok
    ) -> Response {
        desk.shown(open, status: status) {
            desk.pages.documents(sheet, revealing ?? Self.fresh(), $0, sections: $1)
        }
    }

    // MARK: As sent

    /// A page of what left, and the texts of its values.
    private struct SentLook {
        var sheet: SentSheet
        var texts: [String: (text: String, field: String)]
        var about: [LedgerField: UUIDValue]
    }

    @Sendable
    private func showSent(_ request: Request, _ context: ExchangeContext) async -> Response {
        await desk.site.page(request, context, for: .previewShare) { open in
            guard let id = ConsoleDesk.id(context), let look = try await sent(id, open) else { return unknown }
            return page(look.sheet, open)
        }
    }

    @Sendable
    private func revealSent(_ request: Request, _ context: ExchangeContext) async -> Response {
        await desk.site.form(request, context, for: .previewShare, undone: Self.undone) { open, fields in
            guard let id = ConsoleDesk.id(context), let look = try await sent(id, open) else { return unknown }
            return try await answer(fields, RevealForm.read(fields), look.texts, look.about, open) {
                revealing, status in
                page(look.sheet, open, revealing, status: status)
            }
        }
    }

    private func page(
        _ sheet: SentSheet, _ open: StaffSessions.Open, _ revealing: Console.Revealing? = nil,
        status: HTTPResponse.Status = .ok
    ) -> Response {
        desk.shown(open, status: status) {
            desk.pages.sent(sheet, revealing ?? Self.fresh(), at: Instant(.now()), $0, sections: $1)
        }
    }

    private func sent(_ id: UUIDValue, _ open: StaffSessions.Open) async throws -> SentLook? {
        guard let (share, groups, sent) = try await sentDocuments.sent(id, by: open.principal.id) else { return nil }
        var texts: [String: (text: String, field: String)] = [:]
        var at: Timestamp?
        let content: SentSheet.Content
        switch sent {
        case .nothing: content = .nothing
        case .changed(let time, let digest): (content, at) = (.changed(digest: digest), time)
        case .destroyed(let time): (content, at) = (.destroyed, time)
        case .same(let release, let rendered, let time, let digest):
            let names = ExtensionNames(of: sharing.partners.adapter(share.request.recipient))
            var values: [HiddenValue] = []
            release.eachLeaf { path, leaf in
                guard rendered.tookFrom(path), let row = Self.row(path, leaf, values.count, names) else { return }
                if row.value.code == nil { texts[row.value.key] = (leaf.plainText, row.field) }
                values.append(row.value)
            }
            content = .same(
                values, digest: digest, mediaType: rendered.mediaType, bytes: rendered.bytes.count)
            at = time
        }
        let review = ShareReview(
            share, recipient: sharing.name(of: share.request.recipient), obligations: [], answers: [])
        let released = groups.map { FieldGroup(rawValue: $0)?.words ?? $0 }
        return SentLook(
            sheet: SentSheet(
                share: review, attempts: share.attempts, released: released, at: at.map(Instant.init), content: content),
            texts: texts, about: [.share: share.id, .person: share.request.person])
    }

    /// A fact of a release: those about the share and its sender as they are, all about the person hidden.
    private static func row(
        _ path: String, _ leaf: Value, _ number: Int, _ names: ExtensionNames
    ) -> (value: HiddenValue, field: String)? {
        if let row = DocumentReader.row(path, leaf, .sent, number, names) { return row }
        // The agreement's date is the person's own.
        let isOpen = ["share.", "sender.", "groups["].contains(where: path.hasPrefix) || path == "agreement.id"
        let name = path.split(separator: "[")[0].replacing(".", with: ": ").replacing("_", with: " ")
        let words = name.prefix(1).uppercased() + name.dropFirst()
        return (HiddenValue(.sent, number, words, code: isOpen ? leaf.plainText : nil), path)
    }

    // MARK: One value

    /// Shows one value, once it is on the ledger who looked at which, and why; or says what is wrong.
    private func answer(
        _ fields: [String: String], _ reading: Result<RevealForm, RevealForm.Mistakes>,
        _ texts: [String: (text: String, field: String)], _ about: [LedgerField: UUIDValue],
        _ open: StaffSessions.Open, _ page: (Console.Revealing, HTTPResponse.Status) -> Response
    ) async throws -> Response {
        func mistaken(_ mistakes: [(field: String, text: String)], _ status: HTTPResponse.Status) -> Response {
            page(Self.fresh(entered: .init(fields: fields, mistakes: mistakes)), status)
        }
        let form: RevealForm
        switch reading {
        case .success(let read): form = read
        case .failure(let mistakes): return mistaken(mistakes.all.map { ($0.field, $0.text) }, .unprocessableContent)
        }
        guard let part = HiddenValue.Part.allCases.first(where: { form.key.hasPrefix($0.rawValue + "-") }),
            let found = texts[form.key]
        else { return mistaken([("", "There is no such value on this page")], .unprocessableContent) }
        guard let ask = UUIDValue(form.ask), Self.isOfToday(ask) else {
            return mistaken([("", "The page was open for too long: choose the reason again")], .conflict)
        }
        let reveal = Reveal(
            id: ask, part: part.ledger, field: String(found.field.prefix(Self.longestField)),
            reason: form.reason.rawValue, reference: form.reference, about: about)
        switch try await reader.enter(reveal, by: open) {
        case .entered:
            // The next value is often asked for with the same reason.
            return page(Self.fresh(RevealedValue(key: form.key, text: found.text), entered: .init(fields: fields)), .ok)
        case .before:
            let notice =
                "This page has already been used to show a value; nothing was shown now. Choose a reason to see one."
            return page(Self.fresh(notice: notice), .ok)
        case .gone:
            return desk.site.failure(.gone, "It was destroyed", "It was destroyed just now, and can be read no more.")
        }
    }

    /// A page that has asked for nothing yet.
    private static func fresh(
        _ value: RevealedValue? = nil, entered: Console.Entered = .init(), notice: String? = nil
    ) -> Console.Revealing {
        .init(ask: UUIDValue.v7().description, value: value, entered: entered, notice: notice)
    }

    /// Whether an id is one that a page got, and not long ago.
    private static func isOfToday(_ ask: UUIDValue) -> Bool {
        let now = Timestamp.now()
        return ask.bytes[6] >> 4 == 7 && ask >= .leastV7(at: now - patience) && ask < .leastV7(at: now + .seconds(60))
    }

    private static func number(of key: String, _ part: HiddenValue.Part) -> Int? {
        key.hasPrefix(part.rawValue + "-") ? number(key.dropFirst(part.rawValue.count + 1)) : nil
    }

    private static func number(_ request: Request, _ name: String) -> Int? {
        request.uri.queryParameters[Substring(name)].flatMap(number)
    }

    private static func number(_ text: Substring) -> Int? {
        text.utf8.count <= 9 && text.utf8.allSatisfy { (0x30...0x39).contains($0) } ? Int(text) : nil
    }

    private var unknown: Response {
        desk.site.failure(
            .notFound, "Nothing is known of that id", "Find the message first: its page leads to its documents.")
    }
}

extension HiddenValue.Part {
    fileprivate var ledger: LedgerPart {
        switch self {
        case .received: .received
        case .understood: .understood
        case .sent: .sent
        }
    }
}
