import CaseStore
import Disclosure
import Postgres
import Referral
import TestSupport
import Testing

/// Promise 3 of the design: no release entry commits after a withdrawal has.
@Suite(.store) struct WithdrawalRaceTests {
    @Test func `a withdrawal waits for a release that is being decided`() async throws {
        try await Fixture.run(connections: 4) { f in
            let person = try await f.person()
            let agreement = try await f.agree(person)
            let share = try await f.share(person)
            let gate = Gate()
            async let released = f.transaction(as: .worker) { connection -> Int? in
                let attempt = try f.begin(share.id, in: connection)
                gate.arriveAndWait()
                return attempt
            }
            try await gate.arrival()
            async let withdrawn = f.transaction(as: .console) {
                try f.store.withdraw(agreement: agreement.id, receivedAt: f.now, by: "staff:1", in: $0)
            }
            // The withdrawal is seen waiting for the lock that the release holds.
            try await f.open(gate)
            #expect(try await released == 1)
            let withdrawal = try #require(try await withdrawn)
            // Its bytes may be on their way: it is not called cancelled.
            #expect(withdrawal.shares == [])
            // And never again: the retry is judged anew.
            try await f.transaction(as: .worker) {
                try f.store.finishRelease(of: share.id, attempt: 1, outcome: .retry(code: "unavailable"), in: $0)
            }
            #expect(try await f.begin(share.id, at: f.now + .seconds(1)) == nil)
            #expect(try await f.transaction(as: .console) { try f.store.share(share.id, in: $0)?.state } == .cancelled)
        }
    }

    @Test func `a release that comes second waits for the withdrawal and finds it`() async throws {
        try await Fixture.run(connections: 4) { f in
            let person = try await f.person()
            let agreement = try await f.agree(person)
            let share = try await f.share(person)
            let gate = Gate()
            async let withdrawn = f.transaction(as: .console) { connection -> Withdrawal? in
                let withdrawal = try f.store.withdraw(
                    agreement: agreement.id, receivedAt: f.now, by: "staff:1", in: connection)
                gate.arriveAndWait()
                return withdrawal
            }
            try await gate.arrival()
            async let released = f.begin(share.id)
            try await f.open(gate)
            #expect(try await withdrawn?.shares == [share.id])
            #expect(try await released == nil)
            #expect(try await f.value("SELECT count(*) FROM ledger.entry WHERE kind = 'release'") == 0)
        }
    }

    @Test func `withdrawing one line holds back a release in the same way`() async throws {
        try await Fixture.run(connections: 4) { f in
            let person = try await f.person()
            let agreement = try await f.agree(person)
            let share = try await f.share(person)
            let gate = Gate()
            async let withdrawn = f.transaction(as: .console) { connection -> Withdrawal? in
                let withdrawal = try f.store.withdraw(
                    agreement: agreement.id, scopeLine: 0, receivedAt: f.now, by: "staff:1", in: connection)
                gate.arriveAndWait()
                return withdrawal
            }
            try await gate.arrival()
            async let released = f.begin(share.id)
            try await f.open(gate)
            #expect(try await withdrawn?.shares == [share.id])
            #expect(try await released == nil)
        }
    }

    @Test(arguments: [nil, 0])
    func `a second attempt, whose share no withdrawal touches, is held back or finds it all the same`(
        scopeLine: Int?
    ) async throws {
        try await Fixture.run(connections: 4) { f in
            let person = try await f.person()
            for isReleaseFirst in [true, false] {
                let agreement = try await f.agree(person)
                let share = try await f.share(person)
                #expect(try await f.begin(share.id) == 1)
                let gate = Gate()
                @Sendable func release(_ isFirst: Bool) async throws -> Int? {
                    try await f.transaction(as: .worker) { connection in
                        let attempt = try f.begin(share.id, in: connection)
                        if isFirst { gate.arriveAndWait() }
                        return attempt
                    }
                }
                @Sendable func withdraw(_ isFirst: Bool) async throws {
                    try await f.transaction(as: .console) { connection in
                        _ = try f.store.withdraw(
                            agreement: agreement.id, scopeLine: scopeLine, receivedAt: f.now, by: "staff:1",
                            in: connection)
                        if isFirst { gate.arriveAndWait() }
                    }
                }
                if isReleaseFirst {
                    async let released = release(true)
                    try await gate.arrival()
                    async let withdrawn: Void = withdraw(false)
                    try await f.open(gate)
                    try await withdrawn
                    #expect(try await released == 2)
                } else {
                    async let withdrawn: Void = withdraw(true)
                    try await gate.arrival()
                    async let released = release(false)
                    try await f.open(gate)
                    try await withdrawn
                    #expect(try await released == nil)
                }
            }
        }
    }

    @Test func `a withdrawal waits for whoever looks how all agreements of the person stand`() async throws {
        try await Fixture.run(connections: 4) { f in
            let person = try await f.person()
            let agreement = try await f.agree(person)
            let gate = Gate()
            async let standing = f.transaction(as: .console) { connection -> Instant? in
                _ = try f.store.subject(of: person, isLocked: true, in: connection)
                gate.arriveAndWait()
                return try f.store.agreement(agreement.id, in: connection)?.agreement.revokedAt
            }
            try await gate.arrival()
            async let withdrawn = f.transaction(as: .console) {
                try f.store.withdraw(agreement: agreement.id, receivedAt: f.now, by: "staff:1", in: $0)
            }
            try await f.open(gate)
            #expect(try await standing == nil)
            #expect(try await withdrawn?.isRepeat == false)
        }
    }

    @Test func `whoever wins of many, no release is entered after the withdrawal`() async throws {
        try await Fixture.run(connections: 8) { f in
            let person = try await f.person()
            for _ in 0..<6 {
                let agreement = try await f.agree(person)
                var shares: [UUIDValue] = []
                for _ in 0..<6 { shares.append(try await f.share(person).id) }
                let attempts = try await withThrowingTaskGroup(of: Int?.self) { group in
                    for share in shares { group.addTask { try await f.begin(share) } }
                    group.addTask {
                        _ = try await f.transaction(as: .console) {
                            try f.store.withdraw(agreement: agreement.id, receivedAt: f.now, by: "staff:1", in: $0)
                        }
                        return nil
                    }
                    return try await group.reduce(into: 0) { if $1 != nil { $0 += 1 } }
                }
                let states = try await f.transaction(as: .console) { [shares] connection in
                    try shares.map { try f.store.share($0, in: connection)?.state }
                }
                #expect(states.count { $0 == .sending } == attempts)
                #expect(states.count { $0 == .cancelled } == 6 - attempts)
                let entered: Int = try await f.value(
                    "SELECT count(*) FROM ledger.entry WHERE kind = 'release' AND agreement = \(agreement.id)")
                #expect(entered == attempts)
            }
        }
    }
}
