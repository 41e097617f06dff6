import Foundation
import Referral
import Testing

@testable import Console

@Suite struct FlowPageTests {
    private let console = Console(team: "Example <Team>")
    private let reader = Console.Reader(
        account: "a.worker", token: "t0ken", signOutPath: "/out", accountPath: "/me", nonce: "n0nce")
    private let now = Instant(rfc3339: "2026-07-01T12:00:00Z")!

    private func station(
        _ name: String = "Derby Homes", ready: Int = 0, dead: Int = 0, oldest: Duration? = nil,
        circuit: FlowPicture.Station.Circuit = .closed, pause: FlowPicture.Station.Pause? = nil, done: Double = 0,
        failed: Double = 0
    ) -> FlowPicture.Station {
        .init(
            queue: "out.derby_homes", name: name, ready: ready, delayed: 0, inHand: 0, dead: dead, oldest: oldest,
            circuit: circuit, pause: pause, perMinute: done, failedPerMinute: failed)
    }

    private func html(
        senders: [FlowPicture.Sender] = [], partners: [FlowPicture.Station] = [], needs: [FlowPicture.Need] = []
    ) -> String {
        let picture = FlowPicture(
            at: now, senders: senders, stages: [], partners: partners, needs: needs,
            traffic: .init(.hour, at: now, counts: []))
        return console.flow(picture, reader, sections: [.flow])
    }

    @Test func `the worst of what is the matter with a queue is its state`() {
        let pause = FlowPicture.Station.Pause(reason: "maintenance", until: nil)
        #expect(station(dead: 1, circuit: .open, pause: pause).state == .circuitOpen)
        #expect(station(circuit: .probing).state == .circuitOpen)
        #expect(station(dead: 1, pause: pause).state == .paused)
        #expect(station(dead: 1, oldest: .seconds(90)).state == .failing)
        #expect(station(oldest: .seconds(61)).state == .slow)
        #expect(station(oldest: .seconds(61), done: 1, failed: 2).state == .retrying)
        #expect(station(done: 2, failed: 1).state == .ok && station(dead: 1, failed: 2).state == .failing)
        #expect(station(oldest: .seconds(60)).state == .ok && station(ready: 100_000).state == .ok)
    }

