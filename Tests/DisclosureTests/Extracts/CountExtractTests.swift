import Referral
import Testing

@testable import Disclosure

@Suite struct CountExtractTests {
    private static let all = Example.groups("DEMOG AREA NEEDS OUTCOMES SERVICE")

    private func counts(_ extract: CountExtract, _ dimension: String) -> [String: String] {
        Dictionary(uniqueKeysWithValues: extract.table.rows.filter { $0[1] == dimension }.map { ($0[2], $0[3]) })
    }

    @Test func `it is a table in long form that tells the size of the cohort`() {
        let extract = CountExtract(People.mixed(100, seed: 1), groups: Self.all)
        #expect(extract.table.columns.map(\.name) == ["measure", "dimension", "value", "count"])
        #expect(extract.table.rows[0] == ["persons", "total", "all", "100"])
        #expect(
            Set(extract.table.rows.map { $0[1] }).isSuperset(of: [
                "age_band", "sex", "age_band*sex", "ward", "need_isolation", "source_code", "referral_year",
                "ending_code",
            ]))
    }

    @Test(arguments: [
        ("DEMOG", ["total", "age_band", "sex", "age_band*sex"]), ("AREA", ["total", "ward"]),
        ("SERVICE", ["total", "source_code", "referral_year"]), ("OUTCOMES", ["total", "ending_code"]),
    ])
    func `a group that is not released is not counted by`(group: String, dimensions: [String]) {
        let extract = CountExtract(People.mixed(100, seed: 1), groups: Example.groups(group))
        #expect(Set(extract.table.rows.map { $0[1] }) == Set(dimensions))
    }

    @Test func `only needs of the group NEEDS are counted`() {
        let names = Set(
            CountExtract(People.mixed(99, seed: 1), groups: Example.groups("NEEDS")).table.rows.map { $0[1] })
        #expect(names.contains("need_bereavement"))
        for withheld in ["alcohol", "hoarding", "money_debt", "domestic_abuse", "homelessness"] {
            #expect(!names.contains("need_\(withheld)"))
        }
    }

    @Test func `areas below ward are told only where each has 20 or more`() {
        let twenty = People.alike(20) + People.alike(21, from: 20) { $0.area = People.areas[1] }
        #expect(CountExtract(twenty, groups: Self.all).areaLevel == .lsoa)
        #expect(counts(CountExtract(twenty, groups: Self.all), "lsoa") == ["E01000000": "20", "E01000001": "21"])
        #expect(CountExtract(Array(twenty.dropFirst()), groups: Self.all).areaLevel == .ward)
        #expect(counts(CountExtract(Array(twenty.dropFirst()), groups: Self.all), "ward") == ["E05000000": "40"])
        #expect(CountExtract(People.alike(50) { $0.area = nil }, groups: Self.all).areaLevel == nil)
    }

    @Test func `a small ward is hidden, and the next smallest with it`() {
        let cohort =
            People.alike(30) + People.alike(3, from: 30) { $0.area = People.areas[3] }
            + People.alike(40, from: 40) { $0.area = Area(lsoa: "E01000009", ward: "E05000009") }
        #expect(
            counts(CountExtract(cohort, groups: Self.all), "ward")
                == ["E05000000": "", "E05000001": "<5", "E05000009": "40"])
    }

    @Test func `what nearly everybody has hides those who have it not`() {
        let cohort = People.alike(60) { $0.needs = [.falls] } + People.alike(2, from: 60)
        #expect(counts(CountExtract(cohort, groups: Self.all), "need_falls") == ["yes": "", "no": "<5"])
    }

    @Test func `a table that cannot be protected is left out`() {
        let cohort =
            People.alike(4) { $0.area = People.areas[0] }
            + People.alike(6, from: 10) { $0.area = People.areas[3] }
        let extract = CountExtract(cohort, groups: Self.all)
        #expect(counts(extract, "total") == ["all": "10"])
        #expect(counts(extract, "ward").values.allSatisfy { Int($0) != 6 })
    }

    @Test func `the populations of shown counts are kept, and apart from them those of hidden ones`() {
        let cohort =
            People.alike(30) + People.alike(3, from: 30) { $0.source = .police }
            + People.alike(9, from: 40) { $0.source = .housing }
        let populations = CountExtract(cohort, groups: Self.all).populations
        #expect(populations.cohort.count == 42)
        #expect(populations.cells["source_code=3A"]?.count == 30)
        #expect(populations.cells["source_code=6"] == nil)
        #expect(populations.cells["source_code=4"] == nil)
        #expect(
            populations.hidden.filter { $0.key.hasPrefix("source") }.mapValues(\.count) == [
                "source_code=6": 3, "source_code=4": 9,
            ])
        #expect(populations.cells["source_code=(hidden)"]?.count == 12)
    }
}
