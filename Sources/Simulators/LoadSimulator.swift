import Channels
import Foundation
import Glibc
import Translation

/// Load over many connections, each of which takes one turn after the other. A turn is a referral unlike all others, a
/// request for a share, or the one and then the other, each answered before the next is sent; or a control room's
/// look-up.
///
/// Closed-loop, as fast as it goes; or open-loop, at a pace that does not wait for the hub (``Configuration/rate``).
///
/// Over HTTP, or over MLLP: then a turn is a hospital's message and its AA. Threads and plain sockets rather than a
/// library: on a small machine the load generator must not be what is measured.
package struct LoadSimulator: Sendable {
    package struct Configuration: Sendable {
        /// `http://127.0.0.1:8080`: an IPv4 address and plain HTTP. `mllp://127.0.0.1:2575`: a plain MLLP listener, to
        /// which a hospital's referrals are sent, without a credential.
        package var hub: String
        /// Another node, tried once by a turn whose connection breaks or cannot be made, and stayed with. Without it
        /// such a turn is an error of `connection`.
        package var otherHub: String?
        /// The partner that sends referrals in the JSON envelope, and its credential; without one none are sent.
        package var key: String?
        package var sender: String?
        /// Whom the referrals are about; without this, about as many persons as there are turns.
        package var known: Known?
        /// Without this no shares are asked for.
        package var shares: Shares?
        /// Without this nothing is looked up.
        package var looks: Looks?
        package var connections: Int
        package var duration: Duration
        /// Turns that begin in a second, over all connections together. Each has its time, and is counted from then:
        /// what it waits behind a slow one belongs to it. Without this, as fast as it goes.
        package var rate: Int?
        package var seed: UInt64

        package init(
            hub: String, otherHub: String? = nil, key: String? = nil, sender: String? = nil, known: Known? = nil,
            shares: Shares? = nil, looks: Looks? = nil, connections: Int, duration: Duration, rate: Int? = nil,
            seed: UInt64 = UInt64(WallClock.now())
        ) {
            self.hub = hub
            self.otherHub = otherHub
            self.key = key
            self.sender = sender
            self.known = known
            self.shares = shares
            self.looks = looks
            self.connections = connections
            self.duration = duration
            self.rate = rate
            self.seed = seed
        }
    }

    /// Referrals by a surgery's link worker about the first persons of the seed whose NHS numbers differ, in turn. Each
    /// connection has its own, so there is at least one for each.
    package struct Known: Sendable {
        package var count: Int
        /// Each of them once, however long that takes.
        package var once: Bool

        package init(count: Int, once: Bool = false) {
            self.count = count
            self.once = once
        }
    }

    /// A referral that was taken: its receipt, and when it was sent and answered, in nanoseconds of the machine's
    /// monotonic clock.
    package struct Taken: Sendable {
        package var receipt: String
        package var sent: UInt64
        package var answered: UInt64
    }

    /// Requests that Derby Homes be told about persons, for housing support.
    package struct Shares: Sendable {
        /// The persons' ids, asked about in turn. Each connection has its own, so there is at least one for each.
        package var persons: [String]
        /// The credential of a staff system.
        package var key: String

        package init(persons: [String], key: String) {
            self.persons = persons
            self.key = key
        }
    }

    /// A control room's look-ups, each in an incident of its own.
    package struct Looks: Sendable {
        /// The properties' UPRNs, asked about in turn. Each connection has its own, so there is at least one for each.
        package var uprns: [String]
        /// The control room's access token.
        package var token: String

        package init(uprns: [String], token: String) {
            self.uprns = uprns
            self.token = token
        }
    }

    /// What came of it.
    package struct Result: Sendable, Encodable, CustomStringConvertible {
        package var connections = 0
        package var seconds = 0.0
        /// Turns in which everything was answered with 2xx.
        package var accepted = 0
        package var acceptedPerSecond = 0.0
        /// How long the turns that were accepted took, in milliseconds.
        package var p50 = 0.0
        package var p99 = 0.0
        package var longest = 0.0
        /// How many answers there were of each other status, and of `connection` for those that broke.
        package var errors: [String: Int] = [:]
        /// Each referral about known persons that was accepted.
        package var taken: [Taken] = []

        private enum CodingKeys: CodingKey {
            case connections, seconds, accepted, acceptedPerSecond, p50, p99, longest, errors
        }

        /// One line for a terminal.
        package var description: String {
            let text = String(
                format: "%3d connections  %8.0f accepted/s  p50 %7.2f ms  p99 %7.2f ms  longest %7.2f ms", connections,
                acceptedPerSecond, p50, p99, longest)
            let failures = errors.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }.joined(separator: ", ")
            return failures.isEmpty ? text : "\(text)  errors \(failures)"
        }

        /// The same for programs, on one line.
        package var json: String {
            get throws {
                let encoder = JSONEncoder()
                encoder.outputFormatting = .sortedKeys
                return String(decoding: try encoder.encode(self), as: UTF8.self)
            }
        }
    }

    private let configuration: Configuration

    package init(configuration: Configuration) {
        self.configuration = configuration
    }

    /// The hub's address is not one that the load can be sent to.
    package struct AddressError: Error, CustomStringConvertible {
        package var description: String {
            "load is sent plainly to an IPv4 address, such as http://127.0.0.1:8080 or mllp://127.0.0.1:2575"
        }
    }

    /// Runs for the configured time on threads of its own.
    package func run() async throws -> Result {
        let addresses = try [configuration.hub, configuration.otherHub].compactMap { $0 }.map(Address.init)
        let known = configuration.known.map { InventedPerson.distinct(seed: configuration.seed, count: $0.count) } ?? []
        let workers = (0..<configuration.connections).map {
            Worker(addresses, configuration: configuration, known: known, number: $0)
        }
        let start = ContinuousClock.now
        let paced = MonotonicClock.nanoseconds
        let tallies = await withTaskGroup(of: Tally.self) { group in
            for worker in workers {
                group.addTask {
                    await withCheckedContinuation { continuation in
                        Thread.detachNewThread {
                            continuation.resume(returning: worker.run(for: configuration.duration, pacedFrom: paced))
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
            longest: Double(tallies.latencies.maximum) / 1000, errors: tallies.errors, taken: tallies.taken)
    }

    private struct Tally: Sendable {
        var latencies = LatencyHistogram()
        var errors: [String: Int] = [:]
        var taken: [Taken] = []

        mutating func merge(_ other: Tally) {
            latencies.merge(other.latencies)
            taken += other.taken
            errors.merge(other.errors) { $0 + $1 }
        }
    }

    /// The protocol that is spoken.
    private enum Wire: String, Sendable {
        case http, mllp

        var usualPort: Int { self == .http ? 80 : 2575 }
    }

    /// Where a node takes the load, and how it is spoken to.
    private struct Address: Sendable {
        let wire: Wire
        let host: String
        let port: UInt16

        /// - Throws: ``AddressError``.
        init(_ text: String) throws {
            guard let url = URLComponents(string: text), let host = url.host,
                let wire = url.scheme.flatMap(Wire.init), let port = UInt16(exactly: url.port ?? wire.usualPort)
            else { throw AddressError() }
            self.wire = wire
            self.host = host
            self.port = port
        }
    }

    /// A whole request. A referral or a look-up is cut where its id goes, once or more often.
    private struct Request: Sendable {
        private let parts: [[UInt8]]

        init(_ whole: [UInt8], cutAt placeholder: [UInt8]? = nil) {
            var parts: [[UInt8]] = []
            var rest = whole[...]
            while let placeholder, let range = rest.firstRange(of: placeholder) {
                parts.append(Array(rest[..<range.lowerBound]))
                rest = rest[range.upperBound...]
            }
            self.parts = parts + [Array(rest)]
        }

        func bytes(id: String) -> [UInt8] { Array(parts.joined(separator: Array(id.utf8))) }
    }

    /// One connection's work, on its own thread.
    private struct Worker: Sendable {
        private static let persons = 1024
        private static let second = 1_000_000_000
        /// The first, and the other where there is one.
        private let addresses: [Address]
        private let number: Int
        /// Begins every id of this worker; different in every run, so that no message id comes twice.
        private let begun: String
        /// About different persons, for a second or more; then from the first again. None where none are asked for.
        private let referrals: [Request]
        private let shares: [Request]
        private let looks: [Request]
        private let configuration: Configuration

        /// - Parameter known: Whom the referrals are about; empty for a person each.
        init(_ addresses: [Address], configuration: Configuration, known: [InventedPerson], number: Int) {
            self.addresses = addresses
            self.number = number
            let first = addresses[0]
            let begun = "load-" + String(UInt64(Date().timeIntervalSince1970 * 1000), radix: 36) + "-\(number)-"
            self.begun = begun
            self.configuration = configuration
            func head(_ path: String, _ key: String, _ mediaType: String, _ length: Int) -> [UInt8] {
                Array(
                    ("POST \(path) HTTP/1.1\r\nHost: \(first.host):\(first.port)\r\nAuthorization: Bearer \(key)\r\n"
                        + "Content-Type: \(mediaType)\r\nContent-Length: \(length)\r\n\r\n").utf8)
            }
            // As long as the number is, so that the length of the body is known beforehand.
            let placeholder = Array((begun + "#########").utf8)
            func referral(_ person: InventedPerson, from sender: String, _ key: String) -> Request {
                let envelope =
                    configuration.known == nil ? SimulatedDocument.envelope : SimulatedDocument.linkWorkerEnvelope
                let body = envelope(
                    person, sender, String(decoding: placeholder, as: UTF8.self), CivilTime.rfc3339(WallClock.now()))
                let whole = head("/v1/referrals", key, "application/vnd.lac.referral+json;v=1", body.count) + body
                return Request(whole, cutAt: placeholder)
            }
            func message(_ person: InventedPerson) -> Request {
                let document = SimulatedDocument(
                    kind: .hospital, partner: SimulatedDocument.Kind.hospital.partner, person: person,
                    id: String(decoding: placeholder, as: UTF8.self), at: WallClock.now())
                // In original mode, so that there is one answer, which is given once the message is stored.
                let bytes = String(decoding: document.bytes, as: UTF8.self).replacing("|AL|AL|", with: "|||")
                return Request(MLLP.frame(Array(bytes.utf8)), cutAt: placeholder)
            }
            func share(_ person: String, _ key: String) -> Request {
                let body = Array(
                    #"{"person_id":"\#(person)","recipient":"derby_homes","purpose":"housing_support"}"#.utf8)
                return Request(head("/v1/shares", key, "application/json", body.count) + body)
            }
            func look(_ uprn: String, _ token: String) -> Request {
                let incident = "BENCH-" + String(decoding: placeholder, as: UTF8.self)
                let question = #""caller_id":"bench","reason":"measuring","query":{"uprn":"\#(uprn)"}"#
                let body = Array(#"{"incident_ref":"\#(incident)",\#(question)}"#.utf8)
                let whole = head("/v1/emergency/lookup", token, "application/json", body.count) + body
                return Request(whole, cutAt: placeholder)
            }
            if first.wire == .mllp {
                referrals = (0..<Self.persons).map { index in
                    message(InventedPerson(seed: configuration.seed, number: number * Self.persons + index))
                }
            } else if let sender = configuration.sender, let key = configuration.key {
                let own =
                    known.isEmpty
                    ? (0..<Self.persons).map {
                        InventedPerson(seed: configuration.seed, number: number * Self.persons + $0)
                    }
                    : stride(from: number, to: known.count, by: configuration.connections).map { known[$0] }
                referrals = own.map { referral($0, from: sender, key) }
            } else {
                referrals = []
            }
            shares =
                configuration.shares.map { shares in
                    let own = stride(from: number, to: shares.persons.count, by: configuration.connections)
                    return own.map { share(shares.persons[$0], shares.key) }
                } ?? []
            looks =
                configuration.looks.map { looks in
                    let own = stride(from: number, to: looks.uprns.count, by: configuration.connections)
                    return own.map { look(looks.uprns[$0], looks.token) }
                } ?? []
        }

        /// From when its thread runs, which on a busy machine is later than when it was asked for.
        ///
        /// - Parameter start: From when the times of a pace are counted, the same for all.
        func run(for duration: Duration, pacedFrom start: UInt64) -> Tally {
            let end = ContinuousClock.now + duration
            let lastDue = start + UInt64(duration / .nanoseconds(1))
            var tally = Tally()
            var connection: Connection?
            var place = 0
            var sent = 0
            func goesOn() -> Bool {
                if configuration.known?.once == true { return sent < referrals.count }
                // What was due is asked, however late: the turns that are left out would be the slow ones.
                if let due = due(sent, from: start) { return due < lastDue }
                return ContinuousClock.now < end
            }
            repeat {
                if connection == nil { connection = Connection(to: addresses[place]) }
                let due = due(sent, from: start)
                if let due { Self.sleep(until: due) }
                let began = due ?? MonotonicClock.nanoseconds
                let id = begun + InventedPerson.pad(sent, 9)
                let turn = [referrals, shares, looks].filter { !$0.isEmpty }.map { $0[sent % $0.count].bytes(id: id) }
                sent += 1
                var status = take(turn, over: connection)
                if status == nil, addresses.count > 1 {
                    place = (place + 1) % addresses.count
                    connection = Connection(to: addresses[place])
                    status = take(turn, over: connection)
                }
                switch status {
                case nil:
                    tally.errors["connection", default: 0] += 1
                    connection = nil
                    // A hub that is not there would otherwise be asked a million times a second.
                    usleep(10_000)
                case .some(let status) where (200..<300).contains(status):
                    let answered = MonotonicClock.nanoseconds
                    tally.latencies.record(microseconds: Int((answered - began) / 1000))
                    if configuration.known != nil, let receipt = connection?.receipt {
                        tally.taken.append(Taken(receipt: receipt, sent: began, answered: answered))
                    }
                case .some(let status):
                    tally.errors["\(status)", default: 0] += 1
                }
            } while goesOn()
            return tally
        }

        /// When a turn of this connection is to begin at the configured pace, which the connections keep together. Nil
        /// without a pace.
        private func due(_ turn: Int, from start: UInt64) -> UInt64? {
            configuration.rate.map { rate in
                start + UInt64((number + turn * configuration.connections) * Self.second / rate)
            }
        }

        private static func sleep(until moment: UInt64) {
            let now = MonotonicClock.nanoseconds
            if now < moment { usleep(useconds_t(clamping: (moment - now) / 1000)) }
        }

        /// The status of the last answer, which is the first that is no 2xx. `nil` when the connection broke.
        private func take(_ turn: [[UInt8]], over connection: Connection?) -> Int? {
            var last: Int?
            for request in turn {
                last = connection?.exchange(request, addresses[0].wire)
                guard let last, (200..<300).contains(last) else { break }
            }
            return last
        }
    }

    /// A blocking connection that speaks MLLP, and as much HTTP/1.1 as an answer with `Content-Length` needs.
    private final class Connection {
        private let descriptor: Int32
        private var buffer: [UInt8] = []
        /// The body of the last answer.
        private var body: [UInt8] = []

        /// The receipt that the last answer names.
        var receipt: String? { JSONText.text("receipt_id", in: body) }

        init?(to peer: Address) {
            descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = peer.port.bigEndian
            var limit = timeval(tv_sec: 30, tv_usec: 0)
            var one: Int32 = 1
            setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
            setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
            guard inet_pton(AF_INET, peer.host, &address.sin_addr) == 1 else { return nil }
            let connected = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
                }
            }
            if !connected { return nil }
        }

        deinit { close(descriptor) }

        /// Sends a request, reads its answer whole, and gives its status: HTTP's, or for an acknowledgement the one that
        /// says the same. `nil` when the connection broke.
        func exchange(_ request: [UInt8], _ wire: Wire) -> Int? {
            var rest = request[...]
            while !rest.isEmpty {
                let sent = rest.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
                guard sent > 0 else { return nil }
                rest = rest.dropFirst(sent)
            }
            return wire == .http ? response() : acknowledgement()
        }

        private func acknowledgement() -> Int? {
            let separator = [MLLP.end, UInt8(ascii: "\r")]
            while true {
                if let end = buffer.firstRange(of: separator) {
                    let text = String(decoding: buffer[..<end.lowerBound], as: UTF8.self)
                    buffer.removeFirst(end.upperBound)
                    return text.contains("\rMSA|AA|") ? 200 : text.contains("\rMSA|AR|") ? 503 : 422
                }
                guard receive() else { return nil }
            }
        }

        private func response() -> Int? {
            let separator = Array("\r\n\r\n".utf8)
            while true {
                if let end = buffer.firstRange(of: separator) {
                    let head = String(decoding: buffer[..<end.lowerBound], as: UTF8.self).lowercased()
                    guard let status = Int(head.dropFirst(9).prefix(3)) else { return nil }
                    let length =
                        head.split(separator: "\r\n").first { $0.hasPrefix("content-length:") }
                        .flatMap { Int($0.dropFirst(15).filter(\.isNumber)) } ?? 0
                    while buffer.count < end.upperBound + length { guard receive() else { return nil } }
                    body = Array(buffer[end.upperBound..<end.upperBound + length])
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
