import CaseStore
import Postgres
import Referral
import Testing

/// What holds when many documents are stored in one transaction.
@Suite(.store) struct IntakeBatchTests {
    /// Stores documents of one referral each, all in one transaction, and gives what became of each.
    private func store(_ referrals: [Referral], opensCase: Bool = true, _ f: Fixture) async throws -> [IntakeResult] {
        var intakes: [IntakeRecord] = []
        for referral in referrals {
            let receipt = try await f.accept(f.submission("\(UUIDValue.v7())"))
            let item = IntakeItem(ordinal: 0, status: .accepted, referral: referral, opensCase: opensCase)
            intakes.append(IntakeRecord(receipt: receipt, sender: "uhdb", receivedAt: f.now, items: [item]))
        }
        return try await f.transaction(as: .worker) { [intakes] in try f.store.store(intakes, in: $0).map { $0[0] } }
    }

    private func stored(_ results: [IntakeResult]) throws -> [StoredReferral] {
        try results.map { result in
            guard case .stored(let stored) = result else { throw Unexpected() }
            return stored
        }
    }

    @Test func `documents about different persons are stored together, each with a person and a case`() async throws {
        try await Fixture.run { f in
            let referrals = (0..<40).map { f.referral(id: "r-\($0)", nhs: nil, family: "Canary\($0)") }
            let results = try stored(try await store(referrals, f))
            #expect(Set(results.map(\.person)).count == 40)
            #expect(Set(results.compactMap(\.caseFile)).count == 40)
            for (index, result) in results.enumerated() {
                let profile = try await f.transaction(as: .console) {
                    try f.store.profile(of: result.person, viewedBy: "staff:1", in: $0)
                }
                #expect(profile?.person.family == "Canary\(index)")
            }
            #expect(try await f.value("SELECT count(*) FROM record.submission WHERE state = 'accepted'") == 40)
        }
    }

