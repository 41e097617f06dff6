import Referral
import Testing

@testable import Disclosure

@Suite struct CountTableTests {
    private static let rows = CountTable.Dimension("need", ["a", "b", "c"]) { ["a", "b", "c"][($0.age ?? 0) / 10] }
    private static let columns = CountTable.Dimension("sex", ["F", "M"]) { ($0.sex ?? .female).rawValue }

    /// A cohort with a number of persons for each row and column.
    private func cohort(_ counts: [[Int]]) -> [CohortRecord] {
        var persons: [CohortRecord] = []
        for (row, counts) in counts.enumerated() {
            for (column, count) in counts.enumerated() {
                persons += People.alike(count, from: persons.count) {
                    $0.age = row * 10
                    $0.sex = column == 0 ? .female : .male
                }
            }
        }
        return persons
    }

    /// The sums of a table's 6 cells, row by row: each row's, each column's, that of all.
    private static let sums = [[0, 1], [2, 3], [4, 5], [0, 2, 4], [1, 3, 5], [0, 1, 2, 3, 4, 5]]

    @Test func `nobody works a hidden count of a table out, from whichever totals`() throws {
        var random = SeededGenerator(state: 7)
        var tried = 0
        for _ in 0..<150 {
            let counts = (0..<3).map { _ in
                (0..<2).map { _ in
                    Bool.random(using: &random)
                        ? Int.random(in: 0...4, using: &random) : .random(in: 5...9, using: &random)
                }
            }
            let persons = cohort(counts)
            guard persons.count >= 10, let table = CountTable(persons, by: Self.rows, and: Self.columns) else {
                continue
            }
            let cells = table.cells.map(\.text)
            let told = Array(cells[5...]) + Array(cells[..<5]) + ["\(persons.count)"]
            guard told.contains("<5"), let adversary = Adversary(told, parts: 6, sums: Self.sums) else { continue }
            tried += 1
            for (index, text) in told.enumerated() where Int(text) == nil {
                #expect(adversary.possible[index].count > 1, "\(counts) \(told)")
            }
            // Nor is a sum of hidden ones told that is 1 to 4: the rest of a total that is told.
            for (sum, parts) in Self.sums.enumerated() {
                guard let total = Int(told[6 + sum]) else { continue }
                let rest = total - parts.compactMap { Int(told[$0]) }.reduce(0, +)
                #expect(!(1...4).contains(rest), "\(counts) \(told)")
            }
        }
        #expect(tried > 30)
    }

    @Test func `counts 1 to 4 are never shown, and greater ones are true where they are`() throws {
        for seed in 0..<12 as Range<UInt64> {
            let persons = People.mixed(Int(10 + seed * 20), seed: seed)
            let table = CountTable(persons, by: .ageBand, and: .sex)
            for cell in table?.cells ?? [] {
                if let count = Int(cell.text) {
                    #expect(count == 0 || count >= 5)
                    #expect(count == cell.population.count)
                }
                #expect((cell.text == "<5") == (1...4).contains(cell.population.count))
            }
        }
    }

    @Test func `a table with margins keeps most of its counts`() throws {
        let persons = People.mixed(400, seed: 3)
        let table = try #require(CountTable(persons, by: .ageBand, and: .sex))
        let large = table.cells.filter { $0.population.count >= 5 }
        #expect(large.count { $0.mark == .shown } * 4 >= large.count * 3)
    }
}
