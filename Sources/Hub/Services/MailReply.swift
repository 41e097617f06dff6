import Channels
import FoundationEssentials

/// The answer to an e-mail: the address of the form, and nothing of what was written (partner interfaces, section 17).
struct MailReply: Sendable {
    /// Ours, in lower case.
    let address: String
    private let portal: String
    private let organisation: String

    init(from address: String, portal: String, organisation: Configuration.Organisation) {
        self.address = address.lowercased()
        self.portal = portal
        self.organisation = organisation.name
    }

    /// The message with its header.
    ///
    /// - Parameters:
    ///   - recipient: An address without anything that a header could end at (``MailHeader/returnAddress``).
    ///   - id: The id of the mail that is answered.
    ///   - at: Seconds since 1970.
    func message(to recipient: String, answering id: String?, at seconds: Int64) -> [UInt8] {
        let text = """
            Thank you for your e-mail to \(organisation). A member of the team will read it.

            E-mail is not a safe way to tell us about somebody. Please use our form instead:

            \(portal)

            If somebody is in danger now, call 999.

            This answer was written by a machine. Please do not reply to it.
            """
        var lines = [
            "From: <\(address)>", "To: <\(recipient)>", "Subject: We have your e-mail",
            "Date: \(CivilTime.rfc5322(seconds))", "Message-ID: <\(UUID().uuidString.lowercased())@\(domain)>",
        ]
        if let id { lines += ["In-Reply-To: \(id)", "References: \(id)"] }
        lines += [
            "Auto-Submitted: auto-replied", "X-Auto-Response-Suppress: All", "MIME-Version: 1.0",
            "Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: base64", "",
        ]
        // In Base64 whatever the organisation is called, and no line is too long or begins with a dot.
        let body = Data(text.split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "\r\n").utf8)
        var rest = Substring(body.base64EncodedString())
        while !rest.isEmpty {
            lines.append(String(rest.prefix(76)))
            rest = rest.dropFirst(76)
        }
        return Array((lines.joined(separator: "\r\n") + "\r\n").utf8)
    }

    private var domain: Substring { address.split(separator: "@").last ?? "localhost" }
}
