/// A table as lines of text for a terminal.
package struct TextTable: Sendable {
    /// The least that the last column is given before the rows are written one below the other.
    private static let least = 24

    private let columns: [String]
    private let rows: [[String]]

    /// - Parameter rows: Of as many cells as there are columns.
    package init(_ columns: [String], _ rows: [[String]]) {
        self.columns = columns
        self.rows = rows
    }

    /// The heading and the rows, padded. Where they do not fit, the last column goes on in the next line; where even that leaves it
    /// too little, each row is written as a block of its own, a line for each cell that holds something.
    ///
    /// - Parameter width: Of the terminal; nil where there is none, and each row is one line.
    package func lines(width: Int? = nil) -> [String] {
        let heads = columns.map { $0.uppercased().replacing("_", with: " ") }
        guard let last = columns.indices.last else { return [] }
        let widths = columns.indices.map { index in rows.map { $0[index].count }.reduce(heads[index].count, max) }
        let before = widths.dropLast().reduce(0) { $0 + $1 + 2 }
        guard let width, before + widths[last] > width else { return ([heads] + rows).map { line($0, widths) } }
        let room = width - before
        guard room >= min(Self.least, widths[last]) else { return blocks(heads, width: width) }
        return ([heads] + rows).flatMap { row in
            Self.wrapped(row[last], to: room).enumerated().map { index, part in
                index == 0 ? line(row.dropLast() + [part], widths) : String(repeating: " ", count: before) + part
            }
        }
    }

    private func line(_ cells: [String], _ widths: [Int]) -> String {
        cells.indices.map { index in
            index == cells.count - 1
                ? cells[index] : cells[index] + String(repeating: " ", count: widths[index] - cells[index].count)
        }.joined(separator: "  ")
    }

    private func blocks(_ heads: [String], width: Int) -> [String] {
        let margin = (heads.map(\.count).max() ?? 0) + 2
        return rows.enumerated().flatMap { number, row in
            (number == 0 ? [] : [""])
                + row.indices.filter { !row[$0].isEmpty }.flatMap { index in
                    Self.wrapped(row[index], to: max(Self.least, width - margin)).enumerated().map { line, part in
                        let head = line == 0 ? heads[index] : ""
                        return head + String(repeating: " ", count: margin - head.count) + part
                    }
                }
        }
    }

    /// A text in lines of so many characters, broken between words where there are any.
    static func wrapped(_ text: String, to width: Int) -> [String] {
        var lines: [String] = []
        var rest = text[...]
        while rest.count > width {
            let head = rest.prefix(width + 1)
            if let space = head.lastIndex(of: " "), space > head.startIndex {
                lines.append(String(rest[..<space]))
                rest = rest[rest.index(after: space)...]
            } else {
                lines.append(String(rest.prefix(width)))
                rest = rest.dropFirst(width)
            }
        }
        return lines + [String(rest)]
    }
}
