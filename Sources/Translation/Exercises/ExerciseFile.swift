import Crypto
package import Referral

/// The table of an exercise as it is handed over, checked as a whole: rows that do not hold are left out.
package struct ExerciseFile: Sendable {
    /// One share's row.
    package struct Row: Sendable {
        /// The share's id, which also orders the table.
        package var share: String
        package var person: String
        /// The table of this row alone, as ``Renderer`` made it.
        package var table: [UInt8]

        package init(share: String, person: String, table: [UInt8]) {
            self.share = share
            self.person = person
            self.table = table
        }
    }

    /// A share whose row is not in the table.
    package struct LeftOut: Sendable, Hashable {
        package var share: String
        package var code: String

        package init(share: String, code: String) {
            self.share = share
            self.code = code
        }
    }

    package let bytes: [UInt8]
    /// Whose rows are in the table, in its order.
    package let shares: [String]
    /// What is wrong with the rows that are not, by share.
    package let faults: [String: SheetFault]
    private let sheet: ExerciseSheet

    /// Puts rows together by a sheet. What is checked is what is read from the bytes themselves.
    ///
    /// Of two rows that count as the same the one of the earlier share stays.
    package init(_ rows: [Row], by sheet: ExerciseSheet) {
        let header = sheet.emptyTable
        var seen: Set<[String]> = []
        var persons: Set<String> = []
        var faults: [String: SheetFault] = [:]
        var kept: [(share: String, cells: [String], bytes: ArraySlice<UInt8>)] = []
        for row in rows.sorted(by: { $0.share < $1.share }) {
            guard let cells = sheet.row(of: row.table) else {
                faults[row.share] = .columns
                continue
            }
            let same = sheet.onePer.map { cells[$0].lowercased() }
            let isSame = !same.isEmpty && !same.contains("") && seen.contains(same)
            if let fault = sheet.faults(in: cells).first {
                faults[row.share] = fault
            } else if persons.contains(row.person) {
                faults[row.share] = .person
            } else if isSame {
                faults[row.share] = .init(.onePer, sheet.columns[sheet.onePer[0]].name, "is another row's too")
            } else {
                seen.insert(same)
                persons.insert(row.person)
                kept.append((row.share, cells, row.table.dropFirst(header.count)))
            }
        }
        let bytes = header + kept.flatMap(\.bytes)
        if (try? CSVTable.parse(bytes))?.rows.map(\.cells) != kept.map(\.cells) {
            // No table whose rows cannot be told apart leaves.
            for row in kept { faults[row.share] = .columns }
            kept = []
        }
        self.bytes = kept.isEmpty ? header : bytes
        shares = kept.map(\.share)
        self.faults = faults
        self.sheet = sheet
    }

    /// What whoever hands the table in reads beside it: what it is, what was checked, whose rows are in it and whose are not. Ids,
    /// codes and headings only.
    ///
    /// - Parameter leftOut: Rows that were refused before the table was put together.
    package func report(_ name: String, leftOut: [LeftOut] = [], at moment: Instant) -> [UInt8] {
        // One that was refused before and has been mended since is in the table.
        let leftOut =
            leftOut.filter { !shares.contains($0.share) }
            + faults.sorted { $0.key < $1.key }.map { LeftOut(share: $0.key, code: $0.value.code) }
        let report: Value = [
            "file": .string(name), "exercise": .string(sheet.exercise), "data_set": .string(sheet.dataSet),
            "extract_on": .string(sheet.extractOn.iso), "upload_by": .string(sheet.uploadBy.iso),
            "made_at": .string(moment.rfc3339), "rows": .number(String(shares.count)),
            "columns": .array(sheet.header.map(Value.string)),
            "checks_passed": .array(SheetFault.Rule.allCases.map { .string($0.rawValue) }),
            "shares": .array(shares.map(Value.string)),
            "left_out": .array(leftOut.map { ["share_id": .string($0.share), "code": .string($0.code)] }),
            "sha256": .string(
                SHA256.hash(data: bytes).map { byte in
                    let digits = String(byte, radix: 16)
                    return digits.count == 1 ? "0\(digits)" : digits
                }.joined()),
        ]
        return StrictJSON.write(report) + [UInt8(ascii: "\n")]
    }
}

extension ExerciseSheet {
    /// The one row of a table with the sheet's headings; nil when it is something else.
    fileprivate func row(of table: [UInt8]) -> [String]? {
        guard table.starts(with: emptyTable), let read = try? CSVTable.parse(table), read.header == header,
            read.rows.count == 1, read.rows[0].problem == nil
        else { return nil }
        return read.rows[0].cells
    }
}
