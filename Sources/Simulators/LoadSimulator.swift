import Channels
import Foundation
import Glibc

/// Closed-loop load: each connection posts a referral, waits for its answer and posts the next, all of them different.
///
/// Threads and plain sockets rather than an HTTP library: on a small machine the load generator must not be what is measured.
package struct LoadSimulator: Sendable {
    package struct Configuration: Sendable {
        /// `http://127.0.0.1:8080`: an IPv4 address and plain HTTP.
        package var hub: String
        /// The credential of the partner that sends.
        package var key: String
        package var sender: String
        package var connections: Int
        package var duration: Duration
        package var seed: UInt64

        package init(
            hub: String, key: String, sender: String, connections: Int, duration: Duration,
            seed: UInt64 = UInt64(WallClock.now())
        ) {
            self.hub = hub
            self.key = key
            self.sender = sender
            self.connections = connections
            self.duration = duration
            self.seed = seed
        }
    }

    /// What came of it.
    package struct Result: Sendable, Codable, Hashable, CustomStringConvertible {
        package var connections = 0
        package var seconds = 0.0
        /// Answered with 2xx.
        package var accepted = 0
        package var acceptedPerSecond = 0.0
        /// Answer times of what was accepted, in milliseconds.
        package var p50 = 0.0
        package var p99 = 0.0
        package var longest = 0.0
        /// How many answers there were of each other status, and of `connection` for those that broke.
        package var errors: [String: Int] = [:]

        /// One line for a terminal.
        package var description: String {
            let text = String(
                format: "%3d connections  %8.0f accepted/s  p50 %7.2f ms  p99 %7.2f ms  longest %7.2f ms", connections,
                acceptedPerSecond, p50, p99, longest)
            let failures = errors.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }.joined(separator: ", ")
            return failures.isEmpty ? text : "\(text)  errors \(failures)"
        }
    }

    private let configuration: Configuration

    package init(configuration: Configuration) {
        self.configuration = configuration
    }

    /// The hub's address is not one that the load can be sent to.
    package struct AddressError: Error, CustomStringConvertible {
        package var description: String {
            "load is sent by plain HTTP to an IPv4 address, such as http://127.0.0.1:8080"
        }
    }

    /// Runs for the configured time on threads of its own.
    package func run() async throws -> Result {
        guard let url = URLComponents(string: configuration.hub), url.scheme == "http", let host = url.host,
            let port = UInt16(exactly: url.port ?? 80)
        else { throw AddressError() }
        let workers = (0..<configuration.connections).map {
            Worker(host: host, port: port, configuration: configuration, number: $0)
        }
        let start = ContinuousClock.now
        let tallies = await withTaskGroup(of: Tally.self) { group in
            for worker in workers {
                group.addTask {
                    await withCheckedContinuation { continuation in
                        Thread.detachNewThread {
                            continuation.resume(returning: worker.run(for: configuration.duration))
                        }
                    }
                }
            }
            return await group.reduce(into: Tally()) { $0.merge($1) }
        }
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        return Result(
            connections: configuration.connections, seconds: seconds, accepted: tallies.latencies.count,
            acceptedPerSecond: Double(tallies.latencies.count) / seconds,
            p50: Double(tallies.latencies.percentile(0.5)) / 1000,
            p99: Double(tallies.latencies.percentile(0.99)) / 1000,
            longest: Double(tallies.latencies.maximum) / 1000, errors: tallies.errors)
    }

    private struct Tally: Sendable {
        var latencies = LatencyHistogram()
        var errors: [String: Int] = [:]

        mutating func merge(_ other: Tally) {
            latencies.merge(other.latencies)
            errors.merge(other.errors) { $0 + $1 }
        }
    }

    /// One connection's work, on its own thread.
    private struct Worker: Sendable {
        private let host: String
        private let port: UInt16
        /// Begins every id of this worker; different in every run, so that no message id comes twice.
        private let begun: String
        /// Whole requests about different persons, cut where the number goes that makes the id complete.
        private let requests: [(before: [UInt8], after: [UInt8])]

        init(host: String, port: UInt16, configuration: Configuration, number: Int) {
            self.host = host
            self.port = port
            let begun = "load-" + String(UInt64(Date().timeIntervalSince1970 * 1000), radix: 36) + "-\(number)-"
            self.begun = begun
            requests = (0..<64).map { index in
                // As long as the number is, so that the length of the body is known beforehand.
                let placeholder = Array((begun + "#########").utf8)
                let body = SimulatedDocument.envelope(
                    InventedPerson(seed: configuration.seed, number: number * 64 + index), sender: configuration.sender,
                    id: String(decoding: placeholder, as: UTF8.self), at: CivilTime.rfc3339(WallClock.now()))
                let head =
                    "POST /v1/referrals HTTP/1.1\r\nHost: \(host):\(port)\r\nAuthorization: Bearer \(configuration.key)\r\n"
                    + "Content-Type: application/vnd.lac.referral+json;v=1\r\nContent-Length: \(body.count)\r\n\r\n"
                let request = Array(head.utf8) + body
                guard let range = request.firstRange(of: placeholder) else { return (request, []) }
                return (Array(request[..<range.lowerBound]), Array(request[range.upperBound...]))
            }
        }

        /// From when its thread runs, which on a busy machine is later than when it was asked for.
        func run(for duration: Duration) -> Tally {
            let end = ContinuousClock.now + duration
            var tally = Tally()
            var connection: Connection?
            var sent = 0
            repeat {
                if connection == nil { connection = Connection(host: host, port: port) }
                let began = ContinuousClock.now
                let (before, after) = requests[sent % requests.count]
                let id = begun + InventedPerson.pad(sent, 9)
                sent += 1
                guard let status = connection?.exchange(before + Array(id.utf8) + after) else {
                    tally.errors["connection", default: 0] += 1
                    connection = nil
                    // A hub that is not there would otherwise be asked a million times a second.
                    usleep(10_000)
                    continue
                }
                if (200..<300).contains(status) {
                    tally.latencies.record(microseconds: Int((ContinuousClock.now - began) / .microseconds(1)))
                } else {
                    tally.errors["\(status)", default: 0] += 1
                }
            } while ContinuousClock.now < end
            return tally
        }
    }

    /// A blocking connection that speaks as much HTTP/1.1 as an answer with `Content-Length` needs.
    private final class Connection {
        private let descriptor: Int32
        private var buffer: [UInt8] = []

        init?(host: String, port: UInt16) {
            descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            var limit = timeval(tv_sec: 30, tv_usec: 0)
            var one: Int32 = 1
            setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
            setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
            guard inet_pton(AF_INET, host, &address.sin_addr) == 1 else { return nil }
            let connected = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
                }
            }
            if !connected { return nil }
        }

        deinit { close(descriptor) }

        /// Sends a request and reads its answer whole. `nil` when the connection broke.
        func exchange(_ request: [UInt8]) -> Int? {
            var rest = request[...]
            while !rest.isEmpty {
                let sent = rest.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
                guard sent > 0 else { return nil }
                rest = rest.dropFirst(sent)
            }
            let separator = Array("\r\n\r\n".utf8)
            while true {
                if let end = buffer.firstRange(of: separator) {
                    let head = String(decoding: buffer[..<end.lowerBound], as: UTF8.self).lowercased()
                    guard let status = Int(head.dropFirst(9).prefix(3)) else { return nil }
                    let length =
                        head.split(separator: "\r\n").first { $0.hasPrefix("content-length:") }
                        .flatMap { Int($0.dropFirst(15).filter(\.isNumber)) } ?? 0
                    while buffer.count < end.upperBound + length { guard receive() else { return nil } }
                    buffer.removeFirst(end.upperBound + length)
                    return status
                }
                guard receive() else { return nil }
            }
        }

        private func receive() -> Bool {
            let part = [UInt8](unsafeUninitializedCapacity: 16384) { bytes, count in
                count = max(0, recv(descriptor, bytes.baseAddress, bytes.count, 0))
            }
            buffer += part
            return !part.isEmpty
        }
    }
}
