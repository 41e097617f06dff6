import Referral
import Testing

@testable import Console

@Suite struct TrafficTests {
    private let now = Instant(rfc3339: "2026-07-01T12:00:07Z")!

    private func back(_ seconds: Int64) -> Instant { Instant(microseconds: now.microseconds - seconds * 1_000_000) }

    @Test(arguments: Traffic.Period.allCases)
    func `the parts fill the period without gap, and the last is the one that goes on`(period: Traffic.Period) throws {
        let parts = Traffic(period, at: now, counts: []).parts
        #expect(Int64(parts.count * period.step) == period.length.components.seconds)
        #expect(
            zip(parts, parts.dropFirst()).allSatisfy { one, next in
                next.beganAt.microseconds - one.beganAt.microseconds == Int64(period.step) * 1_000_000
            })
        let last = try #require(parts.last)
        #expect(last.beganAt <= now && last.beganAt.microseconds + Int64(period.step) * 1_000_000 > now.microseconds)
        #expect(parts.allSatisfy { Int64($0.beganAt.microseconds / 1_000_000) % Int64(period.step) == 0 })
    }

    @Test func `counts of one part are added, and what is older than the period is left out`() {
        let traffic = Traffic(
            .fiveMinutes, at: now,
            counts: [
                (now, .came, 2), (back(1), .came, 3), (back(290), .told, 5), (back(301), .came, 100),
                (back(-60), .came, 100),
                (now, .failed, 1),
            ])
        #expect(traffic.total(.came) == 5 && traffic.total(.told) == 5 && traffic.total(.failed) == 1)
        #expect(traffic.parts.last?.count(.came) == 5 && traffic.parts.first?.count(.told) == 5)
    }

    @Test(arguments: [(0, 1), (1, 1), (2, 2), (3, 5), (6, 10), (11, 20), (999, 1_000), (1_001, 2_000), (4_000, 5_000)])
    func `the highest line is a round number that nothing is above`(most: Int, ceiling: Int) {
        #expect(Traffic.Drawing.ceiling(over: most) == ceiling)
    }

    @Test func `every point of a line is inside the drawing, and the highest is where its number says`() throws {
        let traffic = Traffic(
            .hour, at: now, counts: (0..<60).map { (back($0 * 60), .came, Int($0) * 17) } + [(now, .told, 1_000)])
        let drawing = Traffic.Drawing(traffic)
        #expect(drawing.ceiling == 2_000)
        for line in drawing.lines.values {
            let points = line.split(separator: " ").map { $0.split(separator: ",").compactMap { Double($0) } }
            #expect(points.count == 60)
            #expect(points.allSatisfy { $0.count == 2 && (52...712).contains($0[0]) && (10...154).contains($0[1]) })
        }
        // Half of 2,000.
        #expect(drawing.lines[.told]?.hasSuffix("712,82") == true)
        #expect(drawing.lines[.failed]?.hasPrefix("52,154 ") == true)
    }

    @Test(arguments: [(0, "0"), (0.04, "0"), (0.25, "0.3"), (1, "1"), (9.94, "9.9"), (9.96, "10"), (1_234.4, "1,234")])
    func `a rate is told as precisely as anybody wants to know it`(rate: Double, text: String) {
        #expect(rate.rate == text)
    }
}
