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
        var headers: [String] = []
        if let id { headers += ["In-Reply-To: \(id)", "References: \(id)"] }
        headers += ["Auto-Submitted: auto-replied", "X-Auto-Response-Suppress: All"]
        return PlainMail(
            from: address, to: recipient, subject: "We have your e-mail", headers: headers, text: text
        ).message(at: seconds)
    }
}
