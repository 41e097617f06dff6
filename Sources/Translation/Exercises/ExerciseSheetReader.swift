import Referral
import Yams

extension ExerciseSheet {
    /// Reads the sheet of an exercise for a way out, whose row must be able to fill it; with every mistake in it, and no sheet
    /// when there is one.
    package static func load(_ path: String, for outbound: Outbound) -> (ExerciseSheet?, [AdapterDiagnostic]) {
        guard let bytes = AdapterFiles.bytes(path) else {
            let missing = AdapterDiagnostic(
                file: path, line: 0, problem: "the file cannot be read", remedy: "put the exercise's sheet there")
            return (nil, [missing])
        }
        return parse(String(decoding: bytes, as: UTF8.self), name: path, for: outbound)
    }

    /// The same of a sheet that is in memory.
    static func parse(
        _ text: String, name: String, for outbound: Outbound
    ) -> (ExerciseSheet?, [AdapterDiagnostic]) {
        var diagnostics: [AdapterDiagnostic] = []
        guard let file = DefinitionFile.parse(text, name: name, &diagnostics) else { return (nil, diagnostics) }
        var reader = ExerciseSheetReader(file: file, row: outbound.shape.columns ?? [:])
        let sheet = reader.sheet()
        return (reader.diagnostics.isEmpty ? sheet : nil, reader.diagnostics.sorted())
    }
}

/// Reads a sheet with every mistake noted and none stopping the rest.
private struct ExerciseSheetReader: DiagnosingReader {
    let file: DefinitionFile
    /// The columns of the adapter's row, each with the fields of the release that fill it.
    let row: [String: Set<String>]
    var diagnostics: [AdapterDiagnostic] = []

    init(file: DefinitionFile, row: [String: Set<String>]) {
        self.file = file
        self.row = row
    }

    mutating func sheet() -> ExerciseSheet? {
        let root = file.root
        known(root, "", ["exercise", "data_set", "extract_on", "upload_by", "one_per", "columns"])
        let exercise = text(root, "exercise", "")
        if let exercise, !Self.isReference(exercise) {
            note(
                root.member("exercise"), "exercise", "shares cannot name it so as their authority",
                "use up to 64 letters, digits and '-._:', such as NFI-2026-27")
        }
        let dataSet = text(root, "data_set", "")
        let extractOn = day(root, "extract_on")
        let uploadBy = day(root, "upload_by")
        if let extractOn, let uploadBy, uploadBy < extractOn {
            note(root.member("upload_by"), "upload_by", "it is before extract_on", "give the timetable's last day")
        }
        let columns = columns(root.member("columns"))
        let onePer = onePer(root, columns)
        let birthDate = birthDate(root, columns)
        guard let exercise, let dataSet, let extractOn, let uploadBy, let birthDate else { return nil }
        return ExerciseSheet(
            exercise: exercise, dataSet: dataSet, extractOn: extractOn, uploadBy: uploadBy, columns: columns,
            onePer: onePer, birthDate: birthDate)
    }

    private mutating func columns(_ node: Node?) -> [ExerciseSheet.Column] {
        guard let node, case .sequence(let sequence) = node, !sequence.isEmpty else {
            note(
                node ?? file.root, "columns", "the columns are missing",
                "list them in the sheet's order: - { name: Surname, from: Surname, required: true, longest: 35 }")
            return []
        }
        var columns: [ExerciseSheet.Column] = []
        for (index, node) in sequence.enumerated() {
            let path = "columns[\(index)]"
            known(node, path, ["name", "from", "required", "longest", "format"])
            guard let column = column(node, path) else { continue }
            let word = SheetFault.word(column.name)
            if columns.contains(where: { SheetFault.word($0.name) == word }) {
                note(node, "\(path).name", "the column '\(column.name)' is there twice", "keep one of the two")
            }
            if let source = column.source, columns.contains(where: { $0.source == source }) {
                note(
                    node, "\(path).from", "'\(source)' fills another column already", "give each column its own source")
            }
            columns.append(column)
        }
        return columns
    }

