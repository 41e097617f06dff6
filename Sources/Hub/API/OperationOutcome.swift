import HTTPTypes
import Hummingbird
import NIOCore
import Postgres
import Referral
import Translation

/// An error answer in FHIR's form, with the codes of the Booking and Referral Standard, for all paths below ``root``.
///
/// The request's two ids stand in its headers: an answer without them looks to the sender as if it came from something in
/// between.
enum OperationOutcome {
    static let root = "/fhir/R4"

    /// Whether a path is answered in this form.
    static func speaks(at path: String) -> Bool { path == root || path.hasPrefix(root + "/") }

    static func response(for problem: Problem, to request: Request) -> Response {
        var response = Response.json(body(problem), status: problem.status, mediaType: "application/fhir+json")
        mirrorIDs(of: request, in: &response)
        return response
    }

    /// Copies `X-Request-Id` and `X-Correlation-Id`, where they are of the right form.
    static func mirrorIDs(of request: Request, in response: inout Response) {
        for name in [HTTPField.Name.requestID, .correlationID] {
            guard let id = request.headers[name], UUIDValue(id) != nil else { continue }
            response.headers[name] = id
        }
    }

    private static func body(_ problem: Problem) -> Value {
        var findings = problem.findings
        if findings.isEmpty { findings = [Finding(.internal, at: "", problem.detail ?? problem.title)] }
        let issues = findings.map { finding -> Value in
            let place = finding.path.isEmpty ? "" : "\(finding.path): "
            let receipt = problem.receipt.map { " (receipt \($0))" } ?? ""
            return [
                "severity": "error",
                "code": .string(problem.findings.isEmpty ? issue(problem.code) : issue(finding.code.rawValue)),
                "details": [
                    "coding": [
                        [
                            "system": "https://fhir.nhs.uk/Codesystem/http-error-codes",
                            "code": .string(code(problem.status)),
                        ]
                    ]
                ],
                "diagnostics": .string(place + finding.text + receipt),
            ]
        }
        return ["resourceType": "OperationOutcome", "issue": .array(issues)]
    }

    /// `REC_`: of the receiver; `SEND_`: the sender's fault.
    private static func code(_ status: HTTPResponse.Status) -> String {
        switch status {
        case .badRequest: "REC_BAD_REQUEST"
        case .unauthorized: "SEND_UNAUTHORIZED"
        case .forbidden: "SEND_FORBIDDEN"
        case .notFound: "NOT_FOUND"
        case .methodNotAllowed: "SEND_METHOD_NOT_ALLOWED"
        case .requestTimeout: "REC_TIMEOUT"
        case .conflict: "REC_CONFLICT"
        case .contentTooLarge, .unsupportedMediaType, .unprocessableContent: "REC_UNPROCESSABLE_ENTITY"
        case .tooManyRequests: "SEND_TOO_MANY_REQUESTS"
        case .serviceUnavailable: "REC_SERVICE_UNAVAILABLE"
        default: "REC_SERVER_ERROR"
        }
    }

    /// FHIR R4's issue type (http://hl7.org/fhir/R4/valueset-issue-type.html) for a problem's or a finding's code.
    private static func issue(_ code: String) -> String {
        switch code {
        case "unauthorized": "login"
        case "forbidden", "sender_mismatch": "forbidden"
        case "not_found", "not_for_us": "not-found"
        case "media_type", "unknown_code": "not-supported"
        case "too_large": "too-long"
        case "duplicate", "conflict", "timeout", "required", "invalid": code
        case "too_many_requests": "throttled"
        case "busy", "unavailable": "transient"
        case "missing": "required"
        case "not_parseable", "encoding", "schema": "structure"
        case "invalid_identifier", "invalid_date": "value"
        case "internal": "exception"
        default: "processing"
        }
    }
}

extension HTTPField.Name {
    static let requestID = HTTPField.Name("X-Request-Id")!
    static let correlationID = HTTPField.Name("X-Correlation-Id")!
}
