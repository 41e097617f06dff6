import CaseStore
import Postgres
import Referral
import Testing

/// Who is found for a new person, and what is kept of it.
@Suite(.store) struct MatchCandidatesTests {
    private func found(of person: UUIDValue, _ f: Fixture) async throws -> [Match] {
        try await f.transaction(as: .console) { try f.store.waitingMatches(of: person, in: $0) }
    }

    typealias Change = @Sendable (inout Referral) -> Void

    static let changes: [(what: String, change: Change)] = [
        ("a nickname", { $0.person.given = "Liz" }),
        ("names the wrong way round", { ($0.person.given, $0.person.family) = ("Canary", "Elsie") }),
        ("another spelling", { $0.person.family = "Kanarie" }),
        ("day and month exchanged", { $0.person.dob = CalendarDate(iso: "1950-03-04") }),
        ("another family name", { $0.person.family = "Thistlewood" }),
        ("another address", { $0.address?.postcode = "NG7 4AA" }),
        ("no birth date", { $0.person.dob = nil }),
    ]

    @Test(arguments: changes.indices)
    func `who looks like somebody known is a new person and a match`(_ index: Int) async throws {
        let (what, change) = Self.changes[index]
        try await Fixture.run { f in
            let known = try await f.person(f.referral(id: "r-1", nhs: nil, dob: "1950-04-03"))
            var asked = f.referral(id: "r-2", nhs: nil, dob: "1950-04-03")
            change(&asked)
            let person = try await f.person(asked)
            #expect(person != known)
            let matches = try await found(of: person, f)
            #expect(matches.map(\.known) == [known], "\(what)")
            #expect(matches.first?.state == .open)
        }
    }

    @Test func `who is like nobody is no match`() async throws {
        try await Fixture.run { f in
            _ = try await f.person(f.referral(id: "r-1", nhs: nil))
            var asked = f.referral(id: "r-2", nhs: nil, dob: "1971-11-02", family: "Wójcik")
            asked.person.given = "Bogdan"
            _ = try await f.person(asked)
            #expect(try await f.value("SELECT count(*) FROM record.match") == 0)
            #expect(try await f.value("SELECT count(*) FROM record.work_item") == 0)
        }
    }

    @Test func `two who are alike in one document are a match too`() async throws {
        try await Fixture.run { f in
            let receipt = try await f.accept(f.submission())
            let items = ["Canary", "Kanary"].enumerated().map { number, family in
                IntakeItem(
                    ordinal: number, status: .accepted,
                    referral: f.referral(id: "r-\(number)", nhs: nil, family: family))
            }
            let persons = try await f.take(items, receipt).map { result in
                guard case .stored(let stored) = result else { throw Unexpected() }
                return stored.person
            }
            #expect(try await found(of: persons[1], f).map(\.known) == [persons[0]])
        }
    }

    @Test func `somebody is found by what an earlier message said and by what the newest says`() async throws {
        try await Fixture.run { f in
            let known = try await f.person(f.referral(id: "r-1"))
            var moved = f.referral(id: "r-2", family: "Thistlewood", sentAt: f.now + .seconds(60))
            moved.address?.postcode = "NG7 4AA"
            #expect(try await f.person(moved) == known)
            for (number, family) in ["Canary", "Thistlewood"].enumerated() {
                let asked = f.referral(id: "s-\(number)", nhs: nil, family: family)
                #expect(try await found(of: f.person(asked), f).map(\.known).contains(known))
            }
        }
    }

    @Test func `a key that very many have slows nobody and finds nobody`() async throws {
        try await Fixture.run { f in
            let receipt = try await f.accept(f.submission())
            // Born on the day that stands for "not known", at one hostel.
            let items = (0..<300).map { number in
                var referral = f.referral(id: "r-\(number)", nhs: nil, dob: "1900-01-01", family: "Name\(number)x")
                referral.person.given = "Given\(number)y"
                return IntakeItem(ordinal: number, status: .accepted, referral: referral)
            }
            _ = try await f.take(items, receipt)
            var asked = f.referral(id: "s-1", nhs: nil, dob: "1900-01-01", family: "Thistlewood")
            asked.person.given = "Bogdan"
            let person = try await f.person(asked)
            #expect(try await found(of: person, f).isEmpty)
        }
    }

    @Test func `the comparison is kept field by field, sealed`() async throws {
        try await Fixture.run { f in
            _ = try await f.person(f.referral(id: "r-1", nhs: nil))
            let person = try await f.person(f.referral(id: "r-2", nhs: nil, family: "Kanary"))
            let match = try #require(try await found(of: person, f).first)
            let detail = try #require(try await f.transaction(as: .console) { try f.store.match(match.id, in: $0) })
            let evidence = detail.comparison["evidence"]?.arrayValue ?? []
            let levels = Dictionary(
                uniqueKeysWithValues: evidence.map {
                    ($0["field"]?.stringValue ?? "", $0["level"]?.stringValue ?? "")
                })
            #expect(levels["family"] == "near")
            #expect(levels["given"] == "exact")
            #expect(levels["birth_date"] == "exact")
            #expect(levels["nhs_number"] == "missing")
            #expect(evidence.allSatisfy { $0["weight"] != nil })
            #expect(detail.comparison["weights"]?.stringValue == "weights-1")
        }
    }

    @Test func `one referral asks about five persons at most, and in one work item`() async throws {
        try await Fixture.run { f in
            for number in 0..<8 { _ = try await f.person(f.referral(id: "r-\(number)", nhs: nil)) }
            let person = try await f.person(f.referral(id: "s-1", nhs: nil))
            #expect(try await found(of: person, f).filter { $0.person == person }.count == 5)
            #expect(
                try await f.value("SELECT count(*) FROM record.work_item WHERE person = \(person)") == 1)
        }
    }
}