    @Test func `two documents about one new person make one person, the later upon what the earlier brought`()
        async throws
    {
        try await Fixture.run { f in
            var second = f.referral(id: "r-2", sentAt: f.now + .seconds(60))
            second.person.phone = ["+441632960001"]
            let results = try stored(try await store([f.referral(id: "r-1"), second], f))
            #expect(results[0].person == results[1].person)
            #expect(results[0].caseFile == results[1].caseFile)
            #expect(results.map(\.isNewPerson) == [true, false])
            let profile = try #require(
                try await f.transaction(as: .console) {
                    try f.store.profile(of: results[0].person, viewedBy: "staff:1", in: $0)
                })
            #expect(profile.person.phone == ["+441632960001"])
        }
    }

    @Test func `an answer finds the message that comes before it in the same transaction`() async throws {
        try await Fixture.run { f in
            let results = try stored(
                try await store(
                    [
                        f.referral(id: "r-1", nhs: nil),
                        f.referral(id: "w-1", nhs: nil, type: .withdrawal, inReplyTo: "r-1"),
                    ], f))
            #expect(results[0].person == results[1].person)
            let state: String = try await f.value("SELECT state::text FROM record.referral WHERE id = \(results[0].id)")
            #expect(state == "withdrawn")
        }
    }

    @Test func `two answers about one known person are stored in their order`() async throws {
        try await Fixture.run { f in
            let person = try await f.person(f.referral(id: "r-1"))
            _ = try await f.take(f.referral(id: "r-2"))
            // Different ids, no numbers: only the person tells that they belong together.
            let updates = [("r-1", "First", 10), ("r-2", "Second", 20)].map { answered, family, after in
                f.referral(
                    id: "u-\(after)", nhs: nil, dob: nil, family: family, type: .update, inReplyTo: answered,
                    sentAt: f.now + .seconds(after))
            }
            #expect(Set(try stored(try await store(updates, f)).map(\.person)) == [person])
            let profile = try await f.transaction(as: .console) {
                try f.store.profile(of: person, viewedBy: "staff:1", in: $0)
            }
            #expect(profile?.person.family == "Second")
            #expect(profile?.person.identifiers.map(\.value) == ["9990000018"])
        }
    }

    @Test func `a number that an earlier document of the batch brought is known to the later`() async throws {
        try await Fixture.run { f in
            let first = f.referral(id: "r-1", isVerified: false)
            let second = f.referral(id: "r-2", isVerified: false, family: "Other")
            let results = try stored(try await store([first, second], f))
            #expect(results[0].person != results[1].person)
            let items = try await f.transaction(as: .console) { try f.store.workItems(.matchReview, in: $0) }
            #expect(items.map(\.item.code) == ["number_known"])
            #expect(items.map(\.item.person) == [results[1].person])
            #expect(items.map(\.item.otherPerson) == [results[0].person])
        }
    }

    @Test func `a message sees what an earlier one of the batch made of the person it looks at`() async throws {
        try await Fixture.run { f in
            let person = try await f.person(f.referral(id: "r-1", dob: nil))
            let update = f.referral(id: "u-1", nhs: nil, dob: "1950-04-30", type: .update, inReplyTo: "r-1")
            let notice = f.referral(id: "a-1", dob: "1950-04-30", type: .notice)
            var intakes: [IntakeRecord] = []
            for referral in [update, notice] {
                let receipt = try await f.accept(f.submission("\(UUIDValue.v7())"))
                let item = IntakeItem(
                    ordinal: 0, status: .accepted, referral: referral, opensCase: referral.type != .known(.notice))
                intakes.append(IntakeRecord(receipt: receipt, sender: "uhdb", receivedAt: f.now, items: [item]))
            }
            let results = try await f.transaction(as: .worker) { [intakes] in
                try f.store.store(intakes, in: $0).map { $0[0] }
            }
            #expect(try stored(results).map(\.person) == [person, person])
        }
    }

    @Test func `a long table gets in, also when all its rows share a number`() async throws {
        try await Fixture.run { f in
            for (prefix, number) in [("a", nil), ("b", "9990000018" as String?)] {
                let rows = number == nil ? 1_200 : 40
                let receipt = try await f.accept(f.submission(prefix))
                let items = (0..<rows).map { row in
                    IntakeItem(
                        ordinal: row, status: .accepted,
                        referral: f.referral(id: "\(prefix)-\(row)", nhs: number, isVerified: false))
                }
                let results = try await f.take(items, receipt)
                #expect(Set(try stored(results).map(\.person)).count == rows)
                let again = try await f.take(items, receipt)
                #expect(try stored(again).map(\.id) == stored(results).map(\.id))
                #expect(try stored(again).allSatisfy(\.isRepeat))
            }
        }
    }

    @Test func `a notice finds the last of many who were given one number, by the birth date`() async throws {
        try await Fixture.run { f in
            let zeros = [Identifier(type: .known(.hospitalNumber), value: "0000000")]
            var referrals: [Referral] = []
            for day in 1...28 {
                var referral = f.referral(
                    id: "r-\(day)", nhs: nil, dob: day < 10 ? "1950-04-0\(day)" : "1950-04-\(day)")
                referral.person.identifiers = zeros
                referrals.append(referral)
            }
            let persons = try stored(try await store(referrals, f)).map(\.person)
            var notice = f.referral(id: "a-1", nhs: nil, dob: "1950-04-28", type: .notice)
            notice.person.identifiers = zeros
            #expect(try stored(try await store([notice], opensCase: false, f)).map(\.person) == [persons[27]])
        }
    }

    @Test func `two batches that meet the same new persons in opposite orders make each person once`() async throws {
        try await Fixture.run(connections: 4) { f in
            let numbers = ["9990000018", "9990000026", "9990000034", "9990000042"]
            let persons = try await withThrowingTaskGroup(of: [UUIDValue].self) { group in
                for batch in 0..<4 {
                    group.addTask {
                        let order = batch.isMultiple(of: 2) ? numbers : numbers.reversed()
                        let referrals = order.map { f.referral(id: "\(batch)-\($0)", nhs: $0, family: "Canary\($0)") }
                        return try stored(try await store(referrals, f)).map(\.person)
                    }
                }
                return try await group.reduce(into: Set<UUIDValue>()) { $0.formUnion($1) }
            }
            #expect(persons.count == 4)
            #expect(try await f.value("SELECT count(*) FROM record.referral") == 16)
            #expect(try await f.value("SELECT count(*) FROM record.case_file") == 4)
        }
    }
}
