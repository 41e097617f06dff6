import Foundation
import Referral
import Testing

@testable import Console

@Suite struct LifePageTests {
    private let console = Console(team: "Example Team")
    private let reader = Console.Reader(
        account: "a.worker", token: "t0ken", signOutPath: "/out", accountPath: "/me", nonce: "n0nce")
    private let now = Instant(rfc3339: "2026-01-15T12:00:00Z")!
    private let id = "01997f2e-6d7a-7c3b-8e4f-1a2b3c4d5f12"
    private let other = "01997f2e-6d7a-7c3b-8e4f-1a2b3c4d5f13"

    private func event(
        _ kind: String, _ details: [(name: String, words: String)] = [], queueEvent: String? = nil
    ) -> Life.Event {
        .init(at: now, kind: kind, queueEvent: queueEvent, id: "77", details: details)
    }

    private func html(_ events: Life.Event...) -> String {
        console.life(Life(id: id, events: events), at: now, reader, sections: [.flow, .messages])
    }

    @Test func `what went otherwise than it should stands out, and steps stand back`() {
        #expect(event("share_decided", [("outcome", "DENY")]).weight == .trouble)
        #expect(event("share_decided", [("outcome", "PERMIT_REDUCED")]).weight == .turn)
        #expect(event("release_outcome", [("outcome", "delivered")]).weight == .turn)
        #expect(event("release_outcome", [("outcome", "failed")]).weight == .trouble)
        #expect(event("submission_finished", [("state", "rejected")]).weight == .trouble)
        #expect(event("queue", queueEvent: "dead_lettered").weight == .trouble)
        #expect(event("queue", queueEvent: "retried").weight == .step)
        let page = html(event("submission_received"), event("queue", queueEvent: "enqueued"), event("work_item"))
        #expect(page.components(separatedBy: "Look at this").count == 2)
        #expect(page.contains("2 events and 1 step between them"))
    }

    @Test func `a decision says what it was, and why`() {
        var decided = event("share_decided", [("outcome", "DENY"), ("reason", "no_agreement")])
        decided.explanation = "Nobody <agreed>."
        let page = html(decided, event("work_item", [("done", ""), ("actor", "a.worker")]))
        #expect(
            page.contains("<h2>It may not leave <span") && page.contains("<p class=\"why\">Nobody &lt;agreed&gt;.</p>"))
        #expect(page.contains("<h2>Somebody has looked at it</h2>"))
        #expect(page.components(separatedBy: "class=\"why\"").count == 2)
    }

    @Test func `another id leads to its own life, and this one does not`() {
        let page = html(event("referral_stored", [("referral", other), ("submission", id), ("state", "accepted")]))
        #expect(page.contains("<dd><a href=\"/console/messages/\(other)\">\(other)</a></dd>"))
        #expect(page.contains("<dt>submission</dt><dd>\(id)</dd>") && page.contains("<dt>state</dt><dd>accepted</dd>"))
    }

    @Test func `an id of which there is no life leads nowhere`() {
        for name in ["agreement_version", "credential", "api_key", "account", "match", "message"] {
            #expect(html(event("partner_changed", [(name, other)])).contains("<dd>\(other)</dd>"), "\(name)")
        }
    }

    @Test func `a kind that the page does not know is told by its name, and nothing is taken for a tag`() {
        let page = html(event("brand_new", [("ca<use", "<svg onload=alert(1)>")]))
        #expect(page.contains("<h2>brand new</h2>") && !page.contains("<svg") && page.contains("&lt;svg onload"))
    }

    @Test func `what is asked for and not found is shown again with what is wrong`() {
        let page = console.find(
            asked: "\"><b>", mistake: "Nothing is known of that id", reader, sections: [.flow, .messages])
        #expect(page.contains("value=\"&quot;&gt;&lt;b&gt;\"") && page.contains("<title>Error: Find a message"))
        #expect(page.contains("aria-describedby=\"id-hint id-error\""))
        #expect(!console.find(reader, sections: [.messages]).contains("There is a problem"))
    }
}