    @Test func `the title says what matters most`() {
        #expect(html().contains("<title>Everything flows – Example &lt;Team&gt;</title>"))
        #expect(html(partners: [station(dead: 2)]).contains("<title>Derby Homes: has dead letters –"))
        #expect(
            html(partners: [station(dead: 2), station("DWP", circuit: .open)]).contains("<title>2 queues do not flow"))
        let needs = [
            FlowPicture.Need(.soon, "referrals lack something", count: 1_200, since: now),
            FlowPicture.Need(.now, "alarms", count: 1, since: now),
        ]
        #expect(html(partners: [station(dead: 2)], needs: needs).contains("<title>1 thing needs somebody now –"))
    }

    @Test func `what needs a person stands by urgency and age, and nothing that nobody waits for`() throws {
        let hour = Instant(microseconds: now.microseconds - 3_600_000_000)
        let page = html(needs: [
            .init(.soon, "first by name", count: 3, since: hour), .init(.today, "newer", count: 1, since: now),
            .init(.today, "older", count: 1_200, since: hour), .init(.now, "nobody", count: 0, since: nil),
        ])
        let older = try #require(page.range(of: "older"))
        let newer = try #require(page.range(of: "newer"))
        let soon = try #require(page.range(of: "first by name"))
        #expect(older.lowerBound < newer.lowerBound && newer.lowerBound < soon.lowerBound)
        #expect(page.contains(">1,200</strong>") && page.contains("the oldest waits for 60 min"))
        #expect(!page.contains("nobody") && !page.contains("Nothing waits for anybody"))
        #expect(html().contains("Nothing waits for anybody"))
    }

    @Test func `each queue leads to its page`() {
        #expect(
            html(partners: [station("A <b>")]).contains(
                #"<h4><a href="/console/queues/out.derby_homes">A &lt;b&gt;</a></h4>"#))
    }

    @Test func `times are London's, with UTC beside them`() {
        let page = html(senders: [.init(name: "UHDB", lastHour: 12, lastAt: now)])
        #expect(
            page.contains(#"<time datetime="2026-07-01T12:00:00Z" title="2026-07-01 12:00:00 UTC">13:00</time>"#))
        let before = Instant(rfc3339: "2026-06-30T22:59:59Z")!
        #expect(
            html(senders: [.init(name: "UHDB", lastHour: 1, lastAt: before)]).contains(">30 June 2026 23:59</time>"))
    }

    @Test func `a pause tells its reason and its end, and no name is taken for a tag`() {
        let page = html(
            senders: [.init(name: "<script>alert(1)</script>", lastHour: 0, lastAt: nil)],
            partners: [
                station("<i>P</i>", pause: .init(reason: "\"><img src=x>", until: now)),
                station("DWP", oldest: .seconds(7_300)),
            ])
        #expect(!page.contains("<script>") && !page.contains("<img") && !page.contains("<i>"))
        #expect(page.contains("Paused: &quot;&gt;&lt;img") && page.contains(", until <time"))
        #expect(page.contains("<dt>Oldest</dt><dd>2 h</dd>"))
        // What one queue has does not stand at the next.
        #expect(page.components(separatedBy: "Paused: ").count == 2)
    }

    @Test func `what changes by itself is as it is on the page`() {
        let picture = FlowPicture(
            at: now, senders: [.init(name: "<b>UHDB</b>", lastHour: 3, lastAt: now, perMinute: 0.6)],
            stages: [station()],
            partners: [], needs: [.init(.now, "alarms", count: 2, since: now)],
            traffic: .init(.day, at: now, counts: [(now, .came, 3)]))
        let page = console.flow(picture, reader, sections: [.flow])
        let parts = console.flowParts(picture)
        #expect(parts.elements.count == 6)
        for (id, html) in parts.elements {
            #expect(page.contains("id=\"\(id)\"") && page.contains(html) && html.count > 10, "\(id)")
        }
        #expect(
            page.contains("<title>\(parts.title.replacing("<", with: "&lt;").replacing(">", with: "&gt;"))</title>"))
        #expect(page.contains("<strong>0.6</strong> a minute") && !page.contains("<b>UHDB"))
        #expect(page.contains(#"data-feed="/console/feed?over=24h""#))
    }

    @Test func `the only script bears the answer's nonce`() throws {
        let page = html()
        #expect(page.components(separatedBy: "<script").count == 2)
        #expect(
            page.contains(#" nonce="n0nce" defer></script>"#) && !page.contains(" onclick") && !page.contains(" style=")
        )
    }

    @Test func `only the pages that the account may open stand in the bar`() {
        #expect(
            html().contains(#"<a href="/console" data-key="f" aria-current="page">Flow</a>"#)
                && !html().contains(">Messages</a>"))
        let picture = FlowPicture(
            at: now, senders: [], stages: [], partners: [], needs: [], traffic: .init(.hour, at: now, counts: []))
        #expect(
            console.flow(picture, reader, sections: [.flow, .messages]).contains(
                #"<a href="/console/messages" data-key="m">Messages</a>"#))
    }

    @Test(arguments: [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567"), (-1_000, "−1,000")])
    func `numbers are grouped`(number: Int, text: String) { #expect(number.grouped == text) }

    @Test(arguments: [
        (-5, "0 s"), (119, "119 s"), (120, "2 min"), (7_199, "119 min"), (7_200, "2 h"), (172_799, "47 h"),
        (172_800, "2 days"),
    ])
    func `a while is said in the unit that fits`(seconds: Int, text: String) {
        #expect(Duration.seconds(seconds).spoken == text)
    }
}
