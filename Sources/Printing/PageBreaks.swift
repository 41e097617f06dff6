/// Decides what stands on which page: pure arithmetic over the heights of what is to be printed.
///
/// A band (a heading, a labelled value, a row of a table) stays whole: one that does not fit goes to the next page. Only
/// what is higher than four fifths of a page is broken, between lines. A heading stays with what follows it, and a table's
/// column headings stand again on each page that its rows reach.
struct PageBreaks {
    /// A strip across the page.
    struct Band {
        /// Space above, unless it is the first of its page.
        var gap: Double
        /// For each cell, where each of its lines ends, measured from the band's top.
        var cells: [[Double]]
        /// Whether it must not be the last of its page.
        var keepsWithNext = false
        /// For a table's row, the band with its column headings.
        var columns: Int?

        var height: Double { cells.compactMap(\.last).max() ?? 0 }
    }

    /// A band, or some lines of it, on a page.
    struct Placement: Hashable {
        var band: Int
        /// From 0.
        var page: Int
        /// From the top of what the margins leave.
        var y: Double
        /// For each cell, the lines that stand here.
        var lines: [Range<Int>]
    }

    let pageHeight: Double

    private var placements: [Placement] = []
    private var page = 0
    private var y = 0.0

    init(pageHeight: Double) { self.pageHeight = pageHeight }

    /// Where everything stands, in order.
    static func place(_ bands: [Band], pageHeight: Double) -> [Placement] {
        var breaks = PageBreaks(pageHeight: pageHeight)
        for index in bands.indices { breaks.place(index, of: bands) }
        return breaks.placements
    }

    private mutating func place(_ index: Int, of bands: [Band]) {
        let band = bands[index]
        var start = band.cells.map { _ in 0 }
        var gap = y == 0 ? 0 : band.gap
        if y > 0, y + gap + needed(index, bands) > pageHeight {
            startPage(in: band, bands)
            gap = 0
        }
        if isWhole(band) {
            placements.append(
                Placement(band: index, page: page, y: y + gap, lines: band.cells.map { 0..<$0.count }))
            y += gap + band.height
            return
        }
        while zip(start, band.cells).contains(where: { $0 < $1.count }) {
            y += gap
            gap = 0
            let tops = zip(start, band.cells).map { $0 == 0 ? 0 : $1[$0 - 1] }
            // A line higher than the page is printed all the same: it would never fit.
            let isFresh = y == 0
            let ends = band.cells.indices.map { cell in
                let lines = band.cells[cell]
                let fitting = lines[start[cell]...].prefix { y + $0 - tops[cell] <= pageHeight }.count
                return min(lines.count, start[cell] + (isFresh ? max(1, fitting) : fitting))
            }
            placements.append(Placement(band: index, page: page, y: y, lines: zip(start, ends).map { $0..<$1 }))
            y +=
                band.cells.indices.map { cell in
                    ends[cell] > start[cell] ? band.cells[cell][ends[cell] - 1] - tops[cell] : 0
                }.max() ?? 0
            start = ends
            if zip(start, band.cells).contains(where: { $0 < $1.count }) { startPage(in: nil, bands) }
        }
    }

    private mutating func startPage(in band: Band?, _ bands: [Band]) {
        page += 1
        y = 0
        guard let columns = band?.columns else { return }
        let lines = bands[columns].cells.map { 0..<$0.count }
        placements.append(Placement(band: columns, page: page, y: 0, lines: lines))
        y = bands[columns].height
    }

    private func isWhole(_ band: Band) -> Bool { band.height <= pageHeight * 0.8 }

    /// The height that must be left on a page for the band to begin there.
    private func needed(_ index: Int, _ bands: [Band]) -> Double {
        let band = bands[index]
        let own = isWhole(band) ? band.height : band.cells.compactMap(\.first).max() ?? 0
        guard band.keepsWithNext, index + 1 < bands.count else { return own }
        return own + bands[index + 1].gap + needed(index + 1, bands)
    }
}
