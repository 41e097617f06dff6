import Foundation
import Referral
import Testing

@testable import Console

private let reader = Console.Reader(
    account: "a.worker", token: "t0ken", signOutPath: "/out", accountPath: "/me", nonce: "n0nce")
private let console = Console(team: "Example Team")
private let now = Instant(rfc3339: "2026-01-15T12:00:00Z")!
private let id = "01997f2e-6d7a-7c3b-8e4f-1a2b3c4d5f12"
private let other = "01997f2e-6d7a-7c3b-8e4f-1a2b3c4d5f13"
private let script = "<script>alert(1)</script>"

@Suite struct WorkListPageTests {
    private func item(due: String? = nil, explanation: String? = nil) -> WorkList.Item {
        .init(
            id: id, title: "Referral lacks something", urgency: .soon, since: now,
            dueAt: due.flatMap(Instant.init(rfc3339:)), partner: "a<b", code: "missing", explanation: explanation,
            path: Console.itemPath(id), references: [Reference("Referral", other)])
    }

    private func html(
        _ items: [WorkList.Item], chosen: String? = nil, last: String? = nil, isForReader: Bool = true
    )
        -> String
    {
        let kinds = [WorkList.Kind(id: "incomplete_referral", count: items.count, words: "referrals lack something")]
        return console.work(
            WorkList(
                at: now, kinds: items.isEmpty ? [] : kinds, chosen: chosen, items: items, last: last,
                isForReader: isForReader),
            reader, sections: [.flow, .work])
    }

    @Test func `what is overdue is said in words, and what is not yet due is not`() {
        let late = html([item(due: "2026-01-15T11:59:59Z")])
        #expect(late.contains("When there is time: overdue") && late.contains("<dt>Was due</dt>"))
        let early = html([item(due: "2026-01-15T12:00:01Z")])
        #expect(!early.contains("overdue") && early.contains("<dt>Due</dt>"))
        #expect(!html([item()]).contains("Due</dt>"))
    }

    @Test func `an item leads to its page, and each id to its life`() {
        let page = html([item(explanation: "Nothing is <there>.")])
        #expect(page.contains("<h2><a href=\"/console/work/items/\(id)\">Referral lacks something</a></h2>"))
        #expect(page.contains("<dt>Referral</dt><dd><a href=\"/console/messages/\(other)\">\(other)</a></dd>"))
        #expect(page.contains("Nothing is &lt;there&gt;.") && page.contains("<dd>a&lt;b</dd>"))
        #expect(page.contains("<title>1 item waits – Example Team</title>"))
    }

    @Test func `the next page keeps the kind that was chosen`() {
        #expect(Console.workPath(kind: nil) == "/console/work")
        #expect(Console.workPath(kind: "dead_letter", after: id) == "/console/work?kind=dead_letter&after=\(id)")
        let page = html([item()], chosen: "incomplete_referral", last: id)
        #expect(page.contains("?kind=incomplete_referral&amp;after=\(id)\">The next page</a>"))
        #expect(!html([item()]).contains("The next page"))
    }

    @Test func `an empty list says what to do next, to whomever it is empty for`() {
        #expect(html([]).contains("Nothing waits for you") && html([]).contains("appears by itself"))
        #expect(html([], isForReader: false).contains("Your account deals with no work items"))
        #expect(html([], chosen: "withdrawal", isForReader: false).contains("Your account does not deal with these"))
        #expect(html([], chosen: "withdrawal").contains("See all kinds"))
    }
}

@Suite struct MatchReviewPageTests {
    private static func side(_ person: Value, _ address: Value = .object(Object())) -> Value {
        ["person_id": .string(id), "person": person, "address": address]
    }

    private func value(
        state: String = "open", person: Value, known: Value, probability: String = "0.93", decisions: [Value] = []
    ) -> Value {
        [
            "match_id": .string(id), "person_id": .string(id), "known_person_id": .string(other),
            "referral_id": .string(id), "state": .string(state), "code": "looks_alike",
            "person": Self.side(person), "known": Self.side(known),
            "comparison": [
                "weight": .number("12.50"), "probability": .number(probability),
                "evidence": [
                    ["field": "birth_date", "level": "swapped", "weight": .number("8.97")],
                    ["field": "given", "level": "different", "weight": .number("-4.25")],
                    ["field": "phone", "level": "missing", "weight": .number("0.00")],
                ],
            ],
            "decisions": .array(decisions),
        ]
    }

