import CaseStore
import Disclosure
import Postgres
import Referral
import TestSupport
import Testing

@Suite(.store) struct CaseStoreExtractSendingTests {
    private static let project = ExtractProject(
        recipient: "necs", id: "planning-2026", purpose: .healthPlanning, level: .anonymised,
        groups: [.demographics, .needs], channel: .mesh, starts: CalendarDate(iso: "2026-03-01")!,
        ends: CalendarDate(iso: "2026-12-31")!, destroyBy: CalendarDate(iso: "2027-12-31")!)
    private static let populations = ReleasedPopulations(cohort: [1, 2, 3], cells: ["sex=F": [1, 3]])
    private static let bytes = Array("the archive".utf8)
    private static let awaited = AwaitedAcknowledgement(.meshTracking, within: .seconds(3600), isTracked: true)

    /// An extract that waits to be sent.
    private func queued(_ f: Fixture, deadline: Duration = .seconds(3600)) async throws -> UUIDValue {
        let facts = Self.project.facts(
            about: .anybody, isSuspended: false, channels: [.mesh], extract: .init(cohort: 12), stage: .request,
            at: f.now)
        var new = NewExtract(
            id: .v7(), project: Self.project, decision: Policy.decide(facts), facts: facts, days: nil, actor: "command")
        new.cohort = 12
        new.content = .init(
            rowCount: 3, k: nil, projectKey: nil, ownKey: nil, populations: Self.populations,
            bytesHash: Array(repeating: 7, count: 32))
        new.sending = .init(bytes: Self.bytes, linkable: [2], message: 4711, expiresAt: f.now + deadline)
        let extract = new
        try await f.transaction { connection in
            _ = try f.store.add(Self.project, at: f.now, by: "command", in: connection)
            try f.store.enter(extract, in: connection)
        }
        return extract.id
    }

    private func begin(_ id: UUIDValue, _ f: Fixture) async throws -> Int {
        try await f.transaction(as: .worker) { connection in
            let prepared = try #require(try f.store.prepareSending(ofExtract: id, in: connection))
            let facts = prepared.project.facts(
                about: .anybody, isSuspended: false, channels: [.mesh], extract: prepared.figures, at: f.now)
            let decision = Policy.decide(facts)
            try f.store.begin(prepared, decision, bytesHash: Array(repeating: 8, count: 32), in: connection)
            return prepared.attempt
        }
    }

    private func end(
        _ id: UUIDValue, _ attempt: Int, _ outcome: ReleaseOutcome, _ f: Fixture, awaited: AwaitedAcknowledgement? = nil
    ) async throws {
        let ended = EndedExtract(extract: id, attempt: attempt, outcome: outcome, awaited: awaited)
        try await f.transaction(as: .worker) { try f.store.finish(ended, at: f.now, in: $0) }
    }

    private func refuse(_ id: UUIDValue, _ f: Fixture) async throws {
        try await f.transaction(as: .worker) { connection in
            let prepared = try #require(try f.store.prepareSending(ofExtract: id, in: connection))
            let decision = Policy.decide(
                prepared.project.facts(about: .anybody, isSuspended: false, extract: prepared.figures, at: f.now))
            try f.store.refuse(prepared, decision, code: "cohort_changed", in: connection)
        }
    }

    private func sending(_ id: UUIDValue, _ f: Fixture) async throws -> ExtractSending {
        try #require(try await f.transaction(as: .console) { try f.store.extract(id, in: $0)?.sending })
    }

    private func known(_ f: Fixture) async throws -> Int {
        try await f.transaction(as: .console) { try f.store.releasedPopulations(to: "necs", in: $0).count }
    }

    private func items(_ f: Fixture) async throws -> [WorkItem] {
        try await f.transaction(as: .console) { try f.store.workItems(in: $0) }
    }

