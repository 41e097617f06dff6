import Mustache

/// The page on which staff see the documents that wait for them, and fetch one, as HTML. Everything goes through Mustache's
/// `{{…}}`, which escapes it.
package struct DocumentPages: Sendable {
    /// A document that waits: whose it is shows only in it.
    package struct Document: Sendable, Hashable {
        package var share: String
        package var recipient: String
        package var purpose: String
        /// The day since which it waits.
        package var since: String

        package init(share: String, recipient: String, purpose: String, since: String) {
            self.share = share
            self.recipient = recipient
            self.purpose = purpose
            self.since = since
        }
    }

    private let team: String
    private let path: String
    private let formPath: String

    /// - Parameters:
    ///   - team: the name that the page shows
    ///   - path: where it is served, such as `/staff/documents`
    ///   - formPath: where staff enter a referral
    package init(team: String, path: String, formPath: String) {
        self.team = team
        self.path = path
        self.formPath = formPath
    }

    /// The documents in their order.
    package func list(_ documents: [Document], _ session: StaffForm.Session) -> String {
        let title = "Documents to fetch"
        let values: [String: Any] = [
            "title": title, "heading": title, "team": team, "path": formPath,
            "fetchPath": path, "token": session.token,
            "session": session.view,
            "isEmpty": documents.isEmpty,
            "documents": documents.map { document -> [String: Any] in
                [
                    "share": document.share, "recipient": document.recipient,
                    "purpose": document.purpose.replacing("_", with: " "), "since": document.since,
                ]
            },
        ]
        return FormPages.library.render(values, withTemplate: "documents") ?? ""
    }
}
