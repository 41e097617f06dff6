import HTTPTypes
import Hummingbird
import NIOCore
import Referral
import Translation

/// An error answer as a problem document (RFC 9457), with the findings of partner interfaces, section 1 in `errors`.
///
/// It says what happened and what to do; it never echoes a value that was sent. FHIR's paths answer in FHIR's form.
struct Problem: HTTPResponseError {
    var status: HTTPResponse.Status
    /// Last part of the problem type's address: one of the error codes, or a word of HTTP's own.
    var code: String
    var title: String
    var detail: String?
    var findings: [Finding] = []
    /// The receipt under which the submission was kept all the same, for staff to look at.
    var receipt: String?
    /// Seconds after which a new attempt makes sense.
    var retryAfter: Int?

    func response(from request: Request, context: some RequestContext) throws -> Response {
        if OperationOutcome.speaks(at: request.uri.path) {
            var response = OperationOutcome.response(for: self, to: request)
            if let retryAfter { response.headers[.retryAfter] = String(retryAfter) }
            if status == .unauthorized { response.headers[.wwwAuthenticate] = "Bearer realm=\"hub\"" }
            return response
        }
        var headers = HTTPFields()
        headers[.contentType] = "application/problem+json"
        if let retryAfter { headers[.retryAfter] = String(retryAfter) }
        if status == .unauthorized { headers[.wwwAuthenticate] = "Bearer realm=\"hub\"" }
        let bytes = StrictJSON.write(.object(body))
        return Response(status: status, headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: bytes)))
    }

    private var body: Object {
        var body = Object()
        body["type"] = .string("urn:lac:problem:\(code)")
        body["title"] = .string(title)
        body["status"] = .number(String(status.code))
        body["detail"] = detail.map(Value.string)
        body["receipt_id"] = receipt.map(Value.string)
        if !findings.isEmpty { body["errors"] = .array(findings.map(\.value)) }
        return body
    }
}

extension Problem {
    /// The problem for one finding about a document, with its status: sender_mismatch 403,
    /// conflict 409, too_large 413, media_type 415, not_parseable and encoding 400, internal 500, all else 422.
    init(_ finding: Finding, receipt: String? = nil) {
        let status: HTTPResponse.Status =
            switch finding.code {
            case .senderMismatch: .forbidden
            case .conflict: .conflict
            case .tooLarge: .contentTooLarge
            case .mediaType: .unsupportedMediaType
            case .notParseable, .encoding: .badRequest
            case .internal: .internalServerError
            default: .unprocessableContent
            }
        self.init(
            status: status,
            code: finding.code.rawValue,
            title: finding.text,
            findings: [finding],
            receipt: receipt
        )
    }

    static let unauthorized = Problem(
        status: .unauthorized,
        code: "unauthorized",
        title: "A credential of an enabled partner is needed: Authorization: Bearer KEY, or a client certificate"
    )
    static let forbidden = Problem(
        status: .forbidden, code: "forbidden", title: "This caller has no right to that"
    )
    static let notFound = Problem(
        status: .notFound, code: "not_found", title: "Nothing is here, or it is not yours to see"
    )

    /// The database does not answer, or too many wait for it. Only what asks for a change leaves open whether it happened.
    static func unavailable(_ method: HTTPRequest.Method) -> Problem {
        let title =
            [.get, .head].contains(method)
            ? "The hub cannot answer now. Ask again"
            : "The hub cannot say whether this was stored. A referral may be sent again as it is: it is taken once"
        return Problem(status: .serviceUnavailable, code: "unavailable", title: title, retryAfter: 5)
    }

    /// The client went away in the middle of its body, so that as a rule nobody reads this.
    static let brokenOff = Problem(status: .badRequest, code: "request", title: "The body broke off")

    /// Bodies of other requests take up all the memory that is set aside for them.
    static let busy = Problem(
        status: .serviceUnavailable,
        code: "busy",
        title: "Too much is being received at this moment. Nothing of this was stored: send it again",
        retryAfter: 2
    )

    /// The caller makes more requests than it may.
    static func tooManyRequests(after wait: Duration) -> Problem {
        Problem(
            status: .tooManyRequests,
            code: "too_many_requests",
            title: "More requests than a partner may make. Nothing of this was stored: send it again later",
            retryAfter: max(1, Int((wait / .seconds(1)).rounded(.up)))
        )
    }

    /// 400 when the body was no JSON at all, else 422.
    init(_ error: RequestError) {
        let isUnreadable = error.findings.contains { $0.code == .notParseable || $0.code == .encoding }
        self.init(
            status: isUnreadable ? .badRequest : .unprocessableContent,
            code: isUnreadable ? FindingCode.notParseable.rawValue : FindingCode.schema.rawValue,
            title: "The request does not hold what it must",
            findings: error.findings
        )
    }
}
