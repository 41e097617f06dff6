import CaseStore
import Disclosure
import Forms
import HTTPTypes
import Hummingbird
import NIOCore
import Postgres
import Referral
import Rights

/// The portal's page: `GET` and `POST /staff/documents`. A document is there once.
struct PortalRoutes {
    static let path = "/staff/documents"

    private let portal: Portal
    private let site: StaffSite
    private let pages: DocumentPages

    init(_ portal: Portal, pages: DocumentPages, site: StaffSite) {
        self.portal = portal
        self.pages = pages
        self.site = site
    }

    func add(to router: Router<ExchangeContext>) {
        router.get("\(Self.path)", use: list)
        router.post("\(Self.path)", use: fetch)
    }

    @Sendable
    private func list(_ request: Request, _ context: ExchangeContext) async -> Response {
        await site.page(request, context, for: .fetchDocument) { open in
            site.shown(pages.list(try await documents(), open.session), open)
        }
    }

    @Sendable
    private func fetch(_ request: Request, _ context: ExchangeContext) async -> Response {
        let advice =
            "Look at the list again in a few minutes. If the document is not there any more, ask for the share anew."
        return await site.form(
            request, context, for: .fetchDocument, undone: "Nothing was fetched.", advice: advice
        ) { open, fields in
            guard let share = fields["share"].flatMap({ UUIDValue($0) }) else {
                return site.failure(.badRequest, "The page could not be read", "Please start again.")
            }
            switch try await portal.fetch(share, by: open.principal.id) {
            case .document(let document): return file(document, open)
            case .gone:
                return site.failure(
                    .conflict, "The document is not there any more",
                    "Somebody has fetched it, or it was taken back. The share's acknowledgement says which.")
            case .refused(let reason):
                return site.failure(
                    .conflict, "The document may no longer leave", "\(reason.explanation) It was taken back.")
            }
        }
    }

    private func file(_ document: FetchedDocument, _ open: StaffSessions.Open) -> Response {
        var headers = HTTPFields()
        headers[.contentType] = document.mediaType
        // Upper-case letters, digits, "_" and one point: ``Rendered/fileName``.
        headers[.contentDisposition] = "attachment; filename=\"\(document.fileName)\""
        headers[.cacheControl] = "no-store"
        headers[.setCookie] = site.cookie(open)
        return Response(
            status: .ok, headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: document.bytes)))
    }

    private func documents() async throws -> [DocumentPages.Document] {
        try await portal.waiting().map { document in
            let since = LondonTime.clock(Instant(microseconds: document.laidAt.microseconds))
            return DocumentPages.Document(
                share: document.share.description, recipient: document.recipient, purpose: document.purpose,
                since: since.date.iso)
        }
    }
}
