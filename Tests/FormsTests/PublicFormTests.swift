import Referral
import TestSupport
import Testing

@testable import Forms

@Suite struct PublicFormTests {
    let form = PublicForm(team: .init(name: "Example Team", phone: "01632 960999"), path: "/refer")
    let begun = PublicForm.Begun(
        id: "0199f0aa-0000-7000-8000-000000000001", at: Instant(rfc3339: "2026-11-22T09:30:00Z")!)
    let today = CalendarDate(year: 2026, month: 11, day: 22)!

    /// A whole form about somebody else.
    static let aboutOther = [
        "over_13": "yes", "subject": "other", "relation": "neighbour", "person_knows": "unsure", "given": "Zoë",
        "family": "Example", "birth_day": "2", "birth_month": "1", "birth_year": "1950", "postcode": "DE1 2FS",
        "reason": "Would like company.",
    ]

    private func reply(_ fields: [String: String], page: FormStep, _ more: [String: String] = [:]) -> PublicForm.Reply {
        let own = ["page": page.rawValue].merging(more) { $1 }
        return form.reply(to: fields.merging(own) { $1 }, begun: begun, today: today)
    }

    private func html(_ reply: PublicForm.Reply) -> String {
        if case .page(let html, _) = reply { html } else { "" }
    }

    private func sent(_ fields: [String: String]) throws -> SentForm {
        guard case .send(let sent) = reply(fields, page: .check, ["send": "yes"]) else {
            throw Unsent(page: html(reply(fields, page: .check, ["send": "yes"])))
        }
        return sent
    }

    struct Unsent: Error { var page: String }

