package import Referral

/// Why a message of the Booking and Referral Standard was not taken: an OperationOutcome with its code of
/// `http-error-codes` (BaRS 1.4, "Error handling").
package struct BaRSOutcome: Sendable, Hashable {
    /// Who refused, and why, in the standard's words in lower case, such as `rec_conflict`; nil for none that is known.
    package let code: String?
    /// Whether the receiver had the message already.
    package let isDuplicate: Bool
    /// Whether anything in it is an error: a receiver may answer with warnings and information alone.
    package let isError: Bool

    /// Who speaks: the receiver, the proxy between, or either of them about the sender's fault.
    private static let speakers = ["rec", "proxy", "send"]
    private static let reasons: Set = [
        "bad_request", "unauthorized", "forbidden", "not_found", "method_not_allowed", "timeout", "conflict", "gone",
        "unprocessable_entity", "too_many_requests", "server_error", "internal_server_error", "not_implemented",
        "bad_gateway", "service_unavailable", "gateway_timeout",
    ]

    /// Reads an OperationOutcome, in JSON or XML.
    ///
    /// - Throws: as ``Peek/look(_:format:limits:)``; `schema` when it is another resource, or one without an issue.
    package init(_ bytes: [UInt8], limits: Limits = .default) throws(DocumentError) {
        let resource = try FHIRResource.parse(bytes, limits: limits, byteOrderMark: .refused)
        guard resource["resourceType"] == "OperationOutcome", let issues = resource["issue"]?.arrayValue,
            !issues.isEmpty
        else { throw DocumentError(.schema, at: "OperationOutcome.issue", "Must be an outcome with its issues") }
        let grave = issues.filter { ["error", "fatal"].contains($0["severity"]?.stringValue) }
        code =
            grave.lazy.flatMap { $0["details"]?["coding"]?.arrayValue ?? [] }
            .compactMap { $0["code"]?.stringValue.flatMap(Self.known) }.first
        isDuplicate = grave.contains { $0["code"] == "duplicate" }
        isError = !grave.isEmpty
    }

    /// A code in lower case, if the standard has it: what else a receiver writes is repeated nowhere.
    private static func known(_ word: String) -> String? {
        let parts = word.lowercased().split(separator: "_", maxSplits: 1).map(String.init)
        guard parts.count == 2, speakers.contains(parts[0]), reasons.contains(parts[1]) else { return nil }
        return parts.joined(separator: "_")
    }
}