    private func html(_ value: Value, mayDecide: Bool = true, entered: Console.Entered = .init()) throws -> String {
        console.match(
            try #require(MatchReview(value)), because: "They look alike.", next: nil, mayDecide: mayDecide, at: now,
            entered: entered, reader, sections: [.work])
    }

    @Test func `what both say stands side by side, and how it compares in words`() throws {
        let review = try #require(
            MatchReview(
                value(
                    person: [
                        "given": "Liz", "family": "CANARY", "phone": ["1", "2"], "interpreter": true,
                        "identifiers": [["type": "nhs_number", "value": "9990000018", "verified": true]],
                    ],
                    known: ["given": "Elizabeth", "family": "Canary", "phone": ["2", "1"]])))
        #expect(review.facts.map(\.label) == ["Given names", "Family name", "Numbers", "Phone", "Interpreter"])
        #expect(review.facts.map(\.comparison) == [.different, .same, .oneSided, .same, .oneSided])
        #expect(review.facts[2].person == ["NHS number 9990000018 (verified)"])
        #expect(review.facts[4].person == ["Yes"] && review.facts[4].known.isEmpty)
    }

    @Test func `each field says what it speaks for, never by its sign alone`() throws {
        let page = try html(value(person: ["family": "A"], known: ["family": "A"]))
        #expect(page.contains("+8.97 <span class=\"soft\">For one person</span>"))
        #expect(page.contains("−4.25 <span class=\"soft\">Against one person</span>"))
        #expect(page.contains("+0.00 <span class=\"soft\">Says nothing</span>"))
        #expect(page.contains("The same two, exchanged") && page.contains("About 93 in 100"))
    }

    @Test(arguments: [("1.00", "More than 99"), ("0.99", "About 99"), ("0.50", "About 50"), ("0.00", "Fewer than 1")])
    func `nothing is certain before somebody has looked`(probability: String, words: String) throws {
        #expect(try html(value(person: .null, known: .null, probability: probability)).contains("\(words) in 100"))
    }

    @Test func `nothing that a partner wrote is taken for a tag`() throws {
        let page = try html(
            value(
                person: ["given": .string(script), "also_known_as": [.string(script)], "\(script)": .string(script)],
                known: ["given": "A"],
                decisions: [
                    [
                        "at": "2026-01-15T11:00:00Z", "decision": "later", "by": .string(script),
                        "reason": .string(script),
                    ]
                ]),
            entered: .init(fields: ["reason": "</textarea>" + script], mistakes: [("reason", script)]))
        #expect(!page.contains("<script>") && page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"))
        #expect(!page.contains("</textarea>&lt;"))
    }

    @Test func `who may not decide, or comes when it is decided, has no button to decide by`() throws {
        let same: Value = ["family": "A"]
        let decided: [Value] = [["at": "2026-01-15T11:00:00Z", "decision": "same", "by": "staff/b.worker"]]
        #expect(try html(value(person: same, known: same)).contains("value=\"same\""))
        #expect(try !html(value(person: same, known: same), mayDecide: false).contains("name=\"decision\""))
        let over = try html(value(state: "same", person: same, known: same, decisions: decided))
        #expect(!over.contains("value=\"same\"") && over.contains("value=\"undo\""))
        #expect(over.contains("They are one person") && over.contains("No other two wait"))
        #expect(try !html(value(state: "same", person: same, known: same), mayDecide: false).contains("undo"))
    }

    @Test func `what is no such answer is none`() {
        #expect(MatchReview(.null) == nil && MatchReview(["match_id": .string(id)]) == nil)
        #expect(MatchReview(value(state: "merged", person: .null, known: .null)) == nil)
    }
}

@Suite struct LookReviewPageTests {
    private func look(
        isReveal: Bool = false, outcome: String = "card", asked: Value = .null, review: LookReview.Review? = nil
    )
        -> LookReview
    {
        LookReview(
            id: id, at: now, reviewBy: Instant(rfc3339: "2026-01-16T12:00:00Z")!, controlRoom: "Ambulance",
            isReveal: isReveal, outcome: outcome, isOffline: true, isRepeated: true, isUnproved: true, asked: asked,
            found: [
                .init(person: id, told: ["name", "address"], refusal: nil),
                .init(person: other, told: [], refusal: "They said no."),
            ],
            review: review)
    }

    private func html(_ look: LookReview, mayReview: Bool = true, at: Instant = now) -> String {
        console.look(look, next: nil, mayReview: mayReview, at: at, reader, sections: [.work])
    }

