import CaseStore
import Postgres
import TestSupport
import Testing

@Suite(.store) struct AcknowledgementsTests {
    /// A share to Derby Homes that was delivered as `REF1`, of which a word is awaited for two days.
    private func delivered(
        _ f: Fixture, _ kind: AcknowledgementKind = .reply, isTracked: Bool = true
    ) async throws -> UUIDValue {
        let person = try await f.person()
        _ = try await f.agree(person)
        let share = try await f.share(person).id
        #expect(try await f.begin(share) == 1)
        let awaited = AwaitedAcknowledgement(kind, within: .seconds(2 * 86_400), isTracked: isTracked)
        let ended = EndedRelease(share: share, attempt: 1, outcome: .delivered(reference: "REF1"), awaited: awaited)
        try await f.transaction(as: .worker) { try f.store.finishReleases([ended], at: f.now, in: $0) }
        return share
    }

    private func known(_ f: Fixture, _ share: UUIDValue) async throws -> Acknowledgement? {
        try await f.transaction(as: .console) { try f.store.share(share, in: $0)?.acknowledgement }
    }

    private func short(_ share: UUIDValue) -> String {
        String(share.description.filter { $0 != "-" }.suffix(20)).uppercased()
    }

    private func entries(_ f: Fixture, _ share: UUIDValue) async throws -> [String] {
        try await f.transaction(as: .audit) { try f.store.trace(share, in: $0) }.filter {
            $0.kind == "share_acknowledged"
        }
        .map(\.text)
    }

    @Test func `a delivered share waits for its partner's word, and the word ends the waiting`() async throws {
        try await Fixture.run { f in
            let share = try await delivered(f)
            let waiting = try #require(try await known(f, share))
            #expect(waiting.state == .waiting && waiting.kind == .reply && waiting.toldAt == nil)
            #expect(waiting.dueAt == f.now + .seconds(2 * 86_400))
            let told = AcknowledgementTold(.taken, code: "accepted", by: "derby_homes")
            for _ in 0..<2 {
                #expect(try await f.transaction(as: .console) { try f.store.acknowledge(share, told, in: $0) })
            }
            let known = try #require(try await known(f, share))
            #expect(known.state == .taken && known.code == "accepted" && known.toldBy == "derby_homes")
            // The same word twice is one entry.
            let entries = try await entries(f, share)
            #expect(entries.count == 1)
            #expect(entries[0].contains("outcome=taken") && entries[0].contains("reason=accepted"))
        }
    }

    @Test func `a partner names the share by its whole id or by its last twenty digits, and only its own`() async throws
    {
        try await Fixture.run { f in
            let share = try await delivered(f)
            let receipt = try await f.accept(f.submission())
            func heed(_ reference: String, from partner: String, _ verdict: AcknowledgementTold.Verdict) async throws {
                try await f.transaction(as: .worker) {
                    try f.store.heed(
                        [PartnerReply(reference: reference, verdict: verdict)], from: partner, in: receipt, in: $0)
                }
            }
            try await heed(short(share), from: "uhdb", .refused)
            try await heed(share.description, from: "uhdb", .refused)
            try await heed("nonsense", from: "derby_homes", .refused)
            #expect(try await known(f, share)?.state == .waiting)
            let unbound = try await f.transaction(as: .console) { try f.store.workItems(.unboundMessage, in: $0) }
            #expect(unbound.map(\.item.code) == ["share_unknown"])
            // What gives no verdict changes nothing and is shown to staff, with the share.
            let other = try await f.accept(f.submission())
            let unclear = PartnerReply(reference: short(share), verdict: nil)
            try await f.transaction(as: .worker) { try f.store.heed([unclear], from: "derby_homes", in: other, in: $0) }
            #expect(try await known(f, share)?.state == .waiting)
            let shown = try await f.transaction(as: .console) { try f.store.workItems(.unboundMessage, in: $0) }.map(
                \.item)
            #expect(shown.first { $0.code == "reply_unclear" }?.share == share && shown.count == 2)
            try await heed(short(share), from: "derby_homes", .taken)
            #expect(try await known(f, share)?.state == .taken)
            try await heed(share.description, from: "derby_homes", .refused)
            #expect(try await known(f, share)?.state == .refused)
        }
    }

