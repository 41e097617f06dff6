import CaseStore
import Postgres
import TestSupport
import Testing

@Suite(.store) struct ReopeningTests {
    @Test func `a failed share waits again, and is judged anew before it is sent`() async throws {
        try await Fixture.run { f in
            let person = try await f.person()
            let agreement = try await f.agree(person)
            let share = try await f.share(person).id
            let reopened = try await f.transaction { connection in
                let early = try f.store.reopen(share, in: connection)
                try f.store.fail(share, code: "attempts_used_up", in: connection)
                return [early, try f.store.reopen(share, in: connection)]
            }
            #expect(reopened == [false, true])
            #expect(try await f.begin(share) == 1)
            try await f.transaction { connection in
                try f.store.fail(share, code: "attempts_used_up", in: connection)
                _ = try f.store.withdraw(agreement: agreement.id, receivedAt: f.now, by: "staff:1", in: connection)
                try f.store.reopen(share, in: connection)
            }
            #expect(try await f.begin(share) == nil)
            #expect(try await f.transaction(as: .console) { try f.store.share(share, in: $0)?.state } == .cancelled)
        }
    }
}
