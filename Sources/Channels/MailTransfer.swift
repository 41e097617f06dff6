import CCurl
import Synchronization

/// One conversation with a mail server by libcurl, over TLS whose certificate and name are checked. Synchronous: it waits on
/// the calling thread. The connection is kept from one call to the next.
///
/// Never on two threads at once; whoever has it hands it on whole.
final class MailTransfer {
    /// Tells a call that waits that it is to give up.
    final class Cancellation: Sendable {
        private let flag = Atomic<Bool>(false)

        var isCancelled: Bool { flag.load(ordering: .relaxed) }

        func cancel() { flag.store(true, ordering: .relaxed) }
    }

    private let handle: UnsafeMutableRawPointer
    private let cancellation: Cancellation

    init(_ login: MailLogin, cancellation: Cancellation) throws(MailError) {
        guard Self.isStarted, let handle = curl_easy_init() else { throw .unusable }
        self.handle = handle
        self.cancellation = cancellation
        var code = CURLE_OK
        func set(_ option: CURLoption, _ value: Int) {
            if code == CURLE_OK { code = hub_curl_set_long(handle, option, value) }
        }
        func set(_ option: CURLoption, _ value: String) {
            if code == CURLE_OK { code = hub_curl_set_text(handle, option, value) }
        }
        // A signal in a process of threads would hit any of them.
        set(CURLOPT_NOSIGNAL, 1)
        set(CURLOPT_PROTOCOLS_STR, "imaps,smtps,smtp")
        set(CURLOPT_USE_SSL, Int(CURLUSESSL_ALL.rawValue))
        set(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
        set(CURLOPT_SSL_VERIFYPEER, 1)
        set(CURLOPT_SSL_VERIFYHOST, 2)
        if let authority = login.certificateAuthority { set(CURLOPT_CAINFO, authority) }
        if !login.user.isEmpty {
            set(CURLOPT_USERNAME, login.user)
            set(CURLOPT_PASSWORD, login.password)
        }
        set(CURLOPT_CONNECTTIMEOUT, 15)
        set(CURLOPT_TIMEOUT, Int(login.timeout.components.seconds))
        // Nothing of the environment decides where mail goes.
        set(CURLOPT_PROXY, "")
        guard code == CURLE_OK else {
            curl_easy_cleanup(handle)
            throw .unusable
        }
    }

    deinit { curl_easy_cleanup(handle) }

    private static let isStarted = hub_curl_start() == CURLE_OK

    /// Asks a server for something.
    ///
    /// - Parameters:
    ///   - command: Sent as it is in the place of the one that the address stands for.
    ///   - limit: Bytes of the answer that are taken at most; past it the call fails with `too_large`.
    func get(_ url: String, command: String? = nil, limit: Int) throws(MailError) -> [UInt8] {
        let answer = Answer(limit: limit)
        try withExtendedLifetime(answer) { () throws(MailError) in
            try check(hub_curl_set_text(handle, CURLOPT_URL, url))
            try check(hub_curl_set_long(handle, CURLOPT_UPLOAD, 0))
            try check(hub_curl_set_text(handle, CURLOPT_CUSTOMREQUEST, command))
            try check(
                hub_curl_set_writer(
                    handle,
                    { bytes, size, count, context in
                        guard let bytes, let context else { return 0 }
                        let answer = Unmanaged<Answer>.fromOpaque(context).takeUnretainedValue()
                        return answer.take(UnsafeRawBufferPointer(start: bytes, count: size * count))
                    }, Unmanaged.passUnretained(answer).toOpaque()))
            do throws(MailError) {
                try perform()
            } catch {
                throw answer.isTooLong ? .tooLarge : error
            }
        }
        return answer.bytes
    }

    /// Hands a message to a mail server.
    ///
    /// - Parameters:
    ///   - sender: Of the envelope; empty for a message that nobody shall answer (RFC 5321, 4.5.5).
    ///   - message: With its header, lines ended by CR LF.
    func send(_ url: String, from sender: String, to recipient: String, message: [UInt8]) throws(MailError) {
        let recipients = curl_slist_append(nil, "<\(recipient)>")
        defer { curl_slist_free_all(recipients) }
        guard recipients != nil else { throw .unusable }
        let source = Source(message)
        try withExtendedLifetime(source) { () throws(MailError) in
            try check(hub_curl_set_text(handle, CURLOPT_URL, url))
            try check(hub_curl_set_long(handle, CURLOPT_UPLOAD, 1))
            try check(hub_curl_set_text(handle, CURLOPT_MAIL_FROM, "<\(sender)>"))
            try check(hub_curl_set_list(handle, CURLOPT_MAIL_RCPT, recipients))
            try check(
                hub_curl_set_reader(
                    handle,
                    { bytes, size, count, context in
                        guard let bytes, let context else { return 0 }
                        let source = Unmanaged<Source>.fromOpaque(context).takeUnretainedValue()
                        return source.give(UnsafeMutableRawBufferPointer(start: bytes, count: size * count))
                    }, Unmanaged.passUnretained(source).toOpaque()))
            try perform()
        }
    }

    private func perform() throws(MailError) {
        try check(
            hub_curl_set_progress(
                handle,
                { context, _, _, _, _ in
                    guard let context else { return 1 }
                    return Unmanaged<Cancellation>.fromOpaque(context).takeUnretainedValue().isCancelled ? 1 : 0
                }, Unmanaged.passUnretained(cancellation).toOpaque()))
        let code = curl_easy_perform(handle)
        // Whoever answers with a code of this class will answer so again (RFC 5321, 4.2.1).
        if code != CURLE_OK, code != CURLE_LOGIN_DENIED, 500...599 ~= hub_curl_answer_code(handle) { throw .refused }
        try check(code)
    }

    private func check(_ code: CURLcode) throws(MailError) {
        if code != CURLE_OK { throw MailError(code) }
    }

    /// What a server says, as it comes.
    private final class Answer {
        private(set) var bytes: [UInt8] = []
        private(set) var isTooLong = false
        private let limit: Int

        init(limit: Int) { self.limit = limit }

        func take(_ part: UnsafeRawBufferPointer) -> Int {
            guard part.count <= limit - bytes.count else {
                isTooLong = true
                return 0
            }
            bytes += part
            return part.count
        }
    }

    /// What is told to a server, as it is asked for.
    private final class Source {
        private var rest: ArraySlice<UInt8>

        init(_ bytes: [UInt8]) { rest = bytes[...] }

        func give(_ place: UnsafeMutableRawBufferPointer) -> Int {
            let part = rest.prefix(place.count)
            place.copyBytes(from: part)
            rest = rest.dropFirst(part.count)
            return part.count
        }
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
    /// For one call, from the connection to the answer. Defaults to 60 s.
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
    package var description: String { "\(code): \(text)" }

    static let cancelled = MailError(code: "cancelled", text: "the hub stopped waiting for the answer")
    static let unusable = MailError(code: "curl_unusable", text: "libcurl cannot be used: its version may be too old")
    static let tooLarge = MailError(code: "too_large", text: "the answer is longer than the hub takes")
    static let unreadable = MailError(code: "answer_unreadable", text: "the mail server's answer cannot be read")

    /// The server will not take the message, however often it is sent.
    package static let refused = MailError(code: "mail_refused", text: "the mail server refused the message")
}

extension MailError {
    fileprivate init(_ curl: CURLcode) {
        (code, text) =
            switch curl {
            case CURLE_COULDNT_CONNECT, CURLE_COULDNT_RESOLVE_HOST:
                ("connection_refused", "no connection could be made")
            case CURLE_OPERATION_TIMEDOUT: ("answer_timeout", "no answer came in time")
            case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CONNECT_ERROR, CURLE_SSL_CACERT_BADFILE,
                CURLE_USE_SSL_FAILED:
                ("tls_failed", "the TLS handshake failed: certificate, name or version do not fit, or there is no TLS")
            case CURLE_LOGIN_DENIED: ("login_denied", "user or password are wrong")
            case CURLE_ABORTED_BY_CALLBACK: (Self.cancelled.code, Self.cancelled.text)
            case CURLE_QUOTE_ERROR, CURLE_REMOTE_FILE_NOT_FOUND:
                ("command_refused", "the mail server refused the command")
            default: ("mail_\(curl.rawValue)", "the exchange with the mail server failed (libcurl \(curl.rawValue))")
            }
    }
}