    /// The page's own name for where it is.
    private func step(_ reply: PublicForm.Reply) -> String? {
        html(reply).firstMatch(of: #/name="page" value="([a-z]+)"/#).map { String($0.1) }
    }

    @Test func `asks one thing after the other, whether the sender is 13 first`() {
        let fields = Self.aboutOther
        #expect(step(form.reply(to: ["go": "age"], begun: begun, today: today)) == "age")
        let steps: [FormStep] = [.age, .subject, .you, .person, .contact, .reason, .check]
        for (answered, next) in zip(steps, steps.dropFirst()) {
            #expect(step(reply(fields, page: answered)) == next.rawValue)
        }
    }

    @Test func `a sender who tells of themselves is not asked who they are to the person`() throws {
        var fields = Self.aboutOther
        fields["subject"] = "me"
        fields["relation"] = nil
        #expect(step(reply(fields, page: .subject)) == "person")
        let sent = try sent(fields)
        let envelope = try #require(sent.envelope.objectValue)
        #expect(envelope["source_code"] == "1C")
        #expect(envelope["consent"]?.objectValue?["agreed"] == "yes")
        #expect(envelope["referrer"]?.objectValue?["name"] == "Zoë Example")
    }

    @Test func `what is sent is an envelope that intake finds complete`() throws {
        let sent = try sent(Self.aboutOther)
        #expect(sent.messageID == begun.id && !sent.isFromChild && !sent.tellsOfHarm)
        let reading = ReferralReader.read(sent.envelope, sentBy: SentForm.sender, now: begun.at, environment: .test)
        #expect(reading.errors.isEmpty && reading.warnings.isEmpty)
        let referral = try #require(reading.referral)
        #expect(referral.person.family == "Example" && referral.person.dob?.iso == "1950-01-02")
        #expect(referral.address?.postcode == "DE1 2FS")
        #expect(referral.consent?.known == nil && referral.consent?.agreed == .known(.notAsked))
        #expect(referral.referrer?.role == "Neighbour")
        #expect(referral.sourceCode == .known(.anonymous) && referral.sourceKind == .known(.memberOfPublic))
    }

    @Test(arguments: [("family", "1A"), ("friend", "1B"), ("neighbour", "1B"), ("other", "1D")])
    func `who gives a name is coded by what they are to the person`(relation: String, code: String) throws {
        let fields = Self.aboutOther.merging(["relation": relation, "your_name": "A Sender"]) { $1 }
        #expect(try sent(fields).envelope.objectValue?["source_code"] == .string(code))
    }

    @Test func `one name is enough, and an age instead of a birth date`() throws {
        var fields = Self.aboutOther
        for name in ["family", "birth_day", "birth_month", "birth_year"] { fields[name] = nil }
        fields["age"] = "80"
        let reading = ReferralReader.read(
            try sent(fields).envelope, sentBy: SentForm.sender, now: begun.at, environment: .test)
        #expect(reading.errors.isEmpty)
        #expect(reading.referral?.person.alsoKnownAs == ["Zoë"] && reading.referral?.person.ageEstimate == 80)
    }

    @Test(arguments: [
        (FormStep.age, ["over_13": ""], "Select yes if you are 13 or older"),
        (.age, ["over_13": "perhaps"], "Select yes if you are 13 or older"),
        (.subject, ["subject": ""], "Select who you are telling us about"),
        (.you, ["relation": ""], "Select how you know the person"),
        (.you, ["your_phone": "12"], "Enter a phone number"),
        (.you, ["your_email": "nobody"], "Enter an email address"),
        (.person, ["given": " ", "family": "\r\n"], "Enter a first name or a last name"),
        (.person, ["birth_day": "31", "birth_month": "2"], "Date of birth must be a real date"),
        (.person, ["birth_month": ""], "Date of birth must include a month"),
        (.person, ["birth_year": "2031"], "Date of birth must be in the past"),
        (.person, ["birth_year": "50"], "Date of birth must be a real date"),
        (.person, ["age": "131"], "Age must be a number from 0 to 130"),
        (.person, ["family": String(repeating: "x", count: 121)], "Last name must be 120 characters or less"),
        (.contact, ["postcode": "QA1 1AA"], "Enter a full UK postcode"),
        (.contact, ["contact_by": "pigeon"], "Select how to get in touch"),
        (
            .contact, ["postcode": "", "birth_day": "", "birth_month": "", "birth_year": ""],
            "Enter an address or a phone number"
        ),
        (.reason, ["reason": ""], "Enter what is happening"),
        (.reason, ["reason": String(repeating: "y", count: 4_001)], "What you write must be 4000 characters or less"),
    ])
    func `what is wrong is said on its page, beside the field and on top`(
        page: FormStep, wrong: [String: String], text: String
    ) {
        let fields = Self.aboutOther.merging(wrong) { $1 }
        let reply = reply(fields, page: page)
        #expect(step(reply) == page.rawValue)
        guard case .page(let html, let isMistaken) = reply else { return }
        #expect(isMistaken && html.contains("There is a problem") && html.contains("<title>Error: "))
        #expect(html.ranges(of: text).count == 2, "on top and beside the field")
        // What the summary leads to is there.
        for link in html.matches(of: #/<a href="#([a-z_0-9]+)">/#) where link.1 != "main" {
            #expect(html.contains(#"id="\#(link.1)""#))
        }
        #expect(self.step(self.reply(fields, page: .check, ["send": "yes"])) == page.rawValue, "nothing is skipped")
    }

    @Test func `a page that was skipped is asked for, without reproach`() {
        let reply = reply(["over_13": "yes"], page: .check, ["send": "yes"])
        #expect(step(reply) == "subject")
        #expect(!html(reply).contains("There is a problem"))
    }

    @Test func `changing an answer leads back to the check, through what is then lacking`() {
        var fields = Self.aboutOther
        #expect(step(reply(fields, page: .check, ["go": "person"])) == "person")
        #expect(step(reply(fields, page: .person, ["checking": "yes"])) == "check")
        fields["relation"] = nil
        let lacking = reply(fields, page: .subject, ["checking": "yes"])
        #expect(step(lacking) == "you")
        #expect(html(lacking).contains(#"name="checking" value="yes""#))
    }

    @Test func `words of an emergency bring the advice to call 999 before sending, once`() throws {
        let fields = Self.aboutOther.merging(["reason": "She has collapsed."]) { $1 }
        let advice = reply(fields, page: .reason)
        #expect(step(advice) == "emergency" && html(advice).contains("call 999 now"))
        #expect(step(reply(fields, page: .check, ["send": "yes"])) == "emergency")
        let check = reply(fields, page: .emergency)
        #expect(step(check) == "check")
        let advised = fields.merging(["advised": "yes"]) { $1 }
        #expect(try sent(advised).tellsOfHarm == false, "advice only: nothing is decided by it")
        #expect(step(reply(advised, page: .reason)) == "emergency", "other words are other advice")
    }

    @Test func `a child is asked whether somebody hurts them, and is kept apart`() throws {
        var fields = Self.aboutOther.merging(["over_13": "no"]) { $1 }
        #expect(html(reply(fields, page: .contact)).contains("Is someone hurting you"))
        #expect(html(reply(fields, page: .contact)).contains("0800 1111"))
        #expect(step(reply(fields, page: .check, ["send": "yes"])) == "reason")
        fields["harm"] = "no"
        let quiet = try sent(fields)
        #expect(quiet.isFromChild && !quiet.tellsOfHarm)
        fields["harm"] = "yes"
        #expect(try sent(fields).tellsOfHarm)
        let urgent = fields.merging(["harm": "no", "reason": "He has a knife", "advised": "yes"]) { $1 }
        #expect(try sent(urgent).tellsOfHarm)
    }

    @Test func `what a sender wrote never becomes markup`() {
        let hostile = "\"><script>alert(1)</script>{{team}}"
        var fields = Self.aboutOther
        for name in ["given", "family", "town", "address_1", "reason", "language"] { fields[name] = hostile }
        for page in FormStep.allCases {
            for go in [nil, page] {
                let html = html(reply(fields, page: page, go.map { ["go": $0.rawValue] } ?? [:]))
                #expect(!html.contains("<script"))
                #expect(!html.isEmpty)
            }
        }
    }

    @Test func `fields that the form does not have are dropped, and control characters`() {
        let answers = FormAnswers(fields: ["family": " Ex\u{0}am\u{7}ple\r\n", "admin": "yes", "message_id": "x"])
        #expect(answers == FormAnswers(fields: ["family": "Example"]))
    }

    @Test(arguments: FormStep.allCases)
    func `any bytes are answered with a page`(page: FormStep) {
        var random = FixedRandom(seed: 7)
        for _ in 0..<200 {
            var fields: [String: String] = ["page": page.rawValue]
            for answer in FormAnswer.allCases where Bool.random(using: &random) {
                let bytes = (0..<Int.random(in: 0...40, using: &random)).map { _ in
                    UInt8.random(in: 0...255, using: &random)
                }
                fields[answer.rawValue] = String(decoding: bytes, as: UTF8.self)
            }
            if Bool.random(using: &random) { fields["go"] = FormStep.allCases.randomElement(using: &random)?.rawValue }
            if Bool.random(using: &random) { fields["send"] = "yes" }
            #expect(html(form.reply(to: fields, begun: begun, today: today)).contains("</html>"))
        }
    }
}

@Suite struct EmergencyWordsTests {
    @Test(arguments: [
        "She wants to kill herself", "HE IS NOT BREATHING", "He can't breathe", "suicidal thoughts",
        "there's a fire: house fire!",
        "Mae hi'n gwaedu", "Mae'r tŷ ar dân", "took an overdose", "call 999",
    ])
    func `are found in any case, with any marks`(text: String) {
        #expect(EmergencyWords.occur(in: text))
    }

    @Test(arguments: [
        "", "She skilled herself up", "a fireplace that smokes", "Would like company", "He is breathing well",
        "strokes the cat",
        "guns N roses", "Number 1999", "\u{0}\u{FFFF}",
    ])
    func `are not seen in other words`(text: String) {
        #expect(!EmergencyWords.occur(in: text))
    }
}
