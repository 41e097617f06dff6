/// Waits until `condition` holds, looking every millisecond; throws when it does not in time.
package func eventually(
    within limit: Duration = .seconds(10), _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + limit
    while try await !condition() {
        guard ContinuousClock.now < deadline else { throw NotInTime(limit: limit) }
        try await Task.sleep(for: .milliseconds(1))
    }
}

/// A condition did not come to hold.
package struct NotInTime: Error {
    package let limit: Duration
}
