import CPango

/// Sets a document's lines, breaks them into pages and draws them.
struct Press {
    private let document: Document
    private let paper: Paper
    private let typesetter: Typesetter

    /// What the margins leave.
    private static let width = Paper.width - 2 * Paper.margin
    private static let labelWidth = 150.0
    private static let gap = 10.0
    /// Between the marking and the text, and between the text and the foot.
    private static let furniture = 20.0
    private static let bodyHeight = Paper.height - 2 * Paper.margin - 2 * furniture

    /// A document is printed while a share is judged, under the lock on all printing: past these nobody would read it either.
    private static let maxLines = 20_000
    private static let maxPages = 500

    init(_ document: Document, on paper: Paper, _ fonts: UnsafeMutablePointer<PangoFontMap>) {
        self.document = document
        self.paper = paper
        typesetter = Typesetter(fonts, drawing: paper.drawing)
    }

    /// A line of the document, set.
    private struct Strip {
        var cells: [(x: Double, text: Typesetter.Text, tag: String?)]
        var gap: Double
        var keepsWithNext = false
        /// Of the line as a whole, and of the run of neighbours that it is part of: `TR` in a `Table`.
        var tag: String?
        var container: String?
        var isRuled = false
        var columns: Int?

        var band: PageBreaks.Band {
            PageBreaks.Band(
                gap: gap, cells: cells.map { $0.text.lines.map(\.bottom) }, keepsWithNext: keepsWithNext,
                columns: columns)
        }
    }

    /// Draws the whole document.
    ///
    /// - Throws: ``PrintingError/documentTooLong`` before anything that grows with the document is set or drawn.
    func print() throws(PrintingError) {
        paper.describe(title: document.title, createdAt: document.createdAt)
        let lines = document.lines
        guard lines.reduce(0, { $0 + $1.estimatedLines }) <= Self.maxLines else { throw .documentTooLong }
        var strips = strips(lines, pages: [])
        var placements = PageBreaks.place(strips.map(\.band), pageHeight: Self.bodyHeight)
        if document.hasIndex {
            // An entry is as high whatever its number: the second time everything stands where it stood.
            let headings = lines.indices.filter { if case .heading = lines[$0] { true } else { false } }
            let pages = headings.map { heading in placements.first { $0.band == heading }.map { $0.page + 1 } ?? 1 }
            strips = self.strips(lines, pages: pages)
            placements = PageBreaks.place(strips.map(\.band), pageHeight: Self.bodyHeight)
        }
        let count = (placements.last?.page ?? 0) + 1
        guard count <= Self.maxPages else { throw .documentTooLong }
        // They stand in the order of their pages.
        var rest = placements[...]
        for page in 0..<count {
            drawFurniture(page: page, of: count)
            let here = rest.prefix { $0.page == page }
            rest = rest.dropFirst(here.count)
            draw(here, strips)
            paper.endPage()
        }
    }

    private func draw(_ placements: ArraySlice<PageBreaks.Placement>, _ strips: [Strip]) {
        var rest = placements
        while let first = rest.first {
            let container = strips[first.band].container
            let run = container == nil ? rest.prefix(1) : rest.prefix { strips[$0.band].container == container }
            paper.tagged(container) {
                for placement in run { draw(placement, strips[placement.band]) }
            }
            rest = rest.dropFirst(run.count)
        }
    }

    private func draw(_ placement: PageBreaks.Placement, _ strip: Strip) {
        let y = Paper.margin + Self.furniture + placement.y
        paper.tagged(strip.tag) {
            for (cell, lines) in zip(strip.cells, placement.lines) {
                paper.tagged(cell.tag) { typesetter.draw(cell.text, lines, x: Paper.margin + cell.x, y: y) }
            }
        }
        if strip.isRuled { paper.rule(y: y + strip.band.height + 2) }
    }

    /// The head and the foot of a page.
    private func drawFurniture(page: Int, of count: Int) {
        let marking = typesetter.set(document.marking, .marking, width: Self.width, side: .centre)
        let reference = typesetter.set(document.reference, .foot, width: Self.width * 0.75)
        let number = typesetter.set("page \(page + 1) of \(count)", .foot, width: Self.width, side: .end)
        let foot = Paper.height - Paper.margin - 10
        typesetter.draw(marking, 0..<min(1, marking.lines.count), x: Paper.margin, y: Paper.margin - 6)
        typesetter.draw(reference, 0..<min(1, reference.lines.count), x: Paper.margin, y: foot)
        typesetter.draw(number, 0..<number.lines.count, x: Paper.margin, y: foot)
    }
}

