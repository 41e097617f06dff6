import Referral
import Testing

@testable import Console

@Suite struct FlowTextTests {
    private static let now = Instant(rfc3339: "2026-07-01T12:00:00Z")!
    private static func station(_ name: String) -> FlowPicture.Station {
        .init(
            queue: "intake", name: name, ready: 12_345, delayed: 1, inHand: 2, dead: 3, oldest: .seconds(90),
            circuit: .open, pause: nil, perMinute: 7.25)
    }
    private let picture = FlowPicture(
        at: now, senders: [.init(name: "UHDB\u{1B}[2J", lastHour: 12, lastAt: now, perMinute: 0.2)],
        stages: [station("Referrals to be worked on")],
        partners: [station("A partner of which the name is rather long")],
        needs: [.init(.now, "alarms", count: 2, since: now), .init(.soon, "of nobody", count: 0, since: nil)],
        traffic: .init(.hour, at: now, counts: []))

    @Test(arguments: [20, 60, 80, 120, 300]) func `no line is wider than the terminal`(width: Int) {
        let lines = picture.text(width: width)
        #expect(lines.allSatisfy { $0.count <= width })
        #expect(lines[0].hasPrefix("2 things need so"))
    }

    @Test func `it tells what the page tells`() throws {
        let text = picture.text(width: 120).joined(separator: "\n")
        for words in [
            "2 things need somebody now", "Now: 2 alarms", "12,345", "✕ Not answering", "0.2", "7.3", "13:00:00",
            "90 s",
        ] {
            #expect(text.contains(words), "\(words)")
        }
        #expect(!text.contains("of nobody") && !text.contains("\u{1B}"))
        let value = picture.value
        #expect(value["queues"]?.arrayValue?.first?["waiting"]?.intValue == 12_345)
        #expect(value["headline"]?.stringValue == "2 things need somebody now")
    }

    @Test func `what does not fit the terminal's height is counted`() {
        let all = picture.text(width: 120)
        let some = picture.text(width: 120, rows: 6)
        #expect(some.count == 6 && some[5].hasPrefix("… \(all.count - 5) more lines"))
        #expect(picture.text(width: 120, rows: all.count) == all)
    }
}
