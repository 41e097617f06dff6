import Simulators
import Testing

@Suite struct LatencyHistogramTests {
    @Test func `percentiles are within a sixty-fourth of the truth`() {
        var histogram = LatencyHistogram()
        for value in 1...100_000 { histogram.record(microseconds: value) }
        for (share, truth) in [(0.01, 1000), (0.5, 50_000), (0.99, 99_000), (1.0, 100_000)] {
            let got = histogram.percentile(share)
            #expect(got >= truth && got <= truth + truth / 64 + 1, "\(share): \(got)")
        }
        #expect(histogram.maximum == 100_000 && histogram.count == 100_000)
    }

    @Test(arguments: [0, 1, 127, 128, 129, 255, 256, 65535, 3_599_999_999])
    func `one value is every percentile`(value: Int) {
        var histogram = LatencyHistogram()
        histogram.record(microseconds: value)
        #expect(histogram.percentile(0.5) == value && histogram.percentile(0.99) == value)
    }

    @Test func `merging is as if recorded together`() {
        var (one, two, both) = (LatencyHistogram(), LatencyHistogram(), LatencyHistogram())
        for value in stride(from: 3, to: 9000, by: 7) {
            value % 2 == 0 ? one.record(microseconds: value) : two.record(microseconds: value)
            both.record(microseconds: value)
        }
        one.merge(two)
        #expect(one == both)
    }

    @Test func `nothing recorded is nothing`() { #expect(LatencyHistogram().percentile(0.99) == 0) }
}