    @Test func `what waits opens again as it was made, and is nowhere readable`() async throws {
        try await Fixture.run { f in
            let id = try await queued(f)
            let prepared = try #require(
                try await f.transaction(as: .worker) { try f.store.prepareSending(ofExtract: id, in: $0) })
            #expect(prepared.bytes == Self.bytes && prepared.cohort == [1, 2, 3] && prepared.linkable == [2])
            #expect(prepared.project == Self.project && prepared.level == .anonymised && prepared.attempt == 1)
            #expect(prepared.figures == .init(cohort: 12) && prepared.released == [.demographics, .needs])
            #expect(!prepared.mayHaveArrived && prepared.message == 4711)
            #expect(try await sending(id, f).state == .queued)
            let isReadable = try await f.value(
                "SELECT position(\(Self.bytes) IN sealed) > 0 FROM record.extract_sending", as: Bool.self)
            #expect(!isReadable)
            // It counts as known until it can leave no more.
            #expect(try await known(f) == 1)
        }
    }

    @Test func `delivered, its package is gone; taken in, its trace is whole`() async throws {
        try await Fixture.run { f in
            let id = try await queued(f)
            let attempt = try await begin(id, f)
            try await end(id, attempt, .delivered(reference: "MESH-1"), f, awaited: Self.awaited)
            try await end(id, attempt, .delivered(reference: "MESH-1"), f, awaited: Self.awaited)
            let delivered = try await sending(id, f)
            #expect(delivered.state == .delivered && !delivered.hasPackage && delivered.reference == "MESH-1")
            #expect(delivered.acknowledgement?.state == .waiting)
            let none = try await f.transaction(as: .worker) { try f.store.prepareSending(ofExtract: id, in: $0) == nil }
            #expect(none)
            let tracked = try await f.transaction(as: .worker) {
                try f.store.takeTrackedExtracts(
                    of: "necs", shortest: .seconds(10), longest: .seconds(300), at: f.now, in: $0)
            }
            #expect(tracked.map(\.extract) == [id] && tracked.map(\.recipient) == ["necs"])
            #expect(tracked.map(\.channel) == ["mesh"] && tracked.map(\.kind) == [.meshTracking])
            #expect(tracked.map(\.reference) == ["MESH-1"])
            for _ in 0..<2 {
                let told = AcknowledgementTold(.taken, by: AcknowledgementTold.channel)
                #expect(try await f.transaction(as: .console) { try f.store.acknowledge(extract: id, told, in: $0) })
            }
            #expect(try await sending(id, f).acknowledgement?.state == .taken)
            let trace = try await f.transaction(as: .audit) { try f.store.trace(id, in: $0) }
            #expect(trace.map(\.kind) == ["share_decided", "release", "release_outcome", "share_acknowledged"])
            #expect(trace[0].text.contains("state=queued") && trace[1].text.contains("attempt=1"))
            #expect(try await known(f) == 1)
        }
    }

    @Test func `one that never left is not held against the next; one that may have left is`() async throws {
        try await Fixture.run { f in
            let first = try await queued(f)
            try await end(first, try await begin(first, f), .retry(code: "connect"), f)
            try await refuse(first, f)
            let stale = try await sending(first, f)
            #expect(stale.state == .stale && !stale.hasPackage && stale.failure == "cohort_changed")
            #expect(try await known(f) == 0)
            let item = try #require(try await items(f).first)
            #expect(item.item.kind == .failedExtract && item.item.extract == first && item.item.partner == "necs")

            let second = try await queued(f)
            try await end(second, try await begin(second, f), .unknown(code: "timeout"), f)
            let prepared = try #require(
                try await f.transaction(as: .worker) { try f.store.prepareSending(ofExtract: second, in: $0) })
            #expect(prepared.mayHaveArrived && prepared.attempt == 2)
            try await refuse(second, f)
            #expect(try await known(f) == 1)
        }
    }

    @Test func `a failed one waits again while its package is there, and is then destroyed`() async throws {
        try await Fixture.run { f in
            let id = try await queued(f)
            try await end(id, try await begin(id, f), .rejected(code: "http_400"), f)
            #expect(try await sending(id, f).state == .failed)
            #expect(try await f.transaction(as: .console) { try f.store.reopen(extract: id, in: $0) })
            #expect(try await sending(id, f).state == .queued)
            try await f.transaction(as: .worker) {
                try f.store.endAbandonedExtracts(after: .seconds(60), at: f.now + .seconds(3599), in: $0)
            }
            #expect(try await sending(id, f).hasPackage)
            try await f.transaction(as: .worker) {
                try f.store.endAbandonedExtracts(after: .seconds(60), at: f.now + .seconds(3600), in: $0)
            }
            let over = try await sending(id, f)
            #expect(over.state == .failed && over.failure == CaseStore.deadlinePassed && !over.hasPackage)
            #expect(try await !f.transaction(as: .console) { try f.store.reopen(extract: id, in: $0) })
        }
    }

    @Test func `an attempt whose hub has vanished is unknown, and its late answer stands`() async throws {
        try await Fixture.run { f in
            let id = try await queued(f)
            let attempt = try await begin(id, f)
            try await f.transaction(as: .worker) {
                try f.store.endAbandonedExtracts(after: .seconds(60), at: f.now + .seconds(60), in: $0)
            }
            #expect(try await sending(id, f).state == .queued)
            try await end(id, attempt, .delivered(reference: "MESH-1"), f)
            #expect(try await sending(id, f).state == .delivered)
        }
    }

    @Test func `taken back while it waits, and too late afterwards`() async throws {
        try await Fixture.run { f in
            let id = try await queued(f)
            let message = try await f.transaction(as: .console) {
                try f.store.cancel(extract: id, by: "command", in: $0)
            }
            #expect(message == .some(4711))
            let again = try await f.transaction(as: .console) {
                try f.store.cancel(extract: id, by: "command", in: $0) == nil
            }
            #expect(again)
            #expect(try await sending(id, f).state == .cancelled)
            #expect(try await known(f) == 0)
            let other = try await queued(f)
            _ = try await begin(other, f)
            let tooLate = try await f.transaction(as: .console) {
                try f.store.cancel(extract: other, by: "command", in: $0) == nil
            }
            #expect(tooLate)
        }
    }

    @Test func `what the channel returns has failed, and what is late is shown once`() async throws {
        try await Fixture.run { f in
            let id = try await queued(f)
            try await end(id, try await begin(id, f), .delivered(reference: "MESH-1"), f, awaited: Self.awaited)
            for _ in 0..<2 {
                try await f.transaction(as: .worker) {
                    try f.store.showLateExtracts(at: f.now + .seconds(3600), in: $0)
                }
            }
            #expect(try await items(f).map(\.item.kind) == [.lateAcknowledgement])
            let stranger = try await f.transaction(as: .worker) {
                try f.store.returned(extract: .v7(), reference: "MESH-1", code: "mesh_14", in: $0)
            }
            #expect(!stranger)
            _ = try await f.transaction(as: .worker) {
                try f.store.returned(extract: id, reference: "ANOTHER", code: "mesh_14", in: $0)
            }
            #expect(try await sending(id, f).state == .delivered)
            _ = try await f.transaction(as: .worker) {
                try f.store.returned(extract: id, reference: "MESH-1", code: "mesh_14", in: $0)
            }
            let returned = try await sending(id, f)
            #expect(returned.state == .failed && returned.failure == "mesh_14")
            #expect(try await items(f).map(\.item.kind) == [.failedExtract])
            // It lay with MESH: it is not known that nobody has it.
            #expect(try await known(f) == 1)
        }
    }

    @Test func `a package does not open in another's place`() async throws {
        try await Fixture.run { f in
            let (first, second) = (try await queued(f), try await queued(f))
            _ = try await TestDatabase.current.database.query(
                """
                UPDATE record.extract_sending SET wrapped_key = other.wrapped_key, sealed = other.sealed
                FROM record.extract_sending AS other
                WHERE extract_sending.extract = \(first) AND other.extract = \(second)
                """)
            await #expect(throws: (any Error).self) {
                _ = try await f.transaction(as: .worker) { try f.store.prepareSending(ofExtract: first, in: $0)?.id }
            }
        }
    }

    @Test func `of a cohort only those are found who are still there and are nobody else`() async throws {
        try await Fixture.run { f in
            let first = try await f.person()
            let second = try await f.person(f.referral(id: "r-2", nhs: nil, family: "Other"))
            let erased = try await f.person(f.referral(id: "r-3", nhs: nil, family: "Third"))
            let stranger = try await f.person(f.referral(id: "r-4", nhs: nil, family: "Fourth"))
            let all = try await f.transaction(as: .console) {
                try f.store.cohort(areas: AreaTable(), in: $0).candidates
            }
            let marks = Set(all.filter { $0.record.person != stranger.description }.map(\.record.mark))
            #expect(marks.count == 3)
            let found = try await f.transaction(as: .console) { try f.store.cohort(of: marks, in: $0).candidates }
            #expect(Set(found.map(\.record.mark)) == marks)
            _ = try await TestDatabase.current.database.query("DELETE FROM record.person_key WHERE person = \(erased)")
            _ = try await TestDatabase.current.database.query(
                "UPDATE record.person SET merged_into = \(first), merged_at = now() WHERE id = \(second)")
            let left = try await f.transaction(as: .console) { try f.store.cohort(of: marks, in: $0).candidates }
            #expect(left.map(\.record.person) == [first.description])
        }
    }
}
