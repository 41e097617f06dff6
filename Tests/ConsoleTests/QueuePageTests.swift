import Foundation
import Referral
import Testing

@testable import Console

@Suite struct QueuePageTests {
    private let console = Console(team: "Example")
    private let reader = Console.Reader(
        account: "a.worker", token: "t0ken", signOutPath: "/out", accountPath: "/me", nonce: "n0nce")
    private let now = Instant(rfc3339: "2026-07-01T12:00:00Z")!

    private func sheet(
        ready: Int = 0, inHand: Int = 0, dead: Int = 0, circuit: FlowPicture.Station.Circuit = .closed,
        pause: FlowPicture.Station.Pause? = nil, perSecond: Double? = nil
    ) -> QueueSheet {
        QueueSheet(
            at: now,
            station: .init(
                queue: "out.derby_homes", name: "Derby <Homes>", ready: ready, delayed: 7, inHand: inHand, dead: dead,
                oldest: nil, circuit: circuit, pause: pause),
            pausedAt: pause == nil ? nil : now, hasBreaker: true, probedAt: circuit == .closed ? nil : now,
            pace: .init(lastSuccess: nil, lastFailure: nil, perSecond: perSecond, whole: nil, attempt: nil),
            limits: [], partner: .init(id: "derby_homes", adapter: "derby_homes", ways: ["HTTPS"]), ends: [])
    }

    private func html(
        _ sheet: QueueSheet, mayMend: Bool = true, fields: [String: String]? = nil,
        change: Console.QueueChange? = nil, trial: RouteTrial? = nil, sections: Set<Console.Section> = [.flow, .queues]
    ) -> String {
        console.queue(
            sheet, form: mayMend ? fields.map { PauseForm($0) } ?? PauseForm() : nil, isSent: fields != nil,
            change: change, trial: trial, reader, sections: sections)
    }

    @Test func `how long it takes to empty is told where that can be known`() {
        #expect(sheet().emptying == .isEmpty)
        #expect(sheet(ready: 5).emptying == .unknown)
        #expect(sheet(ready: 118, inHand: 2, perSecond: 0.1).emptying == .after(.seconds(1_200)))
        #expect(sheet(ready: 1, perSecond: 500).emptying == .after(.seconds(1)))
        #expect(sheet(ready: 5, circuit: .open, perSecond: 1).emptying == .halted)
        #expect(sheet(ready: 5, circuit: .probing, perSecond: 1).emptying == .after(.seconds(5)))
        #expect(sheet(ready: 5, pause: .init(reason: "x", until: nil), perSecond: 1).emptying == .halted)
    }

    @Test(arguments: [
        (12_345.4, "12,345 a second"), (2, "2 a second"), (1.9, "114 a minute"), (1.0 / 60, "1 a minute"),
        (1.0 / 600, "6 an hour"), (1.0 / 36_000, "1 an hour"),
    ])
    func `a rate is said in the unit that fits`(perSecond: Double, text: String) {
        #expect(sheet(perSecond: perSecond).rate == text)
    }

    @Test(arguments: [
        (-5, "0 ms"), (84, "84 ms"), (999, "999 ms"), (1_000, "1 s"), (1_240, "1.2 s"), (9_960, "10 s"),
        (12_400, "12 s"),
    ])
    func `how long something took is said in milliseconds where it is short`(milliseconds: Int, text: String) {
        #expect(Duration.milliseconds(milliseconds).measured == text)
    }

    @Test func `who may not mend gets no form`() {
        let paused = sheet(pause: .init(reason: "x", until: nil))
        for page in [html(sheet(), mayMend: false), html(paused, mayMend: false)] {
            #expect(page.components(separatedBy: "<form").count == 2 && page.contains(#"action="/out""#))
        }
        #expect(html(sheet()).contains(#"action="/console/queues/out.derby_homes/pause""#))
        #expect(!html(sheet()).contains("/resume"))
        #expect(html(paused).contains(#"action="/console/queues/out.derby_homes/resume""#))
        #expect(!html(paused).contains("/pause"))
    }

