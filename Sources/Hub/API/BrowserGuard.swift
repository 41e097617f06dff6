import HTTPTypes
import Hummingbird

/// Keeps browsers from being used against the hub.
///
/// Every answer tells a browser to guess no type, to show nothing in another site's frame, and over TLS to come by TLS alone.
/// A request that another site's page makes, with a client certificate or a cookie that the browser adds by itself, is
/// refused before anything is done: a browser says where it comes from (Fetch Metadata, W3C; RFC 6454), and nothing else does.
struct BrowserGuard: RouterMiddleware {
    /// Whether the listener speaks TLS.
    let isSecure: Bool
    /// By which the listener is called, as scheme, host and port; nil where that is not known.
    private let origin: String?

    init(isSecure: Bool, url: String?) {
        self.isSecure = isSecure
        origin = url.map(Self.origin(of:))
    }

    /// As browsers write an origin: in lower case, without the port that goes without saying (RFC 6454 section 6.1).
    private static func origin(of url: String) -> String {
        let folded = url.lowercased()
        for (scheme, port) in [("https://", ":443"), ("http://", ":80")]
        where folded.hasPrefix(scheme) && folded.hasSuffix(port) {
            return String(folded.dropLast(port.count))
        }
        return folded
    }

    func handle(
        _ request: Request,
        context: ExchangeContext,
        next: (Request, ExchangeContext) async throws -> Response
    ) async throws -> Response {
        var response = isForeign(request) ? try Self.refusal(request, context) : try await next(request, context)
        add("nosniff", .xContentTypeOptions, to: &response)
        // With none at all a browser would hide the origin of our own forms, too.
        add("same-origin", .referrerPolicy, to: &response)
        add("default-src 'none'; frame-ancestors 'none'", .contentSecurityPolicy, to: &response)
        add("same-origin", .crossOriginResourcePolicy, to: &response)
        // Two years, as browsers' lists of such hosts want it (RFC 6797 section 6.1).
        if isSecure { add("max-age=63072000; includeSubDomains", .strictTransportSecurity, to: &response) }
        return response
    }

    private func add(_ value: String, _ name: HTTPField.Name, to response: inout Response) {
        if response.headers[name] == nil { response.headers[name] = value }
    }

    /// Whether another site makes it. To read a page by a link from elsewhere is no harm: what changes nothing is let through
    /// when the browser goes there itself.
    private func isForeign(_ request: Request) -> Bool {
        let site = request.headers[.secFetchSite]
        let isVisit = request.headers[.secFetchMode] == "navigate" && [.get, .head].contains(request.method)
        if let site { return !["same-origin", "none"].contains(site) && !isVisit }
        // Of older browsers.
        if let claimed = request.headers[.origin], let origin { return claimed != origin }
        return false
    }

    private static func refusal(_ request: Request, _ context: ExchangeContext) throws -> Response {
        try Problem(
            status: .forbidden, code: "foreign_site", title: "The request was made by another site's page"
        ).response(from: request, context: context)
    }
}

extension HTTPField.Name {
    static let secFetchSite = HTTPField.Name("Sec-Fetch-Site")!
    static let secFetchMode = HTTPField.Name("Sec-Fetch-Mode")!
    static let referrerPolicy = HTTPField.Name("Referrer-Policy")!
    static let clearSiteData = HTTPField.Name("Clear-Site-Data")!
    static let crossOriginResourcePolicy = HTTPField.Name("Cross-Origin-Resource-Policy")!
}
