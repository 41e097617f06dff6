import AsyncHTTPClient
import NIOCore
import NIOSSL
import Synchronization

/// HTTP clients of one host, one for each address that it was found at, so that nothing connects anywhere else.
///
/// The client's own override of DNS leads the host's name to the address; TLS goes on asking for the name.
final class PinnedClients: Sendable {
    /// What tells one client from another.
    struct Pin: Sendable, Hashable {
        /// Where to connect to.
        var address: SocketAddress
        /// The lowest TLS version, which may rise as time goes by.
        var minimumVersion: TLSFiles.Version
        /// How long a connection may take to be made, with its TLS handshake.
        var connectTimeout: Duration
    }

    private struct Entry {
        let client: HTTPClient
        var uses = 0
    }

    private struct State {
        var entries: [Pin: Entry] = [:]
        /// Those that are used from now on; others end with their last use.
        var current: Set<Pin> = []
        var isShutDown = false

        /// Takes out what nobody needs any more.
        mutating func retired() -> [HTTPClient] {
            let old = entries.filter { !current.contains($0.key) && $0.value.uses == 0 }
            for pin in old.keys { entries[pin] = nil }
            return old.values.map(\.client)
        }
    }

    private let host: String
    private let configuration: HTTPClient.Configuration
    private let state = Mutex(State())

    /// - Parameter configuration: with everything but the pin.
    init(host: String, configuration: HTTPClient.Configuration) {
        self.host = host
        self.configuration = configuration
    }

    /// Says which pins are used from now on.
    func use(only pins: [Pin]) {
        state.withLock { $0.current = Set(pins) }
    }

    /// Runs `body` with the client of a pin; nil once it is shut down.
    func with<T: Sendable>(_ pin: Pin, _ body: (HTTPClient) async -> T) async -> T? {
        let client: HTTPClient? = state.withLock { state -> HTTPClient? in
            guard !state.isShutDown else { return nil }
            state.entries[pin, default: Entry(client: makeClient(pin))].uses += 1
            return state.entries[pin]?.client
        }
        guard let client else { return nil }
        let result = await body(client)
        let retired = state.withLock { state in
            state.entries[pin]?.uses -= 1
            return state.retired()
        }
        for client in retired { try? await client.shutdown() }
        return result
    }

    private func makeClient(_ pin: Pin) -> HTTPClient {
        var configuration = configuration
        configuration.timeout.connect = TimeAmount(pin.connectTimeout)
        configuration.tlsConfiguration?.minimumTLSVersion = pin.minimumVersion.tls
        if let address = pin.address.ipAddress { configuration.dnsOverride = [host: address] }
        return HTTPClient(configuration: configuration)
    }

    func shutdown() async {
        let all = state.withLock { state in
            defer { state.entries = [:] }
            state.isShutDown = true
            return state.entries.values.map(\.client)
        }
        for client in all { try? await client.shutdown() }
    }
}
