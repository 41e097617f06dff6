import Foundation
import Testing

@testable import Forms

@Suite struct DocumentPagesTests {
    private let pages = DocumentPages(
        team: "Example <Team>", path: "/staff/documents", formPath: "/staff/referral")
    private let session = StaffForm.Session(
        staff: "a.worker", token: "t0ken", signOutPath: "/out", accountPath: "/account")
    private let document = DocumentPages.Document(
        share: "01997f2e-6d7a-7c3b-8e4f-1a2b3c4d5f12", recipient: "subject<b>", purpose: "subject_rights",
        since: "2026-11-29")

    @Test func `each document has a form of its own, and nothing in it is taken for a tag`() {
        let html = pages.list([document, document], session)
        #expect(html.components(separatedBy: "<form method=\"post\" action=\"/staff/documents\">").count == 3)
        #expect(html.contains("subject rights, for subject&lt;b&gt;") && !html.contains("<b>"))
        #expect(html.contains("Example &lt;Team&gt;") && html.contains("name=\"token\" value=\"t0ken\""))
        #expect(html.contains("href=\"/staff/referral/form.css\"") && !html.contains("No document waits"))
    }

    @Test func `no document is said in words`() {
        #expect(pages.list([], session).contains("No document waits"))
    }
}
