import CaseStore
import Postgres
import Testing

@Suite(.store) struct RequestsTests {
    private func claim(
        _ f: Fixture, _ key: String, _ body: String = "{}", by caller: String = "workers", makes: UUIDValue = .v7()
    ) async throws -> RequestClaim {
        let request = f.store.requestKey(key, by: caller, body: Array(body.utf8))
        return try await f.transaction(as: .console) { try f.store.claim([(request, makes)], at: f.now, in: $0)[0] }
    }

    @Test func `a request that comes again is told what the first one made`() async throws {
        try await Fixture.run { f in
            let made = UUIDValue.v7()
            let first = try await claim(f, "k-1", makes: made)
            #expect(first == .new)
            #expect(try await claim(f, "k-1") == .repeated(made))
            #expect(try await claim(f, "k-2") == .new)
        }
    }

    @Test func `another body under the same key is a conflict, another caller's key is another`() async throws {
        try await Fixture.run { f in
            let first = try await claim(f, "k-1")
            #expect(first == .new)
            #expect(try await claim(f, "k-1", "{ }") == .conflict)
            #expect(try await claim(f, "k-1", by: "others") == .new)
        }
    }

    @Test func `of the same request twice in one batch one is new`() async throws {
        try await Fixture.run { f in
            let request = f.store.requestKey("k-1", by: "workers", body: [1])
            let (first, second) = (UUIDValue.v7(), UUIDValue.v7())
            let claims = try await f.transaction(as: .console) {
                try f.store.claim([(request, first), (request, second)], in: $0)
            }
            #expect(claims == [.new, .repeated(first)])
        }
    }

    @Test func `the same request at the same moment is made once`() async throws {
        try await Fixture.run(connections: 8) { f in
            let claims = try await withThrowingTaskGroup(of: RequestClaim.self) { group in
                for _ in 0..<8 { group.addTask { try await claim(f, "k-1") } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(claims.count { $0 == .new } == 1)
            #expect(!claims.contains(.conflict))
        }
    }

    @Test func `what is undone was not asked, and what is old is forgotten`() async throws {
        try await Fixture.run { f in
            let request = f.store.requestKey("k-1", by: "workers", body: [1])
            try? await f.transaction(as: .console) { connection in
                _ = try f.store.claim([(request, .v7())], in: connection)
                throw Unexpected()
            }
            let again = try await claim(f, "k-1")
            #expect(again == .new)
            #expect(try await f.transaction(as: .retention) { try f.store.forgetRequests(before: f.now, in: $0) } == 0)
            #expect(
                try await f.transaction(as: .retention) {
                    try f.store.forgetRequests(before: f.now + .seconds(1), in: $0)
                } == 1)
            #expect(try await claim(f, "k-1") == .new)
        }
    }

    @Test func `neither key nor body can be read in the database`() async throws {
        try await Fixture.run { f in
            _ = try await claim(f, "canary-key", "canary-body")
            let row: String = try await f.value("SELECT request::text FROM record.request")
            #expect(!row.contains("canary"))
        }
    }
}
