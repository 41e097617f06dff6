import Referral
import Testing

@testable import Matching

@Suite struct PersonQueryTests {
    private let today = CalendarDate(iso: "2026-07-01")!

    private func known(
        family: String? = "Canary", born: String? = "1950-04-30", postcode: String? = "DE1 2FS",
        number: String = "9990000018"
    ) -> Fingerprint {
        var person = Person()
        person.given = "Elsie"
        person.family = family
        person.dob = born.flatMap(CalendarDate.init(iso:))
        person.identifiers = [Identifier(type: .known(.nhsNumber), value: number, source: "uhdb", verified: false)]
        var address = Address()
        address.postcode = postcode
        return Fingerprint(
            Referral(
                messageID: "m", sender: "uhdb", sentAt: Instant(microseconds: 0), type: .known(.referral),
                person: person,
                address: address, reason: "x", needs: [], urgency: .known(.soon)),
            sender: "uhdb")
    }

    private func query(
        _ number: String? = nil, family: String? = nil, born: String? = nil, postcode: String? = nil
    ) throws -> PersonQuery {
        try #require(
            PersonQuery(
                nhsNumber: number, family: family, birthDate: born.flatMap(CalendarDate.init(iso:)), postcode: postcode)
        )
    }

    @Test func `nothing is no query`() {
        #expect(PersonQuery(nhsNumber: nil, family: nil, birthDate: nil, postcode: nil) == nil)
        #expect(PersonQuery(nhsNumber: nil, family: "–", birthDate: nil, postcode: nil) == nil)
    }

    @Test(
        arguments: [
            (nil, "canary", nil, nil), (nil, nil, "1950-04-30", nil), (nil, nil, nil, "DE1 2FS"),
            (nil, "CANÄRY", "1950-04-30", "DE1 2FS"), (nil, "Canary", nil, "DE1 2FS"),
        ] as [(String?, String?, String?, String?)])
    func `whoever fits is kept under one of the keys`(
        number: String?, family: String?, born: String?, postcode: String?
    ) throws {
        let query = try query(number, family: family, born: born, postcode: postcode)
        #expect(query.fits(known()) && query.canBeAnswered(today: today))
        #expect(!Set(query.keys(today: today)).isDisjoint(with: known().blockingKeys))
    }

    @Test(arguments: ["Smith-Jones", "smith jones", "SmithJones", "Jones", "smith"])
    func `a name of two parts is found by either, or by both in any writing`(asked: String) throws {
        let known = known(family: "Smith-Jones")
        for query in [try query(family: asked), try query(family: asked, postcode: "DE1 2FS")] {
            #expect(query.fits(known))
            #expect(!Set(query.keys(today: today)).isDisjoint(with: known.blockingKeys))
        }
    }

    @Test func `one that sounds alike, or is a part of a word, is another name`() throws {
        #expect(try !query(family: "Cannery").fits(known()))
        #expect(try !query(family: "Can").fits(known()))
        #expect(try !query(family: "Jones Smith").fits(known(family: "Smith Jones")))
    }

    @Test func `all that is given must fit`() throws {
        #expect(try query("9990000018", family: "Canary", born: "1950-04-30", postcode: "DE1 2FS").fits(known()))
        #expect(try !query("9990000026", family: "Canary").fits(known()))
        #expect(try !query("9990000018", family: "Robin").fits(known()))
        #expect(try !query("9990000018", born: "1950-05-01").fits(known()))
        #expect(try !query("9990000018", postcode: "DE1 2FT").fits(known()))
    }

    @Test func `a short name alone finds nobody, and with something more its bearers`() throws {
        #expect(try !query(family: "Ng").canBeAnswered(today: today))
        let together = try query(family: "Ng", postcode: "DE1 2FS")
        #expect(together.fits(known(family: "Ng")))
        #expect(!Set(together.keys(today: today)).isDisjoint(with: known(family: "Ng").blockingKeys))
    }

    @Test func `by postcode a name in any alphabet is found`() throws {
        for family in ["Øst", "李", "Петров", "4th"] {
            let keys = try query(postcode: "DE1 2FS").keys(today: today)
            #expect(!Set(keys).isDisjoint(with: known(family: family).blockingKeys), "\(family)")
        }
    }
}
