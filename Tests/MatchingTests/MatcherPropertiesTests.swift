import Matching
import Referral
import Testing

/// What holds of any two descriptions.
@Suite struct MatcherPropertiesTests {
    private static func any(using random: inout SystemRandomNumberGenerator) -> Described {
        func one<T>(_ values: [T]) -> T { values.randomElement(using: &random)! }
        return Described(
            given: one(["Elsie", "Liz", "Elizabeth", "E", "Robert", "Bob", "Canary", nil]),
            family: one(["Canary", "Kanary", "Smith-Jones", "Jones", "Elsie", "Wójcik", nil]),
            born: one(["1950-04-03", "1950-03-04", "1951-04-03", "1971-11-02", nil]),
            lines: one([["12 Example Street"], ["Example Street"], ["4 Bobbin Row"], []]), town: one(["Derby", nil]),
            postcode: one(["DE1 2FS", "DE1 2FT", "NG7 4AA", nil]), uprn: one(["100030012345", nil, nil]),
            phone: one(["+441632960001", "+441632960777", nil]), email: one(["e@example.org", nil]),
            nhs: one(["9990000018", "9990000026", nil]), isVerified: .random(using: &random),
            local: one(["A1", "A2", nil]), sex: one([.female, .male, nil]))
    }

    @Test func `it does not matter which is compared with which`() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<1_000 {
            let (a, b) = (Self.any(using: &random), Self.any(using: &random))
            let (score, turned) = (Matcher.ofCity.compare(a, b), Matcher.ofCity.compare(b, a))
            #expect(score == turned)
        }
    }

    @Test func `one person is what a verified number and a second field say, and nothing else`() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<1_000 {
            let (a, b) = (Self.any(using: &random), Self.any(using: &random))
            let score = Matcher.ofCity.compare(a, b)
            guard score.outcome == .same else { continue }
            #expect(a.nhs != nil && a.nhs == b.nhs && a.isVerified && b.isVerified)
            #expect(a.born == b.born || score.level(of: .given) != .missing && score.level(of: .family) != .missing)
        }
    }

    typealias Change = @Sendable (inout Described) -> Void

    /// A field made silent, and made another's.
    static let changes: [(MatchField, silent: Change, other: Change)] = [
        (.family, { $0.family = nil }, { $0.family = "Thistlewood" }),
        (.given, { $0.given = nil }, { $0.given = "Bogdan" }),
        (.birthDate, { $0.born = nil }, { $0.born = "1971-11-02" }),
        (.sex, { $0.sex = nil }, { $0.sex = .male }),
        (.postcode, { $0.postcode = nil }, { $0.postcode = "NG7 4AA" }),
        (.address, { $0.lines = [] }, { $0.lines = ["4 Bobbin Row"] }),
        (.town, { $0.town = nil }, { $0.town = "Nottingham" }),
        (.phone, { $0.phone = nil }, { $0.phone = "+441632960777" }),
        (.nhsNumber, { $0.nhs = nil }, { $0.nhs = "9990000026" }),
        (.otherNumber, { $0.local = nil }, { $0.local = "B7" }),
    ]

    @Test(arguments: changes.indices)
    func `agreeing weighs more than silence, and silence more than contradiction`(_ index: Int) {
        let (field, silent, other) = Self.changes[index]
        let whole = Described(nhs: "9990000018", local: "A1", sex: .female)
        func weight(_ change: Change?) -> Double {
            let changed = whole.with { change?(&$0) }
            return Matcher.ofCity.compare(whole, changed).evidence.first { $0.field == field }?.weight ?? 0
        }
        #expect(weight(nil) > weight(silent))
        #expect(weight(silent) > weight(other))
        func sum(_ change: Change?) -> Double {
            Matcher.ofCity.compare(whole, whole.with { change?(&$0) }).weight
        }
        #expect(sum(nil) >= sum(silent))
        #expect(sum(silent) >= sum(other))
    }
}