// MARK: Lines

extension Press {
    /// - Parameter pages: The page of each heading, for the index; empty while it is not known.
    private func strips(_ lines: [Document.Line], pages: [Int]) -> [Strip] {
        var columns: (band: Int, widths: [Double])?
        return lines.indices.map { index in
            switch lines[index] {
            case .columns(let headings):
                let widths = widths(headings, lines[(index + 1)...])
                columns = (index, widths)
                return table(headings, number: nil, widths, isHead: true)
            case .cells(let number, let texts):
                var strip = table(texts, number: number, columns?.widths ?? [], isHead: false)
                strip.columns = columns?.band
                return strip
            default: return strip(lines[index], pages)
            }
        }
    }

    private func strip(_ line: Document.Line, _ pages: [Int]) -> Strip {
        switch line {
        case .title(let text):
            return Strip(cells: [(0, typesetter.set(text, .title, width: Self.width), nil)], gap: 0, tag: "H1")
        case .heading(let text):
            let set = typesetter.set(text, .heading, width: Self.width)
            return Strip(cells: [(0, set, nil)], gap: 18, keepsWithNext: true, tag: "H2")
        case .entry(let heading, let section):
            let page = section < pages.count ? String(pages[section]) : ""
            return Strip(
                cells: [
                    (0, typesetter.set(heading, .body, width: Self.width - 60), "TD"),
                    (Self.width - 50, typesetter.set(page, .body, width: 50, side: .end), "TD"),
                ], gap: section == 0 ? 12 : 4, tag: "TR", container: "Table")
        case .row(let number, let label, let value):
            let x = gutter + Self.labelWidth + Self.gap
            return Strip(
                cells: numbered(number) + [
                    (gutter, typesetter.set(label, .label, width: Self.labelWidth), "TH"),
                    (x, typesetter.set(value, .body, width: Self.width - x), "TD"),
                ], gap: 5, tag: "TR", container: "Table")
        case .paragraph(let number, let text):
            let set = typesetter.set(text, .body, width: Self.width - gutter)
            return Strip(cells: numbered(number, "Span") + [(gutter, set, "Span")], gap: 7, tag: "P")
        case .point(let number, let text):
            let x = max(gutter, 14)
            let mark = number.map { "\($0)." } ?? "•"
            return Strip(
                cells: [
                    (0, typesetter.set(mark, .body, width: x), "Lbl"),
                    (x, typesetter.set(text, .body, width: Self.width - x), "LBody"),
                ], gap: 4, tag: "LI", container: "L")
        case .columns, .cells: return Strip(cells: [], gap: 0)
        }
    }

    private func table(_ texts: [String], number: Int?, _ widths: [Double], isHead: Bool) -> Strip {
        var x = gutter
        var cells = numbered(number)
        for (text, width) in zip(texts, widths) {
            let set = typesetter.set(text, isHead ? .label : .body, width: width - Self.gap)
            cells.append((x, set, isHead ? "TH" : "TD"))
            x += width
        }
        return Strip(
            cells: cells, gap: isHead ? 8 : 6, keepsWithNext: isHead, tag: "TR", container: "Table", isRuled: true)
    }

    /// The widths of a table's columns, in proportion to their longest texts within bounds.
    private func widths(_ headings: [String], _ lines: ArraySlice<Document.Line>) -> [Double] {
        var longest = headings.map(\.count)
        for line in lines {
            guard case .cells(_, let texts) = line else { break }
            for (column, text) in texts.enumerated() where column < longest.count {
                longest[column] = max(longest[column], text.count)
            }
        }
        let weights = longest.map { Double(min(max($0, 8), 40)) }
        return weights.map { (Self.width - gutter) * $0 / weights.reduce(0, +) }
    }

    /// The space for numbers at the left.
    private var gutter: Double { document.isNumbered ? 34 : 0 }

    private func numbered(_ number: Int?, _ tag: String = "TH") -> [(x: Double, text: Typesetter.Text, tag: String?)] {
        number.map { [(0, typesetter.set("\($0).", .body, width: gutter), tag)] } ?? []
    }
}
