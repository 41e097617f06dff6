import Foundation
import Referral
import Testing

@testable import Console

@Suite struct DocumentPageTests {
    private let console = Console(team: "Example")
    private let reader = Console.Reader(
        account: "c.worker", token: "t0ken", signOutPath: "/out", accountPath: "/me", nonce: "n0nce")
    private let id = "01997f2e-6d7a-7c3b-8e4f-1a2b3c4d5f12"
    private let ask = "01997f2e-6d7a-7c3b-8e4f-1a2b3c4d5f99"

    private func sheet(_ count: Int = 3, from first: Int = 0) -> DocumentSheet {
        let values = (0..<count).map { HiddenValue(.received, $0, "PID-\($0 + 1)") }
        var family = HiddenValue(.understood, 0, "Family name")
        family.links = [.init(.received, 1, "PID-2"), .init(.received, 301, "PID-302")]
        family.notes = ["What was done: upper_case"]
        let type = HiddenValue(.understood, 1, "Kind of message", code: "referral")
        let range = first..<min(first + DocumentSheet.length, count)
        return DocumentSheet(
            id: id, submission: id, referral: nil,
            received: .shown(
                .init(
                    format: "HL7 v2", groups: [.init(heading: "PID", values: Array(values[range]))], range: range,
                    count: count,
                    isCut: false, others: 0)),
            understood: .shown(.init(values: [family, type], missing: ["Sex"], isCut: false)), shares: [],
            maySeeSent: true)
    }

    private func page(_ sheet: DocumentSheet, _ revealing: Console.Revealing? = nil) -> String {
        console.documents(sheet, revealing ?? .init(ask: ask), reader, sections: [.messages])
    }

    @Test func `values are hidden but for code words, and each has a button of its own that asks with a reason`() {
        let html = page(sheet())
        #expect(html.components(separatedBy: "Hidden: a text").count == 5 && html.contains("<code>referral</code>"))
        #expect(html.components(separatedBy: "form=\"reveal\"").count == 5 && !html.contains("class=\"revealed\""))
        #expect(html.contains("value=\"received-1\" formaction=\"/console/messages/\(id)/documents\""))
        #expect(html.contains("name=\"ask\" value=\"\(ask)\"") && html.contains("name=\"token\" value=\"t0ken\""))
        #expect(html.contains("What was done: upper_case") && html.contains("Nothing was given for"))
        #expect(!html.contains("value=\"understood-1\""))
    }

