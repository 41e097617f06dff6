import Postgres
import Testing

struct StatementCacheTests {
    private func key(_ text: String, _ types: [UInt32] = []) -> StatementCache.Key { .init(text: text, types: types) }

    @Test func `a statement is prepared at its second use`() {
        var cache = StatementCache(capacity: 4)
        #expect(cache.use(key("a")) == .unprepared)
        #expect(cache.use(key("a")) == .prepare("s1"))
        cache.prepared(key("a"), as: "s1")
        #expect(cache.use(key("a")) == .prepared("s1"))
    }

    @Test func `other types make another statement`() {
        var cache = StatementCache(capacity: 4)
        _ = cache.use(key("a", [20]))
        #expect(cache.use(key("a", [25])) == .unprepared)
    }

    @Test func `the least recently used makes room`() {
        var cache = StatementCache(capacity: 2)
        for text in ["a", "a", "b", "b"] {
            if case .prepare(let name) = cache.use(key(text)) { cache.prepared(key(text), as: name) }
        }
        _ = cache.use(key("a"))
        _ = cache.use(key("c"))
        #expect(cache.takeEvicted() == ["s2"])
        #expect(cache.takeEvicted() == [])
        #expect(cache.use(key("a")) == .prepared("s1"))
    }

    @Test func `a forgotten statement begins anew`() {
        var cache = StatementCache(capacity: 2)
        _ = cache.use(key("a"))
        cache.prepared(key("a"), as: "s1")
        cache.forget(key("a"))
        #expect(cache.use(key("a")) == .unprepared)
        #expect(cache.evicted == ["s1"])
    }
}
