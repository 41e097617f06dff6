import CCurl

/// One conversation with an SFTP server by libcurl. Synchronous: it waits on the calling thread. The connection is kept from
/// one step to the next.
final class SFTPTransfer: CurlTransfer, PickupPlace {
    /// Which server, and how.
    struct Server: Sendable {
        var url: String
        var user: String
        var privateKey: String
        /// SHA-256 of its host key in base64, without padding.
        var hostKey: String
        /// Paths as libcurl takes them, `/~/` being the login folder.
        var files: String
        var receipts: String
        var connectTimeout: Duration
        var stallTimeout: Duration
    }

    let handle: CurlHandle
    /// When all steps must be done.
    var deadline = ContinuousClock.now
    private let server: Server

    init(_ server: Server) throws(PickupError) {
        guard let handle = CurlHandle() else { throw .unusable }
        self.handle = handle
        self.server = server
        let code = handle.set([
            // A signal in a process of threads would hit any of them.
            .number(CURLOPT_NOSIGNAL, 1),
            .text(CURLOPT_PROTOCOLS_STR, "sftp"),
            // The key alone: no password, no agent of whoever started the hub.
            .number(CURLOPT_SSH_AUTH_TYPES, Int(CURLSSH_AUTH_PUBLICKEY)),
            .text(CURLOPT_USERNAME, server.user),
            .text(CURLOPT_SSH_PRIVATE_KEYFILE, server.privateKey),
            .text(CURLOPT_SSH_HOST_PUBLIC_KEY_SHA256, server.hostKey),
            .number(CURLOPT_NEW_FILE_PERMS, 0o640),
            .number(CURLOPT_CONNECTTIMEOUT_MS, server.connectTimeout.milliseconds),
            .number(CURLOPT_LOW_SPEED_LIMIT, 100),
            .number(CURLOPT_LOW_SPEED_TIME, max(1, Int(server.stallTimeout.components.seconds))),
            // Nothing of the environment decides where files go.
            .text(CURLOPT_PROXY, ""),
        ])
        guard code == CURLE_OK, handle.keepRemarks("SSH public key authentication failed") == CURLE_OK else {
            throw .unusable
        }
    }

    // MARK: Steps

    func check() throws(PickupError) {
        let answer = get(server.files + "/", limit: 64 << 10)
        // A folder that is longer than is read of it is there.
        guard answer.code == CURLE_OK || answer.isTooLong else {
            throw answer.code == CURLE_REMOTE_FILE_NOT_FOUND ? .noSuchFolder : PickupError(answer.code)
        }
    }

    func read(_ name: String, on shelf: PickupShelf, limit: Int) throws(PickupError) -> PickupContent {
        // One byte more than the limit tells a longer file from one that is as long.
        let answer = get(path(name, shelf), range: "0-\(limit)", limit: limit + 1)
        switch answer.code {
        case _ where answer.isTooLong || answer.bytes.count > limit: return .other
        case CURLE_OK: return .bytes(answer.bytes)
        case CURLE_REMOTE_FILE_NOT_FOUND: return .missing
        default: throw PickupError(answer.code)
        }
    }

    func show(_ name: String, _ bytes: [UInt8]) throws(PickupError) {
        let part = OutgoingFile.part(name)
        do throws(PickupError) {
            try put(part, bytes)
            // libcurl does not tell when closing the file failed, which is where some servers find that there is no room.
            try checkLength(part, bytes.count)
        } catch {
            if !error.isPermanent { discard(part) }
            throw error
        }
        let code = command("rename \(path(part)) \(path(name))").code
        guard code == CURLE_OK else {
            discard(part)
            var error = PickupError(code)
            // A connection that broke meanwhile is the same to libcurl as a refusal.
            error.mayBeDone = true
            throw error
        }
    }

    /// Removes what was written, if it can be done at once: it is personal data, and on a full disk in everybody's way.
    private func discard(_ part: String) {
        let deadline = deadline
        defer { self.deadline = deadline }
        // Also where the time is over.
        self.deadline = .now + .seconds(5)
        _ = command("rm \(path(part))")
    }

    func add(_ name: String, _ bytes: [UInt8]) throws(PickupError) {
        try put(name, bytes)
    }

    func remove(_ name: String) throws(PickupError) -> Bool {
        guard try read(name, on: .files, limit: 0) != .missing else { return false }
        let code = command("rm \(path(name))").code
        if code == CURLE_OK { return true }
        // Somebody else took it meanwhile; or it is ours that was done, and its answer was lost.
        if code == CURLE_QUOTE_ERROR, try read(name, on: .files, limit: 0) == .missing { return false }
        throw PickupError(code)
    }

    // MARK: Calls

    private func path(_ name: String, _ shelf: PickupShelf = .files) -> String {
        "\(shelf == .files ? server.files : server.receipts)/\(name)"
    }

    private func put(_ name: String, _ bytes: [UInt8]) throws(PickupError) {
        let settings: [CurlHandle.Setting] = [.number(CURLOPT_UPLOAD, 1), .number(CURLOPT_INFILESIZE, bytes.count)]
        let code = call(path(name), settings) {
            CurlHandle.Answer(code: handle.perform(giving: bytes).code, bytes: [], isTooLong: false)
        }.code
        switch code {
        case CURLE_OK: return
        case CURLE_REMOTE_FILE_NOT_FOUND: throw .noSuchFolder
        case CURLE_SSH, CURLE_SEND_ERROR, CURLE_UPLOAD_FAILED, CURLE_REMOTE_DISK_FULL:
            throw code == CURLE_REMOTE_DISK_FULL || hasNoRoom(for: bytes.count) ? .diskFull : .writeRefused
        default: throw PickupError(code)
        }
    }

