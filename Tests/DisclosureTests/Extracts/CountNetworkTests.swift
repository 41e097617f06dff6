import Testing

@testable import Disclosure

/// Everything that somebody who has a published table can work out from it, by trying every table that it could be.
struct Adversary {
    /// The values that each count may have, of the parts and then of the sums; nil when there are too many tables to try.
    private(set) var possible: [Set<Int>]

    /// - Parameters:
    ///   - told: What is told of each part and then of each sum: a count, `<5`, or nothing.
    ///   - sums: The parts of each sum. The last is that of all parts, and is told.
    init?(_ told: [String], parts: Int, sums: [[Int]]) {
        let everybody = Int(told[told.count - 1])!
        func values(_ text: String) -> [Int] {
            // Whoever knows the rules knows that what is withheld is 5 or more.
            Int(text).map { [$0] } ?? (text == "<5" ? Array(1...4) : Array(5...everybody))
        }
        let domains = told.prefix(parts).map(values)
        guard domains.reduce(1.0, { $0 * Double($1.count) }) < 300_000 else { return nil }
        let admitted = told.dropFirst(parts).map { Set(values($0)) }
        let most = told.dropFirst(parts).map { Int($0) ?? ($0 == "<5" ? 4 : everybody) }
        let sumsOf = (0..<parts).map { part in sums.indices.filter { sums[$0].contains(part) } }
        var possible = [Set<Int>](repeating: [], count: told.count)
        var table = Array(repeating: 0, count: parts)
        var totals = Array(repeating: 0, count: sums.count)
        func fill(_ part: Int) {
            guard part < parts else {
                guard zip(totals, admitted).allSatisfy({ $1.contains($0) }) else { return }
                for (index, value) in (table + totals).enumerated() { possible[index].insert(value) }
                return
            }
            for value in domains[part] {
                table[part] = value
                for sum in sumsOf[part] { totals[sum] += value }
                if sumsOf[part].allSatisfy({ totals[$0] <= most[$0] }) { fill(part + 1) }
                for sum in sumsOf[part] { totals[sum] -= value }
            }
        }
        fill(0)
        self.possible = possible
    }
}

@Suite struct CountNetworkTests {
    private func list(_ counts: [Int]) -> CountNetwork {
        let total = CountNetwork.Cell(from: 1, to: 0, count: counts.reduce(0, +), isFixed: true)
        return CountNetwork(points: 2, cells: counts.map { .init(from: 0, to: 1, count: $0) } + [total])
    }

    private func texts(_ network: CountNetwork) -> [String] {
        network.cells.map { cell in
            switch cell.mark {
            case .shown: "\(cell.count)"
            case .small: "<5"
            case .withheld: ""
            }
        }
    }

    @Test(arguments: [
        ([50, 3, 20, 30], ["50", "<5", "", "30"]),
        // Two that are small do not protect each other when their sum tells too much.
        ([50, 1, 1, 30], ["50", "<5", "<5", ""]),
        ([50, 1, 4, 30], ["50", "<5", "<5", "30"]),
        ([50, 4, 0, 30], ["50", "<5", "0", ""]),
        ([50, 20], ["50", "20"]),
        ([0, 0, 12], ["0", "0", "12"]),
        ([97, 3], ["", "<5"]),
        // What is left of 6 beside a 5 that is withheld would be 1: the 60 does it alone.
        ([1, 5, 60], ["<5", "5", ""]),
    ])
    func `the next smallest is withheld beside a small count`(counts: [Int], expected: [String]) throws {
        #expect(texts(try #require(list(counts).suppressed())).dropLast() == expected[...])
    }

    @Test(arguments: [[3, 3, 4], [4, 4, 2, 0], [5, 1, 1, 1, 1, 1]])
    func `where there is too little beside them, small counts cannot be protected`(counts: [Int]) {
        #expect(list(counts).suppressed() == nil)
    }

    @Test func `nobody works a hidden count of a list out`() {
        var random = SeededGenerator(state: 1)
        var tried = 0
        for _ in 0..<200 {
            let counts = (0..<Int.random(in: 2...5, using: &random)).map { _ in Int.random(in: 0...9, using: &random) }
            guard counts.reduce(0, +) >= 10, let network = list(counts).suppressed() else { continue }
            let told = texts(network)
            guard told.contains("<5"),
                let adversary = Adversary(told, parts: counts.count, sums: [Array(counts.indices)])
            else { continue }
            tried += 1
            for (index, text) in told.enumerated() {
                if text == "<5" { #expect(adversary.possible[index] == [1, 2, 3, 4], "\(counts) \(told)") }
                if text == "" { #expect(adversary.possible[index].count > 1, "\(counts) \(told)") }
            }
        }
        #expect(tried > 60)
    }
}
