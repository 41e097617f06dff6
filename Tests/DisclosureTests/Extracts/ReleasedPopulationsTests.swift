import Referral
import Testing

@testable import Disclosure

@Suite struct ReleasedPopulationsTests {
    private static let all = Example.groups("DEMOG AREA NEEDS OUTCOMES SERVICE")

    private func released(_ cohort: [CohortRecord]) -> ReleasedPopulations {
        CountExtract(cohort, groups: Self.all).populations
    }

    @Test func `a figure about few that no earlier release tells differs from nothing`() {
        let few = ReleasedPopulations(cohort: Set(0..<20), cells: ["need=transport": [1, 2, 3]])
        #expect(few.smallestDifference(from: []) == nil)
        #expect(few.smallestDifference(from: [ReleasedPopulations(cohort: Set(0..<20), cells: [:])]) == nil)
        #expect(
            few.smallestDifference(from: [ReleasedPopulations(cohort: Set(0..<20), cells: ["need=transport": [1, 2]])])
                == 1)
    }

    @Test func `the same persons again differ by nobody`() {
        let cohort = People.mixed(120, seed: 4)
        #expect(released(cohort).smallestDifference(from: [released(cohort)]) == nil)
    }

    @Test(arguments: 1...12)
    func `a cohort that shrank differs by those who are gone`(count: Int) {
        let cohort = People.alike(120)
        #expect(released(cohort).smallestDifference(from: [released(Array(cohort.dropFirst(count)))]) == count)
    }

    @Test func `two who changed places are two`() {
        let cohort = People.alike(50)
        let other = cohort.dropLast() + [People.person(99)]
        #expect(released(cohort).smallestDifference(from: [released(Array(other))]) == 2)
    }

    @Test func `a figure that changed by one person is seen in an unchanged cohort`() {
        let before = People.alike(30) + People.alike(30, from: 30) { $0.sex = .male }
        var after = before
        after[0].sex = .male
        #expect(released(before).cohort == released(after).cohort)
        #expect(released(before).smallestDifference(from: [released(after)]) == 1)
    }

    @Test func `what was hidden and is told of many more is not near`() {
        let before =
            People.alike(30) + People.alike(3, from: 30) { $0.source = .police }
            + People.alike(20, from: 40) { $0.source = .housing }
        var after = before + People.alike(10, from: 80) { $0.source = .police }
        after += People.alike(6, from: 100) { $0.source = .housing }
        after[0].needs = [.falls]
        #expect(released(before).smallestDifference(from: [released(after)]) == 16)
    }

    @Test func `rows are set against every count that could be made of them`() {
        let cohort = People.alike(30)
        let rows = RowExtract(Array(cohort.dropFirst(2)), groups: Self.all).populations
        #expect(released(cohort).smallestDifference(from: [rows]) == 2)
        var moved = cohort
        moved[0].needs = [.falls]
        // One who has a need is hidden in the counts, but whoever has the rows sees nobody without it missing.
        #expect(released(moved).smallestDifference(from: [RowExtract(cohort, groups: Self.all).populations]) == nil)
        for index in 0..<6 { moved[index].needs = [.falls] }
        #expect(released(moved).smallestDifference(from: [RowExtract(cohort, groups: Self.all).populations]) == 6)
    }

    @Test func `slices that leave somebody over are seen, whichever of them comes last`() {
        let spring = People.alike(40)
        let summer = People.alike(40, from: 40)
        let one = People.alike(1, from: 80)
        let releases = [spring, summer, spring + summer + one].map(released)
        for last in releases.indices {
            var earlier = releases
            let new = earlier.remove(at: last)
            #expect(new.smallestDifference(from: earlier) == 1)
            for other in earlier { #expect((new.smallestDifference(from: [other]) ?? 99) >= 5) }
        }
        let whole = [spring, summer, spring + summer].map(released)
        #expect((whole[2].smallestDifference(from: Array(whole[..<2])) ?? 99) >= 5)
        // Two that overlap add up to nothing that anybody knows.
        let overlapping = [Array(spring.dropLast(10)), Array(spring.dropFirst(10))].map(released)
        #expect((released(spring).smallestDifference(from: overlapping) ?? 99) >= 5)
    }

    @Test(arguments: [1, 4, 5])
    func `many slices that leave some over are seen, whichever of them comes last`(over: Int) {
        let months = (0..<4).map { People.alike(40, from: $0 * 40) }
        // Some of February are not in the whole: somebody objected meanwhile.
        let whole = Array(months.joined()).filter { !(40..<40 + Int64(over)).contains($0.mark) }
        let releases = (months + [whole]).map(released)
        for last in releases.indices {
            var earlier = releases
            let new = earlier.remove(at: last)
            let difference = new.smallestDifference(from: earlier) ?? 99
            #expect(over < 5 ? difference == over : difference >= 5)
        }
        let exact = (months + [Array(months.joined())]).map(released)
        #expect((exact[4].smallestDifference(from: Array(exact[..<4])) ?? 99) >= 5)
    }

    @Test func `slices among many others that overlap are found, or a sum is taken to exist`() {
        let days = (0..<12).map { People.alike(10, from: $0 * 10) }
        var earlier = days.map(released)
        for first in 0..<11 {
            for last in first + 1..<12 where last - first < 6 {
                earlier.append(released(Array(days[first...last].joined())))
            }
        }
        let whole = released(Array(days.joined()).dropLast(2))
        #expect((whole.smallestDifference(from: earlier) ?? 99) <= 2)
    }

    @Test func `a hidden count is not worked out from another release that tells it`() {
        let before =
            People.alike(30) + People.alike(4, from: 30) { $0.source = .police }
            + People.alike(20, from: 40) { $0.source = .housing }
        let after =
            before + People.alike(1, from: 70) { $0.source = .police } + People.alike(20, from: 80)
            + People.alike(9, from: 110) { $0.source = .housing }
        #expect(released(before).hidden["source_code=6"]?.count == 4)
        #expect(released(after).cells["source_code=6"]?.count == 5)
        #expect(released(after).smallestDifference(from: [released(before)]) == 1)
        #expect(released(before).smallestDifference(from: [released(after)]) == 1)
    }

    @Test func `all that is hidden together is a figure, as the total less what is shown`() {
        let before =
            People.alike(30) + People.alike(2, from: 30) { $0.source = .police }
            + People.alike(20, from: 40) { $0.source = .housing }
        let after = before + People.alike(1, from: 70) { $0.source = .police } + People.alike(20, from: 80)
        #expect(released(after).smallestDifference(from: [released(before)]) == 1)
    }

    @Test func `wards are held against the sums of their LSOAs`() {
        let ward = People.alike(40) { $0.area = People.areas[1] }
        let byWard = ward + People.alike(19, from: 100) + People.alike(60, from: 200) { $0.area = People.areas[3] }
        let byLSOA = ward + People.alike(20, from: 100) + People.alike(80, from: 200) { $0.area = People.areas[3] }
        #expect(CountExtract(byWard, groups: Self.all).areaLevel == .ward)
        #expect(CountExtract(byLSOA, groups: Self.all).areaLevel == .lsoa)
        #expect(released(byLSOA).smallestDifference(from: [released(byWard)]) == 1)
        #expect(released(byWard).smallestDifference(from: [released(byLSOA)]) == 1)
    }

    @Test func `what is kept is read back as it was`() throws {
        for count in [0, 1, 7, 8, 9, 200] {
            let populations = released(People.mixed(count, seed: 9))
            #expect(try #require(ReleasedPopulations(bytes: populations.bytes)) == populations)
        }
        let bytes = released(People.mixed(30, seed: 9)).bytes
        for length in [0, 1, 5, 60, bytes.count - 1] {
            #expect(ReleasedPopulations(bytes: Array(bytes.prefix(length))) == nil)
        }
        #expect(ReleasedPopulations(bytes: [2] + bytes.dropFirst()) == nil)
    }
}
