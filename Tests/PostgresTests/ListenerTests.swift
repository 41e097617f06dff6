import Postgres
import TestSupport
import Testing

@Suite(.database) struct ListenerTests {
    let database = TestDatabase.current.database

    @Test(.timeLimit(.minutes(1)))
    func `notifications come after the first resync, on the channels asked for`() async throws {
        var events = database.listen(["alpha", "odd Name"]).makeAsyncIterator()
        #expect(await events.next() == .resync)
        try await database.execute("SELECT pg_notify('beta', 'not for us')")
        try await database.execute("SELECT pg_notify('odd Name', 'one')")
        try await database.execute("SELECT pg_notify('alpha', '')")
        #expect(await events.next() == .notification(channel: "odd Name", payload: "one"))
        #expect(await events.next() == .notification(channel: "alpha", payload: ""))
    }

    @Test(.timeLimit(.minutes(1)))
    func `a lost connection is made again and a resync follows`() async throws {
        var events = database.listen(["alpha"]).makeAsyncIterator()
        #expect(await events.next() == .resync)
        try await database.execute(
            """
            SELECT pg_terminate_backend(pid)
            FROM pg_stat_activity
            WHERE query LIKE 'LISTEN%' AND datname = current_database()
            """)
        #expect(await events.next() == .resync)
        try await database.execute("SELECT pg_notify('alpha', 'again')")
        #expect(await events.next() == .notification(channel: "alpha", payload: "again"))
    }

    @Test(.timeLimit(.minutes(1)))
    func `a slow consumer loses the oldest and is told to look`() async throws {
        var slow = database.listen(["alpha"]).makeAsyncIterator()
        var quick = database.listen(["alpha"]).makeAsyncIterator()
        #expect(await slow.next() == .resync)
        #expect(await quick.next() == .resync)
        let count = 4 * Listener.bufferSize
        try await database.execute("SELECT pg_notify('alpha', n::text) FROM generate_series(1, \(count)) n")
        // By the time that one has seen the last, the other has, most likely, lost some.
        while let event = await quick.next(), event != .notification(channel: "alpha", payload: "\(count)") {}
        var received = 0
        var isTold = false
        reading: while true {
            switch await slow.next() {
            case .notification(_, let payload):
                received += 1
                if payload == "\(count)", received == count { break reading }
            case .resync:
                isTold = true
                break reading
            case nil: break reading
            }
        }
        #expect(isTold || received == count)
    }

    @Test(.timeLimit(.minutes(1)))
    func `listening ends with its task, and its connection with it`() async throws {
        let task = Task {
            for await event in database.listen(["alpha"]) where event == .resync { return }
        }
        await task.value
        try await eventually {
            try await database.query(
                "SELECT 1 FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND datname = current_database()"
            ).isEmpty
        }
    }
}
