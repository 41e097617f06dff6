import Referral
import Testing

@testable import EmergencyAccess

/// Nobody in these exists.
@Suite struct AccessCardDraftTests {
    private static let today = CalendarDate(iso: "2026-11-22")!

    private static func address(
        _ lines: [String] = ["12A Example Street"], town: String? = "Derby", postcode: String? = "DE1 2FS",
        uprn: String? = nil, noFixedAbode: Bool? = nil, safeToVisit: Bool? = nil
    ) -> Address {
        var address = Address()
        address.lines = lines
        address.town = town
        address.postcode = postcode
        address.uprn = uprn
        address.noFixedAbode = noFixedAbode
        address.safeToVisit = safeToVisit
        return address
    }

    /// Messages `r1`, `r2` and so on, each sent a day after the one before.
    private static func draft(_ referrals: Referral...) -> AccessCardDraft {
        AccessCardDraft(
            referrals.enumerated().map { index, referral in
                let source = AccessCardDraft.Source(
                    referral: "r\(index + 1)", receipt: "s\(index + 1)", sender: "uhdb",
                    sentAt: Instant(seconds: 1_790_000_000 + index * 86_400))
                return (source, referral)
            })
    }

    /// `address < r1 address | r2 address`: each part, where it comes from, and where something else is said.
    private static func origins(_ draft: AccessCardDraft) -> [String] {
        draft.origins.map { origin in
            let places = [origin.place] + origin.others
            return "\(origin.part) < " + places.map { "\($0.source.referral) \($0.path)" }.joined(separator: " | ")
        }
    }

    private static func left(_ draft: AccessCardDraft) -> [String] {
        draft.leftOut.map { "\($0.place.source.referral) \($0.place.path)" }
    }

    // MARK: What is carried over