    @Test func `what a partner refuses becomes a work item`() async throws {
        try await Fixture.run { f in
            let share = try await delivered(f)
            let told = AcknowledgementTold(.refused, code: "not eligible", by: "derby_homes")
            #expect(try await f.transaction(as: .console) { try f.store.acknowledge(share, told, in: $0) })
            let items = try await f.transaction(as: .console) { try f.store.workItems(.refusedShare, in: $0) }
            // What is no code word is not kept.
            #expect(items.map(\.item.code) == ["unreadable"] && items[0].item.share == share)
        }
    }

    @Test func `a late word is shown once, and its coming takes it from the list`() async throws {
        try await Fixture.run { f in
            let share = try await delivered(f)
            let late = f.now + .seconds(2 * 86_400)
            let counts = try await f.transaction(as: .worker) { connection in
                try [f.now + .seconds(86_400), late, late].map { try f.store.showLate(at: $0, in: connection) }
            }
            #expect(counts == [0, 1, 0])
            let items = try await f.transaction(as: .console) { try f.store.workItems(.lateAcknowledgement, in: $0) }
            #expect(items.map(\.item.share) == [share] && items.map(\.item.code) == ["reply"])
            let told = AcknowledgementTold(.taken, by: "staff:1")
            #expect(try await f.transaction(as: .console) { try f.store.acknowledge(share, told, in: $0) })
            #expect(
                try await f.transaction(as: .console) { try f.store.workItems(.lateAcknowledgement, in: $0) }.isEmpty)
        }
    }

    @Test func `a channel is asked at once, then after waits that grow, by one caller at a time`() async throws {
        try await Fixture.run { f in
            let share = try await delivered(f, .meshTracking)
            func take(after seconds: Int, of recipient: String = "derby_homes") async throws -> [UUIDValue] {
                try await f.transaction(as: .worker) {
                    try f.store.takeTracked(
                        of: recipient, shortest: .seconds(10), longest: .seconds(300), limit: 5,
                        at: f.now + .seconds(seconds), in: $0)
                }.map(\.share)
            }
            #expect(try await take(after: 0, of: "uhdb").isEmpty)
            #expect(try await take(after: 0) == [share])
            #expect(try await take(after: 9).isEmpty)
            #expect(try await take(after: 1_000) == [share])
            #expect(try await take(after: 1_249).isEmpty)
            #expect(try await take(after: 100_000) == [share])
            #expect(try await take(after: 100_299).isEmpty)
            let told = AcknowledgementTold(.taken, by: "channel")
            #expect(try await f.transaction(as: .console) { try f.store.acknowledge(share, told, in: $0) })
            #expect(try await take(after: 200_000).isEmpty)
        }
    }

    @Test func `a share that comes back ends the waiting, and one that is sent again begins it anew`() async throws {
        try await Fixture.run { f in
            let share = try await delivered(f, .meshTracking)
            #expect(
                try await f.transaction(as: .worker) {
                    try f.store.returned(share, reference: "REF1", code: "mesh_14", in: $0)
                })
            let refused = try #require(try await known(f, share))
            #expect(refused.state == .refused && refused.toldBy == "channel" && refused.code == "mesh_14")
            #expect(try await f.transaction(as: .console) { try f.store.reopen(share, in: $0) })
            #expect(try await f.begin(share) == 2)
            let awaited = AwaitedAcknowledgement(.meshTracking, within: .seconds(60), isTracked: true)
            let ended = EndedRelease(
                share: share, attempt: 2, outcome: .delivered(reference: "REF2"), awaited: awaited)
            try await f.transaction(as: .worker) { try f.store.finishReleases([ended], at: f.now, in: $0) }
            #expect(try await known(f, share)?.state == .waiting)
        }
    }

    @Test func `a share that was never sent cannot be acknowledged`() async throws {
        try await Fixture.run { f in
            let person = try await f.person()
            _ = try await f.agree(person)
            let share = try await f.share(person).id
            let told = AcknowledgementTold(.taken, by: "derby_homes")
            #expect(try await f.transaction(as: .console) { try !f.store.acknowledge(share, told, in: $0) })
            #expect(try await known(f, share) == nil)
        }
    }

    @Test(arguments: [ReleaseOutcome.unknown(code: "connection_lost"), .retry(code: "connection_refused")])
    func `what may have arrived is known for that until a person lets it go again`(
        _ outcome: ReleaseOutcome
    ) async throws {
        try await Fixture.run { f in
            let person = try await f.person()
            _ = try await f.agree(person)
            let share = try await f.share(person).id
            func mayHaveArrived() async throws -> Bool? {
                try await f.transaction(as: .worker) {
                    try f.store.prepareSending(of: share, recipient: f.setup, at: f.now, in: $0)?.mayHaveArrived
                }
            }
            #expect(try await mayHaveArrived() == false)
            #expect(try await f.begin(share) == 1)
            // The hub stopped before it knew.
            #expect(try await mayHaveArrived() == true)
            try await f.transaction(as: .worker) {
                try f.store.finishRelease(of: share, attempt: 1, outcome: outcome, in: $0)
            }
            let isUnknown = if case .unknown = outcome { true } else { false }
            #expect(try await mayHaveArrived() == isUnknown)
            #expect(try await f.transaction(as: .worker) { try f.store.fail(share, code: "outcome_unknown", in: $0) })
            #expect(try await f.transaction(as: .console) { try f.store.reopen(share, in: $0) })
            #expect(try await mayHaveArrived() == false)
            #expect(try await f.begin(share) == 2)
            #expect(try await mayHaveArrived() == true)
        }
    }

    @Test func `who speaks of a share has it, though it was not known whether it arrived`() async throws {
        try await Fixture.run { f in
            let person = try await f.person()
            _ = try await f.agree(person)
            let share = try await f.share(person).id
            #expect(try await f.begin(share) == 1)
            try await f.transaction(as: .worker) {
                try f.store.finishRelease(of: share, attempt: 1, outcome: .unknown(code: "connection_lost"), in: $0)
            }
            #expect(try await f.transaction(as: .worker) { try f.store.fail(share, code: "outcome_unknown", in: $0) })
            let told = AcknowledgementTold(.taken, by: "derby_homes")
            #expect(try await f.transaction(as: .console) { try f.store.acknowledge(share, told, in: $0) })
            #expect(try await f.transaction(as: .console) { try f.store.share(share, in: $0)?.state } == .delivered)
            #expect(try await f.transaction(as: .console) { try f.store.workItems(.failedShare, in: $0) }.isEmpty)
        }
    }

    @Test func `a refusal that comes before the delivery is entered stands`() async throws {
        try await Fixture.run { f in
            let person = try await f.person()
            _ = try await f.agree(person)
            let share = try await f.share(person).id
            #expect(try await f.begin(share) == 1)
            let receipt = try await f.accept(f.submission())
            let reply = PartnerReply(reference: short(share), verdict: .refused)
            try await f.transaction(as: .worker) { try f.store.heed([reply], from: "derby_homes", in: receipt, in: $0) }
            let awaited = AwaitedAcknowledgement(.reply, within: .seconds(60), isTracked: false)
            let ended = EndedRelease(share: share, attempt: 1, outcome: .delivered(reference: "R"), awaited: awaited)
            try await f.transaction(as: .worker) { try f.store.finishReleases([ended], in: $0) }
            #expect(try await known(f, share)?.state == .refused)
        }
    }

    @Test func `what was taken back is cancelled and shown to staff`() async throws {
        try await Fixture.run { f in
            let share = try await delivered(f, .fetched)
            let prepared = try await f.transaction(as: .worker) {
                try f.store.prepareDelivered(share, in: $0) { _ in f.setup }
            }
            #expect(prepared?.share.id == share)
            for _ in 0..<2 {
                try await f.transaction(as: .worker) { try f.store.takenBack(share, code: "agreement_revoked", in: $0) }
            }
            let over = try #require(try await f.transaction(as: .console) { try f.store.share(share, in: $0) })
            #expect(over.state == .cancelled && over.failure == "agreement_revoked")
            #expect(over.acknowledgement?.state == .refused)
            let items = try await f.transaction(as: .console) { try f.store.workItems(.failedShare, in: $0) }
            #expect(items.map(\.item.code) == ["agreement_revoked"])
            #expect(
                try await f.transaction(as: .worker) { try f.store.prepareDelivered(share, in: $0) { _ in f.setup } }
                    == nil)
        }
    }

    @Test func `of two who claim one message, the second sees what the first began`() async throws {
        try await Fixture.run(connections: 3) { f in
            let person = try await f.person()
            _ = try await f.agree(person)
            let share = try await f.share(person).id
            let gate = Gate()
            async let first = f.transaction(as: .worker) { connection -> Int? in
                let attempt = try f.begin(share, in: connection)
                gate.arriveAndWait()
                return attempt
            }
            try await gate.arrival()
            async let second = f.transaction(as: .worker) {
                try f.store.prepareSending(of: share, recipient: f.setup, at: f.now, in: $0)?.mayHaveArrived
            }
            try await f.open(gate)
            #expect(try await first == 1)
            #expect(try await second == true)
        }
    }
}
