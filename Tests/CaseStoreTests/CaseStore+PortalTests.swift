import Postgres
import TestSupport
import Testing

@testable import CaseStore

@Suite(.store) struct PortalTests {
    private let bytes = Array("Edna Jessop".utf8)

    private func lay(_ f: Fixture, _ share: UUIDValue, _ bytes: [UInt8]) async throws -> Bool {
        try await f.transaction(as: .worker) {
            try f.store.layInPortal(
                bytes, of: share, fileName: "COPY.pdf", mediaType: "application/pdf", at: f.now, in: $0)
        }
    }

    /// A share whose document was laid into the portal and counts as delivered.
    private func laid(_ f: Fixture) async throws -> UUIDValue {
        let person = try await f.person()
        _ = try await f.agree(person)
        let share = try await f.share(person).id
        _ = try await f.begin(share)
        #expect(try await lay(f, share, bytes))
        // Nobody sees it before it counts as delivered.
        #expect(try await waiting(f).isEmpty)
        try await f.transaction(as: .worker) {
            let delivered = ReleaseOutcome.delivered(reference: share.description)
            try f.store.finishReleases([EndedRelease(share: share, attempt: 1, outcome: delivered)], at: f.now, in: $0)
        }
        return share
    }

    private func waiting(_ f: Fixture) async throws -> [UUIDValue] {
        try await f.transaction(as: .console) { try f.store.portalDocuments(in: $0).map(\.share) }
    }

    private func state(_ f: Fixture, _ share: UUIDValue) async throws -> PortalState? {
        try await f.transaction(as: .worker) { try f.store.portalState(of: share, in: $0) }
    }

    private func fetch(_ f: Fixture, _ share: UUIDValue, by actor: String) async throws -> FetchedDocument? {
        try await f.transaction(as: .console) { try f.store.fetchFromPortal(share, by: actor, in: $0) }
    }

    @Test func `a document waits sealed until somebody fetches it, who has it from then on, and nobody else`()
        async throws
    {
        try await Fixture.run { f in
            let share = try await laid(f)
            let sealed = try await f.transaction {
                try $0.query("SELECT sealed FROM record.portal_document").first?.decode([UInt8].self) ?? []
            }
            #expect(!sealed.isEmpty && !String(decoding: sealed, as: UTF8.self).contains("Jessop"))
            #expect(try await waiting(f) == [share])
            #expect(try await f.transaction(as: .worker) { try f.store.portalCount(in: $0) } == 1)
            // Another attempt's document takes its place.
            #expect(try await lay(f, share, bytes + bytes))
            let document = FetchedDocument(bytes: bytes + bytes, fileName: "COPY.pdf", mediaType: "application/pdf")
            #expect(try await fetch(f, share, by: "workers/coordinator-3") == document)
            #expect(try await fetch(f, share, by: "workers/coordinator-4") == nil)
            #expect(try await state(f, share) == .fetched)
            #expect(try await f.transaction(as: .worker) { try f.store.takeOutOfPortal(share, in: $0) } == .fetched)
            #expect(try await waiting(f).isEmpty)
            // What was fetched is not laid there again.
            #expect(try await !lay(f, share, bytes))
            let kept = try await f.transaction(as: .console) { try f.store.share(share, in: $0)?.acknowledgement }
            #expect(kept?.state == .taken && kept?.toldBy == "workers/coordinator-3")
        }
    }

    @Test func `of two who fetch at once one has it`() async throws {
        try await Fixture.run { f in
            let share = try await laid(f)
            async let first = fetch(f, share, by: "workers/a")
            async let second = fetch(f, share, by: "workers/b")
            let both = try await [first, second]
            #expect(both.compactMap(\.self).count == 1)
        }
    }

    @Test func `what is taken back before that is destroyed`() async throws {
        try await Fixture.run { f in
            let share = try await laid(f)
            #expect(try await f.transaction(as: .worker) { try f.store.takeOutOfPortal(share, in: $0) } == .takenBack)
            #expect(try await fetch(f, share, by: "workers/x") == nil)
            #expect(try await waiting(f).isEmpty)
            let other = UUIDValue.v7()
            #expect(try await state(f, other) == nil)
            #expect(try await !lay(f, other, bytes))
        }
    }

    @Test func `the document of a share that ended otherwise is destroyed`() async throws {
        try await Fixture.run { f in
            let share = try await laid(f)
            try await f.transaction(as: .worker) { try f.store.emptyPortal(in: $0) }
            #expect(try await state(f, share) == .waiting)
            try await f.transaction {
                _ = try $0.execute("UPDATE record.share SET state = 'cancelled' WHERE id = \(share)")
                try f.store.emptyPortal(in: $0)
            }
            #expect(try await state(f, share) == .takenBack)
        }
    }
}
