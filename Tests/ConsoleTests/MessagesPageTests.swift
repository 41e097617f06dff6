import Foundation
import Referral
import Testing

@testable import Console

@Suite struct MessagesPageTests {
    private let console = Console(team: "Example <Team>")
    private let reader = Console.Reader(
        account: "a.worker", token: "t0ken", signOutPath: "/out", accountPath: "/me", nonce: "n0nce")
    private let now = Instant(rfc3339: "2026-07-01T12:00:00Z")!
    private let choices = MessageFilter.Choices(
        senders: [("uhdb", "The <Trust>")], channels: [("https", "HTTP")], states: [("incomplete", "Incomplete")],
        causes: [("missing", "Something is missing")])

    private func html(_ parameters: [String: String] = [:], change: (inout MessageList) -> Void = { _ in }) -> String {
        var list = MessageList(
            reading: MessageFilter.read(parameters, choices), choices: choices, mostInFile: 10_000,
            maySearchPersons: false)
        change(&list)
        return console.messages(list, at: now, reader, sections: [.messages])
    }

    private func row(
        state: String = "incomplete", causes: [String] = ["missing"], referrals: Int = 1, hasOpenWork: Bool = false
    ) -> MessageList.Row {
        .init(
            receipt: "the-receipt", at: now, sender: "uhdb", channel: "staff_form", format: "hl7v2", state: state,
            causes: causes, referrals: (0..<referrals).map { "referral-\($0)" }, hasMoreReferrals: false,
            hasOpenWork: hasOpenWork)
    }

    @Test func `a line says when, from whom, how and where it stands, and leads to its life`() {
        let page = html { $0.rows = [row(hasOpenWork: true)] }
        #expect(page.contains("Incomplete</span>, from The &lt;Trust&gt; by Staff’s form (HL7 v2)"))
        #expect(page.contains("href=\"/console/messages/the-receipt\""))
        #expect(page.contains("href=\"/console/messages/referral-0\"") && page.contains("Something is missing."))
        #expect(page.contains("datetime=\"2026-07-01T12:00:00Z\"") && page.contains("Needs somebody"))
    }

    @Test func `of a file of many no more than three referrals stand in its line`() {
        let page = html { $0.rows = [row(referrals: 4)] }
        #expect(page.contains("referral-2") && !page.contains("referral-3") && page.contains("and more"))
        #expect(!html { $0.rows = [row(referrals: 3)] }.contains("and more"))
    }

    @Test func `pages and files are of the filter`() {
        let page = html(["sender": "uhdb", "state": "incomplete"]) {
            $0.edges = .init(isBeginning: false, newerThan: "n", olderThan: "o")
        }
        for address in [
            "/console/messages?sender=uhdb&amp;state=incomplete\"",
            "/console/messages?sender=uhdb&amp;state=incomplete&amp;newer=n",
            "/console/messages?sender=uhdb&amp;state=incomplete&amp;older=o",
            "/console/messages.csv?sender=uhdb&amp;state=incomplete",
        ] {
            #expect(page.contains("href=\"\(address)"), "\(address)")
        }
        #expect(page.contains("<option value=\"uhdb\" selected>"))
    }

    @Test func `an empty list says what to do next`() {
        #expect(html().contains("Nothing has come yet"))
        #expect(html(["state": "incomplete"]).contains("No message fits"))
        let looked = html(["state": "incomplete"]) { $0.edges = .init(olderThan: "o", lookedBackTo: now) }
        #expect(looked.contains("Look further back") && !looked.contains("No message fits"))
        // Of newer ones, too, only so many are looked at; what was passed on the way is still there.
        let newer = html(["state": "incomplete"]) {
            $0.edges = .init(isBeginning: false, newerThan: "n", olderThan: "n", isCutShort: true)
        }
        #expect(newer.contains("None of those that were looked at fits") && newer.contains(">Older</a>"))
        #expect(
            html(["state": "incomplete"]) { $0.edges = .init(isBeginning: false) }.contains("No further message fits"))
    }

    @Test func `a mistake is in the title and at its field, and nothing is listed`() {
        let page = html(["sender": "<script>alert(1)</script>", "from": "2026-03-02", "to": "2026-03-01"])
        #expect(
            page.contains("<title>Error: Messages") && page.contains("href=\"#sender\"")
                && page.contains("id=\"to-error\""))
        #expect(!page.contains("<script>") && !page.contains("messages.csv"))
    }

    @Test func `one's own lists can be deleted, those of others not, and what was typed is text`() {
        let page = html {
            $0.saved = [
                .init(id: "mine", name: "<b>Mine</b>", query: "state=incomplete", isShared: true, owner: nil),
                .init(id: "theirs", name: "Theirs", query: "", isShared: true, owner: "b.worker"),
            ]
            $0.typedName = "\"><script>"
        }
        #expect(page.contains("saved/mine/deletion") && !page.contains("saved/theirs"))
        #expect(page.contains("&lt;b&gt;Mine") && !page.contains("<script>") && page.contains("shared by b.worker"))
    }

    @Test func `who may not read referrals is not led to the search for persons`() {
        #expect(!html().contains("href=\"/console/persons\""))
        #expect(html { $0.maySearchPersons = true }.contains("href=\"/console/persons\""))
    }
}
