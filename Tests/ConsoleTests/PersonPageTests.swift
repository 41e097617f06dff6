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

@Suite struct PersonPageTests {
    private func file(_ change: (inout PersonFile) -> Void = { _ in }) -> PersonFile {
        var file = PersonFile(
            id: id, merged: [], identity: .notForReader, caseState: nil, circumstances: nil, referrals: nil,
            permissions: nil, agreements: nil, shares: .init([]), told: .init([]), rights: .init())
        change(&file)
        return file
    }

    private func html(_ change: (inout PersonFile) -> Void = { _ in }) -> String {
        console.person(file(change), at: now, reader, sections: [.flow, .people])
    }

    private func share(_ state: String, reasons: [String] = [], code: String? = nil) -> PersonFile.Share {
        .init(
            id: other, at: now, recipient: "Homes & Co", purpose: "housing_support", level: "identifiable",
            state: state,
            finishedAt: now, attempts: 1, by: "staff/a.worker", told: ["name"], withheld: ["health"], reasons: reasons,
            code: code, agreement: 2)
    }

    @Test func `what an account may not read is said, and not shown as empty`() {
        let page = html()
        for words in ["does not read referrals", "does not read agreements", "Nobody was told anything"] {
            #expect(page.contains(words), "\(words)")
        }
        #expect(!page.contains("There are none") && !page.contains("No agreement names anybody"))
        #expect(!page.contains("Record an agreement") && !page.contains("See who looked"))
    }

    @Test func `a name is the heading and never the title, and nothing in it is taken for a tag`() {
        let picture: Value = [
            "person": [
                "given": "Ann<b>", "family": .string(script), "dob": "1950-01-02",
                "identifiers": [["type": "nhs_number", "value": "9990000018", "verified": true]],
            ],
            "address": ["lines": ["1 Example Street"], "postcode": "DE1 2FS"],
            "reason": "Lonely & alone", "risks": [["code": "hoarding", "to_visitors": true]],
        ]
        let page = html { $0.identity = .known(PersonFacts(picture)) }
        #expect(page.contains("<title>A person – Example Team</title>"))
        #expect(page.contains("<h1>Ann&lt;b&gt; &lt;script&gt;"))
        #expect(!page.contains(script) && !page.contains("Ann<b>"))
        #expect(page.contains("NHS number 9990000018 (verified)") && page.contains("1 Example Street"))
        #expect(page.contains("Lonely &amp; alone") && page.contains("Code: hoarding; To visitors: Yes"))
    }

    @Test func `permission is told by a word and a sign, for each recipient and purpose`() {
        let page = html {
            $0.agreements = .init([])
            $0.permissions = PermissionTable(
                purposes: ["care_support", "housing_support"],
                rows: [
                    .init(recipient: "Homes & Co", cells: [.nothing("Not agreed."), .all]),
                    .init(recipient: "The GP", cells: [.part(["name", "address"]), .ended("You took it back.")]),
                ])
        }
        for (sign, word) in [("✕", "Not allowed"), ("✓", "Allowed"), ("◐", "Limited"), ("■", "Ended")] {
            #expect(page.contains("<span aria-hidden=\"true\">\(sign)</span> \(word)</span>"))
        }
        #expect(page.contains("<th scope=\"col\">Housing support</th>") && page.contains("name, address"))
        #expect(page.contains("data-label=\"Care support\"") && page.contains("You took it back."))
    }

    @Test func `a line that was withdrawn is struck through, and said to be withdrawn, with when`() {
        let value: Value = [
            "agreement_id": .string(other), "person_id": .string(id), "version": .number("3"), "state": "in_force",
            "signed_on": "2026-01-05T00:00:00Z", "signed_by": "parent", "guardian_permission": true,
            "scope": [
                [
                    "line": .number("0"), "recipient": "homes", "purposes": ["housing_support"], "about": "person",
                    "withdrawn_at": "2026-01-10T10:00:00Z",
                ],
                [
                    "line": .number("1"), "recipient": "gp", "purposes": ["care_support"], "groups": ["NAME"],
                    "about": "dependants",
                ],
            ],
        ]
        let agreement = PersonAgreement(value) { $0.lowercased() }!
        let page = html {
            $0.agreements = .init([agreement])
            $0.rights.withdrawAgreement = true
        }
        #expect(
            page.contains("<s>homes: Housing support; everything that it is about</s> <strong>withdrawn</strong> at"))
        #expect(page.contains("10 January 2026 10:00:00") && page.contains("by a parent"))
        #expect(page.contains("gp: Care support; name (about dependants only)"))
        #expect(page.contains("href=\"/console/persons/\(id)/agreements/\(other)/withdraw\""))
        #expect(PersonAgreement(["version": .number("1")]) { $0 } == nil)
        var over = value
        for state in ["replaced", "expired", "set_aside"] {
            over["state"] = .string(state)
            #expect(PersonAgreement(over) { $0 }?.isWithdrawable == true, "\(state)")
        }
        over["state"] = "revoked"
        over["revoked_at"] = "2026-01-10T10:00:00Z"
        #expect(PersonAgreement(over) { $0 }?.isWithdrawable == false)
    }

    @Test func `a share says how it stands and why, and what was sent is not said to have arrived`() {
        let page = html {
            $0.shares = .init([share("refused", reasons: ["“Not agreed.”"]), share("failed", code: "tls_failed")])
            $0.told = .init([share("failed"), share("delivered")], next: other)
        }
        #expect(page.contains("Not shared") && page.contains("“Not agreed.”"))
        #expect(page.contains("No secure connection to the recipient."))
        #expect(page.contains("Sent, and not known to have arrived") && page.contains(">Told<"))
        #expect(page.contains("href=\"/console/persons/\(id)?told=\(other)#told\""))
        #expect(page.contains("href=\"/console/work/approvals/\(other)\""))
    }

    @Test func `somebody who was erased is said to be, and who looked leads on`() {
        let page = html {
            $0.identity = .erased
            $0.rights.readLooks = true
            $0.merged = [other]
        }
        #expect(page.contains("This person was erased") && page.contains("/console/persons/\(id)/looks"))
        #expect(page.contains("Also known under") && page.contains(other))
    }
}

@Suite struct TypedDateTests {
    @Test(arguments: ["31/3/2026", "31.3.2026", "31 3 2026", "2026-03-31"])
    func `a day is read however it is typed`(_ text: String) {
        #expect(TypedDate.read(text) == CalendarDate(year: 2026, month: 3, day: 31))
    }

    @Test(arguments: ["31/2/2026", "31/3/26", "", "March", "1/2/3/2026", "2026-02-31"])
    func `what is no day is none`(_ text: String) { #expect(TypedDate.read(text) == nil) }
}
