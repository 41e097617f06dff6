package import Referral

/// What one national exercise wants of a table: its columns with their rules, and the days on which it is made and handed in.
///
/// A partner's adapter says what its rows can hold (``Shape``). The exercise's own sheet, which is issued anew each time and is
/// part of a deployment's configuration, says which of that is taken, under which names and by which rules.
package struct ExerciseSheet: Sendable, Hashable {
    /// The exercise, as shares for it name it as their authority.
    package var exercise: String
    package var dataSet: String
    /// The day as of which the table is made: no row leaves before it begins, by the clocks of England.
    package var extractOn: CalendarDate
    /// The last day on which the table can be handed in: afterwards no row leaves.
    package var uploadBy: CalendarDate
    package var columns: [Column]
    /// The columns of which no two rows may have the same content in all; where one is empty, nothing is compared. Empty: only
    /// that no person is there twice.
    var onePer: [Int]
    /// The column that shows who was an adult on the day of the extract.
    var birthDate: Int

    /// A column of the table.
    package struct Column: Sendable, Hashable {
        /// The heading, as the exercise writes it.
        package var name: String
        /// The column of the adapter's row that fills it. Left out: it is always empty.
        var source: String?
        /// Defaults to not.
        var isRequired = false
        /// The most characters of a cell. Left out: any number.
        var longest: Int?
        /// Defaults to text.
        var format = Format.text
    }

    /// How a cell that is not empty is written.
    enum Format: String, CaseIterable, Sendable, Hashable {
        case text
        case date = "dd/mm/yyyy"
        case nino, postcode, uprn
        /// Digits, with a point before two decimals at most.
        case number

        /// Whether a cell is written so, in its normal form.
        func fits(_ cell: String) -> Bool {
            switch self {
            case .text: true
            case .date: CalendarDate(british: cell) != nil
            case .nino: NINO.normalise(cell) == .passed(cell)
            case .postcode: Postcode.normalise(cell) == .passed(cell)
            case .uprn: (1...12).contains(cell.utf8.count) && cell.allSatisfy(\.isASCIIDigit)
            case .number:
                cell.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false).enumerated().allSatisfy {
                    !$1.isEmpty && $1.allSatisfy(\.isASCIIDigit) && ($0 == 0 || $1.count <= 2)
                }
            }
        }

        /// The fields of a release that can be written so; nil for any.
        var fields: Set<String>? {
            switch self {
            case .text, .number: nil
            case .date: ["person.dob", "agreement.signed_on", "share.created_at", "sent_at"]
            case .nino: ["person.identifiers.value"]
            case .postcode: ["address.postcode"]
            case .uprn: ["address.uprn"]
            }
        }
    }

    /// How old an adult is, in full years.
    private static let adult = 18

    /// The moment from which rows leave.
    package var opens: Instant { LondonTime.instant(extractOn, second: 0) }

    /// Whether the last day for handing in is over.
    package func isClosed(at moment: Instant) -> Bool { LondonTime.clock(moment).date > uploadBy }

    /// The sheet in a line, for those who look whether it is the right one.
    package var summary: String {
        "\(exercise), \(dataSet): \(columns.count) columns, extract on \(extractOn.iso), upload by \(uploadBy.iso)"
    }

    /// The headings.
    var header: [String] { columns.map(\.name) }

    /// The bytes of a table without a row: what is handed in when nothing is to be told.
    package var emptyTable: [UInt8] { CSVWriter.write(header: header, rows: []) }

    /// A row by the sheet, of a row by the adapter.
    func cells(_ row: [String: String]) -> [String] { columns.map { $0.source.flatMap { row[$0] } ?? "" } }

    /// Everything that a row by the sheet does wrong, in the order of the columns.
    func faults(in cells: [String]) -> [SheetFault] {
        guard cells.count == columns.count else { return [.columns] }
        var faults: [SheetFault] = []
        for (column, cell) in zip(columns, cells) {
            if cell.isEmpty {
                if column.isRequired { faults.append(.init(.required, column.name, "is empty")) }
                continue
            }
            // As it will stand there.
            if let longest = column.longest, CSVWriter.guarded(cell).count > longest {
                faults.append(.init(.longest, column.name, "has more than \(longest) characters"))
            }
            if !column.format.fits(cell) {
                faults.append(.init(.format, column.name, "is not written as \(column.format.rawValue)"))
            }
        }
        if let born = CalendarDate(british: cells[birthDate]), born.age(on: extractOn) < Self.adult {
            faults.append(.init(.adult, columns[birthDate].name, "is not an adult's on \(extractOn.iso)"))
        }
        return faults
    }
}

/// What a row does wrong by the sheet of an exercise: the rule and the column, never what stands there.
package struct SheetFault: Sendable, Hashable {
    /// A rule of a sheet.
    package enum Rule: String, CaseIterable, Sendable {
        /// The row names another exercise as its authority.
        case exercise
        /// It has not the columns of the sheet.
        case columns
        case required, longest, format, adult
        /// The table has another row that counts as the same.
        case onePer = "one_per"
    }

    /// Stable and lower-case, such as `sheet_required.date_of_birth`.
    package var code: String
    package var text: String

    init(_ rule: Rule, _ column: String, _ problem: String) {
        code = "sheet_\(rule.rawValue).\(Self.word(column))"
        text = "column '\(column)' \(problem)"
    }

    private init(_ rule: Rule, _ text: String) {
        code = "sheet_\(rule.rawValue)"
        self.text = text
    }

    static let columns = SheetFault(.columns, "the row has not the columns of the sheet")
    package static let exercise = SheetFault(.exercise, "the share's authority_ref is not the exercise of the sheet")
    static let person = SheetFault(.onePer, "the table has a row about the same person already")

    /// A heading as a word: `date_of_birth`.
    static func word(_ heading: String) -> String {
        let letters = heading.lowercased().map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" }
        return String(String(letters).prefix(40))
    }
}

extension CalendarDate {
    /// Reads `dd/mm/yyyy` and nothing else.
    init?(british text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.map(\.utf8.count) == [2, 2, 4] else { return nil }
        self.init(iso: parts.reversed().joined(separator: "-"))
    }
}
