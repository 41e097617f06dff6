import Synchronization

/// Runs a server for as long as a test's body takes.
enum LocalServer {
    static func run(
        _ server: @escaping @Sendable (_ ready: @escaping @Sendable (Int) async -> Void) async throws -> Void,
        body: @escaping @Sendable (_ port: Int) async throws -> Void
    ) async throws {
        let (ports, ready) = AsyncStream.makeStream(of: Int.self)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server { ready.yield($0) } }
            group.addTask {
                for await port in ports {
                    try await body(port)
                    break
                }
            }
            // The server ends only by being cancelled, which happens when the body has ended.
            try await group.next()
            group.cancelAll()
        }
    }
}

/// A value that one part of a test hands to another.
actor Kept<Value: Sendable> {
    private(set) var value: Value?

    func keep(_ value: Value) { self.value = value }
}