    @Test func `what a referral says in fields of a card's meaning is carried over, with where it stands`() {
        var person = Person()
        person.family = "Testcase"
        person.interpreter = true
        person.language = "Polish"
        let draft = Self.draft(
            Referral(
                person: person, address: Self.address(uprn: "000100030329987"),
                needs: [.known(.isolation), .known(.mobility), .known(.hoarding)],
                risks: [
                    Risk(code: .known(.danger(.oxygen)), detail: "Concentrator in\nthe bedroom."),
                    Risk(code: .known(.need(.hoarding)), detail: "Clutter image rating 6"),
                    Risk(code: .known(.alert(.hearing))),
                    Risk(code: .known(.alert(.capacity)), detail: "Her son has it."),
                ],
                extensions: [
                    Extension(name: "crit.equipment", group: .critical, value: ["oxygen", "feeding_pump"]),
                    Extension(name: "entry.door", group: .access, value: "Side door"),
                    Extension(name: "entry.lift", group: .access, value: false),
                    Extension(name: "key_safe.code", group: .access, value: .number("4711")),
                    Extension(name: "key_safe.location", group: .access, value: "Left of the back door"),
                ]))
        #expect(
            draft.card == [
                "address": [
                    "lines": ["12A Example Street", "Derby"], "postcode": "DE1 2FS", "uprn": "100030329987",
                ],
                "key_safe": ["present": true, "location": "Left of the back door", "code": "4711"],
                "entry": ["door": "Side door", "lift": false],
                "hazards": [
                    ["kind": "oxygen"], ["kind": "hoarding"],
                ],
                "crit": [
                    ["kind": "mobility"], ["kind": "communication", "text": "Hearing"],
                    ["kind": "communication", "text": "Needs an interpreter, language: Polish"],
                    ["kind": "equipment", "text": "oxygen, feeding pump"],
                    ["kind": "capacity", "text": "Power of attorney"],
                ],
            ])
        #expect(
            Self.origins(draft) == [
                "address < r1 address", "key_safe < r1 extensions.key_safe", "entry < r1 extensions.entry",
                "hazards[0] < r1 risks[0]", "hazards[1] < r1 risks[1]", "crit[0] < r1 needs[1]",
                "crit[1] < r1 risks[2]",
                "crit[2] < r1 person.interpreter", "crit[3] < r1 extensions.crit.equipment", "crit[4] < r1 risks[3]",
            ])
        // What somebody wrote to the team about a risk is for whoever asks the person.
        #expect(Self.left(draft) == ["r1 risks[0].detail", "r1 risks[1].detail", "r1 risks[3].detail"])
    }

    @Test func `of one who has no referral nothing is known`() {
        let draft = Self.draft()
        #expect(draft.value == ["card": [:], "sources": []])
    }

    @Test func `saving takes a draft as it is once it says when it was confirmed`() throws {
        let long = String(repeating: "x", count: 600)
        let odd = Self.draft(
            Referral(
                address: Self.address(["\t12A  Example Street\n"], town: nil),
                risks: [
                    Risk(code: .known(.danger(.dog)), detail: "Dog 1"), Risk(code: .known(.danger(.dog))),
                    Risk(code: .known(.danger(.oxygen)), detail: long),
                    Risk(code: .known(.danger(.chemical)), detail: "!"),
                    Risk(code: .known(.danger(.violence)), detail: "Two to attend."),
                ],
                extensions: [
                    Extension(name: "key_safe.present", group: .access, value: false),
                    Extension(name: "key_safe.code", group: .access, value: "4711"),
                    Extension(name: "entry.door", group: .access, value: .string(long)),
                    Extension(name: "crit.allergy", group: .critical, value: .string(long)),
                ]))
        var document = Value.object(odd.card)
        document["verified_on"] = "2026-11-20"
        document["confirmed_by"] = "person"
        let card = try AccessCard(document, today: Self.today)
        #expect(card.confirmedBy == .person)
        #expect(odd.card["hazards"] == [["kind": "oxygen"], ["kind": "dog"], ["kind": "chemical"]])
        #expect(odd.card["key_safe"] == nil && odd.card["entry"] == nil)
        #expect(odd.card["crit"] == [["kind": "allergy"]])
        let left = Self.left(odd)
        for path in [
            "extensions.key_safe", "extensions.entry.door", "extensions.crit.allergy", "risks[0].detail",
            "risks[2].detail", "risks[4]",
        ] {
            #expect(left.contains("r1 \(path)"), "\(path)")
        }
    }

    // MARK: Several referrals

    @Test func `of two addresses the later holds whole, and the other is named`() {
        let draft = Self.draft(
            Referral(address: Self.address(["1 Old Road"], uprn: "100030329987")), Referral(),
            Referral(address: Self.address(["2 New Road"])),
            Referral(address: Self.address(["2 New Road"])))
        #expect(draft.card["address"] == ["lines": ["2 New Road", "Derby"], "postcode": "DE1 2FS"])
        #expect(Self.origins(draft) == ["address < r4 address | r1 address"])
    }

    @Test func `an address without postcode and UPRN hides none, nor does the postcode alone, and each is named`() {
        let draft = Self.draft(
            Referral(address: Self.address()), Referral(address: Self.address([], postcode: nil)),
            Referral(address: Self.address(["2 New Road"], postcode: nil)),
            Referral(address: Self.address([], town: nil, postcode: "de12fs")))
        #expect(draft.card["address"]?["lines"] == ["12A Example Street", "Derby"])
        #expect(Self.origins(draft) == ["address < r1 address"])
        #expect(Self.left(draft) == ["r4 address"])
    }

    @Test(arguments: [
        address(["2 New Road"], postcode: "ZZ99 3WZ"), address(["2 New Road"], postcode: "DE1"),
        address([], town: nil, postcode: "DE1 3FS"), address([String(repeating: "x", count: 201)]),
        address(["2 New Road"], postcode: nil, uprn: "1234567890123"),
    ])
    func `a later address that a card cannot have does not give way to the one before`(_ later: Address) {
        let draft = Self.draft(
            Referral(address: Self.address(["0 Older Road"])), Referral(address: Self.address()),
            Referral(address: later), Referral())
        #expect(draft.card["address"] == nil && draft.origins.isEmpty)
        let reasons = draft.leftOut.filter { $0.reason == "A later message says another address" }
        #expect(reasons.map { "\($0.place.source.referral) \($0.place.path)" } == ["r2 address", "r1 address"])
        #expect(Self.left(draft).contains { $0.hasPrefix("r3 address") })
    }

    @Test func `lines beyond the fifth, and the town, run on in the last`() {
        let lines = (1...6).map { "Line \($0)" }
        let five = Self.draft(Referral(address: Self.address(Array(lines.prefix(5)))))
        #expect(five.card["address"]?["lines"] == ["Line 1", "Line 2", "Line 3", "Line 4", "Line 5, Derby"])
        let six = Self.draft(Referral(address: Self.address()), Referral(address: Self.address(lines)))
        #expect(six.card["address"]?["lines"] == ["Line 1", "Line 2", "Line 3", "Line 4", "Line 5, Line 6, Derby"])
        #expect(six.leftOut.isEmpty)
    }

    // MARK: What is of a place

    /// What a message says of the home, and of the person.
    private static func told(_ address: Address?, _ place: String = "Porch") -> Referral {
        Referral(
            address: address, needs: [.known(.hoarding), .known(.mobility)],
            risks: [DangerCode.structural, .chemical, .dog, .oxygen, .smokingInBed].map {
                Risk(code: .known(.danger($0)))
            },
            extensions: [
                Extension(name: "key_safe.location", group: .access, value: .string(place)),
                Extension(name: "entry.floor", group: .access, value: "3"),
            ])
    }

    private static let ofPlace = [
        "extensions.key_safe", "extensions.entry", "risks[0]", "risks[1]", "risks[2]", "needs[0]",
    ]

    private static func expectPersonAlone(
        _ draft: AccessCardDraft, _ why: String, _ line: SourceLocation = #_sourceLocation
    ) {
        #expect(draft.card["key_safe"] == nil && draft.card["entry"] == nil, sourceLocation: line)
        #expect(draft.card["hazards"] == [["kind": "oxygen"], ["kind": "smoking_in_bed"]], sourceLocation: line)
        #expect(draft.card["crit"] == [["kind": "mobility"]], sourceLocation: line)
        let left = draft.leftOut.filter { $0.reason == why }.map { "\($0.place.source.referral) \($0.place.path)" }
        #expect(Set(left) == Set(ofPlace.map { "r1 \($0)" }), sourceLocation: line)
    }

    @Test func `what is of an old home is not on the card of the new one, and is named`() {
        let new = Referral(address: Self.address(["2 New Road"]))
        for old in [Self.address(["1 Old Road"]), Self.address(["2 New Road"], postcode: "DE1 3FS"), nil] {
            Self.expectPersonAlone(Self.draft(Self.told(old), new, Referral()), "Said of another address")
        }
        // The number of the place tells two apart that are written alike.
        Self.expectPersonAlone(
            Self.draft(
                Self.told(Self.address(uprn: "100030329987")), Referral(address: Self.address(uprn: "100030329988"))),
            "Said of another address")
        // Nor is it on one without an address.
        for old in ["DE1 2FS", "DE2"] {
            Self.expectPersonAlone(
                Self.draft(Self.told(Self.address(postcode: old)), Referral(address: Self.address(postcode: "DE1"))),
                "Said of another address")
        }
    }

    @Test func `what is of the same place is on the card, however it is written`() {
        for same in [
            Self.address(["12a, Example Street, DERBY"], town: nil), Self.address(town: nil, uprn: "100030329987"),
            Self.address(["The Flat"], postcode: "DE1 3FS", uprn: "000100030329987"),
        ] {
            let draft = Self.draft(Self.told(same), Referral(address: Self.address(uprn: "100030329987")))
            #expect(draft.card["entry"] == ["floor": "3"])
            #expect(draft.card["hazards"]?.arrayValue?.count == 6)
            #expect(draft.leftOut.isEmpty)
        }
    }

    @Test func `a message without an address means the one that was said last before it`() {
        let (old, new) = (Self.address(["1 Old Road"]), Self.address(["2 New Road"]))
        let after = Self.draft(
            Referral(address: old), Self.told(nil, "Old"), Referral(address: new), Self.told(nil, "New"),
            Referral(address: Self.address(["In Derby"], postcode: nil)))
        #expect(after.card["key_safe"]?["location"] == "New")
        #expect(Self.origins(after).contains("key_safe < r4 extensions.key_safe"))
        #expect(Self.left(after).contains("r2 extensions.key_safe"))
        // Between two times at one place the person lived elsewhere.
        let between = Self.draft(
            Referral(address: old), Referral(address: new), Self.told(nil), Referral(address: old))
        #expect(between.card["key_safe"] == nil && Self.left(between).contains("r3 extensions.key_safe"))
        // While nobody has said where, all of it may be of one place.
        #expect(Self.draft(Self.told(nil)).card["hazards"]?.arrayValue?.count == 6)
    }

    @Test func `where there is no fixed abode there is no key safe and no entry`() {
        let nowhere = Self.address([], town: nil, postcode: nil, noFixedAbode: true)
        Self.expectPersonAlone(
            Self.draft(Self.told(Self.address()), Referral(address: nowhere)), "There is no fixed abode")
        let with = Self.draft(Referral(address: Self.address()), Self.told(nowhere), Self.told(nil))
        #expect(with.card["key_safe"] == nil && with.card["entry"] == nil)
        #expect(with.card["hazards"]?.arrayValue?.count == 6)
    }

    @Test func `that there is no fixed abode hides an address, until there is one again`() {
        let nowhere = Referral(address: Self.address([], town: nil, postcode: nil, noFixedAbode: true))
        let gone = Self.draft(Referral(address: Self.address()), nowhere)
        #expect(gone.card["address"] == nil)
        #expect(Self.left(gone) == ["r2 address.no_fixed_abode", "r1 address"])
        let back = Self.draft(nowhere, Referral(address: Self.address()))
        #expect(back.card["address"]?["postcode"] == "DE1 2FS" && Self.left(back).isEmpty)
    }

    @Test func `of a danger the latest word is the source, one that is not mentioned stays, and the texts are named`() {
        func risk(_ code: DangerCode, _ detail: String?) -> Risk { Risk(code: .known(.danger(code)), detail: detail) }
        let draft = Self.draft(
            Referral(risks: [risk(.dog, "Large."), risk(.oxygen, "Bedroom.")]), Referral(risks: [risk(.dog, nil)]),
            Referral(risks: [risk(.dog, "Small."), risk(.structural, nil)]))
        #expect(draft.card["hazards"] == [["kind": "oxygen"], ["kind": "structural"], ["kind": "dog"]])
        #expect(
            Self.origins(draft) == [
                "hazards[0] < r1 risks[1]", "hazards[1] < r3 risks[1]", "hazards[2] < r3 risks[0]",
            ])
        #expect(Self.left(draft) == ["r3 risks[0].detail", "r1 risks[0].detail", "r1 risks[1].detail"])
    }

    @Test func `of what a crew must know the later word holds and the earlier is named`() {
        func told(_ text: Value) -> Referral {
            Referral(extensions: [Extension(name: "crit.allergy", group: .critical, value: text)])
        }
        let draft = Self.draft(told("Nuts"), told(true), told("Latex"))
        #expect(draft.card["crit"] == [["kind": "allergy", "text": "Latex"]])
        #expect(Self.origins(draft) == ["crit[0] < r3 extensions.crit.allergy | r1 extensions.crit.allergy"])
    }

    @Test func `of two key safes the later holds whole`() {
        func safe(_ place: String, code: String?) -> Referral {
            var told = [Extension(name: "key_safe.location", group: .access, value: .string(place))]
            if let code { told.append(Extension(name: "key_safe.code", group: .access, value: .string(code))) }
            return Referral(extensions: told)
        }
        let draft = Self.draft(safe("Back door", code: "4711"), safe("Porch", code: nil))
        #expect(draft.card["key_safe"] == ["location": "Porch", "present": true])
        #expect(Self.origins(draft) == ["key_safe < r2 extensions.key_safe | r1 extensions.key_safe"])
    }

    // MARK: What is not

    @Test func `what cannot be carried over is named by its place alone`() {
        var son = HouseholdMember()
        son.given = "Zebedee"
        let draft = Self.draft(
            Referral(
                address: Self.address(safeToVisit: false), reason: "Zebedee has the key.", notes: "Zebedee",
                needs: [.known(.fireRisk), .known(.moneyDebt), .known(.mentalWellbeing)],
                risks: [
                    Risk(code: .known(.danger(.violence)), detail: "Zebedee"),
                    Risk(code: .known(.alert(.doNotVisitAlone)), toVisitors: true),
                    Risk(code: .known(.danger(.suicide)), detail: "Zebedee"),
                    Risk(code: .unknown("Zebedee")), Risk(detail: "Zebedee"),
                ],
                household: [son],
                extensions: [
                    Extension(name: "crit.pets", group: .critical, value: "Zebedee"),
                    Extension(name: "entry.alarm_code_holder", group: .access, value: "Zebedee"),
                    Extension(name: "hfsv.clutter", group: .hazard, value: 6),
                    Extension(name: "tenancy_ref", group: .housing, value: "Zebedee"),
                    // Of another group it is not what the card means by the name.
                    Extension(name: "key_safe.code", group: .notes, value: "Zebedee"),
                ]))
        #expect(
            Self.left(draft)
                == [
                    "address.safe_to_visit", "extensions.entry.alarm_code_holder", "risks[0]", "risks[1]", "risks[3]",
                    "risks[4]", "needs[0]", "household[0]", "reason", "notes", "extensions.crit.pets",
                    "extensions.hfsv.clutter",
                ].map { "r1 \($0)" })
        #expect(draft.card.keys == ["address"])
        #expect(draft.leftOut.allSatisfy { !$0.reason.isEmpty })
        #expect(!String(decoding: StrictJSON.write(.object(draft.value)), as: UTF8.self).contains("Zebedee"))
    }

    @Test func `what every message repeats is named once, at the latest that says it`() {
        let draft = Self.draft(
            Referral(notes: "Ring twice."), Referral(notes: "Key with the warden."), Referral(notes: "Ring twice."))
        #expect(Self.left(draft) == ["r3 notes", "r2 notes"])
    }

    @Test func `it is written with the ids and the time of its sources`() throws {
        let draft = Self.draft(
            Referral(address: Self.address(["1 Old Road"])), Referral(address: Self.address(), notes: "x"))
        let first: Value = [
            "path": "address", "referral_id": "r1", "receipt_id": "s1", "sender": "uhdb",
            "sent_at": "2026-09-21T14:13:20Z",
        ]
        let second: Object = [
            "path": "address", "referral_id": "r2", "receipt_id": "s2", "sender": "uhdb",
            "sent_at": "2026-09-22T14:13:20Z",
        ]
        var source = Value.object(second)
        source["part"] = "address"
        source["others"] = [first]
        #expect(draft.value["sources"] == [source])
        var left = Value.object(second)
        left["path"] = "notes"
        left["why"] = "Free text: read it for what belongs on a card"
        #expect(draft.value["left_out"] == [left])
    }
}
