import CaseStore
import Postgres
import TestSupport
import Testing

@Suite(.store) struct SavedFiltersTests {
    private func account(_ f: Fixture, _ names: String...) async throws {
        for name in names {
            try await f.database.execute("INSERT INTO record.staff_account (id, roles) VALUES (\(name), '{operator}')")
        }
    }

    private func offered(_ f: Fixture, _ account: String) async throws -> [String] {
        try await f.transaction(as: .console) { try f.store.savedFilters(for: account, in: $0) }.map(\.name)
    }

    private func save(_ f: Fixture, _ filter: SavedFilter) async throws -> Bool {
        try await f.transaction(as: .console) { try f.store.save(filter, in: $0) }
    }

    @Test func `one's own are offered, and those that others share`() async throws {
        try await Fixture.run { f in
            try await account(f, "ann", "bob")
            let own = SavedFilter(owner: "ann", name: "Own", query: "state=held", isShared: false)
            let shared = SavedFilter(owner: "ann", name: "Shared", query: "", isShared: true)
            #expect(try await save(f, own))
            #expect(try await save(f, shared))
            #expect(try await offered(f, "ann") == ["Own", "Shared"])
            #expect(try await offered(f, "bob") == ["Shared"])
            #expect(try await !save(f, SavedFilter(owner: "ann", name: "Own", query: "", isShared: false)))
            #expect(try await save(f, SavedFilter(owner: "bob", name: "Own", query: "", isShared: false)))
        }
    }

    @Test func `one's own are deleted, and nobody else's`() async throws {
        try await Fixture.run { f in
            try await account(f, "ann", "bob")
            let filter = SavedFilter(owner: "ann", name: "Shared", query: "state=held", isShared: true)
            #expect(try await save(f, filter))
            func delete(_ account: String) async throws -> SavedFilter? {
                try await f.transaction(as: .console) { try f.store.deleteSavedFilter(filter.id, of: account, in: $0) }
            }
            #expect(try await delete("bob") == nil)
            #expect(try await delete("ann") == filter)
            #expect(try await delete("ann") == nil)
        }
    }

    @Test func `nobody keeps more than so many`() async throws {
        try await Fixture.run { f in
            try await account(f, "ann")
            for number in 1...CaseStore.mostSavedFilters {
                #expect(try await save(f, SavedFilter(owner: "ann", name: "\(number)", query: "", isShared: false)))
            }
            #expect(try await !save(f, SavedFilter(owner: "ann", name: "one more", query: "", isShared: false)))
        }
    }
}
