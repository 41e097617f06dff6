import CaseStore
import Postgres
import Referral
import TestSupport
import Testing

@Suite(.store) struct IntakeTests {
    @Test func `a first referral makes a person, a case and a sealed profile`() async throws {
        try await Fixture.run { f in
            guard case .stored(let stored) = try await f.take(f.referral()) else { throw Unexpected() }
            #expect(stored.isNewPerson)
            #expect(!stored.isRepeat)
            let summary = try #require(
                try await f.transaction(as: .console) { try f.store.person(stored.person, in: $0) })
            #expect(summary.caseFile == stored.caseFile)
            #expect(summary.caseState == "open")
            #expect(summary.hasVerifiedNHSNumber)
            let profile = try await f.transaction(as: .console) {
                try f.store.profile(of: stored.person, viewedBy: "staff:1", in: $0)
            }
            #expect(profile == f.referral())
            #expect(try await f.value("SELECT count(*) FROM ledger.entry WHERE kind = 'view'") == 1)
            let content = try await f.transaction(as: .console) {
                try f.store.content(of: stored.id, viewedBy: "staff:1", in: $0)
            }
            #expect(content == f.referral())
        }
    }

    @Test func `a verified NHS number with the same birth date is the same person and case`() async throws {
        try await Fixture.run { f in
            guard case .stored(let first) = try await f.take(f.referral(id: "r-1")),
                case .stored(let second) = try await f.take(f.referral(id: "r-2"), sender: "dchs")
            else { throw Unexpected() }
            #expect(second.person == first.person)
            #expect(second.caseFile == first.caseFile)
            #expect(!second.isNewPerson)
            #expect(try await f.value("SELECT count(*) FROM record.work_item") == 0)
        }
    }

    @Test(arguments: [
        ("1971-01-01", true, "birth_date_differs"), ("1950-04-30", false, "number_known"),
    ])
    func `a known number that does not settle who it is makes a new person and a match review`(
        dob: String?, isVerified: Bool, code: String
    ) async throws {
        try await Fixture.run { f in
            let first = try await f.person()
            let second = try await f.person(f.referral(id: "r-2", isVerified: isVerified, dob: dob))
            #expect(second != first)
            let items = try await f.transaction(as: .console) { try f.store.workItems(in: $0) }
            #expect(items.map(\.item.kind) == [.matchReview])
            #expect(items.first?.item.code == code)
            #expect(items.first?.item.person == second)
            #expect(items.first?.item.otherPerson == first)
        }
    }

    @Test(arguments: [nil, "1950-03-30"])
    func `a verified NHS number with the same names is that person where the birth date is missing or a slip away`(
        dob: String?
    ) async throws {
        try await Fixture.run { f in
            let first = try await f.person()
            #expect(try await f.person(f.referral(id: "r-2", dob: dob)) == first)
            #expect(try await f.value("SELECT count(*) FROM record.work_item") == 0)
        }
    }

    @Test func `a verified NHS number with nothing that agrees makes a new person and a match review`() async throws {
        try await Fixture.run { f in
            let first = try await f.person()
            let second = try await f.person(f.referral(id: "r-2", dob: nil, family: "Thistlewood"))
            #expect(second != first)
            let items = try await f.transaction(as: .console) { try f.store.workItems(.matchReview, in: $0) }
            #expect(items.map(\.item.code) == ["birth_date_missing"])
        }
    }

    @Test func `persons without any number are never taken for each other, however alike they are`() async throws {
        try await Fixture.run { f in
            let first = try await f.person(f.referral(id: "r-1", nhs: nil))
            let second = try await f.person(f.referral(id: "r-2", nhs: nil))
            #expect(first != second)
            let items = try await f.transaction(as: .console) { try f.store.workItems(in: $0) }
            #expect(items.map(\.item.code) == ["looks_alike"])
        }
    }

    @Test func `two first referrals of one person at the same moment make one person`() async throws {
        try await Fixture.run(connections: 8) { f in
            let persons = try await withThrowingTaskGroup(of: UUIDValue.self) { group in
                for number in 0..<8 {
                    group.addTask { try await f.person(f.referral(id: "r-\(number)")) }
                }
                return try await group.reduce(into: Set<UUIDValue>()) { $0.insert($1) }
            }
            #expect(persons.count == 1)
            #expect(try await f.value("SELECT count(*) FROM record.person") == 1)
            #expect(try await f.value("SELECT count(*) FROM record.case_file") == 1)
            #expect(try await f.value("SELECT count(*) FROM record.referral") == 8)
        }
    }

    @Test func `storing a submission twice stores it once and answers the same`() async throws {
        try await Fixture.run { f in
            let receipt = try await f.accept(f.submission())
            let items = [
                IntakeItem(ordinal: 0, status: .accepted, referral: f.referral(id: "r-1")),
                IntakeItem(
                    ordinal: 1, status: .rejected, referral: nil, findings: [Finding(.schema, at: "", "No row")]),
                IntakeItem(ordinal: 2, status: .incomplete, referral: f.referral(id: "r-2", nhs: nil)),
            ]
            let first = try await f.take(items, receipt)
            let second = try await f.take(items, receipt)
            guard case .stored(let one) = first[0], case .stored(let again) = second[0] else { throw Unexpected() }
            #expect(again.id == one.id)
            #expect(again.isRepeat)
            #expect(first[1] == .rejected)
            #expect(second[1] == .rejected)
            #expect(try await f.value("SELECT count(*) FROM record.referral") == 2)
            let kinds = try await f.transaction(as: .console) { try f.store.workItems(in: $0).map(\.item.kind) }
            #expect(Set(kinds) == [.rejectedPart, .incompleteReferral, .matchReview])
            #expect(kinds.count == 3)
        }
    }

    @Test func `an update changes the profile, and one that was sent earlier does not undo it`() async throws {
        try await Fixture.run { f in
            let person = try await f.person(f.referral(id: "r-1"))
            var moved = f.referral(
                id: "u-1", nhs: nil, dob: nil, family: "Canary", type: .update, inReplyTo: "r-1",
                sentAt: f.now + .seconds(60))
            moved.person.phone = ["+441632960001"]
            moved.address?.lines = ["7 Sample Road"]
            moved.reason = nil
            var late = f.referral(
                id: "u-0", nhs: nil, dob: nil, family: "Old", type: .update, inReplyTo: "r-1",
                sentAt: f.now + .seconds(30))
            late.address?.lines = ["1 Former Lane"]
            late.person.email = "someone@example.org"
            for update in [moved, late] {
                guard case .stored(let stored) = try await f.take(update) else { throw Unexpected() }
                #expect(stored.person == person)
            }
            let profile = try #require(
                try await f.transaction(as: .console) { try f.store.profile(of: person, viewedBy: "staff:1", in: $0) })
            #expect(profile.address?.lines == ["7 Sample Road"])
            #expect(profile.person.family == "Canary")
            #expect(profile.person.phone == ["+441632960001"])
            #expect(profile.person.email == "someone@example.org")
            #expect(profile.reason == "Feels alone since a bereavement")
            #expect(profile.person.identifiers.map(\.value) == ["9990000018"])
        }
    }

    @Test func `an answer to a message that this sender did not send is a work item`() async throws {
        try await Fixture.run { f in
            _ = try await f.person(f.referral(id: "r-1"))
            let update = f.referral(id: "u-1", type: .update, inReplyTo: "r-1")
            #expect(try await f.take(update, sender: "derbys_police") == .unbound)
            #expect(try await f.take(f.referral(id: "u-2", type: .withdrawal, inReplyTo: "r-9")) == .unbound)
            let items = try await f.transaction(as: .console) { try f.store.workItems(.unboundMessage, in: $0) }
            #expect(items.map(\.item.code) == ["update", "withdrawal"])
        }
    }

    @Test func `an answer that names another person is not laid upon the one it answers`() async throws {
        try await Fixture.run { f in
            let person = try await f.person(f.referral(id: "r-1"))
            let otherDay = f.referral(id: "u-1", nhs: nil, dob: "1980-01-01", type: .update, inReplyTo: "r-1")
            let otherNumber = f.referral(id: "u-2", nhs: "9990000026", dob: nil, type: .update, inReplyTo: "r-1")
            #expect(try await f.take(otherDay) == .unbound)
            #expect(try await f.take(otherNumber) == .unbound)
            // A referral opens a person of its own by what it says, whatever it answers.
            let other = f.referral(id: "r-2", nhs: nil, dob: "1980-01-01", family: "Other", inReplyTo: "r-1")
            #expect(try await f.person(other) != person)
            let items = try await f.transaction(as: .console) { try f.store.workItems(.unboundMessage, in: $0) }
            #expect(items.map(\.item.code) == ["names_another_person", "names_another_person"])
        }
    }

    @Test func `a withdrawal marks the referral it answers and asks staff to look`() async throws {
        try await Fixture.run { f in
            guard case .stored(let first) = try await f.take(f.referral(id: "r-1")),
                case .stored = try await f.take(f.referral(id: "w-1", type: .withdrawal, inReplyTo: "r-1"))
            else { throw Unexpected() }
            let state: String = try await f.value("SELECT state::text FROM record.referral WHERE id = \(first.id)")
            #expect(state == "withdrawn")
            #expect(
                try await f.transaction(as: .console) { try f.store.workItems(in: $0).map(\.item.kind) } == [
                    .withdrawal
                ])
        }
    }

    @Test func `a hospital's notice about somebody unknown makes no person and is destroyed after a day`() async throws
    {
        try await Fixture.run { f in
            let result = try await f.take(f.referral(type: .notice), opensCase: false)
            #expect(result == .unknownPerson)
            #expect(try await f.value("SELECT count(*) FROM record.person") == 0)
            #expect(try await f.value("SELECT count(*) FROM record.person_identifier") == 0)
            let due = f.now + .seconds(86_400)
            let destroyed = try await f.transaction(as: .retention) { connection in
                [
                    try f.store.destroyDocuments(dueAt: due - .seconds(1), in: connection),
                    try f.store.destroyDocuments(dueAt: due, in: connection),
                ]
            }
            #expect(destroyed == [0, 1])
            #expect(try await f.value("SELECT count(*) FROM ledger.entry WHERE kind = 'key_destroyed'") == 1)
        }
    }

    @Test func `a hospital's notice finds its person by number and birth date, and brings news`() async throws {
        try await Fixture.run { f in
            var known = f.referral(id: "r-1")
            known.person.identifiers.append(Identifier(type: .known(.hospitalNumber), value: "H77"))
            let person = try await f.person(known)
            var notice = f.referral(id: "a-1", nhs: nil, type: .notice, sentAt: f.now + .seconds(5))
            notice.person.identifiers = [Identifier(type: .known(.hospitalNumber), value: "H77")]
            notice.person.phone = ["+441632960001"]
            guard case .stored(let stored) = try await f.take(notice, opensCase: false) else { throw Unexpected() }
            #expect(stored.person == person)
            // The number is the hospital's own: from another sender it is somebody else's.
            #expect(try await f.take(notice, opensCase: false, sender: "dchs") == .unknownPerson)
        }
    }

    @Test func `a hospital that joins two of its records joins their numbers`() async throws {
        try await Fixture.run { f in
            var known = f.referral(id: "r-1", nhs: nil)
            known.person.identifiers = [Identifier(type: .known(.hospitalNumber), value: "H1", verified: true)]
            let person = try await f.person(known)
            func notice(_ number: String, merging old: String? = nil, _ second: Int) -> Referral {
                var notice = f.referral(
                    id: "a-\(second)", nhs: nil, type: .update, sentAt: f.now + .seconds(second))
                notice.person.identifiers = [Identifier(type: .known(.hospitalNumber), value: number, verified: true)]
                notice.extensions =
                    old.map { old in
                        let merged: Value = [["type": "hospital_number", "value": .string(old)]]
                        return [Extension(name: "hl7.merged", group: .health, value: merged)]
                    } ?? []
                return notice
            }
            #expect(try await f.take(notice("H2", 1), opensCase: false) == .unknownPerson)
            for news in [notice("H2", merging: "H1", 2), notice("H2", 3), notice("H1", 4)] {
                guard case .stored(let stored) = try await f.take(news, opensCase: false) else { throw Unexpected() }
                #expect(stored.person == person)
            }
            #expect(try await f.value("SELECT count(*) FROM record.work_item") == 0)

            // Two persons are never joined on a hospital's word: somebody decides.
            known.messageID = "r-2"
            known.person.identifiers = [Identifier(type: .known(.hospitalNumber), value: "H3", verified: true)]
            let other = try await f.person(known)
            guard case .stored = try await f.take(notice("H2", merging: "H3", 5), opensCase: false) else {
                throw Unexpected()
            }
            let items = try await f.transaction(as: .console) { try f.store.workItems(.matchReview, in: $0) }
            // They look alike too, which was asked when the second came.
            #expect(Set(items.map(\.item.code)) == ["looks_alike", "numbers_merged"])
            let merged = items.first { $0.item.code == "numbers_merged" }
            #expect(merged?.item.person == person && merged?.item.otherPerson == other)
            guard case .stored(let still) = try await f.take(notice("H3", 6), opensCase: false) else {
                throw Unexpected()
            }
            #expect(still.person == other)
        }
    }

    @Test func `an incomplete urgent referral is due the next day`() async throws {
        try await Fixture.run { f in
            var urgent = f.referral()
            urgent.urgency = .known(.urgent)
            _ = try await f.take(urgent, status: .incomplete)
            let item = try #require(try await f.transaction(as: .console) { try f.store.workItems(in: $0).first })
            #expect(item.item.kind == .incompleteReferral)
            #expect(item.item.dueAt == f.now + .seconds(86_400))
            #expect(
                try await f.transaction(as: .console) { try f.store.finishWorkItem(item.id, by: "staff:1", in: $0) })
            #expect(
                try await f.transaction(as: .console) { try f.store.finishWorkItem(item.id, by: "staff:1", in: $0) }
                    == false)
            #expect(try await f.transaction(as: .console) { try f.store.workItems(in: $0).isEmpty })
        }
    }

    @Test func `persons are found by a number, whether it was verified or not`() async throws {
        try await Fixture.run { f in
            let first = try await f.person()
            let second = try await f.person(f.referral(id: "r-2", isVerified: false))
            let found = try await f.transaction(as: .console) {
                try f.store.persons(withNHSNumber: "9990000018", in: $0)
            }
            #expect(found == [first, second])
        }
    }
}
