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
                // Its message may have died without anybody having noticed.
                let early = try f.store.reopen(share, in: connection)
                try f.store.fail(share, code: "attempts_used_up", in: connection)
                return [early, try f.store.reopen(share, in: connection)]
            }
            #expect(reopened == [true, true])
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

    @Test func `several are reopened at once, and the ledger says by whom`() async throws {
        try await Fixture.run { f in
            let person = try await f.person()
            _ = try await f.agree(person)
            let shares = [try await f.share(person).id, try await f.share(person).id]
            let waiting = try await f.share(person).id
            let delivered = try await f.share(person).id
            try await TestDatabase.current.database.execute(
                "UPDATE record.share SET state = 'cancelled', finished_at = now() WHERE id = \(delivered)")
            try await f.transaction { connection in
                for share in shares { try f.store.fail(share, code: "attempts_used_up", in: connection) }
            }
            let reopened = try await f.transaction(as: .console) {
                try f.store.reopen(shares + [waiting, delivered, .v7()], by: "staff/an.operator", in: $0)
            }
            #expect(reopened == Set(shares + [waiting]))
            let actors = try await TestDatabase.current.database.query(
                """
                SELECT convert_from(bytes, 'UTF8')
                FROM ledger.entry
                WHERE kind = 'share_requested' AND share = ANY (\(shares + [waiting, delivered]))
                """
            ).map { try $0.decode(String.self) }.filter { $0.contains("staff/an.operator") }
            #expect(actors.count == 3)
            // What staff were to do about them is done with.
            let open = try await f.transaction(as: .console) { try f.store.workItems(.failedShare, limit: 9, in: $0) }
            #expect(open.isEmpty)
            #expect(try await f.transaction(as: .console) { try f.store.reopen([], in: $0) }.isEmpty)
        }
    }

    @Test func `a share about somebody who was found to be one with another since is left as it is`() async throws {
        try await Fixture.run { f in
            let person = try await f.person()
            let other = try await f.person(f.referral(id: "r-2", nhs: nil, dob: "1961-01-01", family: "Robin"))
            _ = try await f.agree(person)
            let share = try await f.share(person).id
            _ = try await f.transaction { try f.store.fail(share, code: "attempts_used_up", in: $0) }
            try await TestDatabase.current.database.execute(
                "UPDATE record.person SET merged_into = \(person), merged_at = now() WHERE id = \(other)")
            #expect(try await f.transaction(as: .console) { try !f.store.reopen(share, in: $0) })
            #expect(try await f.transaction(as: .console) { try f.store.share(share, in: $0)?.state } == .failed)
        }
    }
}
