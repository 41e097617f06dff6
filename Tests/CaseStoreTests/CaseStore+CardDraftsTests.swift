import CaseStore
import Postgres
import Referral
import TestSupport
import Testing

/// The referrals out of which a card is drafted, with the rights of staff.
@Suite(.store) struct CardDraftsTests {
    private func told(_ person: UUIDValue, limit: Int = 200, _ f: Fixture) async throws -> [TellingReferral]? {
        try await f.transaction(as: .console) {
            try f.store.tellingReferrals(of: person, limit: limit, viewedBy: "staff:1", in: $0)
        }
    }

    @Test func `they come in the order in which they were sent, the latest where there are many`() async throws {
        try await Fixture.run { f in
            let person = try await f.person(f.referral(id: "r-2", sentAt: f.now))
            try await f.take(f.referral(id: "r-1", sentAt: f.now - .seconds(60)))
            try await f.take(f.referral(id: "r-3", type: .notice, sentAt: f.now + .seconds(60)))
            try await f.take(f.referral(id: "r-4", type: .outcome, sentAt: f.now + .seconds(120)))
            let told = try #require(try await told(person, f))
            #expect(told.map(\.referral.messageID) == ["r-1", "r-2", "r-3"])
            #expect(told.map(\.sentAt) == [f.now - .seconds(60), f.now, f.now + .seconds(60)])
            #expect(told.allSatisfy { $0.summary.sender == "uhdb" && $0.referral.address?.postcode == "DE1 2FS" })
            #expect(try await self.told(person, limit: 2, f)?.map(\.referral.messageID) == ["r-2", "r-3"])
            #expect(
                try await f.value(
                    "SELECT count(*) FROM ledger.entry WHERE kind = 'view' AND person = \(person)", as: Int.self) == 2)
            #expect(try await self.told(.v7(), f) == nil)
        }
    }

    @Test func `one that was withdrawn tells nothing`() async throws {
        try await Fixture.run { f in
            let person = try await f.person(f.referral(id: "r-1"))
            try await f.take(f.referral(id: "r-2", type: .withdrawal, inReplyTo: "r-1", sentAt: f.now + .seconds(60)))
            #expect(try await told(person, f)?.isEmpty == true)
        }
    }

    @Test func `of one who was found to be another all are read, and of the erased nothing`() async throws {
        try await Fixture.run { f in
            let survivor = try await f.person(f.referral(id: "r-1"))
            let member = try await f.person(f.referral(id: "r-2", nhs: nil, sentAt: f.now + .seconds(60)))
            try #require(survivor != member)
            try await TestDatabase.current.database.execute(
                "UPDATE record.person SET merged_into = \(survivor), merged_at = now() WHERE id = \(member)")
            for person in [survivor, member] {
                #expect(try await told(person, f)?.map(\.referral.messageID) == ["r-1", "r-2"])
            }
            try await TestDatabase.current.database.execute("DELETE FROM record.person_key WHERE person = \(member)")
            await #expect(throws: CaseStoreError.self) { try await told(survivor, f) }
        }
    }
}
