import MessageQueue
import Testing

@testable import Hub

@Suite struct MetricsTests {
    @Test func `counters and gauges appear as Prometheus text`() {
        let metrics = Metrics()
        metrics.count(.submissions, "received")
        metrics.count(.submissions, "received")
        metrics.count(.decisions, "DENY")
        let text = metrics.text(gauges: [
            .init(name: "hub_queue_ready", help: "Ready", samples: [([("queue", "intake")], 3)])
        ])
        #expect(text.contains("# TYPE hub_submissions_total counter\nhub_submissions_total{answer=\"received\"} 2\n"))
        #expect(text.contains("hub_decisions_total{outcome=\"DENY\"} 1\n"))
        #expect(text.contains("# TYPE hub_queue_ready gauge\nhub_queue_ready{queue=\"intake\"} 3.0\n"))
        #expect(text.hasSuffix("\n"))
    }

    @Test func `totals and histograms of others appear as Prometheus text`() {
        let text = Metrics().text(
            gauges: [],
            totals: [.init(name: "hub_queue_attempts_total", help: "Begun", samples: [([("queue", "q")], 7)])],
            histograms: [
                .init(
                    name: "hub_queue_claim_seconds", help: "Time",
                    series: [([("queue", "q")], QueueMeter().claimSeconds)])
            ])
        #expect(text.contains("# TYPE hub_queue_attempts_total counter\nhub_queue_attempts_total{queue=\"q\"} 7\n"))
        #expect(text.contains("# TYPE hub_queue_claim_seconds histogram\n"))
        #expect(text.contains("hub_queue_claim_seconds_bucket{queue=\"q\",le=\"+Inf\"} 0\n"))
        #expect(text.contains("hub_queue_claim_seconds_count{queue=\"q\"} 0\n"))
    }

    @Test func `label values are escaped`() {
        let metrics = Metrics()
        metrics.count(.refusedRequests, "a\"b\\c\nd")
        #expect(metrics.text(gauges: []).contains("code=\"a\\\"b\\\\c\\nd\""))
    }
}
