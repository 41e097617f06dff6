import Postgres
import Referral
import TestSupport
import Testing
import Vault

@testable import CaseStore

@Suite(.store) struct WrappedKeysTests {
    /// The store of the same installation with another key to wrap by.
    private func rotated(_ f: Fixture) -> (store: CaseStore, ring: KeyRing) {
        let ring = f.ring.adding(madeOn: "2026-11-30")
        let vault = Vault(ring: ring)
        vault.use(ring.keys[1].mark)
        return (CaseStore(vault: vault), ring)
    }

    /// All rounds of all tables.
    private func rewrap(_ store: CaseStore, _ f: Fixture, limit: Int = 2) async throws -> (done: Int, foreign: Int) {
        var (done, foreign) = (0, 0)
        for keys in WrappedKeys.allCases {
            var after: UUIDValue?
            while let part = try await f.transaction({ [after] in
                try store.rewrap(keys, after: after, limit: limit, in: $0)
            }) {
                (done, foreign, after) = (done + part.rewrapped, foreign + part.foreign, part.last)
            }
        }
        return (done, foreign)
    }

    @Test func `every table that holds a wrapped key is among those that are wrapped anew`() async throws {
        let tables = try await TestDatabase.current.database.query(
            """
            SELECT table_schema || '.' || table_name
            FROM information_schema.columns
            WHERE column_name LIKE '%wrapped%' AND table_schema NOT IN ('information_schema', 'pg_catalog')
            """
        ).decode(String.self)
        #expect(Set(tables) == Set(WrappedKeys.allCases.map(\.rawValue)))
        #expect(tables.count == WrappedKeys.allCases.count)
    }

    @Test func `wrapped anew in batches, everything opens by the new key alone`() async throws {
        try await Fixture.run { f in
            var persons: [UUIDValue] = []
            for number in 0..<5 {
                persons.append(
                    try await f.person(f.referral(id: "r-\(number)", nhs: nil, dob: "19\(50 + number)-04-30")))
            }
            let (store, ring) = rotated(f)
            let old = hexadecimal(ring.keys[0].mark)
            let new = hexadecimal(ring.keys[1].mark)
            #expect(try await f.transaction { try store.countWrapped(in: $0) } == [old: 10])
            let (done, foreign) = try await rewrap(store, f)
            #expect(done == 10 && foreign == 0)
            #expect(try await f.transaction { try store.countWrapped(in: $0) } == [new: 10])
            #expect(try await rewrap(store, f) == (0, 0))
            let alone = CaseStore(vault: Vault(ring: try #require(ring.retiring(ring.keys[0].mark))))
            for person in persons {
                let profile = try await f.transaction { try alone.profile(of: person, in: $0) }
                #expect(profile?.person.family == "Canary")
                await #expect(throws: VaultError.otherInstallation) {
                    try await f.transaction { _ = try f.store.profile(of: person, in: $0) }
                }
            }
        }
    }

    @Test func `a row that somebody holds is left for the next round, and nobody waits`() async throws {
        try await Fixture.run { f in
            _ = try await f.person()
            let (store, _) = rotated(f)
            let other = TestDatabase.current.pool { $0.role = .app }
            let gate = Gate()
            async let holder: Void = other.transaction { connection in
                try connection.execute("SELECT FROM record.person_key FOR UPDATE")
                gate.arriveAndWait()
            }
            try await gate.arrival()
            #expect(try await f.transaction { try store.rewrap(.persons, after: nil, in: $0) } == nil)
            gate.open()
            try await holder
            await other.close()
            #expect(try await f.transaction { try store.rewrap(.persons, after: nil, in: $0)?.rewrapped } == 1)
        }
    }

    @Test func `nothing is stored that is wrapped by a retired key, whoever has not heard of it`() async throws {
        try await Fixture.run { f in
            let mark = hexadecimal(f.ring.keys[0].mark)
            _ = try await f.transaction { connection in
                try connection.execute(
                    "INSERT INTO record.wrapping_key (mark, added_at, retired_at) VALUES (\(mark), now(), now())")
            }
            let refused = await #expect(throws: PostgresError.self) { try await f.accept(f.submission()) }
            #expect(refused?.state?.rawValue == "23001")
            let (store, _) = rotated(f)
            let sealed = store.seal(f.submission())
            _ = try await f.transaction { try store.accept([sealed], in: $0) }
        }
        // Every table that holds a wrapped key refuses.
        let tables = try await TestDatabase.current.database.query(
            """
            SELECT DISTINCT tgrelid::regclass::text
            FROM pg_trigger
            WHERE tgfoid = 'record.refuse_retired_key'::regproc
            """
        ).decode(String.self)
        #expect(Set(tables) == Set(WrappedKeys.allCases.map(\.rawValue)))
    }

    @Test func `what no key of the ring opens is counted and left as it is`() async throws {
        try await Fixture.run { f in
            _ = try await f.person()
            let stranger = CaseStore(vault: Vault(key: InstallationKey()))
            #expect(try await rewrap(stranger, f) == (0, 2))
            #expect(
                try await f.transaction { try f.store.countWrapped(in: $0) } == [hexadecimal(f.ring.keys[0].mark): 2])
        }
    }
}