    /// Reads the last byte of a file, which is there alone and at its place only when the file has its length.
    private func checkLength(_ name: String, _ length: Int) throws(PickupError) {
        let last = max(length - 1, 0)
        let answer = get(path(name), range: "\(last)-\(last + 1)", limit: 2)
        switch answer.code {
        case CURLE_OK where answer.bytes.count == min(length, 1): return
        case CURLE_OK, CURLE_BAD_DOWNLOAD_RESUME: throw .writeShort
        default: throw PickupError(answer.code)
        }
    }

    /// Whether the server says that it has no room for so much: for a full disk OpenSSH has no word but "failure".
    private func hasNoRoom(for count: Int) -> Bool {
        let answer = command("statvfs \(server.files)")
        var figures: [Substring: Int] = [:]
        for line in String(decoding: answer.bytes, as: UTF8.self).split(whereSeparator: \.isNewline) {
            let parts = line.split(separator: " ")
            if parts.count == 2 { figures[parts[0]] = Int(parts[1]) }
        }
        guard answer.code == CURLE_OK, let blocks = figures["f_bavail:"], let size = figures["f_frsize:"] else {
            return false
        }
        let (room, isHuge) = blocks.multipliedReportingOverflow(by: size)
        return !isHuge && room < count
    }

    private func get(_ path: String, range: String? = nil, limit: Int) -> CurlHandle.Answer {
        call(path, [.number(CURLOPT_UPLOAD, 0), .text(CURLOPT_RANGE, range)]) { handle.perform(taking: limit) }
    }

    /// Has a command done that libcurl knows over SFTP (CURLOPT_QUOTE), and gives what it says.
    private func command(_ text: String) -> CurlHandle.Answer {
        let commands = curl_slist_append(nil, text)
        defer { curl_slist_free_all(commands) }
        let settings: [CurlHandle.Setting] = [
            .number(CURLOPT_UPLOAD, 0), .number(CURLOPT_NOBODY, 1), .list(CURLOPT_QUOTE, commands),
        ]
        return call(server.files + "/", settings) { handle.perform(taking: 4096, isHeader: true) }
    }

    /// One call, within what is left of the time.
    private func call(
        _ path: String, _ settings: [CurlHandle.Setting], _ perform: () -> CurlHandle.Answer
    ) -> CurlHandle.Answer {
        let plain: [CurlHandle.Setting] = [
            .number(CURLOPT_NOBODY, 0), .text(CURLOPT_RANGE, nil), .number(CURLOPT_INFILESIZE, -1),
            .text(CURLOPT_URL, server.url + path),
            .number(CURLOPT_TIMEOUT_MS, max(1, (deadline - .now).milliseconds)),
        ]
        // Freed by whoever made it, so not to be looked at by a later call.
        defer { _ = handle.set([.list(CURLOPT_QUOTE, nil)]) }
        let code = handle.set(plain + settings)
        guard code == CURLE_OK else { return CurlHandle.Answer(code: code, bytes: [], isTooLong: false) }
        var answer = perform()
        // libcurl says so, too, when the connection broke while the server was looking at the key. What libssh2 says then
        // begins with "Waiting for" or "Unable to send".
        if answer.code == CURLE_LOGIN_DENIED, ["Waiting", "send"].contains(where: handle.remark.contains) {
            answer.code = CURLE_RECV_ERROR
        }
        return answer
    }
}

extension Duration {
    /// Whole ones, as libcurl takes them.
    var milliseconds: Int {
        let (seconds, attoseconds) = components
        return Int(seconds) * 1000 + Int(attoseconds / 1_000_000_000_000_000)
    }
}

extension PickupError {
    fileprivate static let unusable = PickupError(
        code: "curl_unusable", text: "libcurl cannot be used: its version may be too old, or it speaks no SFTP",
        isPermanent: true)
    fileprivate static let writeRefused = PickupError(
        code: "write_refused", text: "the server refused to write the file, or the connection broke meanwhile")
    fileprivate static let writeShort = PickupError(
        code: "write_short", text: "the server kept less than it was sent; its disk may be full")

    fileprivate init(_ curl: CURLcode) {
        switch curl {
        case CURLE_COULDNT_CONNECT, CURLE_COULDNT_RESOLVE_HOST:
            self.init(code: "connection_refused", text: "no connection could be made")
        case CURLE_FAILED_INIT:
            self.init(
                code: "handshake_failed",
                text: "the server broke off before the login, has no algorithm in common with us, or serves no SFTP")
        case CURLE_PEER_FAILED_VERIFICATION:
            self.init(
                code: "host_key_changed", text: "the server's host key is not the one that is configured",
                isPermanent: true)
        case CURLE_LOGIN_DENIED:
            self.init(code: "login_denied", text: "the server does not take our key for this user", isPermanent: true)
        case CURLE_REMOTE_ACCESS_DENIED: self = .accessDenied
        case CURLE_OPERATION_TIMEDOUT:
            self.init(code: "answer_timeout", text: "no answer came in time, or it came too slowly")
        case CURLE_ABORTED_BY_CALLBACK: self.init(code: "cancelled", text: "the hub stopped waiting")
        case CURLE_QUOTE_ERROR:
            self.init(
                code: "command_refused",
                text: "the server refused to rename or remove the file, or the connection broke meanwhile")
        case CURLE_SSH, CURLE_SEND_ERROR, CURLE_RECV_ERROR, CURLE_GOT_NOTHING, CURLE_PARTIAL_FILE:
            self.init(code: "connection_lost", text: "the connection broke")
        default:
            self.init(
                code: "sftp_\(curl.rawValue)", text: "the exchange with the server failed (libcurl \(curl.rawValue))")
        }
    }
}
