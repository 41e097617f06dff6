import Printing
import Referral

extension Document {
    /// What a shape of the format `pdf` made of a release; nil without a title or a reference.
    ///
    /// - Parameter release: Says when the share was made, which is the document's date.
    init?(_ made: Value, of release: Item) {
        let title = made["title"].cell
        let reference = made["reference"].cell
        guard !title.isEmpty, !reference.isEmpty else { return nil }
        var createdAt = ""
        if case .value(let release) = release.node { createdAt = release["share"]?["created_at"]?.stringValue ?? "" }
        self.init(
            title: title, reference: reference, createdAt: createdAt, hasIndex: made["index"] == .bool(true),
            isNumbered: made["numbered"] == .bool(true), sections: made["sections"].elements.map(Section.init))
        if let marking = made["marking"] { self.marking = Optional(marking).cell }
    }
}

extension Document.Section {
    /// The members of a section, in the order in which the shape has them.
    fileprivate init(_ made: Value) {
        self.init(heading: made["heading"].map { Optional($0).cell }, parts: [])
        guard case .object(let members) = made else { return }
        for (key, value) in members {
            switch key {
            case "rows": parts.append(.rows(Optional(value).elements.flatMap(\.rows)))
            case "paragraphs": parts.append(.paragraphs(Optional(value).texts))
            case "list": parts.append(.list(Optional(value).texts))
            case "table": parts.append(Self.table(Optional(value).elements))
            default: break
            }
        }
    }

    /// A table of objects: a column for each key that one of them has, in their common order.
    private static func table(_ made: [Value]) -> Document.Part {
        let rows = made.compactMap { if case .object(let row) = $0 { row } else { nil } }
        var columns: [String] = []
        for row in rows {
            var place = 0
            for (key, _) in row {
                if let column = columns.firstIndex(of: key) {
                    place = column + 1
                } else {
                    columns.insert(key, at: place)
                    place += 1
                }
            }
        }
        return .table(columns: columns, rows: rows.map { row in columns.map { row[$0].cell } })
    }
}

extension Value {
    /// The members of an object as labels and values.
    fileprivate var rows: [Document.Row] {
        guard case .object(let members) = self else { return [] }
        return members.map { Document.Row($0, Optional($1).cell) }
    }
}

extension Value? {
    /// The elements of an array, or the one value.
    fileprivate var elements: [Value] { self.map { $0.arrayValue ?? [$0] } ?? [] }

    /// The texts of the elements.
    fileprivate var texts: [String] { elements.map { Optional($0).cell }.filter { !$0.isEmpty } }
}
