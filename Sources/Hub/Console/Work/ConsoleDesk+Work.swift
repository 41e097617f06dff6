import Console
import HTTPTypes
import Hummingbird
import Postgres
import Referral
import Rights

// What the pages of the section Work share.
extension ConsoleDesk {
    /// The id that stands in a page's address; nil for what is none.
    static func id(_ context: ExchangeContext) -> UUIDValue? {
        context.parameters.get("id").flatMap { UUIDValue($0.lowercased()) }
    }

    /// For an id that nothing has.
    var unknown: Response {
        site.failure(
            .notFound, "Nothing is known of that id", "Go to the list of work, which leads to everything that waits.")
    }

    /// Asks once more.
    func asked(
        _ confirmation: Confirmation, in section: Console.Section = .work, _ open: StaffSessions.Open
    ) -> Response {
        shown(open) { pages.confirm(confirmation, in: section, $0, sections: $1) }
    }

    static func isConfirmed(_ fields: [String: String]) -> Bool { fields[Confirmation.field] == "yes" }

    /// A text that was entered; nil where there is nothing but blanks.
    static func text(_ fields: [String: String], _ name: String) -> String? {
        fields[name].flatMap { text in text.allSatisfy(\.isWhitespace) ? nil : text }
    }

    /// What is wrong with what was entered, at the fields that the page has, in its own words.
    static func mistakes(_ error: RequestError, _ words: [String: String]) -> [(field: String, text: String)] {
        error.findings.map { finding in
            words[finding.path].map { (finding.path, $0) } ?? ("", finding.text)
        }
    }
}
