import Referral
import Testing

@testable import Forms

@Suite struct ControlRoomPagesTests {
    private let pages = ControlRoomPages(
        team: "Derby Local Area Co-ordination", path: "/emergency", keySafePath: "/emergency/key-safe")
    private let session = ControlRoomPages.User.signedIn(
        .init(staff: "e.desk", token: "tok", signOutPath: "/out", accountPath: "/account"))

    private func text(_ card: Value) -> AccessCardText { AccessCardText(card) }

    @Test func `a card says first what is dangerous, and each fact in words`() {
        let card = text([
            "person": ["given": "Anne", "family": "Tester", "dob": "1950-01-02", "nhs_number": "9990000018"],
            "address": [
                "house": "1", "lines": ["1 Example Street"], "postcode": "DE1 2FS", "latitude": .number("52.92"),
                "longitude": .number("-1.47"),
            ],
            "key_safe": ["present": true, "location": "Left", "has_code": true, "reveal": "r"],
            "entry": ["lift": false, "alarm_code_holder": "Neighbour"], "occupants": ["adults": 2, "children": 0],
            "hazards": [
                ["kind": "violence_marker", "source": "Police", "review_by": "2027-01-31"], ["kind": "chemical"],
            ],
            "crit": [["kind": "respect_or_dnacpr_exists", "kept_at": "Drawer"]],
            "contacts": [["name": "Robin", "phone": "+441632960123", "key_holder": true], [:]],
            "verified_on": "2026-11-01", "valid_until": "2027-11-01", "stale": false,
        ])
        #expect(card.name == "Anne Tester" && card.label == "Anne Tester, 1, DE1 2FS")
        #expect(card.stale == nil && card.checked == "Last checked with the person on 01/11/2026.")
        #expect(
            card.sections.map(\.name) == [
                "hazards", "address", "key_safe", "entry", "crit", "occupants", "person", "contacts",
            ])
        func lines(_ name: String) -> [String] {
            card.sections.first { $0.name == name }?.lines.map { "\($0.term): \($0.text)" } ?? []
        }
        #expect(
            lines("hazards") == [
                "Marked for violence: According to: Police\nHolds until 31/01/2027", "Chemical: Nothing more is known",
            ])
        #expect(
            lines("address") == [
                "Address: 1 Example Street\nDE1 2FS", "House: 1", "Latitude, longitude: 52.92, -1.47",
            ])
        #expect(lines("entry") == ["Lift: No", "Who has the alarm's code: Neighbour"])
        #expect(lines("occupants") == ["Adults: 2", "Children: 0"])
        #expect(lines("crit") == ["There is a ReSPECT form or DNACPR decision: Kept: Drawer"])
        #expect(lines("person") == ["Date of birth: 02/01/1950", "NHS number: 9990000018"])
        #expect(lines("contacts") == ["Robin: +441632960123\nholds a key", "Somebody: "])
        #expect(card.sections.first { $0.name == "key_safe" }?.reveal == "r")
    }

    @Test func `a card that is past its day says so, and one without a name is still shown`() {
        let card = text(["stale": true, "verified_on": "2025-01-02", "valid_until": "2026-01-02"])
        #expect(
            card.stale
                == "This may be out of date: it was last checked on 02/01/2025, and should have been again by 02/01/2026."
        )
        #expect(card.name == "One person fits" && card.sections.isEmpty)
    }

    @Test(arguments: [
        (["present": false] as Value, ["There is none"]),
        (["present": true, "has_code": false] as Value, ["Not known", "Not known"]),
        (["present": true, "has_code": true, "location": "Gate", "reveal": "r"] as Value, ["Gate"]),
    ]) func `a key safe's code is no part of the card`(safe: Value, expected: [String]) {
        let section = text(["key_safe": safe]).sections[0]
        #expect(section.lines.map(\.text) == expected)
    }

    @Test func `a moment is that of the clocks of England`() throws {
        #expect(AccessCardText.time(try #require(Instant(rfc3339: "2026-11-30T09:05:59Z"))) == "09:05 on 30/11/2026")
        #expect(AccessCardText.time(try #require(Instant(rfc3339: "2026-07-31T23:30:00Z"))) == "00:30 on 01/08/2026")
    }

    @Test func `who is signed in types no name, and everybody else must`() {
        let known = pages.form(session)
        #expect(known.contains("Signed in as") && !known.contains("id=\"why\""))
        let typed = pages.form(.typed, ["user": "<b>Sam</b>"], mistakes: [.init("why", "Say why")])
        #expect(typed.contains("cannot be signed in now") && !typed.contains("Signed in as"))
        #expect(typed.contains("value=\"&lt;b&gt;Sam&lt;/b&gt;\"") && typed.contains("href=\"#why\""))
    }

    @Test func `an answer carries on who asks and why, and no more of what was sent`() {
        let fields = [
            "user": "Sam", "why": "w", "incident_ref": "I", "reason": "r", "postcode": "DE1 2FS", "token": "x",
        ]
        let answer: Value = ["offline": true, "candidates": [["candidate": "c1", "house": "1"], ["candidate": "c2"]]]
        let html = pages.answer(answer, to: fields, .typed)
        #expect(html.contains("1: 1<") && html.contains("2: Somebody<") && html.contains("some time ago"))
        for (name, value) in ["user": "Sam", "why": "w", "incident_ref": "I", "reason": "r", "candidate": "c2"] {
            #expect(html.contains("name=\"\(name)\" value=\"\(value)\""), "\(name)")
        }
        #expect(!html.contains("DE1 2FS") && !html.contains("name=\"token\""))
        #expect(pages.answer(answer, to: fields, session).contains("name=\"token\" value=\"tok\""))
    }

    @Test func `a code that cannot be told any more is said to be none`() {
        let told = pages.code(
            ["offline": false, "key_safe": ["code": "47&11", "location": "Gate"]], to: ["of": "Anne, 1"], session)
        #expect(told.contains("Anne, 1"))
        #expect(told.contains("47&amp;11") && told.contains("Gate") && !told.contains("no code that can be told"))
        #expect(pages.code(["offline": false], to: [:], session).contains("no code that can be told"))
    }
}
