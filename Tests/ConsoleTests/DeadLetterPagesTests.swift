import Foundation
import Referral
import Testing

@testable import Console

@Suite struct DeadLetterPagesTests {
    private let console = Console(team: "Example Team")
    private let reader = Console.Reader(
        account: "an.operator", token: "t0ken", signOutPath: "/out", accountPath: "/me", nonce: "n0nce")
    private let now = Instant(rfc3339: "2026-01-15T12:00:00Z")!

    private func ago(_ minutes: Int64) -> Instant { Instant(microseconds: now.microseconds - minutes * 60_000_000) }

    private func group(
        _ code: String, _ count: Int = 1, last minutes: Int64 = 120, owner: String? = nil, text: String = ""
    ) -> CauseGroup {
        CauseGroup(
            queue: "out.derby_homes", queueName: "Messages to Derby Homes", fingerprint: -2, code: code, text: text,
            count: count, firstDied: ago(minutes + 10), lastDied: ago(minutes), owner: owner)
    }

    private func list(_ groups: [CauseGroup], ofQueue queue: String? = nil) -> String {
        console.deadLetters(groups, ofQueue: queue, at: now, reader, sections: [.deadLetters])
    }

    private func cause(
        _ group: CauseGroup? = nil, owner: String? = nil, note: CausePage.Note? = nil,
        letters: [CausePage.Letter] = [], next: String? = nil, replays: [ReplayProgress] = []
    ) -> CausePage {
        CausePage(
            queue: "out.derby_homes", queueName: "Messages to Derby Homes", fingerprint: -2, group: group, owner: owner,
            note: note, letters: letters, isFirst: true, next: next, replays: replays)
    }

    private func html(_ page: CausePage, mayMend: Bool = true, draft: (text: String, mistake: String)? = nil) -> String
    {
        console.cause(page, mayMend: mayMend, draft: draft, at: now, reader, sections: [.deadLetters])
    }

    private func replay(
        _ state: ReplayProgress.State, begins seconds: Int64 = 8, wanted: Int = 3, replayed: Int = 0, whole: Bool = true
    ) -> ReplayProgress {
        ReplayProgress(
            id: "01997f2e-6d7a-7c3b-8e4f-1a2b3c4d5f12", queue: "out.derby_homes", queueName: "Messages to Derby Homes",
            fingerprint: -2, code: "http_422", isOfWholeGroup: whole, state: state, askedAt: now,
            beginsAt: Instant(microseconds: now.microseconds + seconds * 1_000_000), endedAt: nil,
            askedBy: "an.operator", cancelledBy: "c.worker", wanted: wanted, replayed: replayed)
    }

    private func html(_ replay: ReplayProgress, mayMend: Bool = true) -> String {
        console.replay(replay, mayMend: mayMend, at: now, reader, sections: [.deadLetters])
    }

    @Test func `a group is called in an address what commands call it, and nothing else is taken for it`() {
        #expect(CauseGroup.id(-2) == "fffffffffffffffe" && CauseGroup.fingerprint("fffffffffffffffe") == -2)
        #expect(CauseGroup.id(10) == "a" && CauseGroup.fingerprint("a") == 10)
        for odd in ["", "A", "0a", "+a", "-a", "a ", "g", "10000000000000000", "a/b"] {
            #expect(CauseGroup.fingerprint(odd) == nil, "\(odd)")
        }
    }

    @Test func `what presses most comes first`() {
        let groups = [
            group("owned", 900, last: 1, owner: "c.worker"), group("small", 1), group("large", 50),
            group("growing", 2, last: 59), group("ended", 49, last: 60),
        ]
        #expect(CauseGroup.pressing(groups, at: now).map(\.code) == ["growing", "large", "ended", "small", "owned"])
    }

    @Test func `a cause is told in words, and one that has none by its name`() {
        #expect(CauseWords.words("connect_timeout") == "The recipient cannot be reached")
        #expect(CauseWords.words("http_422") == "The recipient refused it (HTTP 422)")
        #expect(CauseWords.words("http_503") == "The recipient's system failed (HTTP 503)")
        #expect(CauseWords.words("quite_new") == "Quite new")
    }

