package import Channels
import Crypto
import Foundation
package import Logging

/// An NHS trust's end of MESH: fetches what is in its mailbox, looks whether it is HL7, keeps a line of it, acknowledges.
package struct TrustSimulator: Sendable {
    private let inbox: MESHInbox

    /// - Parameters:
    ///   - client: the trust's mailbox, not the hub's.
    ///   - journal: a file; `nil` keeps it in memory.
    ///   - interval: between looks; MESH itself asks for five minutes, the sandbox for nothing.
    ///   - say: takes one line per message. No personal data.
    package init(
        client: MESHClient, journal: String? = nil, interval: Duration = .seconds(2), logger: Logger,
        say: @escaping @Sendable (String) -> Void
    ) throws {
        let journal = try Journal(path: journal)
        inbox = MESHInbox(client: client, interval: interval, logger: logger) { found in
            guard case .message(let message) = found, let control = Self.controlID(message.bytes) else {
                say("trust                  by MESH  not HL7: left in the mailbox")
                return .leave
            }
            let line = journal.note(key: control, sha256: Hexadecimal.text(SHA256.hash(data: message.bytes)))
            say("trust                  HL7 v2 by MESH  received \(line.seen)  control id \(control)")
            return .acknowledge
        }
    }

    /// Reads until it is cancelled.
    package func run() async throws { try await inbox.run() }

    /// One look. Returns how many messages were taken.
    package func poll() async throws -> Int { try await inbox.poll() }

    /// MSH-10, which the sender repeats on a retry; `nil` when the bytes are no referral message with a patient in it.
    package static func controlID(_ bytes: [UInt8]) -> String? {
        let segments = String(decoding: bytes, as: UTF8.self).split(whereSeparator: {
            $0 == "\r" || $0 == "\n" || $0 == "\r\n"
        })
        guard let first = segments.first, first.hasPrefix("MSH|"), segments.contains(where: { $0.hasPrefix("PID|") })
        else { return nil }
        // MSH-1 is the separator itself, so the tenth field is the ninth after splitting.
        let fields = first.split(separator: "|", omittingEmptySubsequences: false)
        return fields.count > 9 && !fields[9].isEmpty ? String(fields[9]) : nil
    }
}
