import CaseStore
import Postgres
import Referral
import TestSupport
import Testing

@testable import Disclosure

@Suite struct EndingTests {
    private let now = Timestamp(microseconds: 1_800_000_000_000_000)

    @Test(arguments: [(-31, true, false), (-29, true, true), (0, true, true), (29, true, true), (31, false, false)])
    func `what ends is told thirty days before, a secret until it is replaced`(days: Int, secret: Bool, other: Bool) {
        let ends = now + .seconds(days * 86_400)
        #expect(Ending(.secret, "a", ends: ends).isNear(at: now) == secret)
        for kind in Ending.Kind.allCases where kind != .secret {
            #expect(Ending(kind, "a", ends: ends).isNear(at: now) == other)
        }
    }

    @Test func `of several periods the last counts, and one without an end is none`() throws {
        let day = try #require(CalendarDate(iso: "2026-01-01"))
        func entry(_ id: String, _ until: String?) -> EnteredRecipient {
            EnteredRecipient(
                id: id, role: .member, name: "x", from: day, until: until.flatMap { CalendarDate(iso: $0) },
                enteredBy: "y", enteredOn: day)
        }
        let register = RecipientRegister(
            [], inboundOnly: [],
            entered: [
                entry("gp:A", "2026-04-01"), entry("gp:A", "2027-04-01"), entry("gp:B", "2026-04-01"),
                entry("gp:B", nil),
            ])
        // 00:00 in London is 23:00 the day before in summer.
        #expect(register.endings.map(\.about) == ["gp:A"])
        #expect(register.endings.map(\.ends.rfc3339) == ["2027-03-31T23:00:00Z"])
    }
}

@Suite(.store) struct StoredEndingTests {
    @Test func `the last live key of a partner counts, and none while one has no end`() async throws {
        try await Fixture.run { f in
            func key(_ partner: String, _ days: Int?) async throws -> String? {
                try await f.transaction { connection in
                    _ = try f.store.add(
                        Partner(id: partner, name: "x", kind: .partner, adapter: nil), by: "t", in: connection)
                    let ends = days.map { Timestamp.now() + .seconds($0 * 86_400) }
                    return try f.store.issueKey(for: partner, expiresAt: ends, by: "t", in: connection)?.prefix
                }
            }
            _ = try await key("ending", 5)
            _ = try await key("ending", 9)
            _ = try await key("renewed", 5)
            _ = try await key("renewed", nil)
            let revoked = try #require(try await key("revoked", 5))
            _ = try await f.transaction { try f.store.revokeKey(prefix: revoked, by: "t", in: $0) }
            let endings = try await f.transaction { try CaseStore.endings(in: $0) }
            #expect(endings.map(\.about) == ["ending"])
            let days = try #require(endings.first).ends.microseconds - Timestamp.now().microseconds
            #expect(days > 8 * 86_400_000_000)
        }
    }
}
