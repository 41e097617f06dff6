import CCurl

/// One conversation with a mail server by libcurl, over TLS whose certificate and name are checked. Synchronous: it waits on
/// the calling thread. The connection is kept from one call to the next.
final class MailTransfer: CurlTransfer {
    let handle: CurlHandle
    private let timeout: Duration

    init(_ login: MailLogin) throws(MailError) {
        guard let handle = CurlHandle() else { throw .unusable }
        self.handle = handle
        timeout = login.timeout
        var settings: [CurlHandle.Setting] = [
            // A signal in a process of threads would hit any of them.
            .number(CURLOPT_NOSIGNAL, 1),
            .text(CURLOPT_PROTOCOLS_STR, "imaps,smtps,smtp"),
            .number(CURLOPT_USE_SSL, Int(CURLUSESSL_ALL.rawValue)),
            .number(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2)),
            // As with partners by HTTPS (`TLSFiles`); it says nothing of TLS 1.3.
            .text(CURLOPT_SSL_CIPHER_LIST, "ECDHE+AESGCM:ECDHE+CHACHA20"),
            .number(CURLOPT_SSL_VERIFYPEER, 1),
            .number(CURLOPT_SSL_VERIFYHOST, 2),
            .number(CURLOPT_CONNECTTIMEOUT, 15),
            // Nothing of the environment decides where mail goes.
            .text(CURLOPT_PROXY, ""),
        ]
        if let authority = login.certificateAuthority { settings.append(.text(CURLOPT_CAINFO, authority)) }
        if !login.user.isEmpty {
            settings += [.text(CURLOPT_USERNAME, login.user), .text(CURLOPT_PASSWORD, login.password)]
        }
        guard handle.set(settings) == CURLE_OK else { throw .unusable }
    }

    /// Asks a server for something.
    ///
    /// - Parameters:
    ///   - command: Sent as it is in the place of the one that the address stands for.
    ///   - limit: Bytes of the answer that are taken at most; past it the call fails with `too_large`.
    ///   - deadline: When it must be done. Left out: the login's time-out from now.
    func get(
        _ url: String, command: String? = nil, limit: Int, until deadline: ContinuousClock.Instant? = nil
    ) throws(MailError) -> [UInt8] {
        try setDeadline(deadline)
        try check(
            handle.set([.text(CURLOPT_URL, url), .number(CURLOPT_UPLOAD, 0), .text(CURLOPT_CUSTOMREQUEST, command)]))
        let answer = handle.perform(taking: limit)
        guard !answer.isTooLong else { throw .tooLarge }
        if answer.code != CURLE_OK { throw MailError(answer.code, answer: handle.answerCode) }
        return answer.bytes
    }

    /// Hands a message to a mail server.
    ///
    /// - Parameters:
    ///   - sender: Of the envelope; empty for a message that nobody shall answer (RFC 5321, 4.5.5).
    ///   - message: With its header, lines ended by CR LF.
    ///   - deadline: When it must be done.
    func send(
        _ url: String, from sender: String, to recipient: String, message: [UInt8],
        until deadline: ContinuousClock.Instant
    ) throws(MailError) {
        try setDeadline(deadline)
        let recipients = curl_slist_append(nil, "<\(recipient)>")
        defer {
            // Not to be looked at by a later call.
            _ = handle.set([.list(CURLOPT_MAIL_RCPT, nil)])
            curl_slist_free_all(recipients)
        }
        guard recipients != nil else { throw .unusable }
        try check(
            handle.set([
                .text(CURLOPT_URL, url), .number(CURLOPT_UPLOAD, 1), .text(CURLOPT_MAIL_FROM, "<\(sender)>"),
                .list(CURLOPT_MAIL_RCPT, recipients),
            ]))
        let sent = handle.perform(giving: message)
        guard sent.code != CURLE_OK else { return }
        let answer = handle.answerCode
        let error = MailError(sent.code, answer: answer)
        // The line that ends a message is sent after its last byte was asked for. A server that has not answered it may have
        // the message; one that answered has not (RFC 5321, 4.2.5).
        throw sent.isOver && !(400...599 ~= answer) ? error.afterAll : error
    }

    /// Bounds the next call.
    private func setDeadline(_ deadline: ContinuousClock.Instant?) throws(MailError) {
        let left = deadline.map { ContinuousClock.now.duration(to: $0) } ?? timeout
        guard left > .zero else { throw .busy }
        try check(
            handle.set([
                .number(CURLOPT_TIMEOUT_MS, max(1, left.milliseconds)),
                // Else a server that has fallen silent is waited for two minutes more, to answer the farewell.
                .number(CURLOPT_SERVER_RESPONSE_TIMEOUT, Int((left.milliseconds + 999) / 1000)),
            ]))
    }

    private func check(_ code: CURLcode) throws(MailError) {
        if code != CURLE_OK { throw MailError(code, answer: 0) }
    }
}

