import Referral
import Testing

@testable import Matching

@Suite struct FingerprintTests {
    private let full = Described(uprn: "100030012345", email: "E.Canary@example.org", nhs: "9990000018", local: "A1")
        .with { $0.alsoKnownAs = ["Elsie Finch", "Betty"] }.fingerprint()

    @Test func `it is read back as it was written`() {
        #expect(Fingerprint(bytes: full.bytes) == full)
        #expect(Fingerprint(bytes: Fingerprint().bytes) == Fingerprint())
    }

    @Test func `cut short or longer it is not read`() {
        for count in 0..<full.bytes.count { #expect(Fingerprint(bytes: Array(full.bytes.prefix(count))) == nil) }
        #expect(Fingerprint(bytes: full.bytes + [0]) == nil)
    }

    @Test func `no bytes make the reader fail`() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<3_000 {
            var bytes = full.bytes
            for _ in 0..<3 {
                bytes[.random(in: 0..<bytes.count, using: &random)] = .random(in: 0...255, using: &random)
            }
            _ = Fingerprint(bytes: bytes)
        }
    }

    @Test func `a newer message stands first, and what was known before stays`() {
        let moved = Described(family: "Finch", postcode: "DE1 9ZZ").fingerprint()
        let both = Described().fingerprint().adding(moved)
        #expect(both.families == [[Array("finch".utf8)], [Array("canary".utf8)]])
        #expect(both.homes.map(\.postcode) == [Array("de19zz".utf8), Array("de12fs".utf8)])
        #expect(both.birthDates.count == 1)
    }

    @Test func `it does not grow without end`() {
        var gathered = Described().fingerprint()
        for number in 0..<200 {
            gathered = gathered.adding(
                Described(
                    family: "Name\(number)", postcode: "DE1 \(number % 10)AB", phone: "+4416329\(60_000 + number)"
                )
                .fingerprint())
        }
        #expect(gathered.bytes.count < 2_000)
        #expect(gathered.blockingKeys.count <= 48)
        #expect(gathered.families.first == [Array("name199".utf8)])
    }

    @Test func `no fixed abode is nobody's home`() {
        let roofless = Described(lines: [], town: nil, postcode: "ZZ99 3VZ").fingerprint()
        #expect(roofless.homes.isEmpty)
    }

    @Test(arguments: [
        Described(given: "Canary", family: "Elsie"), Described(family: "Kanary"), Described(given: "Betty"),
        Described(born: "1905-04-30"), Described(postcode: "DE21 2FS"), Described(family: "Finch", phone: nil),
        Described(born: nil, phone: nil), Described(born: "1950-04-03", lines: [], postcode: nil, phone: nil),
        Described(given: "Ivy", family: "Finch", postcode: nil, phone: nil),
    ])
    func `whoever may be the same shares a key, whichever one thing is wrong`(_ other: Described) {
        let known = Set(Described().fingerprint().blockingKeys)
        #expect(!known.isDisjoint(with: other.fingerprint().searchKeys))
    }

    @Test func `day and month exchanged are found among those who share nothing else`() {
        let known = Described(lines: [], postcode: nil, phone: nil).with { $0.born = "1950-04-03" }
        let asked = Described(
            given: "Ivy", family: "Finch", born: "1950-03-04", lines: [], postcode: nil, phone: nil)
        #expect(!Set(known.fingerprint().blockingKeys).isDisjoint(with: asked.fingerprint().searchKeys))
    }

    @Test func `nobody who shares nothing shares a key`() {
        let other = Described(
            given: "Bogdan", family: "Wójcik", born: "1971-11-02", lines: ["4 Bobbin Row"], postcode: "DE1 7AB",
            phone: "+441632960777")
        #expect(Set(Described().fingerprint().blockingKeys).isDisjoint(with: other.fingerprint().searchKeys))
    }
}
