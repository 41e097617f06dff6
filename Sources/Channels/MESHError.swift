/// A call of the MESH API that did not do what was asked. Carries MESH's codes, never its free text.
package struct MESHError: Error, CustomStringConvertible, Hashable {
    /// What can be done about it.
    package enum Nature: Sendable, Hashable {
        /// The call had no effect and may be repeated.
        case retryable(after: Duration?)
        /// Repeating it is useless.
        case permanent
        /// No answer came: the call may have had its effect.
        case unknown
    }

    /// Stable and lower-case, such as `mesh_12` or `connection_refused`.
    package var code: String
    /// What it means, in plain words.
    package var text: String
    package var nature: Nature

    package var description: String { "\(code): \(text)" }

    /// A message that is larger than the client was told to fetch.
    static let tooLarge = MESHError(
        code: "too_large", text: "the message is larger than the hub takes", nature: .permanent)

    init(code: String, text: String, nature: Nature) {
        self.code = code
        self.text = text
        self.nature = nature
    }

    init(_ failure: HTTPEndpoint.Failure) {
        self.init(
            code: failure.code, text: failure.text, nature: failure.mayHaveArrived ? .unknown : .retryable(after: nil))
    }

    /// The error that an HTTP status and MESH's own code stand for.
    ///
    /// Retried are 425, 429, 502, 503 and 504, as NHS England's own client does, and the other 5xx, whose cause is the
    /// server's; no other 4xx is (MESH API, "Errors").
    init(status: Int, meshCode: String?, retryAfter: Duration? = nil) {
        let nature: Nature =
            switch status {
            case 425, 429, 500...: .retryable(after: retryAfter)
            default: .permanent
            }
        if let meshCode, let meaning = Self.meanings[meshCode] {
            self.init(code: "mesh_\(meshCode.lowercased().replacing("-", with: "_"))", text: meaning, nature: nature)
        } else {
            self.init(
                code: "mesh_http_\(status)",
                text: Self.meanings["\(status)"] ?? "MESH answered with HTTP status \(status)", nature: nature)
        }
    }

    private static let meanings = [
        "02": "the message has no content",
        "06": "a header is malformed",
        "07": "the sender's address is not ours",
        "08": "the recipient's address is missing",
        "11": "the message type is not known",
        "12": "the recipient's mailbox is not registered: correct the configured mailbox",
        "14": "the recipient did not fetch the message within five days",
        "15": "the file is not a valid CP-IS file",
        "16": "the sender may not send this kind of message",
        "17": "the workflow is not registered for the recipient's mailbox: ask NHS England",
        "20": "the message does not exist",
        "EPL-150": "the automatic address fits several mailboxes",
        "EPL-151": "no mailbox fits the address",
        "EPL-152": "the NHS number of the automatic address is not valid",
        "EPL-153": "the NHS number of the automatic address was not found",
        "EPL-154": "the details of the automatic address do not agree",
        "400": "MESH did not accept the request's headers",
        "403": "MESH refused our mailbox, password or shared key: check the mailbox's configuration",
        "404": "MESH does not know the message",
        "410": "the message can no longer be fetched",
        "417": "MESH did not accept the message or one of its chunks",
        "423": "the message is already complete",
    ]
}
