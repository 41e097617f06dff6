import Referral
import Testing

@testable import Disclosure

@Suite struct RowExtractTests {
    private static let all = Example.groups("DEMOG AREA NEEDS OUTCOMES SERVICE")

    private func table(_ extract: RowExtract) -> ExtractTable { extract.table { "P-\($0.person)" } }

    /// The smallest group over the columns by which somebody could be recognised, as the recipient finds it.
    private func smallestGroup(_ table: ExtractTable) -> Int? {
        let columns = table.columns.indices.filter {
            table.columns[$0].name.hasPrefix("age_band") || ["sex", "ward", "lsoa"].contains(table.columns[$0].name)
        }
        return Dictionary(grouping: table.rows) { row in columns.map { row[$0] } }.values.map(\.count).min()
    }

    @Test func `rows tell bands, months, areas and needs, and nothing else`() {
        let cohort = People.alike(8) {
            $0.age = 67
            $0.needs = [.falls, .alcohol]
            $0.closedOn = CalendarDate(iso: "2026-05-03")
            $0.ending = .completed
        }
        let extract = RowExtract(cohort, groups: Self.all)
        #expect(extract.k == 8)
        let names = table(extract).columns.map(\.name)
        #expect(
            names.filter { !$0.hasPrefix("need_") } == [
                "pid", "age_band5", "sex", "lsoa", "source_code", "referral_month", "closed_month", "ending_code",
                "care_leaver",
            ])
        #expect(!names.contains("need_alcohol"))
        let row = Dictionary(uniqueKeysWithValues: zip(names, table(extract).rows[0]))
        #expect(row["age_band5"] == "65-69" && row["sex"] == "F" && row["lsoa"] == "E01000000")
        #expect(row["referral_month"] == "2026-02" && row["closed_month"] == "2026-05" && row["ending_code"] == "CMP")
        #expect(row["need_falls"] == "true" && row["need_language"] == "false" && row["care_leaver"] == "false")
    }

    @Test func `k is what the rows themselves have, and 5 or more`() throws {
        for seed in 0..<8 as Range<UInt64> {
            let extract = RowExtract(People.mixed(Int(20 + seed * 70), seed: seed), groups: Self.all)
            guard !extract.members.isEmpty else { continue }
            #expect(extract.k >= 5)
            #expect(smallestGroup(table(extract)) == extract.k)
        }
    }

    @Test func `areas are told more coarsely before ages, and few rows are dropped`() {
        let cohort = People.mixed(600, seed: 5)
        let extract = RowExtract(cohort, groups: Self.all)
        #expect(extract.generalisation.area != .lsoa)
        #expect(extract.dropped * 20 <= cohort.count)
        #expect(extract.members.count + extract.dropped == 600)
        let twoLSOAs = People.alike(4) + People.alike(4, from: 4) { $0.area = People.areas[1] }
        let byWard = RowExtract(twoLSOAs, groups: Self.all)
        #expect(byWard.generalisation == RowGeneralisation(area: .ward, ageWidth: 5, hasSex: true))
        let twoAges = People.alike(4) { $0.age = 41 } + People.alike(4, from: 4) { $0.age = 48 }
        #expect(RowExtract(twoAges, groups: Self.all).generalisation.ageWidth == 10)
    }

    @Test func `two sets of rows joined have no smaller groups than the earlier`() {
        let everybody = (0..<6).flatMap { part in
            People.alike(20, from: part * 20) {
                $0.age = part % 2 == 0 ? 41 : 46
                $0.area = Area(lsoa: "E0100000\(part / 2)", ward: "E0500000\(part / 2)")
            }
        }
        #expect(RowExtract(everybody, groups: Self.all).generalisation.area == .lsoa)
        // By itself the first needs no areas; the second must not add them.
        let window = everybody.indices.filter { $0 % 20 < 2 }.map { everybody[$0] }
        let first = RowExtract(window, groups: Self.all)
        #expect(first.generalisation == RowGeneralisation(area: nil, ageWidth: 5, hasSex: true))
        let second = RowExtract(everybody, groups: Self.all, within: [first.generalisation])
        #expect(second.generalisation == first.generalisation)
        let joined = Dictionary(grouping: window) {
            first.generalisation.group(of: $0) + second.generalisation.group(of: $0)
        }
        #expect(joined.values.allSatisfy { $0.count >= 5 })
    }

    @Test func `areas in one project and ages in another are never both told`() {
        let areas = RowExtract(People.alike(40), groups: Example.groups("AREA NEEDS"))
        let ages = RowExtract(
            People.alike(40), groups: Example.groups("DEMOG NEEDS"), within: [areas.generalisation])
        #expect(areas.generalisation == RowGeneralisation(area: .lsoa, ageWidth: nil, hasSex: false))
        #expect(ages.generalisation == RowGeneralisation(area: nil, ageWidth: nil, hasSex: false))
    }

    @Test func `a later step is within every earlier one`() {
        let narrow = RowGeneralisation(area: nil, ageWidth: 5, hasSex: true)
        let wide = RowGeneralisation(area: .ward, ageWidth: 10, hasSex: true)
        #expect(!narrow.isWithin(wide) && !wide.isWithin(narrow) && wide.isWithin(wide))
        let later = RowExtract(People.mixed(600, seed: 5), groups: Self.all, within: [narrow, wide])
        #expect(later.generalisation.isWithin(narrow) && later.generalisation.isWithin(wide))
    }

    @Test func `fewer than 5 have no row at all`() {
        let extract = RowExtract(People.alike(4), groups: Self.all)
        #expect(extract.members.isEmpty && extract.k == 0 && extract.dropped == 4)
    }

    @Test func `groups that are not released have no columns and make no groups`() {
        let extract = RowExtract(People.mixed(50, seed: 2), groups: Example.groups("NEEDS"))
        #expect(extract.k == 50)
        #expect(table(extract).columns.allSatisfy { $0.name == "pid" || $0.name.hasPrefix("need_") })
    }

    @Test func `who is a care leaver is told only where 5 or more have either answer`() {
        let cohort =
            People.alike(12) { $0.isCareLeaver = Int($0.mark) < 4 }
            + People.alike(12, from: 20) {
                $0.isCareLeaver = Int($0.mark) < 25
                $0.sex = .male
            }
        let table = table(RowExtract(cohort, groups: Self.all))
        let column = table.columns.firstIndex { $0.name == "care_leaver" }!
        let sex = table.columns.firstIndex { $0.name == "sex" }!
        #expect(table.rows.filter { $0[sex] == "F" }.allSatisfy { $0[column] == "" })
        #expect(table.rows.count { $0[sex] == "M" && $0[column] == "true" } == 5)
    }

    @Test func `rows stand in the order of their pseudonyms`() {
        let rows = RowExtract(People.alike(40), groups: Self.all).table { String($0.person.reversed()) }.rows
        #expect(rows.map { $0[0] } == rows.map { $0[0] }.sorted())
    }

    @Test func `ages above 90 are one band`() {
        let ages = [0, 4, 5, 67, 89, 90, 104]
        #expect(ages.map { AgeBand.ofRow($0, width: 5) } == ["0-4", "0-4", "5-9", "65-69", "85-89", "90+", "90+"])
        #expect(ages.map { AgeBand.ofCounts($0) } == ["0-4", "0-4", "5-14", "65-74", "85+", "85+", "85+"])
        #expect(AgeBand.ofCounts(nil) == "unknown" && AgeBand.ofRow(nil, width: 10) == "unknown")
        #expect(Set((0...120).map { AgeBand.ofCounts($0) } + ["unknown"]) == Set(AgeBand.ofCounts))
    }
}