    @Test func `who asked, by which way and for whom is named, whatever stands in it`() {
        let asked: Value = [
            "caller_id": .string(script), "incident_ref": "INC-7", "query": ["nhs_number": "9990000018"],
            "call": ["answered_by": "officer-2"], "page": ["proved": false, "reason": "Cardiac arrest"], "odd_one": "x",
            "by": "nhs_number",
        ]
        let details = look(asked: asked).details.map { "\($0.name): \($0.value)" }
        #expect(
            details == [
                "Who asked there: \(script)", "Incident: INC-7", "Asked for: NHS number: 9990000018",
                "Phoned, and called back by: officer-2", "On the page, signed in: No",
                "Why they could not wait to sign in: Cardiac arrest", "Odd one: x",
            ])
        #expect(!html(look(asked: asked)).contains("<script>"))
        #expect(html(look()).contains("can be read no more"))
    }

    @Test func `what was told of each is said, and why nothing was`() {
        let page = html(look())
        #expect(
            page.contains(">\(id)</a>: name, address</li>")
                && page.contains(">\(other)</a>: nothing. They said no.</li>"))
        #expect(page.components(separatedBy: "class=\"odd flag\"").count == 4)
        #expect(look(isReveal: true).outcomeWords == "The code was told")
        #expect(look(isReveal: true, outcome: "none").outcomeWords == "There was no code to tell")
        #expect(look(outcome: "candidates").outcomeWords.contains("only house and first name"))
    }

    @Test func `it is reviewed once, and by whoever may`() {
        #expect(html(look()).contains("Enter the review") && !html(look()).contains("Overdue"))
        #expect(html(look(), at: Instant(rfc3339: "2026-01-17T12:00:00Z")!).contains("Overdue"))
        #expect(!html(look(), mayReview: false).contains("Enter the review"))
        let reviewed = html(look(review: .init(at: now, by: "staff/d.officer", note: script)))
        #expect(
            !reviewed.contains("Enter the review") && reviewed.contains("staff/d.officer")
                && !reviewed.contains("<script>"))
    }
}

@Suite struct ShareReviewPageTests {
    private func share(
        state: String = "parked", awaits: String? = "officer", lacksAuthority: Bool = false
    ) -> ShareReview {
        ShareReview(
            id: id, person: other, recipient: "Adult Social Care", purpose: "safeguarding", level: "identifiable",
            state: state, groups: ["name", "address"], obligations: ["The authority is recorded."],
            requestedBy: "workers/<b>", requestedAt: now, authority: nil, reasons: ["An officer must let it go."],
            code: "officer_approval_required", awaits: awaits, awaitsWords: awaits.map { _ in "the officer" },
            lacksAuthority: lacksAuthority, answers: [])
    }

    private func html(
        _ share: ShareReview, preview: ShareReview.Preview? = nil, answer: Bool = true, cancel: Bool = false,
        mayPreview: Bool = true
    ) -> String {
        console.share(
            share, preview: preview, next: nil, rights: .init(answer: answer, preview: mayPreview, cancel: cancel),
            at: now, reader, sections: [.work])
    }

    @Test func `each button is there for whoever may press it, while it waits`() {
        let buttons = ["approve", "refuse", "preview", "cancel"]
        func shown(_ page: String) -> [String] { buttons.filter { page.contains("value=\"\($0)\"") } }
        #expect(shown(html(share(), cancel: true)) == buttons)
        #expect(shown(html(share(), answer: false)) == ["preview"])
        #expect(shown(html(share(), answer: false, mayPreview: false)).isEmpty)
        #expect(shown(html(share(awaits: nil), answer: false, cancel: true)) == ["preview", "cancel"])
        #expect(shown(html(share(state: "queued"), answer: false, cancel: true)) == ["preview", "cancel"])
        #expect(shown(html(share(state: "delivered"), cancel: true)).isEmpty)
        #expect(html(share(), answer: false).contains("Your account does not give one"))
        #expect(html(share(awaits: nil)).contains("Nobody's answer helps"))
    }

    @Test func `the authority is asked for where none is named`() {
        #expect(html(share(lacksAuthority: true)).contains("name=\"authority_ref\""))
        #expect(!html(share()).contains("name=\"authority_ref\""))
        #expect(html(share()).contains("The authority is recorded.") && html(share()).contains("workers/&lt;b&gt;"))
    }

