import Matching
import Referral
import Testing

/// What is made of two descriptions.
@Suite struct MatcherTests {
    private func outcome(_ a: Described, _ b: Described) -> MatchOutcome { Matcher.ofCity.compare(a, b).outcome }
    private let known = Described(nhs: "9990000018")

    @Test(arguments: [
        Described(nhs: "9990000018"),
        Described(family: "Finch", postcode: "NG7 4AA", nhs: "9990000018"),
        Described(given: "Liz", nhs: "9990000018"),
        Described(born: nil, nhs: "9990000018"),
        Described(born: "1950-04-03", nhs: "9990000018"),
    ])
    func `a verified NHS number with a second field is one person`(_ asked: Described) {
        #expect(outcome(known, asked) == .same)
    }

    @Test(arguments: [
        Described(born: "1971-11-02", nhs: "9990000018"),
        Described(given: "Bogdan", nhs: "9990000018"),
        Described(given: "Bogdan", born: nil, nhs: "9990000018"),
        Described(given: nil, born: nil, nhs: "9990000018"),
        Described(family: nil, born: nil, nhs: "9990000018"),
        Described(nhs: "9990000018", isVerified: false),
        Described(nhs: nil),
    ])
    func `anything less goes to a person`(_ asked: Described) {
        #expect(outcome(known, asked) == .notSure)
    }

    @Test func `nothing is one person without a verified number on both sides, however much agrees`() {
        let everything = Described(
            uprn: "100030012345", email: "e@example.org", nhs: "9990000018", isVerified: false, local: "A1",
            sex: .female)
        #expect(outcome(everything, everything) == .notSure)
    }

    @Test(arguments: [
        Described(given: "Elsy", born: "1950-03-30", phone: nil),
        Described(given: "Canary", family: "Elsie"),
        Described(family: "Finch"),
        Described(born: "1950-04-03", postcode: nil, phone: nil),
        Described(born: nil, phone: nil),
        Described(lines: ["4 Bobbin Row"], postcode: "NG7 4AA", phone: nil),
    ])
    func `who looks alike goes to a person`(_ asked: Described) {
        #expect(outcome(Described(), asked) == .notSure)
    }

    @Test(arguments: [
        // Husband, child, and somebody of the same name.
        Described(given: "Bogdan", born: "1948-01-02"),
        Described(given: "Ivy", born: "1980-09-09"),
        Described(born: "1981-12-01", lines: ["4 Bobbin Row"], postcode: "NG7 4AA", phone: "+441632960777"),
        Described(
            given: "Bogdan", family: "Wójcik", born: "1950-04-30", lines: ["4 Bobbin Row"], postcode: "NG7 4AA",
            phone: "+441632960777"),
    ])
    func `who lives with somebody, or is called the same, or is born on the same day, is another`(_ asked: Described) {
        #expect(outcome(Described(), asked) == .new)
    }

    @Test func `an e-mail address never decides alone`() {
        let a = Described(email: "family@example.org")
        let b = Described(
            given: "Bogdan", family: "Wójcik", born: "1971-11-02", lines: [], town: nil, postcode: nil, phone: nil,
            email: "family@example.org")
        #expect(outcome(a, b) == .new)
    }

    @Test func `a known number goes to a person even where all else speaks against it`() {
        let a = Described(local: "A1")
        let b = Described(
            given: "Bogdan", family: "Wójcik", born: "1971-11-02", lines: [], town: nil, postcode: nil, phone: nil,
            local: "A1")
        #expect(outcome(a, b) == .notSure)
    }

    @Test func `two descriptions that say nothing are of two persons`() {
        let nobody = Described(
            given: nil, family: nil, born: nil, lines: [], town: nil, postcode: nil, phone: nil)
        let score = Matcher.ofCity.compare(nobody, nobody)
        #expect(score.outcome == .new)
        #expect(score.weight == 0)
    }

    @Test func `a frequent name says less than a rare one`() {
        let sample = (0..<2_000).map { number in
            Described(family: number % 20 == 0 ? "Smith" : "Name\(number)").fingerprint()
        }
        let matcher = Matcher(MatchPopulation(size: 260_000, sample: sample))
        func weight(_ family: String) -> Double {
            let person = Described(family: family)
            return matcher.compare(person, person).evidence.first { $0.field == .family }?.weight ?? 0
        }
        #expect(weight("Smith") < weight("Name7") - 4)
        #expect(weight("Name7") <= weight("Thistlewood"))
    }

    @Test func `the evidence is complete, and its sum is the weight`() {
        let score = Matcher.ofCity.compare(known, Described(given: "Liz", born: "1950-04-03"))
        #expect(Set(score.evidence.map(\.field)).isSuperset(of: Set(MatchField.allCases).subtracting([.household])))
        #expect(abs(score.evidence.reduce(0) { $0 + $1.weight } - score.weight) < 1e-9)
    }
}
