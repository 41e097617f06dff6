import CaseStore
import Postgres
import TestSupport
import Testing

/// Shares whose partner's system answers when it is asked: asked when it wants, and told once that its answer was noted.
@Suite(.store) struct ConversationsTests {
    /// A share to Derby Homes that was delivered as `REF1`, whose system wants to be left alone for a minute.
    private func delivered(_ f: Fixture, _ kind: AcknowledgementKind = .response) async throws -> UUIDValue {
        let person = try await f.person()
        _ = try await f.agree(person)
        let share = try await f.share(person).id
        #expect(try await f.begin(share) == 1)
        var awaited = AwaitedAcknowledgement(kind, within: .seconds(86_400), isTracked: true)
        awaited.firstLook = .seconds(60)
        let ended = EndedRelease(share: share, attempt: 1, outcome: .delivered(reference: "REF1"), awaited: awaited)
        try await f.transaction(as: .worker) { try f.store.finishReleases([ended], at: f.now, in: $0) }
        return share
    }

    private func asked(_ f: Fixture, after seconds: Int) async throws -> [UUIDValue] {
        try await f.transaction(as: .worker) {
            try f.store.takeTracked(
                of: "derby_homes", shortest: .seconds(10), longest: .seconds(300), limit: 8,
                at: f.now + .seconds(seconds), in: $0)
        }.map(\.share)
    }

    private func closing(_ f: Fixture, after seconds: Int) async throws -> [TrackedShare] {
        try await f.transaction(as: .worker) {
            try f.store.takeClosing(
                of: "derby_homes", pause: .seconds(300), limit: 8, at: f.now + .seconds(seconds), in: $0)
        }
    }

    @Test func `it is not asked sooner than it wants`() async throws {
        try await Fixture.run { f in
            let share = try await delivered(f)
            #expect(try await asked(f, after: 59) == [])
            #expect(try await asked(f, after: 60) == [share])
            try await f.transaction(as: .worker) { try f.store.postpone(share, until: f.now + .seconds(120), in: $0) }
            #expect(try await asked(f, after: 119) == [])
            #expect(try await asked(f, after: 120) == [share])
            #expect(try await closing(f, after: 120) == [])
        }
    }

    @Test(arguments: [true, false])
    func `once its answer is on record it is told, again until that was done`(isTaken: Bool) async throws {
        try await Fixture.run { f in
            let share = try await delivered(f)
            try await f.transaction { connection in
                if isTaken {
                    try f.store.acknowledge(
                        share, .init(.taken, by: "channel"), at: f.now + .seconds(70), in: connection)
                } else {
                    _ = try f.store.returned(
                        share, reference: "REF1", code: "govtalk_fatal_1", at: f.now + .seconds(70), in: connection)
                }
            }
            #expect(try await asked(f, after: 1000) == [])
            let due = try #require(try await closing(f, after: 71).first)
            #expect(due.share == share && due.reference == "REF1" && due.kind == .response)
            // Another node has it in hand; if that one vanished, somebody tells it later.
            #expect(try await closing(f, after: 72) == [])
            #expect(try await closing(f, after: 371) == [due])
            try await f.transaction(as: .worker) { try f.store.closed(due, in: $0) }
            #expect(try await closing(f, after: 1000) == [])
            // A later word of a person does not open it again.
            _ = try await f.transaction(as: .console) {
                try f.store.acknowledge(share, .init(.refused, by: "lac-7"), at: f.now + .seconds(1100), in: $0)
            }
            #expect(try await closing(f, after: 2000) == [])
        }
    }

    @Test func `who does not listen for a day is told no more`() async throws {
        try await Fixture.run { f in
            let share = try await delivered(f)
            _ = try await f.transaction(as: .console) {
                try f.store.acknowledge(share, .init(.taken, by: "channel"), at: f.now, in: $0)
            }
            #expect(try await closing(f, after: 90_000).count == 1)
            #expect(try await closing(f, after: 180_000) == [])
        }
    }

    @Test func `where nobody is asked again nobody is told`() async throws {
        try await Fixture.run { f in
            let share = try await delivered(f, .meshTracking)
            _ = try await f.transaction(as: .console) {
                try f.store.acknowledge(share, .init(.taken, by: "channel"), at: f.now, in: $0)
            }
            #expect(try await closing(f, after: 10) == [])
        }
    }
}
