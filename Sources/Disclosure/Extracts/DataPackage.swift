package import Referral

/// What stands beside the table of an extract: its description for machines, and the note of the release (partner
/// interfaces, section 16).
package enum DataPackage {
    /// `datapackage.json`: a Tabular Data Package of Frictionless, version 1
    /// (https://specs.frictionlessdata.io/tabular-data-package/).
    ///
    /// - Parameters:
    ///   - name: The id of the extract.
    ///   - created: When it was made.
    ///   - size: Bytes of the CSV file.
    ///   - digest: SHA-256 of the CSV file in hexadecimal.
    package static func description(
        of table: ExtractTable, name: String, created: Instant, size: Int, digest: String
    ) -> Value {
        [
            "profile": "tabular-data-package", "name": .string(name), "created": .string(created.rfc3339),
            "resources": [
                [
                    "profile": "tabular-data-resource", "name": .string(table.name), "path": .string(table.fileName),
                    "format": "csv", "mediatype": "text/csv", "encoding": "utf-8", "bytes": .number(String(size)),
                    "hash": .string("sha256:\(digest)"),
                    "dialect": [
                        "delimiter": ",", "lineTerminator": "\r\n", "quoteChar": "\"", "doubleQuote": true,
                        "header": true,
                    ],
                    "schema": table.schema,
                ]
            ],
        ]
    }
}

extension ExtractTable {
    /// The name of the file.
    package var fileName: String { name + ".csv" }
}
