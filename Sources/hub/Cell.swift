import Postgres
import Referral

/// A cell of a table: a number is one in JSON too.
enum Cell {
    case text(String)
    case number(Int)
    case seconds(Duration?)
    case figure(Double?, isTime: Bool)

    /// As people read it.
    private var text: String {
        switch self {
        case .text(let text): text
        case .number(let number): "\(number)"
        case .seconds(let duration): duration.map { "\($0.components.seconds) s" } ?? ""
        case .figure(let value, let isTime):
            value.map { ($0 == $0.rounded() ? "\(Int($0))" : "\($0)") + (isTime ? " s" : "") } ?? ""
        }
    }

    private var value: Value {
        switch self {
        case .text(let text): .string(text)
        case .number(let number): .number("\(number)")
        case .seconds(let duration): duration.map { .number("\($0.components.seconds)") } ?? .null
        case .figure(let value, _): value.map { .number($0 == $0.rounded() ? "\(Int($0))" : "\($0)") } ?? .null
        }
    }

    /// Columns padded for people, or with `json` an object per row.
    static func table(_ columns: [String], _ rows: [[Cell]], json: Bool) {
        guard json else { return Output.table(columns, rows.map { $0.map(\.text) }, json: false) }
        for row in rows {
            var object = Object()
            for (column, cell) in zip(columns, row) { object[column] = cell.value }
            Output.json(.object(object))
        }
    }
}