    @Test(arguments: [
        ("queued", "What may leave", "What is left out"), ("sending", "What may leave", "What is left out"),
        ("delivered", "What was told", "What was left out"),
        ("failed", "What was sent, and is not known to have arrived", "What was left out"),
    ])
    func `what may leave, was told, or may have arrived is told apart`(_ state: String, _ told: String, _ left: String)
    {
        var share = share(state: state)
        (share.told, share.withheld) = (["name"], ["health"])
        let page = html(share)
        #expect(page.contains("<dt>\(told)</dt><dd>name</dd>") && page.contains("<dt>\(left)</dt><dd>health</dd>"))
        share.told = []
        #expect(!html(share).contains(told) && !html(share).contains(left))
    }

    @Test func `what was stopped says by what, in a sentence or by its code`() {
        var share = share(state: "refused")
        share.code = "agreement_withdrawn"
        #expect(!html(share).contains("agreement was withdrawn."))
        share.reasons = []
        #expect(html(share).contains("agreement was withdrawn."))
        share.state = "queued"
        #expect(!html(share).contains("agreement was withdrawn."))
    }

    @Test func `what would leave is shown as it is, and only where it is text`() {
        let text = html(
            share(), preview: .text("{\"a\": \"\(script)\"}", mediaType: "application/json", digest: "ab12"))
        #expect(text.contains("&lt;script&gt;") && !text.contains("<script>") && text.contains("ab12"))
        let bytes = html(share(), preview: .bytes(count: 12_345, mediaType: "application/pdf", digest: "ab12"))
        #expect(bytes.contains("12,345 bytes") && !bytes.contains("<pre"))
        #expect(html(share(), preview: .nothing("The share has ended")).contains("<p>The share has ended.</p>"))
        #expect(!html(share()).contains("What would leave</h2>"))
    }
}

@Suite struct WorkItemPageTests {
    private func html(done: Bool = false, way: Console.WorkItemPage.Way, entered: Console.Entered = .init()) -> String {
        let item = WorkList.Item(
            id: id, title: "Message was set aside", urgency: .today, since: now, dueAt: Instant(microseconds: 0),
            partner: nil, code: script, explanation: nil, path: Console.itemPath(id), references: [])
        return console.item(
            .init(item: item, advice: "Find out why.", done: done ? (by: "staff/<b>", at: now) : nil, way: way),
            next: Console.itemPath(other), at: now, entered: entered, reader, sections: [.work])
    }

    @Test func `it is over by a word, by a permission, or elsewhere`() {
        #expect(html(way: .word).contains("value=\"done\"") && !html(way: .word).contains("permission"))
        #expect(
            html(way: .permission).contains("value=\"permit\"") && !html(way: .permission).contains("value=\"done\""))
        #expect(!html(way: .elsewhere).contains("name=\"do\""))
        #expect(
            html(way: .word).contains("class=\"card bad\"")
                && html(done: true, way: .word).contains("class=\"card calm\""))
        #expect(html(way: .word).contains("Find out why.") && html(way: .word).contains("overdue"))
    }

    @Test func `once it is over it says who said so, and offers the next`() {
        for way in [Console.WorkItemPage.Way.word, .permission, .elsewhere] {
            let page = html(done: true, way: way)
            #expect(page.contains("staff/&lt;b&gt;") && page.contains(Console.itemPath(other)))
            #expect(!page.contains("name=\"do\"") && !page.contains("overdue") && !page.contains("Find out why."))
        }
    }

    @Test func `what was entered wrongly is shown again, and is no tag`() {
        let page = html(
            way: .permission,
            entered: .init(fields: ["permission": "\"><b>"], mistakes: [("permission", "Enter an id")]))
        #expect(
            page.contains("value=\"&quot;&gt;&lt;b&gt;\"") && page.contains("<a href=\"#permission\">Enter an id</a>"))
        #expect(page.contains("<title>Error: Message was set aside") && !page.contains("<script>"))
    }
}

@Suite struct ConfirmationPageTests {
    @Test func `it names the effect, and brings back what was entered`() {
        let page = console.confirm(
            Confirmation(
                "Let it go?", effects: ["It is sent to <b>."], path: "/there",
                fields: [("reason", "\"\n" + script)], deed: "Yes"),
            reader, sections: [.work])
        #expect(page.contains("<li>It is sent to &lt;b&gt;.</li>") && page.contains("action=\"/there\""))
        #expect(page.contains("name=\"confirmed\" value=\"yes\"") && page.contains("name=\"token\" value=\"t0ken\""))
        #expect(page.contains("name=\"reason\" value=\"&quot;\n&lt;script&gt;") && !page.contains("<script>"))
        #expect(page.contains("<a href=\"/there\">Go back without doing it</a>"))
    }
}
