import Referral
import Testing

@Suite struct EnvelopeReaderTests {
    // MARK: Header

    @Test(arguments: ["a b", "ü", "a/b", String(repeating: "x", count: 65)])
    func `a message id of another form keeps an envelope from being accepted`(_ id: String) {
        let reading = read(Samples.complete("message_id", .string(id)))
        #expect(reading.errorPlaces == ["schema message_id"])
        #expect(reading.status == .incomplete)
    }

    @Test func `another sender than the authenticated party is rejected`() {
        let reading = read(Samples.complete, sentBy: "somebody_else")
        #expect(reading.status == .rejected)
        #expect(reading.errorPlaces == ["sender_mismatch sender"])
    }

    @Test(arguments: [
        ("2026-11-22T09:40:00Z", ReferralReading.Status.accepted), ("2026-11-22T09:40:00.000001Z", .rejected),
        ("2026-11-22T10:35:00+01:00", .accepted), ("2019-01-01T00:00:00Z", .accepted),
        ("2030-01-01T00:00:00Z", .rejected),
    ])
    func `a time more than ten minutes ahead is refused`(_ time: String, _ status: ReferralReading.Status) {
        let reading = read(Samples.complete("sent_at", .string(time)))
        #expect(reading.status == status)
        #expect(reading.errorPlaces == (status == .rejected ? ["stale sent_at"] : []))
    }

    @Test(arguments: ["2026-11-22T09:29:00", "22/11/2026", "now"])
    func `a time that cannot be read keeps an envelope from being accepted`(_ time: String) {
        #expect(read(Samples.complete("sent_at", .string(time))).errorPlaces == ["invalid_date sent_at"])
    }

    @Test(arguments: ["update", "withdrawal"])
    func `an update or a withdrawal names the message that it answers`(_ type: String) {
        var document = Samples.complete("type", .string(type))
        #expect(read(document).errorPlaces == ["missing in_reply_to"])
        document["in_reply_to"] = "S-0"
        #expect(read(document).status == .accepted)
    }

    @Test func `an unknown type is kept and makes work for staff`() {
        let reading = read(Samples.complete("type", "greeting"))
        #expect(reading.errorPlaces == ["unknown_code type"])
        #expect(reading.referral?.type == .unknown("greeting"))
    }

    @Test func `a translated document may lack a header and is its partner's`() throws {
        let document: Value = [
            "person": ["family": "Testcase", "dob": "1947-05-03"], "reason": "Lonely.", "referrer": ["name": "Pat"],
            "type": "update", "sender": "RTG", "sent_at": "2026-11-22T10:30:00Z",
        ]
        let reading = read(document, sentBy: "uhdb", carrier: .translated)
        #expect(reading.status == .accepted)
        #expect(reading.referral?.sender == "uhdb")
        #expect(reading.referral?.sentAt == nil)
        #expect(reading.warningPlaces == ["stale sent_at"])
    }

    // MARK: Texts, codes, flags

    @Test func `texts lose control characters and the white space around them`() {
        let reading = read(Samples.complete("reason", "  one\r\ntwo\rthree\u{0}\u{85}four\t\u{9B}  "))
        #expect(reading.referral?.reason == "one\ntwo\nthree\nfour")
        #expect(reading.warnings.isEmpty)
    }

    @Test(
        arguments: [
            ("person.family", ["Test", "Case"] as Value, "schema person.family"),
            ("person.given", true, "schema person.given"),
            ("person.interpreter", "maybe", "schema person.interpreter"),
            ("person.age_estimate", "about 70", "schema person.age_estimate"),
            ("person.age_estimate", 131, "schema person.age_estimate"),
            ("person.sex", "woman", "unknown_code person.sex"), ("urgency", "asap", "unknown_code urgency"),
            ("needs", ["isolation", "knitting"], "unknown_code needs[1]"),
            ("source_code", "3G", "unknown_code source_code"),
            ("consent.agreed", "perhaps", "unknown_code consent.agreed"), ("marking", "SECRET", "unknown_code marking"),
            ("household", ["one child"], "schema household[0]"), ("household", ["relation": "son"], "schema household"),
            ("risks", ["dog"], "schema risks[0]"), ("consent", true, "schema consent"),
            ("person.dob", "03/05/1947", "invalid_date person.dob"),
            ("person.dob", "2026-11-24", "invalid_date person.dob"),
            ("person.dob", "1890-01-01", "invalid_date person.dob"),
            ("consent.on", "2026-02-30", "invalid_date consent.on"),
            ("safeguarding.raised_at", "noon", "invalid_date safeguarding.raised_at"),
            ("person.phone", ["01632 960123", "none"], "invalid_identifier person.phone[1]"),
            ("person.email", "none", "invalid_identifier person.email"),
            ("address.postcode", "DERBY", "invalid_identifier address.postcode"),
            ("address.uprn", "x1", "invalid_identifier address.uprn"),
            ("address.lines", ["1", "2", "3", "4", "5", "6"], "schema address.lines"),
            ("referrer.phone", "ask", "invalid_identifier referrer.phone"),
            ("reason", .string(String(repeating: "x", count: 4001)), "schema reason"),
            ("person.title", .string(String(repeating: "x", count: 501)), "too_large person.title"),
        ] as [(String, Value, String)])
    func `a mistake in an optional field is one warning with its place`(
        _ place: String, _ value: Value, _ warning: String
    ) {
        var document = Samples.complete(place, value)
        document["person"]?["also_known_as"] = ["Birdie"]
        document["address"] = document["address"] ?? ["town": "Derby"]
        document["address"]?["town"] = "Derby"
        let reading = read(document)
        if place != "person.given" { #expect(reading.status == .accepted) }
        #expect(reading.warningPlaces == [warning])
    }

    @Test(arguments: [
        ("urgency", "asap"), ("source_kind", "zoo"), ("person.sex", "woman"), ("address.postcode", "DERBY"),
        ("person.email", "none"), ("person.preferred_contact", "owl"),
    ])
    func `what is not understood is kept as it was written`(_ place: String, _ text: String) {
        let reading = read(Samples.complete(place, .string(text)))
        #expect(reading.referral?.value[path: place] == .string(text))
    }

    @Test(arguments: [("yes", true), ("No", false), ("1", true), ("false", false)])
    func `words for true and false are understood`(_ word: String, _ flag: Bool) {
        let reading = read(Samples.complete("person.interpreter", .string(word)))
        #expect(reading.referral?.person.interpreter == flag)
        #expect(reading.warningPlaces == ["schema person.interpreter"])
    }

    @Test func `a birth date with a time loses the time`() {
        let reading = read(Samples.complete("person.dob", "1947-05-03T00:00:00"))
        #expect(reading.referral?.person.dob?.iso == "1947-05-03")
        #expect(reading.warningPlaces == ["invalid_date person.dob"])
    }

    @Test func `a need told twice is one need`() {
        let reading = read(Samples.complete("needs", ["falls", "Falls", "mobility"]))
        #expect(reading.referral?.needs == [.known(.falls), .known(.mobility)])
    }

    @Test func `six address lines become five without losing any`() {
        let reading = read(Samples.complete("address.lines", ["a\nb", "c", "d", "e", "f"]))
        #expect(reading.referral?.address?.lines == ["a", "b", "c", "d", "e, f"])
    }

    @Test func `empty parts are left out`() throws {
        var document = Samples.complete
        for key in ["address", "consent", "safeguarding"] { document[key] = ["note": "", "town": nil] }
        document["household"] = [[:], ["relation": " "]]
        document["risks"] = [["detail": ""], nil]
        let value = try #require(read(document).referral).value
        #expect(
            value.objectValue?.keys == [
                "message_id", "sender", "sent_at", "type", "marking", "person", "reason", "referrer",
            ])
    }