    private mutating func column(_ node: Node, _ path: String) -> ExerciseSheet.Column? {
        guard let name = text(node, "name", path) else { return nil }
        // A guarded heading would not be the exercise's any more.
        if name != name.trimmed || CSVWriter.guarded(name) != name || name.count > 100
            || name.contains(where: \.isNewline)
        {
            note(
                node.member("name"), "\(path).name", "it is no heading",
                "give one line of up to 100 characters that does not begin with '=', '+', '-' or '@'")
        }
        var column = ExerciseSheet.Column(name: name, source: node.member("from")?.scalarText)
        if let required = node.member("required") {
            switch required.scalarText {
            case "true": column.isRequired = true
            case "false": break
            default: note(required, "\(path).required", "true or false is expected")
            }
        }
        if let longest = node.member("longest") {
            column.longest = longest.scalarText.flatMap(Int.init)
            if !(1...10_000).contains(column.longest ?? 0) {
                note(longest, "\(path).longest", "a number of characters is expected", "give a number from 1 to 10000")
            }
        }
        if let format = node.member("format") {
            let words = ExerciseSheet.Format.allCases.map(\.rawValue)
            if let known = ExerciseSheet.Format(rawValue: format.scalarText ?? "") {
                column.format = known
            } else {
                note(
                    format, "\(path).format", "no such format",
                    Suggestion.remedy(for: format.scalarText ?? "", among: words))
            }
        }
        checkSource(of: column, node, path)
        return column
    }

    /// Whether the adapter's row can fill a column.
    private mutating func checkSource(of column: ExerciseSheet.Column, _ node: Node, _ path: String) {
        guard let source = column.source else {
            if node.member("from") != nil {
                note(node.member("from"), "\(path).from", "a column of the adapter's row is expected")
            } else if column.isRequired {
                note(
                    node, "\(path).required", "nothing fills it, so that no row could leave",
                    "name a column of the adapter's row with 'from'")
            }
            return
        }
        guard let fields = row[source] else {
            note(
                node.member("from"), "\(path).from", "the adapter's row has no column '\(source)'",
                Suggestion.remedy(for: source, among: row.keys.sorted()))
            return
        }
        if let wanted = column.format.fields, fields.isDisjoint(with: wanted) {
            note(
                node.member("format"), "\(path).format", "'\(source)' is never written as \(column.format.rawValue)",
                "give another source or another format")
        }
    }

    private mutating func onePer(_ root: Node, _ columns: [ExerciseSheet.Column]) -> [Int] {
        guard let node = root.member("one_per") else { return [] }
        guard let names = node.texts, !names.isEmpty else {
            note(node, "one_per", "a list of columns is expected", "give headings of this sheet, such as [NINO]")
            return []
        }
        return names.compactMap { name in
            if let index = columns.firstIndex(where: { $0.name == name }) { return index }
            note(
                node, "one_per", "the sheet has no column '\(name)'",
                Suggestion.remedy(for: name, among: columns.map(\.name)))
            return nil
        }
    }

    /// The column that shows who is an adult: without one no row could leave.
    private mutating func birthDate(_ root: Node, _ columns: [ExerciseSheet.Column]) -> Int? {
        let index = columns.firstIndex {
            $0.isRequired && $0.format == .date && row[$0.source ?? ""]?.contains("person.dob") == true
        }
        if index == nil {
            note(
                root.member("columns") ?? root, "columns", "none shows that somebody is an adult",
                "give one from the birth date, with format dd/mm/yyyy and required: true")
        }
        return index
    }

    // MARK: Keys and values

    private mutating func day(_ node: Node, _ key: String) -> CalendarDate? {
        guard let text = text(node, key, "") else { return nil }
        if let day = CalendarDate(iso: text) { return day }
        note(node.member(key), key, "a day is expected", "write it like 2026-09-30")
        return nil
    }

    /// Whether a share can keep a text as its `authority_ref`.
    private static func isReference(_ text: String) -> Bool {
        text.utf8.count <= 64
            && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-._:".contains($0)) }
    }
}
