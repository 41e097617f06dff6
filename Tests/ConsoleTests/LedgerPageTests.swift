import Referral
import Testing

@testable import Console

@Suite struct LedgerPageTests {
    private let console = Console(team: "Example")
    private let reader = Console.Reader(
        account: "an.auditor", token: "t0ken", signOutPath: "/out", accountPath: "/me", nonce: "n0nce")
    private let now = Instant(rfc3339: "2026-07-01T12:00:00Z")!

    private func entry(_ position: Int, isErased: Bool = false) -> LedgerBook.Entry {
        let event = Life.Event(
            at: now, kind: "share_decided", id: "01997f2e-6d7a-7c3b-8e4f-1a2b3c4d5f12",
            details: [("actor", "<b>hub</b>"), ("outcome", "DENY"), ("share", "01997f2e-6d7a-7c3b-8e4f-1a2b3c4d5f13")])
        return .init(position: position, event: isErased ? nil : event, at: now)
    }

    private func page(_ entries: [LedgerBook.Entry], _ check: LedgerBook.Check = .never, isFirst: Bool = true) -> String
    {
        console.ledger(
            .init(size: 1_234, entries: entries, check: check), isFirst: isFirst, at: now, reader, sections: [.ledger])
    }

    @Test func `entries lead to their pages and to the lives of their ids, and older ones are a link further`() {
        let html = page([entry(1_233), entry(1_232)])
        #expect(html.contains(#"<a href="/console/ledger/1233">It may not leave"#))
        #expect(html.contains(#"href="/console/messages/01997f2e-6d7a-7c3b-8e4f-1a2b3c4d5f13""#))
        #expect(html.contains(#"href="/console/ledger?before=1232""#) && !html.contains("Back to the newest"))
        #expect(html.contains("1,234 entries") && html.contains("&lt;b&gt;hub") && !html.contains("<b>hub"))
        let last = page([entry(1), entry(0)], isFirst: false)
        #expect(!last.contains("before=") && last.contains("Back to the newest"))
    }

    @Test func `what was destroyed is said of an entry that has no words left`() {
        #expect(page([entry(5, isErased: true)]).contains("What this entry said was destroyed"))
        let html = console.ledgerEntry(entry(5, isErased: true), size: 9, at: now, reader, sections: [.ledger])
        #expect(html.contains("What this entry said was destroyed") && html.contains("/console/ledger/5/proof.json"))
    }

    @Test func `a ledger that does not hold is in the title, and while it is checked nobody begins again`() {
        let broken = page([], .broken("entry 7 is missing", at: now))
        #expect(broken.contains("<title>The ledger does not hold") && broken.contains("entry 7 is missing"))
        #expect(page([], .never).contains("Check it now") && !page([], .running(since: now)).contains("Check it now"))
        #expect(
            page([], .held(entries: 1_234, checkpoints: 2, erased: 1, at: now)).contains(
                "It holds: 1,234 entries, of which 1 were destroyed as they had to be, and 2 signed checkpoints."))
    }

    @Test func `an empty ledger says so`() {
        let html = console.ledger(
            .init(size: 0, entries: [], check: .never), isFirst: true, at: now, reader, sections: [.ledger])
        #expect(html.contains("Nothing has been entered yet") && !html.contains("<ol"))
    }
}
