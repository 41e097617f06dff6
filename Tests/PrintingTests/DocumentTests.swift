import Testing

@testable import Printing

struct DocumentTests {
    private let document = Document(
        title: "Support referral", reference: "R-1",
        sections: [
            .init(parts: [.paragraphs(["Please read."])]),
            .init(
                heading: "The person",
                parts: [.rows([.init("Name", "Anne Example"), .init("Address", "1 Example Street\nDerby")])]),
            .init(
                heading: "Needs",
                parts: [.list(["falls", "isolation"]), .table(columns: ["Risk", "Note"], rows: [["dog", ""]])]),
        ])

    @Test func `the outline says everything in order, with the lines after a value's first set in`() {
        #expect(
            document.outline == """
                OFFICIAL-SENSITIVE
                Reference: R-1

                # Support referral
                Please read.

                ## The person
                Name: Anne Example
                Address: 1 Example Street
                    Derby

                ## Needs
                - falls
                - isolation
                | Risk | Note
                | dog | \n
                """)
    }

    @Test func `sections have letters and everything in them numbers that run on`() {
        var numbered = document
        numbered.isNumbered = true
        numbered.hasIndex = true
        #expect(
            numbered.outline.split(separator: "\n", omittingEmptySubsequences: true).dropFirst(2).map(String.init) == [
                "# Support referral", "- A. The person", "- B. Needs", "1. Please read.", "## A. The person",
                "2. Name: Anne Example", "3. Address: 1 Example Street", "    Derby", "## B. Needs", "4. falls",
                "5. isolation", "| Risk | Note", "6. | dog | ",
            ])
    }

    @Test func `after Z come two letters`() {
        let many = Document(
            title: "t", reference: "r", isNumbered: true,
            sections: (0..<28).map { .init(heading: "\($0)", parts: []) })
        let headings = many.lines.compactMap { if case .heading(let text) = $0 { text } else { nil } }
        #expect(Array(headings.suffix(3)) == ["Z. 25", "AA. 26", "AB. 27"])
    }
}