    // MARK: Identifiers

    @Test func `a wrong identifier is a warning, kept as written and unverified`() {
        let reading = read(
            Samples.complete(
                "person.identifiers",
                [["type": "NHS", "value": "943 476 5918"], ["type": "ni", "value": "AB 12 34 56"]]),
            byNHS: true)
        #expect(reading.status == .accepted)
        #expect(
            reading.warningPlaces
                == ["invalid_identifier person.identifiers[0].value", "invalid_identifier person.identifiers[1].value"])
        #expect(
            reading.referral?.person.identifiers == [
                Identifier(type: .known(.nhsNumber), value: "943 476 5918"),
                Identifier(type: .known(.nino), value: "AB 12 34 56"),
            ])
    }

    @Test(
        arguments: [
            (true, "00", .test, .envelope, true), (false, "01", .test, .translated, true),
            // Anybody can write a status into an envelope.
            (false, "01", .test, .envelope, false), (false, "02", .test, .translated, false),
            (true, "01", .production, .translated, false),
        ] as [(Bool, String, HubEnvironment, ReferralReader.Carrier, Bool)])
    func `an NHS number is verified by an NHS sender or by its status`(
        _ byNHS: Bool, _ status: String, _ environment: HubEnvironment, _ carrier: ReferralReader.Carrier,
        _ verified: Bool
    ) {
        let document = Samples.complete(
            "person.identifiers",
            [["type": "nhs_number", "value": "943 476 5919", "verification_status": .string(status), "verified": true]])
        let reading = read(document, byNHS: byNHS, in: environment, carrier: carrier)
        #expect(reading.referral?.person.identifiers.first?.verified == verified)
        #expect(reading.referral?.verifiedNHSNumber == (verified ? "9434765919" : nil))
        #expect(reading.warnings.isEmpty == (environment == .test))
    }

    @Test(arguments: [
        ("upn", "B801200005001", true), ("pnc_id", "1979/163D", false), ("hospital_number", "H1", false),
        ("local", "7", true),
    ])
    func `a mark of the sender's own does not verify an identifier`(_ type: String, _ value: String, _ verified: Bool) {
        let document = Samples.complete(
            "person.identifiers", [["type": .string(type), "value": .string(value), "verified": .bool(!verified)]])
        #expect(read(document).referral?.person.identifiers.map(\.verified) == [verified])
    }

    @Test func `an identifier without value or that says there is none is left out, one of an unknown type is kept`() {
        let document = Samples.complete(
            "person.identifiers",
            [
                ["type": "upn", "value": "UN1"], ["type": "nino"], ["type": "library card", "value": "L-5"],
                ["value": "9"],
                ["type": "upn", "value": 8_012_000_050_01],
            ])
        let reading = read(document)
        #expect(
            reading.referral?.person.identifiers == [
                Identifier(type: .unknown("library card"), value: "L-5"), Identifier(type: .unknown(""), value: "9"),
                Identifier(type: .known(.upn), value: "801200005001"),
            ])
        #expect(
            reading.warningPlaces == [
                "unknown_code person.identifiers[2].type", "missing person.identifiers[3].type",
                "invalid_identifier person.identifiers[4].value",
            ])
    }

    @Test func `two different verified NHS numbers find nobody`() {
        let document = Samples.complete(
            "person.identifiers",
            [["type": "nhs_number", "value": "9434765919"], ["type": "nhs_number", "value": "9990000018"]])
        #expect(read(document, byNHS: true).referral?.verifiedNHSNumber == nil)
    }
}
