import Console
import TestSupport
import Testing

@testable import Hub

@Suite struct RouteTrialsTests {
    private let step = RouteTest.Step(channel: "mesh", what: "handshake", isPassed: true, seen: "MESH lets us in")

    @Test func `the steps are told`() async throws {
        let trials = RouteTrials { [step] in $0 == "uhdb" ? [step] : nil }
        guard case .tried(let steps)? = await trials.run("uhdb") else { throw Unexpected() }
        #expect(steps.map(\.seen) == ["MESH lets us in"] && steps.map(\.way) == ["mesh"])
        #expect(await trials.run("nobody") == nil)
    }

    @Test func `one that does not end is waited for so long and no longer, and not begun twice`() async throws {
        let (ends, end) = AsyncStream<Void>.makeStream()
        let trials = RouteTrials(limit: .milliseconds(20)) { [step] _ in
            for await _ in ends { break }
            return [step]
        }
        guard case .tooLong? = await trials.run("uhdb") else { throw Unexpected() }
        guard case .underWay? = await trials.run("uhdb") else { throw Unexpected() }
        end.yield()
        end.finish()
        try await eventually {
            if case .tried? = await trials.run("uhdb") { true } else { false }
        }
    }

    private struct Unexpected: Error {}
}
