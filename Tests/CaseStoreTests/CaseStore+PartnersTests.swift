import CaseStore
import Postgres
import TestSupport
import Testing

@Suite(.store) struct PartnersTests {
    let partner = Partner(id: "uhdb", name: "University Hospitals", adapter: "uhdb", ods: ["RTG"])

    private func issue(_ f: Fixture, expiresAt: Timestamp? = nil) async throws -> IssuedKey {
        let key = try await f.transaction { [partner] connection in
            _ = try f.store.add(partner, by: "operator", in: connection)
            return try f.store.issueKey(for: "uhdb", expiresAt: expiresAt, by: "operator", in: connection)
        }
        return try #require(key)
    }

    private func who(_ f: Fixture, _ text: String, at: Timestamp = .now()) async throws -> String? {
        try await f.transaction(as: .ingest) { try f.store.authenticate(text, at: at, in: $0)?.id }
    }

    @Test func `a partner is entered once, listed and found`() async throws {
        try await Fixture.run { f in
            let added = try await f.transaction { [partner] connection in
                [
                    try f.store.add(partner, by: "operator", in: connection),
                    try f.store.add(partner, by: "operator", in: connection),
                ]
            }
            #expect(added == [true, false])
            #expect(try await f.transaction { try f.store.partners(in: $0) } == [partner])
            #expect(try await f.transaction { try f.store.partner("uhdb", in: $0) } == partner)
            #expect(try await f.transaction { try f.store.partner("nobody", in: $0) } == nil)
        }
    }

    @Test func `a key opens for its partner, until it is revoked`() async throws {
        try await Fixture.run { f in
            let key = try await issue(f)
            #expect(try await who(f, key.text) == "uhdb")
            #expect(try await f.transaction { try f.store.revokeKey(prefix: key.prefix, by: "operator", in: $0) })
            #expect(try await who(f, key.text) == nil)
            #expect(
                try await f.transaction { try f.store.revokeKey(prefix: key.prefix, by: "operator", in: $0) } == false)
            let listed = try await f.transaction { try f.store.keys(of: "uhdb", in: $0) }
            #expect(listed.map(\.prefix) == [key.prefix])
            #expect(listed[0].revokedAt != nil)
        }
    }

    @Test func `a key opens until the moment it expires, and not for a disabled partner`() async throws {
        try await Fixture.run { f in
            let key = try await issue(f, expiresAt: f.now)
            #expect(try await who(f, key.text, at: f.now - .seconds(1)) == "uhdb")
            #expect(try await who(f, key.text, at: f.now) == nil)
            for (isEnabled, expected) in [(false, nil), (true, "uhdb")] {
                _ = try await f.transaction {
                    try f.store.setEnabled(isEnabled, partner: "uhdb", by: "operator", in: $0)
                }
                #expect(try await who(f, key.text, at: f.now - .seconds(1)) == expected)
            }
        }
    }

    @Test func `anything else opens nothing`() async throws {
        try await Fixture.run { f in
            let key = try await issue(f)
            let other = try await issue(f)
            let mixed = "hub_\(key.prefix)_\(other.text.split(separator: "_")[2])"
            for text in [
                "", "hub_", key.prefix, mixed, String(key.text.dropLast()), key.text + "0", key.text.uppercased(),
            ] {
                #expect(try await who(f, text) == nil)
            }
        }
    }

    @Test func `a key's secret is neither stored nor described`() async throws {
        try await Fixture.run { f in
            let key = try await issue(f)
            let secret = String(key.text.split(separator: "_")[2])
            #expect(secret.utf8.count == 52)
            #expect(!"\(key)".contains(secret))
            let rows: String = try await f.value("SELECT api_key::text FROM record.api_key")
            #expect(!rows.contains(secret))
            #expect(!rows.contains(secret.suffix(4)))
        }
    }

    @Test func `nobody gets a key without being a partner`() async throws {
        try await Fixture.run { f in
            let key = try await f.transaction { try f.store.issueKey(for: "nobody", by: "operator", in: $0) }
            #expect(key == nil)
        }
    }
}
