/// Why a message was set aside, as somebody would say it.
enum CauseWords {
    /// Of a code of a cause; one that has no words of its own is told by its name.
    static func words(_ code: String) -> String {
        if let known = known[code] { return known }
        if code.hasPrefix("http_4") { return "The recipient refused it (\(spaced(code)))" }
        if code.hasPrefix("http_5") { return "The recipient's system failed (\(spaced(code)))" }
        return spaced(code)
    }

    private static func spaced(_ code: String) -> String {
        let words = code.replacing("_", with: " ")
        if code.hasPrefix("http_") { return "HTTP\(words.dropFirst(4))" }
        return words.prefix(1).uppercased() + words.dropFirst()
    }

    private static let known = [
        "agreement_withdrawn": "The person's agreement was withdrawn",
        "answer_mismatch": "The recipient's answer is to something else",
        "answer_timeout": "The recipient did not answer in time",
        "answer_unreadable": "The recipient's answer cannot be read",
        "channel_not_configured": "The hub has no way to the recipient",
        "connect_timeout": "The recipient cannot be reached",
        "connection_lost": "The connection to the recipient broke off",
        "connection_refused": "The recipient takes no connections",
        "database": "The hub's database refused it",
        "deadline_passed": "It was not delivered while it was worth delivering",
        "disk_full": "A disk is full",
        "document_destroyed": "Its document was destroyed",
        "document_missing": "Its document is missing",
        "endpoint_unreachable": "The recipient cannot be reached",
        "exercise_closed": "The day for it is over",
        "internal": "Something in the hub itself failed",
        "lease_lost": "Whatever works on it breaks down",
        "login_denied": "The recipient does not let the hub in",
        "mail_refused": "The recipient's mail server refused it",
        "name_not_found": "The recipient's address is not known",
        "obligation_unmet": "A condition of its release is not met",
        "outcome_unknown": "It is unknown whether it arrived",
        "payload_unknown": "The hub cannot tell what it is",
        "record_erased": "The person was erased",
        "referral_withdrawn": "The referral was withdrawn",
        "render_failed": "It cannot be put into the recipient's form",
        "tls_failed": "No secure connection to the recipient",
    ]
}
