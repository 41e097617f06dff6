import Channels
import FoundationEssentials

/// A plain e-mail of a few sentences, written by a machine: nothing personal, nothing to be answered.
struct PlainMail: Sendable {
    /// Ours.
    var from: String
    /// An address without anything that a header could end at (``MailHeader/returnAddress``).
    var to: String
    /// In ASCII.
    var subject: String
    /// Header lines besides those that every such mail has.
    var headers: [String] = []
    var text: String

    /// The message with its header (RFC 5322).
    ///
    /// - Parameters:
    ///   - id: The left part of its id.
    ///   - seconds: When it is sent, in seconds since 1970.
    func message(id: String = UUID().uuidString.lowercased(), at seconds: Int64) -> [UInt8] {
        let domain = from.split(separator: "@").last ?? "localhost"
        var lines = [
            "From: <\(from)>", "To: <\(to)>", "Subject: \(subject)", "Date: \(CivilTime.rfc5322(seconds))",
            "Message-ID: <\(id)@\(domain)>",
        ]
        lines += headers
        lines += [
            "MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: base64", "",
        ]
        // In Base64 whatever is in it, and no line is too long or begins with a dot.
        let body = Data(text.split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "\r\n").utf8)
        var rest = Substring(body.base64EncodedString())
        while !rest.isEmpty {
            lines.append(String(rest.prefix(76)))
            rest = rest.dropFirst(76)
        }
        return Array((lines.joined(separator: "\r\n") + "\r\n").utf8)
    }
}
