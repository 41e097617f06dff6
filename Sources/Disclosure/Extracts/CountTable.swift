/// A table of counts by one dimension, or by two with both margins, ready for publication.
struct CountTable: Sendable {
    /// A cell as it is published.
    struct Cell: Sendable {
        let dimension: String
        let value: String
        let mark: CountNetwork.Mark
        /// The keyed numbers of those who are counted.
        let population: Set<Int64>

        /// The count, `<5` for 1 to 4, or nothing where it is withheld for the sake of another.
        var text: String {
            switch mark {
            case .shown: "\(population.count)"
            case .small: "<5"
            case .withheld: ""
            }
        }
    }

    /// A way to part a cohort: everybody has exactly one of the values.
    struct Dimension: Sendable {
        let name: String
        let values: [String]
        let value: @Sendable (CohortRecord) -> String

        init(_ name: String, _ values: [String], _ value: @escaping @Sendable (CohortRecord) -> String) {
            self.name = name
            self.values = values
            self.value = value
        }
    }

    let cells: [Cell]

    /// Counts a cohort by one dimension; nil when its small counts cannot be protected.
    init?(_ cohort: [CohortRecord], by dimension: Dimension) {
        let parts = Dictionary(grouping: cohort, by: dimension.value).mapValues { Set($0.map(\.mark)) }
        let populations = dimension.values.map { parts[$0] ?? [] }
        let counts = populations.map { CountNetwork.Cell(from: 0, to: 1, count: $0.count) }
        let total = CountNetwork.Cell(from: 1, to: 0, count: cohort.count, isFixed: true)
        guard let network = CountNetwork(points: 2, cells: counts + [total]).suppressed() else { return nil }
        cells = zip(dimension.values, zip(populations, network.cells)).map { value, cell in
            Cell(dimension: dimension.name, value: value, mark: cell.1.mark, population: cell.0)
        }
    }

    /// Counts a cohort by two dimensions, with the counts by each; nil when the small ones cannot be protected.
    init?(_ cohort: [CohortRecord], by rows: Dimension, and columns: Dimension) {
        let row = rows.values.indices
        let column = columns.values.indices
        // Points: rows, columns, the column of row totals, the row of column totals.
        let (rowTotals, columnTotals) = (row.count + column.count, row.count + column.count + 1)
        var populations: [Set<Int64>] = []
        var names: [(dimension: String, value: String)] = []
        var counts: [CountNetwork.Cell] = []
        func add(_ dimension: String, _ value: String, _ population: Set<Int64>, from: Int, to: Int) {
            names.append((dimension, value))
            populations.append(population)
            counts.append(CountNetwork.Cell(from: from, to: to, count: population.count))
        }
        let byRow = Dictionary(grouping: cohort, by: rows.value)
        let byColumn = Dictionary(grouping: cohort, by: columns.value).mapValues { Set($0.map(\.mark)) }
        for index in row {
            let members = Set((byRow[rows.values[index]] ?? []).map(\.mark))
            add(rows.name, rows.values[index], members, from: rowTotals, to: index)
        }
        for index in column {
            let members = byColumn[columns.values[index]] ?? []
            add(columns.name, columns.values[index], members, from: row.count + index, to: columnTotals)
        }
        for index in row {
            let parts = Dictionary(grouping: byRow[rows.values[index]] ?? [], by: columns.value)
            for other in column {
                add(
                    "\(rows.name)*\(columns.name)", "\(rows.values[index])*\(columns.values[other])",
                    Set((parts[columns.values[other]] ?? []).map(\.mark)), from: index, to: row.count + other)
            }
        }
        counts.append(.init(from: columnTotals, to: rowTotals, count: cohort.count, isFixed: true))
        guard let network = CountNetwork(points: columnTotals + 1, cells: counts).suppressed() else { return nil }
        cells = zip(names, zip(populations, network.cells)).map { name, cell in
            Cell(dimension: name.dimension, value: name.value, mark: cell.1.mark, population: cell.0)
        }
    }
}
