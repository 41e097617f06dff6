import Testing

@testable import Printing

struct PageBreaksTests {
    private func band(
        _ height: Double, gap: Double = 0, keeps: Bool = false, columns: Int? = nil
    ) -> PageBreaks.Band {
        PageBreaks.Band(gap: gap, cells: [[height]], keepsWithNext: keeps, columns: columns)
    }

    private func place(_ bands: [PageBreaks.Band]) -> [PageBreaks.Placement] {
        PageBreaks.place(bands, pageHeight: 100)
    }

    @Test func `what does not fit goes whole to the next page, without the space above it`() {
        let placed = place([band(40), band(50, gap: 5), band(40, gap: 5)])
        #expect(placed.map(\.page) == [0, 0, 1])
        #expect(placed.map(\.y) == [0, 45, 0])
        #expect(place([band(50), band(50)]).map(\.page) == [0, 0])
    }

    @Test func `a heading stays with what follows it`() {
        let placed = place([band(70), band(10, keeps: true), band(10, keeps: true), band(20)])
        #expect(placed.map(\.page) == [0, 1, 1, 1])
        #expect(place([band(70), band(10, keeps: true), band(20)]).map(\.page) == [0, 0, 0])
    }

    @Test func `column headings stand again on every page of their table`() {
        let rows = (0..<5).map { _ in band(40, columns: 0) }
        let placed = place([band(10, keeps: true)] + rows)
        #expect(placed.map(\.band) == [0, 1, 2, 0, 3, 4, 0, 5])
        #expect(placed.map(\.page) == [0, 0, 0, 1, 1, 1, 2, 2])
        #expect(placed[4].y == 10)
    }

    @Test func `what is higher than a page is broken between lines and loses none`() {
        let lines = (1...25).map { Double($0) * 10 }
        let tall = PageBreaks.Band(gap: 3, cells: [[10], lines])
        let placed = place([band(65), tall, band(10)])
        let pieces = placed.filter { $0.band == 1 }
        #expect(pieces.map(\.page) == [0, 1, 2, 3])
        #expect(pieces.map { $0.lines[1] } == [0..<3, 3..<13, 13..<23, 23..<25])
        #expect(pieces.map { $0.lines[0] } == [0..<1, 1..<1, 1..<1, 1..<1])
        #expect(placed.last?.page == 3)
        #expect(placed.last?.y == 20)
    }

    @Test func `a line higher than the page is printed all the same`() {
        let placed = place([PageBreaks.Band(gap: 0, cells: [[500, 1000]])])
        #expect(placed.map { $0.lines[0] } == [0..<1, 1..<2])
    }

    @Test func `nothing stands below the page's end, whatever comes`() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<200 {
            let bands = (0..<40).map { _ in
                let lines = Int.random(in: 1...30, using: &random)
                return PageBreaks.Band(
                    gap: Double(Int.random(in: 0...9, using: &random)),
                    cells: [(1...lines).map { Double($0) * 7 }, [7]], keepsWithNext: Bool.random(using: &random))
            }
            let placed = place(bands)
            for (index, band) in bands.enumerated() {
                let pieces = placed.filter { $0.band == index }
                #expect(pieces.flatMap { Array($0.lines[0]) } == Array(band.cells[0].indices))
                if band.height <= 80 { #expect(pieces.count == 1) }
            }
            for piece in placed {
                let lines = piece.lines[0]
                let start = lines.lowerBound == 0 ? 0 : bands[piece.band].cells[0][lines.lowerBound - 1]
                let end = lines.isEmpty ? start : bands[piece.band].cells[0][lines.upperBound - 1]
                #expect(piece.y + end - start <= 100)
            }
        }
    }
}