    @Test func `one value is shown at its place, escaped, with what cannot be seen made visible`() {
        let text = "<script>alert(1)</script>\u{202E}\u{7}\rEND"
        let html = page(sheet(), .init(ask: ask, value: RevealedValue(key: "received-1", text: text)))
        #expect(
            html.contains("<div id=\"r1\" class=\"revealed\">")
                && html.contains("&lt;script&gt;alert(1)&lt;/script&gt;"))
        #expect(html.contains("‹U+202E›‹U+0007›\nEND") && html.components(separatedBy: "class=\"revealed\"").count == 2)
        #expect(html.contains("<a href=\"#r1\">PID-2</a> is shown below") && !html.contains("value=\"received-1\""))
        // No title and no address has it.
        #expect(html.contains("<title>Documents – Example</title>"))
        let long = RevealedValue(key: "received-1", text: String(repeating: "x", count: RevealedValue.most + 1))
        #expect(long.shown.count == RevealedValue.most && long.isCut)
        // A key that is on the page no more shows nothing.
        #expect(!page(sheet(), .init(ask: ask, value: RevealedValue(key: "sent-9", text: "SECRET"))).contains("SECRET"))
    }

    @Test func `a value leads to the page on which its place stands`() {
        let first = page(sheet(400))
        #expect(first.contains("href=\"#r1\"") && first.contains("documents?from=300#r301\""))
        #expect(
            first.contains("1 to 300") && first.contains("?from=300#received") && !first.contains("Values before these")
        )
        let second = page(sheet(400, from: 300))
        #expect(second.contains("href=\"/console/messages/\(id)/documents#r1\"") && second.contains("href=\"#r301\""))
        #expect(second.contains("301 to 400") && !second.contains("Further values"))
        #expect(second.contains("formaction=\"/console/messages/\(id)/documents?from=300\""))
    }

    @Test func `a form without a reason, or without what says more, is told what is missing`() {
        func mistakes(_ fields: [String: String]) -> [String] {
            if case .failure(let mistakes) = RevealForm.read(fields) { mistakes.all.map(\.field) } else { [] }
        }
        #expect(
            mistakes([:]) == ["reason", ""] && mistakes(["field": "received-1", "reason": "because"]) == ["reason"])
        #expect(mistakes(["field": "received-1", "reason": "other"]) == ["reference"])
        #expect(mistakes(["field": "received-1", "reason": "other", "reference": "INC-1234"]) == [])
        for name in ["INC-0042", "INC-12345", "INC-1", "SD-990000", "INC-7300421"] {
            #expect(mistakes(["field": "a", "reason": "other", "reference": name]) == [], "\(name)")
        }
        for name in [
            "ANNE170243", "JOHN1943", "Mary 17 02 43", "MARY-1943", "JO-1980", "JO-2011", "ANN-170243", "ANN-430217",
            "ANN-021743", "INC1234", "INC-", "-12", "INC-12-3",
        ] {
            #expect(mistakes(["field": "a", "reason": "other", "reference": name]) == ["reference"], "\(name)")
        }
        for name in ["Anne Example", "9990000018", "SMITH-19500102", "inc", "INC-1234; DROP", "A-12345678", "<b>1"] {
            #expect(mistakes(["field": "a", "reason": "other", "reference": name]) == ["reference"], "\(name)")
        }
        let read = try? RevealForm.read(["field": "a", "reason": "other", "reference": " inc-12 ", "ask": "x"]).get()
        #expect(read?.reference == "INC-12" && read?.reason == .other)
        let entered = Console.Entered(fields: ["reason": "other"], mistakes: [("reference", "Enter the number")])
        let html = page(sheet(), .init(ask: ask, entered: entered))
        #expect(
            html.contains("<a href=\"#reference\">Enter the number</a>") && html.contains("<title>Error: Documents"))
        #expect(html.contains("<option value=\"other\" selected>"))
    }

    @Test func `a field of a list says which it is, and every field of the model has a name`() {
        #expect(CanonicalField.named("household[0].given")?.words == "Household: first names")
        #expect(CanonicalField.named("household[2].given")?.words == "Household: first names (3)")
        #expect(CanonicalField.named("extensions.year_group")?.field == .extensions)
        for name in ["9990000018", "a[9990000018]", "a[9223372036854775807]"] {
            #expect(CanonicalField.named("extensions.\(name)")?.words == "Addition")
        }
        #expect(CanonicalField.named("share.id") == nil && CanonicalField.named("") == nil)
        #expect(Set(CanonicalField.allCases.map(\.words)).count == CanonicalField.allCases.count)
        #expect(!CanonicalField.type.isOpen("Anne") && CanonicalField.type.isOpen("referral"))
        #expect(!CanonicalField.urgency.isOpen("urgent") && !CanonicalField.needs.isOpen("alcohol"))
    }

    @Test func `a share that left and was stopped is not said to have been stopped before`() {
        var share = ShareReview(
            id: id, person: id, recipient: "Derby Homes", purpose: "housing_support", level: "identified",
            state: "cancelled", groups: [], obligations: [], requestedBy: "a", requestedAt: Instant(microseconds: 0),
            authority: nil, reasons: [], code: nil, awaits: nil, awaitsWords: nil, lacksAuthority: false, answers: [])
        #expect(share.stateWords == "Stopped before it left")
        share.attempts = 2
        #expect(share.stateWords == "Sent 2 times, then stopped; it may have arrived")
        share.state = "failed"
        #expect(share.stateWords == "Could not be delivered")
    }

    @Test func `what is not there is said, and why`() {
        var gone = sheet()
        gone.received = .absent("The document was destroyed on 2026-01-05.")
        gone.understood = .absent("The person was erased.")
        let html = page(gone)
        #expect(html.contains("was destroyed on 2026-01-05") && html.contains("The person was erased."))
        #expect(!html.contains("id=\"reveal\""))
        gone.received = nil
        gone.shares = nil
        #expect(!page(gone).contains("As received</h2>") && !page(gone).contains("As sent</h2>"))
    }
}
