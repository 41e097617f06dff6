import Referral
import Testing

@testable import Disclosure

@Suite struct ReleasedPopulationsTests {
    private static let all = Example.groups("DEMOG AREA NEEDS OUTCOMES SERVICE")

    private func released(_ cohort: [CohortRecord]) -> ReleasedPopulations {
        CountExtract(cohort, groups: Self.all).populations
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

    @Test func `what was hidden in either is not compared`() {
        let before =
            People.alike(30) + People.alike(3, from: 30) { $0.source = .police }
            + People.alike(20, from: 40) { $0.source = .housing }
        var after = before + People.alike(10, from: 80) { $0.source = .police }
        after[0].needs = [.falls]
        #expect(released(before).smallestDifference(from: [released(after)]) == 10)
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
