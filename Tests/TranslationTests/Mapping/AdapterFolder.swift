import Foundation
import Referral
import Testing

@testable import Translation

/// Adapters folders for tests.
enum AdapterFolder {
    /// The project's own.
    static let real = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("adapters").path

    /// The project's adapters, loaded once.
    static let loaded = AdapterCatalogue.load(real)

    /// Runs the body on a folder with these files, and removes it.
    static func with<Result>(_ files: [String: String], _ body: (String) throws -> Result) throws -> Result {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("adapters-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        for (name, text) in files {
            let file = folder.appendingPathComponent(name)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: file)
        }
        return try body(folder.path)
    }
}

/// A moment after every time in the tests' documents.
let later = Instant(rfc3339: "2027-01-01T00:00:00Z")!

extension Item {
    /// A document in the format, as paths start from it.
    static func document(_ text: String, _ format: DocumentFormat) throws -> Item {
        try SourceDocument.all(in: Array(text.utf8), format, .xml)[0].get()
    }
}

/// What an expression finds in a document: its texts, and the findings on the way.
func found(
    _ expression: String, in document: String, _ format: DocumentFormat = .json, tables: [String: CodeTable] = [:]
) throws -> (texts: [String], raised: [Evaluation.Raised]) {
    let dialect = ExpressionParser.Dialect(grammar: PathGrammar(format), tables: tables)
    let compiled = try ExpressionParser.parse(expression, dialect)
    var evaluation = Evaluation()
    let items = evaluation.items(compiled, Scope(try .document(document, format)), for: "field")
    return (items.map { $0.text ?? "{}" }, evaluation.raised)
}