/// Who we are at a mail server, and what proves that it is that server.
package struct MailLogin: Sendable {
    /// Empty where the server asks for none.
    package var user: String
    /// A secret.
    package var password: String
    /// PEM of the authorities that the server's certificate must come from; the system's when left out.
    package var certificateAuthority: String?
    /// For one call, with the wait for those before it; a farewell to a server that does not answer takes as long again at
    /// most. Defaults to 60 s.
    package var timeout: Duration

    package init(
        user: String, password: String, certificateAuthority: String? = nil, timeout: Duration = .seconds(60)
    ) {
        self.user = user
        self.password = password
        self.certificateAuthority = certificateAuthority
        self.timeout = timeout
    }
}

/// A call to a mail server that did not do what was asked. Never holds what the server said.
package struct MailError: Error, Hashable, CustomStringConvertible {
    /// Stable and lower-case, such as `connection_refused`.
    package var code: String
    package var text: String
    /// The server may have a message that was handed to it: it was sent to its end, and no answer came.
    package var mayHaveArrived = false
    package var description: String { "\(code): \(text)" }

    static let cancelled = MailError(code: "cancelled", text: "the hub stopped waiting for the answer")
    static let busy = MailError(code: "busy", text: "its turn did not come in time: the mail server is slow")
    static let unusable = MailError(code: "curl_unusable", text: "libcurl cannot be used: its version may be too old")
    static let tooLarge = MailError(code: "too_large", text: "the answer is longer than the hub takes")
    static let unreadable = MailError(code: "answer_unreadable", text: "the mail server's answer cannot be read")

    /// The server will not take the message, however often it is sent.
    package static let refused = MailError(code: "mail_refused", text: "the mail server refused the message")

    /// The server will not take the message now.
    static let deferred = MailError(code: "mail_deferred", text: "the mail server asks to come again later")

    /// The server offers no TLS, or none now. Nothing was sent.
    static let notOffered = MailError(
        code: "tls_not_offered", text: "the mail server offers no TLS (STARTTLS), and nothing is sent without")

    /// The same, of a message that was sent to its end.
    fileprivate var afterAll: MailError {
        var error = self
        error.mayHaveArrived = true
        return error
    }
}

extension MailError {
    /// - Parameter answer: The last code of the server's, 0 when there was none.
    fileprivate init(_ curl: CURLcode, answer: Int) {
        // Whoever answers with a code of these classes says whether it will answer so again (RFC 5321, 4.2.1).
        switch (curl, answer) {
        case (CURLE_USE_SSL_FAILED, _): self = .notOffered
        case (CURLE_LOGIN_DENIED, _): self.init(curl)
        case (_, 400...499): self = .deferred
        case (_, 500...599): self = .refused
        default: self.init(curl)
        }
    }

    private init(_ curl: CURLcode) {
        (code, text) =
            switch curl {
            case CURLE_COULDNT_CONNECT, CURLE_COULDNT_RESOLVE_HOST:
                ("connection_refused", "no connection could be made")
            case CURLE_OPERATION_TIMEDOUT: ("answer_timeout", "no answer came in time")
            case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CONNECT_ERROR, CURLE_SSL_CACERT_BADFILE:
                ("tls_failed", "the TLS handshake failed: certificate, name or version do not fit, or there is no TLS")
            case CURLE_SEND_ERROR, CURLE_RECV_ERROR, CURLE_GOT_NOTHING:
                ("connection_lost", "the connection broke before the server had answered")
            case CURLE_LOGIN_DENIED: ("login_denied", "user or password are wrong")
            case CURLE_ABORTED_BY_CALLBACK: (Self.cancelled.code, Self.cancelled.text)
            case CURLE_QUOTE_ERROR, CURLE_REMOTE_FILE_NOT_FOUND:
                ("command_refused", "the mail server refused the command")
            default: ("mail_\(curl.rawValue)", "the exchange with the mail server failed (libcurl \(curl.rawValue))")
            }
    }
}
