import Dispatch
import Synchronization
import Testing

@testable import Hub

@Suite struct LargeDocumentsTests {
    /// Holds the thread it is called on until it is opened, ten seconds at most; counts who waits.
    private final class Gate: Sendable {
        private let door = DispatchSemaphore(value: 0)
        private let counts = Mutex((waiting: 0, most: 0, late: 0))

        func hold() {
            counts.withLock {
                $0.waiting += 1
                $0.most = max($0.most, $0.waiting)
            }
            let isLate = door.wait(timeout: .now() + 10) == .timedOut
            door.signal()
            counts.withLock {
                $0.waiting -= 1
                if isLate { $0.late += 1 }
            }
        }

        func open() { door.signal() }

        var waiting: Int { counts.withLock { $0.waiting } }
        var most: Int { counts.withLock { $0.most } }
        var late: Int { counts.withLock { $0.late } }
    }

    @Test func `however many large documents are read, everything else goes on`() async throws {
        let threads = LargeDocuments(threads: 2)
        let gate = Gate()
        let readings = (0..<40).map { _ in
            Task { await threads.reading(LargeDocuments.bound + 1) { gate.hold() } }
        }
        // On the cooperative pool forty would hold every thread, and nothing below would be reached before they are late.
        while gate.waiting < 2 { await Task.yield() }
        #expect(await Task { 1 + 1 }.value == 2)
        gate.open()
        for reading in readings { await reading.value }
        #expect(gate.late == 0)
        #expect(gate.most == 2, "as many at once as there are threads")
    }

    @Test func `a small document is read where the caller runs, and errors and results come back`() async throws {
        struct Expected: Error {}
        let threads = LargeDocuments(threads: 1)
        for bytes in [0, LargeDocuments.bound, LargeDocuments.bound + 1] {
            #expect(await threads.reading(bytes) { bytes } == bytes)
            await #expect(throws: Expected.self) {
                try await threads.reading(bytes) { throw Expected() }
            }
        }
        let gate = Gate()
        let large = Task { await threads.reading(LargeDocuments.bound + 1) { gate.hold() } }
        while gate.waiting < 1 { await Task.yield() }
        #expect(await threads.reading(LargeDocuments.bound) { true }, "it waits for no thread")
        gate.open()
        await large.value
        #expect(gate.late == 0)
    }
}
