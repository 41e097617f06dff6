import Referral

/// A column of a table, by its heading or one of its synonyms: `surname`, `date_of_birth`.
///
/// Headings are compared after lower-casing and dropping all but letters and digits (partner interfaces, section 1), so
/// `D.O.B.` and `dob` are the same and an adapter writes `_` where the heading has a space.
struct ColumnPath: Sendable, Hashable {
    let startsAtItem: Bool
    /// Folded names, the preferred first; empty for the item in hand itself.
    let names: [String]

    init(_ text: String, synonyms: [String: [String]]) throws(SyntaxProblem) {
        startsAtItem = text.hasPrefix(".")
        guard text != "." else {
            names = []
            return
        }
        if let wrong = text.first(where: { !($0.isLetter || $0.isNumber || "_-".contains($0)) }) {
            throw SyntaxProblem(
                problem: "'\(wrong)' cannot stand in the column '\(text)'", remedy: "write '_' for spaces and points")
        }
        let own = CSVTable.fold(text)
        let others = synonyms.first { CSVTable.fold($0.key) == own }?.value ?? []
        names = [own] + others.map(CSVTable.fold)
    }

    func items(_ scope: Scope) -> [Item] {
        let start = startsAtItem ? scope.item : scope.root
        guard !names.isEmpty else { return [start] }
        guard case .value(let row) = start.node else { return [] }
        for name in names {
            if let cell = row[name]?.stringValue, !cell.trimmed.isEmpty {
                return [Item(text: cell, at: .column(start.place, name))]
            }
        }
        return []
    }
}
