import Foundation
import Testing

@testable import Channels

@Suite struct DirectoryWatcherTests {
    @Test(.timeLimit(.minutes(1))) func `a file that arrives makes a tick long before the interval ends`() async throws
    {
        let folder = try TemporaryFolder()
        let watcher = try DirectoryWatcher(interval: .seconds(3600))
        defer { watcher.stop() }
        watcher.watch(path: folder.path)
        var ticks = watcher.ticks.makeAsyncIterator()
        _ = await ticks.next()
        try folder.write("x.done", "")
        #expect(await ticks.next() != nil)
    }

    @Test(.timeLimit(.minutes(1))) func `without any event there is a tick each interval`() async throws {
        let watcher = try DirectoryWatcher(interval: .milliseconds(5))
        defer { watcher.stop() }
        var ticks = watcher.ticks.makeAsyncIterator()
        for _ in 0..<3 { #expect(await ticks.next() != nil) }
    }

    @Test(.timeLimit(.minutes(1))) func `stopping ends the ticks`() async throws {
        let watcher = try DirectoryWatcher(interval: .seconds(3600))
        watcher.stop()
        var rest = 0
        for await _ in watcher.ticks { rest += 1 }
        #expect(rest <= 1)
    }
}
