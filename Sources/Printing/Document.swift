/// A document for a person to read: a title, and sections of labelled values, paragraphs, lists and tables.
///
/// It says what is on the paper and nothing about where. ``outline`` writes it as plain text, ``Printer`` as a PDF.
package struct Document: Sendable, Hashable {
    /// Stands at the top of the first page and in the file's properties: what sort of document it is, and nobody's name.
    package var title: String
    /// Stands at the foot of every page, by which the document is found again.
    package var reference: String
    /// Stands at the head of every page. Defaults to `OFFICIAL-SENSITIVE`.
    package var marking: String
    /// When the document was made, in RFC 3339: the file's date. The moment of the share and not of the printing, so that
    /// printing it again gives the same bytes. Defaults to none, which prints the beginning of 1970.
    package var createdAt: String
    /// Whether the first page lists the sections with their pages. Defaults to no.
    package var hasIndex: Bool
    /// Whether sections have letters, and everything in them numbers that run through the document. Defaults to no.
    package var isNumbered: Bool
    package var sections: [Section]

    package init(
        title: String, reference: String, marking: String = "OFFICIAL-SENSITIVE", createdAt: String = "",
        hasIndex: Bool = false, isNumbered: Bool = false, sections: [Section]
    ) {
        self.title = title
        self.reference = reference
        self.marking = marking
        self.createdAt = createdAt
        self.hasIndex = hasIndex
        self.isNumbered = isNumbered
        self.sections = sections
    }

    /// What stands under one heading.
    package struct Section: Sendable, Hashable {
        /// Nil for what stands before the first heading.
        package var heading: String?
        /// In the order in which they are read.
        package var parts: [Part]

        package init(heading: String? = nil, parts: [Part]) {
            self.heading = heading
            self.parts = parts
        }
    }

    /// A run of text of one kind.
    package enum Part: Sendable, Hashable {
        /// A label and its value each.
        case rows([Row])
        case paragraphs([String])
        /// Points of a list.
        case list([String])
        /// Column headings, and rows with a cell for each.
        case table(columns: [String], rows: [[String]])
    }

    /// A label and its value, side by side.
    package struct Row: Sendable, Hashable {
        package var label: String
        package var value: String

        package init(_ label: String, _ value: String) {
            self.label = label
            self.value = value
        }
    }
}
