/// One thing that was tried on the way to a partner, without any personal data.
package struct ProbeStep: Sendable, Hashable {
    package enum Outcome: Sendable, Hashable {
        case passed
        /// `code` is that of a delivery which ended so.
        case failed(code: String)
    }

    /// What was tried, in a few words.
    package var what: String
    package var outcome: Outcome
    /// What was seen, in plain words.
    package var text: String

    package init(_ what: String, _ outcome: Outcome, _ text: String) {
        self.what = what
        self.outcome = outcome
        self.text = text
    }

    package static func passed(_ what: String, _ text: String) -> Self { Self(what, .passed, text) }
    package static func failed(_ what: String, code: String, _ text: String) -> Self {
        Self(what, .failed(code: code), text)
    }

    package var isPassed: Bool { outcome == .passed }
}
