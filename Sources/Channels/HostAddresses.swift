import Glibc
import NIOCore
import NIOPosix
import Synchronization

/// The addresses of one partner's host, each of them checked before anything connects to it.
///
/// A name is resolved here and nowhere later: connections are made to the addresses that were checked, so that DNS which
/// changes between check and use leads nowhere. One address that may not be reached refuses the whole name.
final class HostAddresses: Sendable {
    /// Which networks a host may be on, beside the internet.
    struct Allowance: Sendable, Hashable {
        var privateNetwork = false
        var loopback = false
        /// Only a private network or this machine. For what is sent without TLS.
        var onlyNear = false

        func admits(_ reach: NetworkReach) -> Bool {
            switch reach {
            case .open: !onlyNear
            case .privateNetwork: privateNetwork
            case .loopback: loopback
            case .forbidden: false
            }
        }
    }

    /// There is no address to connect to; nothing was sent.
    struct Failure: Error, Hashable {
        var code: String
        var text: String

        static let notFound = Failure(code: "name_not_found", text: "the host's name has no address")
        static let timedOut = Failure(code: "name_timeout", text: "the host's name was not resolved in time")
        static let refused = Failure(
            code: "address_refused",
            text: "the host's name leads to an address that the configuration does not allow: this machine, a private "
                + "network, or one that is never a partner's")
    }

    /// Every address of a name, at the given port.
    typealias Resolver = @Sendable (_ host: String, _ port: Int) throws -> [SocketAddress]

    /// How long a resolved name is used before it is resolved again.
    static let freshness = Duration.seconds(60)
    /// Addresses of a name that are used at most. All are checked.
    static let most = 4

    private struct State {
        var known: (addresses: [SocketAddress], until: ContinuousClock.Instant)?
        /// The look-up under way, which everybody waits for: one thread for each host, however slow its DNS.
        var running: EventLoopFuture<[SocketAddress]>?
    }

    private let host: String
    private let port: Int
    private let allowance: Allowance
    private let freshness: Duration
    private let resolver: Resolver
    private let state = Mutex(State())

    /// - Parameter host: a name, or an address without brackets.
    /// - Throws: ``ChannelConfigurationError`` when the host is an address that is not allowed, or is no host's name.
    init(
        host: String, port: Int, allowance: Allowance, setting: String, freshness: Duration = freshness,
        resolver: @escaping Resolver = systemResolver
    ) throws(ChannelConfigurationError) {
        self.host = host
        self.port = port
        self.allowance = allowance
        self.freshness = freshness
        self.resolver = resolver
        if let address = try? SocketAddress(ipAddress: host, port: port) {
            guard allowance.admits(NetworkReach(address)) else {
                throw ChannelConfigurationError(
                    setting: setting,
                    problem: NetworkReach(address) == .privateNetwork
                        ? "leads into a private network, which takes private_network: true"
                        : "is an address to which nothing may be sent in this way")
            }
            state.withLock { $0.known = ([address], .now + .seconds(Int64(Int32.max))) }
        } else {
            // As DNS has them; anything else would be read differently by one library and the next.
            let isName = host.utf8.allSatisfy {
                UInt8(ascii: "a")...UInt8(ascii: "z") ~= $0 | 0x20 || UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0
                    || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".")
            }
            guard isName, (1...253).contains(host.utf8.count),
                // `1`, `0x7f.1` and the like, which the system's resolver takes for addresses.
                let last = host.split(separator: ".").last?.utf8.first,
                UInt8(ascii: "a")...UInt8(ascii: "z") ~= last | 0x20
            else { throw ChannelConfigurationError(setting: setting, problem: "does not name a host as DNS does") }
        }
    }

    /// Addresses to connect to, the system's favourite first.
    func current(within limit: Duration) async throws(Failure) -> [SocketAddress] {
        let loop = MultiThreadedEventLoopGroup.singleton.any()
        enum Known {
            case fresh([SocketAddress])
            case running(EventLoopFuture<[SocketAddress]>)
        }
        let found: Known = state.withLock { state in
            if let known = state.known, known.until > .now { return .fresh(known.addresses) }
            if let running = state.running { return .running(running) }
            let promise = loop.makePromise(of: [SocketAddress].self)
            state.running = promise.futureResult
            Self.threads.submit { [self] _ in
                let result = Result { try resolver(host, port) }
                self.state.withLock { state in
                    state.running = nil
                    if case .success(let all) = result, !all.isEmpty, all.allSatisfy(isAdmitted) {
                        state.known = (Array(all.prefix(Self.most)), .now + freshness)
                    } else {
                        state.known = nil
                    }
                }
                promise.completeWith(result)
            }
            return .running(promise.futureResult)
        }
        let lookUp: EventLoopFuture<[SocketAddress]>
        switch found {
        case .fresh(let addresses): return addresses
        case .running(let running): lookUp = running
        }
        let promise = loop.makePromise(of: [SocketAddress].self)
        lookUp.cascade(to: promise)
        let late = loop.scheduleTask(in: TimeAmount(limit)) { promise.fail(Failure.timedOut) }
        defer { late.cancel() }
        let all: [SocketAddress]
        do {
            all = try await promise.futureResult.get()
        } catch {
            throw error as? Failure ?? .notFound
        }
        guard !all.isEmpty else { throw .notFound }
        guard all.allSatisfy(isAdmitted) else { throw .refused }
        return Array(all.prefix(Self.most))
    }

    private func isAdmitted(_ address: SocketAddress) -> Bool { allowance.admits(NetworkReach(address)) }

    /// The threads on which names are resolved, which blocks (getaddrinfo(3)).
    private static let threads = {
        let pool = NIOThreadPool(numberOfThreads: 8)
        pool.start()
        return pool
    }()

    /// Asks the system: /etc/hosts, then DNS.
    static let systemResolver: Resolver = { host, port in
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_ADDRCONFIG
        var first: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, String(port), &hints, &first) == 0 else { throw Failure.notFound }
        defer { freeaddrinfo(first) }
        return sequence(first: first) { $0?.pointee.ai_next }.compactMap { entry -> SocketAddress? in
            guard let entry = entry?.pointee, let address = entry.ai_addr else { return nil }
            switch entry.ai_family {
            case AF_INET:
                return address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { SocketAddress($0.pointee) }
            case AF_INET6:
                return address.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { SocketAddress($0.pointee) }
            default: return nil
            }
        }
    }
}
