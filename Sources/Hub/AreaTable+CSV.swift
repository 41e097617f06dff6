package import Disclosure
import Translation

extension AreaTable {
    /// Reads a table with the columns `postcode`, `lsoa` and `ward`, as cut from the ONS Postcode Directory
    /// (https://geoportal.statistics.gov.uk): of its columns `pcds`, `lsoa21` and `osward`.
    ///
    /// - Throws: ``AreaTableError``, naming the first line that is wrong.
    package static func read(_ bytes: [UInt8]) throws(AreaTableError) -> AreaTable {
        let table: CSVTable
        do {
            table = try CSVTable.parse(bytes)
        } catch {
            throw AreaTableError(line: 1, text: "is no table in CSV")
        }
        for column in ["postcode", "lsoa", "ward"] where table.columns(named: column).count != 1 {
            throw AreaTableError(line: 1, text: "must have one column named \(column)")
        }
        var areas = AreaTable()
        for row in table.rows {
            guard row.problem == nil, let postcode = table.value("postcode", in: row) else {
                throw AreaTableError(line: row.line, text: "has no postcode")
            }
            guard let lsoa = table.value("lsoa", in: row), let ward = table.value("ward", in: row),
                let area = Area(lsoa: lsoa, ward: ward)
            else {
                throw AreaTableError(line: row.line, text: "needs codes of nine characters for lsoa and ward")
            }
            guard areas.insert(area, at: postcode) else {
                throw AreaTableError(line: row.line, text: "has a postcode that is none")
            }
        }
        return areas
    }
}

/// Why a table of areas is not taken. It does not repeat what stands there.
package struct AreaTableError: Error, Sendable, CustomStringConvertible {
    package let line: Int
    package let text: String

    package var description: String { "line \(line) \(text)" }
}
