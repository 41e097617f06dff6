import Referral

/// The table of an extract: what its columns are called and hold, and the rows as texts.
package struct ExtractTable: Sendable, Hashable {
    package struct Column: Sendable, Hashable {
        /// What a column holds, as the Table Schema of Frictionless names it
        /// (https://specs.frictionlessdata.io/table-schema/#types-and-formats).
        package enum Kind: Sendable, Hashable {
            case string
            /// One of some words.
            case word([String])
            /// `true` or `false`.
            case flag
            /// `yyyy-mm`.
            case month
            /// A count, or `<5`.
            case count
            /// Told in every row, and different in each.
            case key
        }

        package let name: String
        package let kind: Kind
        package let text: String

        init(_ name: String, _ kind: Kind, _ text: String) {
            self.name = name
            self.kind = kind
            self.text = text
        }
    }

    /// The name of the file without its ending.
    package let name: String
    package let columns: [Column]
    /// A text for each column; an empty one where nothing is told.
    package let rows: [[String]]
}

extension ExtractTable {
    /// The columns as a Table Schema.
    var schema: Value {
        var schema: Object = [
            "fields": .array(columns.map(\.field)), "missingValues": [""],
        ]
        if let key = columns.first(where: { $0.kind == .key }) { schema["primaryKey"] = .string(key.name) }
        return .object(schema)
    }
}

extension ExtractTable.Column {
    fileprivate var field: Value {
        var field: Object = ["name": .string(name), "type": .string(type), "description": .string(text)]
        switch kind {
        case .word(let words): field["constraints"] = ["enum": .array(words.map(Value.string))]
        case .count: field["constraints"] = ["pattern": "[0-9]+|<5"]
        case .key: field["constraints"] = ["required": true, "unique": true]
        case .string, .flag, .month: break
        }
        return .object(field)
    }

    private var type: String {
        switch kind {
        case .string, .word, .count, .key: "string"
        case .flag: "boolean"
        case .month: "yearmonth"
        }
    }
}
