import Printing
import Testing

struct PrinterTests {
    private func document(_ texts: [String], rows: Int = 0) -> Document {
        Document(
            title: "Letter", reference: "01997f2e-6d7a-7c3b-8e4f-0000000000a1", createdAt: "2026-11-22T09:30:00Z",
            hasIndex: true, isNumbered: true,
            sections: [
                .init(heading: "Texts", parts: [.paragraphs(texts), .list(texts)]),
                .init(
                    heading: "Rows",
                    parts: [
                        .rows((0..<rows).map { .init("Label \($0)", "value \($0)") }),
                        .table(columns: ["One", "Two"], rows: (0..<rows).map { ["\($0)", "two"] }),
                    ]),
            ])
    }

    private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: Unicode.ASCII.self) }

    @Test func `a PDF comes out, with its date, and without script, link, form or attachment`() throws {
        let bytes = try Printer.print(document(["Hello"], rows: 3))
        let text = text(bytes)
        #expect(text.hasPrefix("%PDF-1."))
        #expect(text.contains("%%EOF"))
        #expect(text.contains("20261122093000Z"))
        for name in ["/JavaScript", "/JS", "/URI", "/Link", "/AcroForm", "/EmbeddedFile", "/OpenAction", "/Author"] {
            #expect(!text.contains(name))
        }
    }

    @Test func `the same document gives the same bytes, whatever was printed between, from any thread`() async throws {
        let document = document(["Żółw, Llŷn, مرحبا", "plain"], rows: 60)
        let first = try Printer.print(document)
        _ = try Printer.print(self.document(["something else, Ωμέγα"], rows: 5))
        let others = try await withThrowingTaskGroup(of: [UInt8].self) { group in
            for _ in 0..<8 { group.addTask { try Printer.print(document) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(others.count == 8)
        #expect(others.allSatisfy { $0 == first })
    }

    @Test(arguments: [
        "", " ", "\u{0}\u{1}\u{7F}\u{85}\u{2028}", "\u{FFFD}\u{FFFE}\u{10FFFF}", "مرحبا بالعالم", "\u{202E}abc\u{202C}",
        "Zażółć gęślą jaźń", "Llŷn, Tŷ Gwyn, ŵ", "👩‍👩‍👧‍👦 🏴󠁧󠁢󠁷󠁬󠁳󠁿 🧑🏽‍🦽", "漢字 ไทย हिन्दी",
    ]) func `any text can be printed`(_ text: String) throws { try printsAnywhere(text) }

    @Test(arguments: [("x", 20_000), ("e\u{301}\u{302}\u{303}", 400), ("a\n", 500)])
    func `any length can be printed`(_ text: String, times: Int) throws {
        try printsAnywhere(String(repeating: text, count: times))
    }

    private func printsAnywhere(_ text: String) throws {
        let printed = try Printer.print(document([text, "before \(text) after"], rows: 1))
        #expect(self.text(printed).contains("%%EOF"))
    }

    @Test(arguments: [("a\n", 1 << 19), ("x", 1 << 22), ("a\u{2028}", 20_001), ("word ", 390_000)])
    func `a document without bound is refused before it is printed`(_ text: String, times: Int) {
        let text = String(repeating: text, count: times)
        let started = ContinuousClock.now
        #expect(throws: PrintingError.documentTooLong) { try Printer.print(document([text])) }
        let lines = text.split(whereSeparator: \.isNewline).map(String.init)
        if lines.count > 1 {
            #expect(throws: PrintingError.documentTooLong) { try Printer.print(document(lines)) }
        }
        #expect(started.duration(to: .now) < .seconds(30))
    }

    @Test func `a long document is printed whole`() throws {
        let lines = (0..<4_000).map { "line \($0)" }
        #expect(text(try Printer.print(document(lines))).contains("%%EOF"))
    }

    @Test func `without a time the date is a fixed one`() throws {
        for time in ["", "yesterday", "2026-11-22"] {
            let bytes = try Printer.print(Document(title: "t", reference: "r", createdAt: time, sections: []))
            #expect(text(bytes).contains("19700101000000Z"))
        }
    }
}