    @Test func `the list says how many there are, of what, and who looks after them`() {
        let page = list([
            group("http_422", 1_200, last: 5, text: "<b>status</b>"), group("internal", owner: "c.worker"),
        ])
        #expect(page.contains("<title>1,201 dead letters of 2 causes – Example Team</title>"))
        #expect(
            page.contains("<a href=\"/console/dead-letters/out.derby_homes/fffffffffffffffe\">The recipient refused it")
        )
        #expect(page.contains("<code>http_422</code>: &lt;b&gt;status&lt;/b&gt;") && page.contains("within the hour"))
        #expect(page.contains("<dd>nobody</dd>") && page.contains("<dd>c.worker</dd>"))
        #expect(!page.contains("a note</dd>") && !page.contains("more causes"))
    }

    @Test func `with none it says so, and with very many it shows the most pressing`() {
        #expect(list([]).contains("Nothing is set aside") && list([]).contains("<title>No dead letters"))
        let many = list((0..<130).map { group("c\($0)", $0 + 1) })
        #expect(many.components(separatedBy: "<h2>").count == 101 && many.contains("And 30 more causes"))
        #expect(many.contains("<code>c129</code>") && !many.contains("<code>c29</code>"))
        #expect(list([], ofQueue: "Referrals to be worked on").contains("Show those of all queues"))
    }

    @Test func `who may mend sees the buttons, who may only look sees none`() {
        let letter = CausePage.Letter(id: "77", about: nil, diedAt: ago(3), attempts: 2)
        let note = CausePage.Note(
            text: "</textarea><script>alert(1)</script>", changedBy: "c.worker", changedAt: ago(9))
        let page = cause(group("http_422", 40), note: note, letters: [letter], next: "5-77")
        let mending = html(page)
        #expect(mending.contains("Try all 40 again</button>") && mending.contains("name=\"message\" value=\"77\""))
        #expect(mending.contains("I look after this") && !mending.contains("Nobody looks after this</button>"))
        #expect(mending.contains("?from=5-77\">Earlier ones") && mending.contains("href=\"/console/messages/77\""))
        #expect(!mending.contains("<script>") && mending.contains("&lt;/textarea&gt;&lt;script&gt;"))
        let looking = html(page, mayMend: false)
        #expect(!looking.contains("Try all") && !looking.contains("textarea id") && !looking.contains("value=\"77\""))
        #expect(looking.contains("<p class=\"note\">&lt;/textarea&gt;"))
    }

    @Test func `whoever looks after it can stop to, and others can take it over`() {
        let own = html(cause(group("x"), owner: "an.operator"))
        #expect(own.contains("Nobody looks after this</button>") && !own.contains("I look after this"))
        let other = html(cause(group("x"), owner: "c.worker"))
        #expect(other.contains("Nobody looks after this</button>") && other.contains("I look after this"))
    }

    @Test func `a note that is not taken is shown again with what is wrong`() {
        let page = html(cause(group("x")), draft: ("too <long>", "The note has 1001 characters"))
        #expect(page.contains("<title>Error: ") && page.contains("aria-describedby=\"note-hint note-error\""))
        #expect(page.contains("too &lt;long&gt;</textarea>") && page.contains("<a href=\"#note\">The note has 1001"))
    }

    @Test func `a group is asked for once: while it is under way its page leads there`() {
        let going = html(cause(group("x", 9), replays: [replay(.running)]))
        #expect(!going.contains("Try all 9 again") && going.contains("see how far it is, or stop it"))
        #expect(html(cause(group("x", 9), replays: [replay(.done)])).contains("Try all 9 again"))
        #expect(html(cause(group("x", 9), replays: [replay(.running, whole: false)])).contains("Try all 9 again"))
    }

    @Test func `a group of which none is left says what became of it`() {
        let page = html(cause(replays: [replay(.done, replayed: 3)]))
        #expect(
            page.contains("None is set aside for this cause any more")
                && page.contains("All 3 are back in their queue."))
        #expect(page.contains("<h1>The recipient refused it (HTTP 422)</h1>") && !page.contains("Try all"))
    }

    @Test func `how far it has come is said in words`() {
        #expect(replay(.waiting).words(at: now) == "It begins in 8 seconds. Nothing has been done yet.")
        #expect(replay(.waiting, begins: 1).words(at: now).hasPrefix("It begins in 1 second."))
        #expect(replay(.waiting, begins: 0).words(at: now) == "It begins now.")
        #expect(replay(.waiting, begins: -60).words(at: now).contains("no process of the hub has taken it up"))
        #expect(
            replay(.running, wanted: 9_000, replayed: 1_000).words(at: now) == "1,000 of 9,000 are back in their queue."
        )
        #expect(replay(.done, wanted: 1, replayed: 1).words(at: now) == "The message is back in its queue.")
        #expect(replay(.done, replayed: 2).words(at: now).contains("The others had been brought back or ended before."))
        #expect(
            replay(.cancelled).words(at: now)
                == "Undone by c.worker. Nothing was brought back: the 3 messages are set aside as before.")
        #expect(replay(.cancelled, replayed: 1).words(at: now).hasPrefix("Stopped by c.worker. 1 of 3 are back"))
        #expect(replay(.failed, replayed: 1).words(at: now).contains("nothing is lost"))
    }

    @Test func `its page loads again when there is something to see, and not when it is over`() {
        #expect(replay(.waiting).refresh(at: now) == 9 && replay(.waiting, begins: -5).refresh(at: now) == 2)
        #expect(replay(.running).refresh(at: now) == 2 && replay(.done).refresh(at: now) == nil)
        #expect(replay(.cancelled).refresh(at: now) == nil && replay(.failed).refresh(at: now) == nil)
    }

    @Test func `it can be undone while it waits, stopped while it runs, and neither when it is over`() {
        #expect(html(replay(.waiting)).contains(">Undo</button>") && !html(replay(.waiting)).contains("<progress"))
        let running = html(replay(.running, wanted: 9, replayed: 4))
        #expect(running.contains(">Stop</button>") && running.contains("<progress max=\"9\" value=\"4\""))
        #expect(!html(replay(.running), mayMend: false).contains("/cancel"))
        let done = html(replay(.done, replayed: 3))
        #expect(!done.contains("/cancel") && done.contains("See what is still set aside"))
    }

    // MARK: Drafts

    private func html(_ result: DraftPage.Result?, text: String = "notes: RF1-3") -> String {
        console.draft(
            DraftPage(
                queue: "intake", fingerprint: 10, code: "database",
                files: ["uhdb/referral.map.yaml", "uhdb/update.map.yaml"],
                file: "uhdb/update.map.yaml", text: text, result: result),
            reader, sections: [.deadLetters])
    }

    @Test func `what a draft changes is told by field and number, and what it gets wrong by line`() {
        let changed = html(
            .tried(
                documents: 3, changed: 1,
                [.init(path: "referral.person.dob", documents: 1, before: "nothing", after: "a text of 10 characters")])
        )
        #expect(
            changed.contains("The draft changes 1 of the 3 documents") && changed.contains("a text of 10 characters"))
        #expect(changed.contains("<option value=\"uhdb/update.map.yaml\" selected>"))
        #expect(html(.tried(documents: 3, changed: 0, [])).contains("changes nothing in the 3 documents"))
        #expect(html(.tried(documents: 0, changed: 0, [])).contains("There is no document of this group"))
        let mistaken = html(.mistakes(["uhdb/a:1: <x>"]), text: "</textarea><script>")
        #expect(mistaken.contains("<title>Error: ") && mistaken.contains("uhdb/a:1: &lt;x&gt;"))
        #expect(!mistaken.contains("<script>") && mistaken.contains("&lt;/textarea&gt;&lt;script&gt;"))
    }

    @Test func `a value is told by its sort alone`() {
        let values: [Value] = [.null, .string("Flower"), .number("7"), .bool(true), .array([.null]), ["a": .null]]
        #expect(
            values.map(\.masked) == [
                "nothing", "a text of 6 characters", "a number", "yes or no", "a list of 1", "an entry",
            ])
    }

    @Test func `whoever may read documents is led to drafts, while there is something to try them on`() {
        func page(_ mayTry: Bool, _ group: CauseGroup?) -> String {
            console.cause(
                cause(group), mayMend: false, mayTryDraft: mayTry, at: now, reader, sections: [.deadLetters])
        }
        #expect(page(true, group("x")).contains("/draft\">Try a draft of the mapping on them first"))
        #expect(!page(false, group("x")).contains("/draft") && !page(true, nil).contains("/draft"))
    }
}
