import CaseStore
import Ledger
import Matching
import Postgres
import Referral
import TestSupport
import Testing

@Suite(.store) struct PersonSearchStoreTests {
    private let today = CalendarDate(iso: "2026-07-01")!

    private func find(
        _ f: Fixture, _ number: String? = nil, family: String? = nil, born: String? = nil, postcode: String? = nil
    ) async throws -> SearchedPersons {
        let query = try #require(
            PersonQuery(
                nhsNumber: number, family: family, birthDate: born.flatMap(CalendarDate.init(iso:)), postcode: postcode)
        )
        return try await f.transaction(as: .console) { try f.store.find(query, today: today, by: "staff/a.b", in: $0) }
    }

    @Test func `a person is found by each of what is kept, and by all of it`() async throws {
        try await Fixture.run { f in
            let person = try await f.person()
            _ = try await f.person(f.referral(id: "r-2", nhs: nil, dob: "1961-01-01", family: "Robin"))
            #expect(try await find(f, "9990000018").persons.map(\.id) == [person])
            #expect(try await find(f, family: "CANARY").persons.map(\.id) == [person])
            #expect(try await find(f, born: "1950-04-30").persons.map(\.id) == [person])
            #expect(try await find(f, postcode: "DE1 2FS").persons.count == 2)
            #expect(try await find(f, family: "Canary", postcode: "DE1 2FS").persons.map(\.id) == [person])
            let all = try await find(f, "9990000018", family: "Canary", born: "1950-04-30", postcode: "DE1 2FS")
            #expect(all.persons.map(\.id) == [person] && !all.mayBeMore)
            #expect(all.persons.first?.referrals.count == 1 && all.persons.first?.profile.person.given == "Elsie")
            #expect(try await find(f, "9990000018", family: "Robin").persons.isEmpty)
            #expect(try await find(f, born: "1950-05-01").persons.isEmpty)
        }
    }

    @Test func `a number that was given and is not verified finds as well`() async throws {
        try await Fixture.run { f in
            let person = try await f.person(f.referral(isVerified: false))
            #expect(try await find(f, "9990000018").persons.map(\.id) == [person])
        }
    }

    @Test func `each search is a look on the ledger, with who was found and nothing of what was typed`() async throws {
        try await Fixture.run { f in
            let person = try await f.person()
            func looks() async throws -> [String] {
                try await f.database.query(
                    "SELECT convert_from(bytes, 'UTF8') FROM ledger.entry WHERE kind = 'view' ORDER BY id"
                ).decode(String.self).filter { $0.contains(#""part":"search""#) }
            }
            _ = try await find(f, family: "Nobody")
            #expect(try await looks().count == 1)
            _ = try await find(f, "9990000018", family: "Canary")
            let looks = try await looks()
            #expect(looks.count == 3 && looks.allSatisfy { $0.contains("staff/a.b") })
            #expect(looks.count { $0.contains(person.description) } == 1)
            #expect(!looks.joined().contains("9990000018") && !looks.joined().lowercased().contains("canary"))
        }
    }

    @Test func `of very many who fit some are shown, and that there may be more is said`() async throws {
        try await Fixture.run { f in
            for number in 0...CaseStore.mostFound {
                _ = try await f.person(f.referral(id: "r-\(number)", nhs: nil, family: "Name\(number)x"))
            }
            let found = try await find(f, postcode: "DE1 2FS")
            #expect(found.persons.count == CaseStore.mostFound && found.mayBeMore)
        }
    }
}