    @Test func `each mistake stands in the list and at its field, with what was written`() {
        let page = html(sheet(), fields: ["reason": "", "end": "<never>"])
        #expect(page.contains("<title>Error: Derby &lt;Homes&gt;"))
        #expect(page.contains(##"<a href="#reason">Say why it is paused</a>"##) && page.contains(##"<a href="#end">"##))
        #expect(page.contains(#"aria-describedby="reason-hint reason-error""#) && page.contains(#"id="reason-error""#))
        #expect(page.contains(#"id="end" name="end" value="30min""#) && page.contains(#"aria-describedby="end-error""#))
        #expect(!page.contains(" checked"))
        let long = String(repeating: "<", count: 501)
        #expect(
            html(sheet(), fields: ["reason": long, "end": "4h"]).contains(
                "\(long.replacing("<", with: "&lt;"))</textarea>"))
        // Nobody is told of mistakes in a form that was not sent.
        #expect(!html(sheet()).contains("There is a problem") && html(sheet()).contains(#"value="1h" checked"#))
    }

    @Test func `what was done is told only while it holds`() {
        let paused = sheet(pause: .init(reason: "x", until: now))
        #expect(html(paused, change: .paused).contains("You have paused it"))
        #expect(!html(sheet(), change: .paused).contains("You have paused it"))
        #expect(html(sheet(), change: .resumed).contains("It goes on. What waited"))
        #expect(!html(paused, change: .resumed).contains("It goes on. What waited"))
        #expect(html(paused, change: .overtaken).contains("somebody else did something meanwhile"))
    }

    @Test func `everything that is the matter is told, and a pause with its end`() {
        let page = html(sheet(dead: 2, circuit: .open, pause: .init(reason: "<i>x</i>", until: nil)))
        #expect(page.contains("failed again and again") && page.contains("2 messages were set aside"))
        #expect(
            page.contains("&lt;i&gt;x&lt;/i&gt;. It does not go on by itself")
                && page.contains("open: nothing is sent, tried again at"))
        #expect(
            html(sheet()).contains("Nothing waits to be worked on") && html(sheet()).contains("closed: messages go"))
    }

    @Test func `dead letters are a link for who may open their section`() {
        let path = #"href="/console/dead-letters?queue=out.derby_homes""#
        #expect(!html(sheet(dead: 1)).contains(path))
        #expect(html(sheet(dead: 1), sections: [.queues, .deadLetters]).contains(path))
        #expect(!html(sheet(), sections: [.queues, .deadLetters]).contains(path))
    }

    @Test func `each step of a trial is told in words`() {
        let trial = RouteTrial.tried([
            .init(way: "https_mtls", what: "certificate", isPassed: true, seen: "good"),
            .init(way: "https_mtls", what: "connection", isPassed: false, seen: "<refused>"),
        ])
        let page = html(sheet(), trial: trial)
        #expect(page.contains("The way does not work") && page.contains("&lt;refused&gt;"))
        #expect(
            page.contains("</span> passed</span>: certificate") && page.contains("</span> failed</span>: connection"))
        #expect(html(sheet(), trial: .tooLong(.seconds(20))).contains("within 20 s"))
    }

    @Test func `the list has each queue with its state in words, and a link`() {
        let station = sheet(ready: 1_200, dead: 1).station
        let page = console.queues(partners: [station], stages: [], at: now, reader, sections: [.queues])
        #expect(
            page.contains(#"<th scope="row"><a href="/console/queues/out.derby_homes">Derby &lt;Homes&gt;</a></th>"#))
        #expect(page.contains("Has dead letters") && page.contains(#"data-label="Waiting">1,200<"#))
        #expect(page.contains("<title>Queues: 1 queue does not flow –") && page.contains("There is none."))
    }
}
