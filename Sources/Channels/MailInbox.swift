package import Logging
import Synchronization

/// Takes e-mail out of a mailbox over IMAP (RFC 3501): fetch, hand over to be kept, then move away or mark.
///
/// What could not be marked is seen again, so whoever keeps it must know its bytes.
package final class MailInbox: Sendable {
    package struct Configuration: Sendable {
        /// `imaps://host:port`.
        package var url: String
        package var login: MailLogin
        /// The folder that is looked into. Defaults to `INBOX`.
        package var folder: String
        /// The folder into which what was taken is moved (RFC 6851). Left out: it stays, with the keyword `LacHandled`.
        package var doneFolder: String?
        /// Of a longer mail only the header is fetched.
        package var maximumBytes: Int
        /// Between looks.
        package var interval: Duration

        package init(
            url: String, login: MailLogin, folder: String = "INBOX", doneFolder: String? = nil, maximumBytes: Int,
            interval: Duration = .seconds(60)
        ) {
            self.url = url
            self.login = login
            self.folder = folder
            self.doneFolder = doneFolder
            self.maximumBytes = maximumBytes
            self.interval = interval
        }
    }

    /// A mail as it lies in the mailbox.
    package struct Received: Sendable {
        package var bytes: [UInt8]
        /// False for one that is too long: `bytes` are its header alone.
        package var isWhole: Bool
    }

    package enum Disposal: Sendable {
        /// It is kept durably, and dealt with.
        case done
        /// It is handed over again, later and later.
        case leave
    }

    /// A mail that was left, and when it is looked at again.
    private struct Left {
        var times: Int
        var until: ContinuousClock.Instant
    }

    private let configuration: Configuration
    private let thread: MailThread
    private let logger: Logger
    private let handler: @Sendable (Received) async -> Disposal
    private let left = Mutex<[Int: Left]>([:])

    /// Checks the address and the folders' names; does not connect.
    package init(
        configuration: Configuration, logger: Logger, handler: @escaping @Sendable (Received) async -> Disposal
    ) throws(ChannelConfigurationError) {
        guard configuration.url.hasPrefix("imaps://"), !configuration.url.contains("@") else {
            throw ChannelConfigurationError(
                setting: "mail.imap", problem: "not an address of the form imaps://host:port, without credentials")
        }
        for folder in [configuration.folder, configuration.doneFolder].compactMap({ $0 }) {
            // What a quoted string of IMAP may hold (RFC 3501, 9), without what it would have to escape.
            guard !folder.isEmpty, folder.utf8.allSatisfy({ (0x20...0x7E).contains($0) && ![0x22, 0x5C].contains($0) })
            else {
                throw ChannelConfigurationError(
                    setting: "mail.folder", problem: "must be printable ASCII without quotes and backslashes")
            }
        }
        self.configuration = configuration
        self.logger = logger
        self.handler = handler
        thread = MailThread(configuration.login)
    }

    package func shutdown() async { await thread.shutdown() }

    /// Polls until it is cancelled. A failure is logged once per change and waited out.
    package func run() async throws {
        var trouble: String?
        while !Task.isCancelled {
            do throws(MailError) {
                _ = try await poll()
                if trouble != nil { logger.info("the mailbox can be read again") }
                trouble = nil
            } catch {
                if trouble != error.code, !Task.isCancelled {
                    logger.warning(
                        "the mailbox cannot be read", metadata: ["code": "\(error.code)", "cause": "\(error.text)"])
                }
                trouble = error.code
            }
            try await Task.sleep(for: configuration.interval)
        }
    }

    /// One look: everything that waits now, oldest first. Returns how many mails were taken.
    ///
    /// A mail at which a command fails is left and holds up none behind it; three such in a row end the look, since the
    /// server is away then.
    ///
    /// - Throws: The last error, once all that could be taken was taken.
    package func poll() async throws(MailError) -> Int {
        let waiting = Set(try await list())
        left.withLock { left in left = left.filter { waiting.contains($0.key) } }
        var taken = 0
        var failure: MailError?
        var failures = 0
        for uid in waiting.sorted() where !Task.isCancelled {
            if let left = left.withLock({ $0[uid] }), left.until > .now { continue }
            do throws(MailError) {
                if try await take(uid) { taken += 1 }
                failures = 0
            } catch {
                leave(uid)
                failure = error
                failures += 1
                if failures == 3 { throw error }
            }
        }
        if let failure { throw failure }
        return taken
    }

    private func take(_ uid: Int) async throws(MailError) -> Bool {
        // Nothing when somebody else has taken it away since.
        guard let mail = try await fetch(uid) else { return false }
        switch await handler(mail) {
        case .done:
            try await dispose(uid)
            return true
        case .leave:
            leave(uid)
            return false
        }
    }

    /// Whether the mailbox can be read and what was taken can be put away.
    package func check() async throws(MailError) {
        _ = try await list()
        guard let folder = configuration.doneFolder else { return }
        let capabilities = try await ask("CAPABILITY")
        guard capabilities.contains(" MOVE") else {
            throw MailError(code: "no_move", text: "the server cannot move mails: leave `done` out to mark them")
        }
        _ = try await ask("STATUS \"\(folder)\" (MESSAGES)")
    }

    /// A mail that was left waits for a look, for two, for four, an hour at most.
    private func leave(_ uid: Int) {
        left.withLock { left in
            let times = left[uid]?.times ?? 0
            let wait = min(configuration.interval * (1 << min(times, 12)), .seconds(3600))
            left[uid] = Left(times: times + 1, until: .now + wait)
        }
    }

    // MARK: Commands

    private static let keyword = "LacHandled"
    /// A header that is longer is no header that anybody writes.
    private static let longestHeader = 256 << 10

    private func list() async throws(MailError) -> [Int] {
        let unhandled = configuration.doneFolder == nil ? " UNKEYWORD \(Self.keyword)" : ""
        let answer = try await ask("UID SEARCH UNDELETED\(unhandled)")
        var uids: [Int] = []
        for line in answer.split(whereSeparator: \.isNewline) where line.hasPrefix("* SEARCH") {
            uids += line.split(separator: " ").dropFirst(2).compactMap { Int($0) }
        }
        return uids
    }

    private func fetch(_ uid: Int) async throws(MailError) -> Received? {
        let answer = try await ask("UID FETCH \(uid) (RFC822.SIZE)")
        guard let said = answer.firstRange(of: "RFC822.SIZE ") else { return nil }
        guard let size = Int(answer[said.upperBound...].prefix { $0.isNumber }) else { throw .unreadable }
        if size <= configuration.maximumBytes,
            let bytes = try await part("", of: uid, limit: configuration.maximumBytes)
        {
            return Received(bytes: bytes, isWhole: true)
        }
        let header = try await part("/;SECTION=HEADER", of: uid, limit: Self.longestHeader)
        return Received(bytes: header ?? [], isWhole: false)
    }

    /// A part of a mail; nil when it is too long.
    private func part(_ section: String, of uid: Int, limit: Int) async throws(MailError) -> [UInt8]? {
        let url = "\(folderURL)/;UID=\(uid)\(section)"
        do throws(MailError) {
            return try await thread.run { transfer throws(MailError) in try transfer.get(url, limit: limit) }
        } catch .tooLarge {
            return nil
        }
    }

    private func dispose(_ uid: Int) async throws(MailError) {
        if let folder = configuration.doneFolder {
            _ = try await ask("UID MOVE \(uid) \"\(folder)\"")
        } else {
            _ = try await ask("UID STORE \(uid) +FLAGS.SILENT (\(Self.keyword))")
        }
    }

    /// What the server says to a command, in the folder that is looked into.
    private func ask(_ command: String) async throws(MailError) -> String {
        let url = folderURL
        return try await thread.run { transfer throws(MailError) in
            String(decoding: try transfer.get(url, command: command, limit: 4 << 20), as: UTF8.self)
        }
    }

    private var folderURL: String { "\(configuration.url)/\(MESHClient.escaped(configuration.folder))" }
}
