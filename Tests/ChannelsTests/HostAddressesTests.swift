import Dispatch
import NIOCore
import Synchronization
import Testing

@testable import Channels

@Suite(.timeLimit(.minutes(1))) struct HostAddressesTests {
    private struct NoName: Error {}

    /// What DNS says, one answer after the other; the last for ever.
    private final class Names: Sendable {
        private let answers: Mutex<[[String]]>
        let asked = Mutex(0)

        init(_ answers: [String]...) { self.answers = Mutex(answers) }

        var resolver: HostAddresses.Resolver {
            { [self] _, port in
                asked.withLock { $0 += 1 }
                let found = answers.withLock { $0.count > 1 ? $0.removeFirst() : $0[0] }
                if found.isEmpty { throw NoName() }
                return try found.map { try SocketAddress(ipAddress: $0, port: port) }
            }
        }
    }

    private func addresses(
        _ names: Names, _ allowance: HostAddresses.Allowance = .init(), freshness: Duration = .seconds(60)
    ) throws -> HostAddresses {
        try HostAddresses(
            host: "partner.example.org", port: 443, allowance: allowance, setting: "url", freshness: freshness,
            resolver: names.resolver)
    }

    @Test func `a name is resolved once for all who ask`() async throws {
        let names = Names(["8.8.8.8", "2a00:1450:4009::1"])
        let addresses = try addresses(names)
        await withTaskGroup(of: [String?].self) { group in
            for _ in 0..<8 {
                group.addTask {
                    (try? await addresses.current(within: .seconds(30)))?.map(\.ipAddress) ?? []
                }
            }
            for await found in group { #expect(found == ["8.8.8.8", "2a00:1450:4009::1"]) }
        }
        #expect(names.asked.withLock { $0 } == 1)
    }

    @Test(arguments: [
        ["169.254.169.254"], ["8.8.8.8", "127.0.0.1"], ["10.0.0.1"], ["::ffff:8.8.8.8"], ["8.8.8.8", "::1"],
        ["0.0.0.0"],
    ])
    func `one address that is not allowed refuses the name`(found: [String]) async throws {
        let addresses = try addresses(Names(found))
        await #expect(throws: HostAddresses.Failure.refused) { try await addresses.current(within: .seconds(30)) }
    }

    @Test func `a private network is reached where that is configured, and nothing else with it`() async throws {
        let allowance = HostAddresses.Allowance(privateNetwork: true)
        let near = try addresses(Names(["10.0.0.1"]), allowance)
        #expect(try await near.current(within: .seconds(30)).count == 1)
        for forbidden in ["169.254.169.254", "127.0.0.1", "fd00:ec2::254", "fe80::1"] {
            let addresses = try addresses(Names([forbidden]), allowance)
            await #expect(throws: HostAddresses.Failure.refused) { try await addresses.current(within: .seconds(30)) }
        }
    }

    @Test func `DNS that changes is checked again before anything goes there`() async throws {
        let addresses = try addresses(Names(["8.8.8.8"], ["169.254.169.254"], ["8.8.4.4"]), freshness: .zero)
        #expect(try await addresses.current(within: .seconds(30)).first?.ipAddress == "8.8.8.8")
        await #expect(throws: HostAddresses.Failure.refused) { try await addresses.current(within: .seconds(30)) }
        #expect(try await addresses.current(within: .seconds(30)).first?.ipAddress == "8.8.4.4")
    }

    @Test func `a name without addresses is not found`() async throws {
        let addresses = try addresses(Names([]))
        await #expect(throws: HostAddresses.Failure.notFound) { try await addresses.current(within: .seconds(30)) }
    }

    @Test func `DNS that does not answer holds one thread, and nobody beyond the time`() async throws {
        let release = DispatchSemaphore(value: 0)
        let asked = Mutex(0)
        let addresses = try HostAddresses(host: "partner.example.org", port: 443, allowance: .init(), setting: "url") {
            _, port in
            asked.withLock { $0 += 1 }
            release.wait()
            return [try SocketAddress(ipAddress: "8.8.8.8", port: port)]
        }
        for _ in 0..<3 {
            await #expect(throws: HostAddresses.Failure.timedOut) {
                try await addresses.current(within: .milliseconds(50))
            }
        }
        release.signal()
        #expect(try await addresses.current(within: .seconds(30)).first?.ipAddress == "8.8.8.8")
        #expect(asked.withLock { $0 } == 1)
    }

    @Test(arguments: [
        "", "..", "partner example", "partner.example.org\u{0}", "bücher.example", "1", "0x7f.1", "127.1", "2130706433",
        "fe80::1%eth0", "169.254.169.254", "10.0.0.1", "0.0.0.0", "::ffff:127.0.0.1",
    ])
    func `what is no name, or an address that is not allowed, is found at start`(host: String) {
        #expect(throws: ChannelConfigurationError.self) {
            try HostAddresses(host: host, port: 443, allowance: .init(), setting: "url")
        }
    }
}
