import Channels
import Crypto
import Foundation
import Logging
import NIOCore
import Simulators
import Synchronization
import Testing
import Translation

/// What every way out must keep true, run against each with a real receiver behind mutual TLS.
@Suite(.meshSandbox, .timeLimit(.minutes(3))) struct OutboundChannelTests {
    /// The implementations. A new channel gets a case here and a receiver in `withReceiver`.
    enum Kind: String, CaseIterable, Sendable {
        case https, mesh, mllp

        static let tested = allCases.filter { $0 != .mesh || MESHPeer.uvicorn != nil }
    }

    /// A receiver, with a relay before it.
    struct Receiver: Sendable {
        /// Makes ids of this receiver's own, since MESH looks up what was sent to whomever.
        let own = UUID().uuidString
        var relay: Relay
        /// A channel to it. Each is closed when the test ends.
        var channel: @Sendable (Variant) throws -> any OutboundChannel
        /// SHA-256 of each copy that it holds under an id.
        var copies: @Sendable (String) async throws -> [String]
        /// What is delivered under an id.
        var content: @Sendable (String) -> [UInt8] = { _ in OutboundChannelTests.content }

        func id(_ number: String) -> String { "\(own)-\(number)" }

        func delivery(_ number: String, attempt: Int = 1) -> Delivery {
            Delivery(
                id: id(number), attempt: attempt, recipient: "somebody", bytes: content(id(number)),
                mediaType: "application/json",
                fileName: "share.json", subject: "LAC share")
        }
    }

    enum Variant: Sendable {
        case right, wrongAddress, nobodyThere, mistrusting, nameless
    }

    fileprivate static let content = Array(#"{"note":"Edna Jessop, 3 Weir Meadow Drive, needs a ramp. Zoë too."}"#.utf8)

    private static func digest(_ receiver: Receiver, _ number: String) -> String {
        Hexadecimal.text(SHA256.hash(data: Data(receiver.content(receiver.id(number)))))
    }

    // MARK: The rules

    @Test(arguments: Kind.tested) func `what is delivered arrives byte for byte`(kind: Kind) async throws {
        try await withReceiver(kind) { receiver in
            let outcome = try await receiver.channel(.right).deliver(receiver.delivery("1"))
            guard case .delivered(let reference) = outcome, !reference.isEmpty else {
                Issue.record("\(outcome)")
                return
            }
            #expect(try await receiver.copies(receiver.id("1")) == [Self.digest(receiver, "1")])
        }
    }

    @Test(arguments: Kind.tested) func `a repeat under the same id makes no second copy`(kind: Kind) async throws {
        try await withReceiver(kind) { receiver in
            let channel = try receiver.channel(.right)
            let first = await channel.deliver(receiver.delivery("1"))
            let second = await channel.deliver(receiver.delivery("1", attempt: 2))
            #expect(second.arrived && second.reference == first.reference, "\(second)")
            #expect(try await receiver.copies(receiver.id("1")) == [Self.digest(receiver, "1")])
        }
    }

    @Test(arguments: Kind.tested)
    func `a lost answer is an unknown outcome, and the repeat makes no second copy`(kind: Kind) async throws {
        try await withReceiver(kind) { receiver in
            let channel = try receiver.channel(.right)
            #expect(await channel.deliver(receiver.delivery("0")).arrived)
            receiver.relay.loseAnswers(true)
            let lost = await channel.deliver(receiver.delivery("1"))
            guard case .unknown = lost else {
                Issue.record("\(lost)")
                return
            }
            receiver.relay.loseAnswers(false)
            let again = await channel.deliver(receiver.delivery("1", attempt: 2))
            #expect(again.arrived, "\(again)")
            #expect(try await receiver.copies(receiver.id("1")) == [Self.digest(receiver, "1")])
        }
    }

    @Test(arguments: Kind.tested) func `deliveries at once all arrive, each under its id`(kind: Kind) async throws {
        try await withReceiver(kind) { receiver in
            let channel = try receiver.channel(.right)
            let arrived = await withTaskGroup(of: Bool.self) { group in
                for number in 0..<20 { group.addTask { await channel.deliver(receiver.delivery("\(number)")).arrived } }
                return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(arrived == 20)
            for number in 0..<20 { #expect(try await receiver.copies(receiver.id("\(number)")).count == 1) }
        }
    }

    @Test(arguments: Kind.tested) func `a receiver that is not there is tried again`(kind: Kind) async throws {
        try await withReceiver(kind) { receiver in
            let outcome = try await receiver.channel(.nobodyThere).deliver(receiver.delivery("1"))
            guard case .retryable("connection_refused", _, nil) = outcome else {
                Issue.record("\(outcome)")
                return
            }
        }
    }

    @Test(arguments: Kind.tested) func `a refusal is final`(kind: Kind) async throws {
        try await withReceiver(kind) { receiver in
            let outcome = try await receiver.channel(.wrongAddress).deliver(receiver.delivery("1"))
            guard case .rejected = outcome else {
                Issue.record("\(outcome)")
                return
            }
        }
    }

    @Test(arguments: Kind.tested)
    func `nothing is sent to a server whose certificate is not trusted`(kind: Kind) async throws {
        try await withReceiver(kind) { receiver in
            let outcome = try await receiver.channel(.mistrusting).deliver(receiver.delivery("1"))
            guard case .retryable("tls_failed", _, _) = outcome else {
                Issue.record("\(outcome)")
                return
            }
            #expect(try await receiver.copies(receiver.id("1")).isEmpty)
        }
    }

    // Without a certificate the channel over MLLP is not even made.
    @Test(arguments: Kind.tested.filter { $0 != .mllp }) func `without our certificate nothing is taken`(
        kind: Kind
    ) async throws {
        try await withReceiver(kind) { receiver in
            let outcome = try await receiver.channel(.nameless).deliver(receiver.delivery("1"))
            #expect(!outcome.arrived, "\(outcome)")
            #expect(try await receiver.copies(receiver.id("1")).isEmpty)
        }
    }

    @Test(arguments: Kind.tested, [Variant.wrongAddress, .nobodyThere, .mistrusting])
    func `no outcome repeats what was sent`(kind: Kind, variant: Variant) async throws {
        try await withReceiver(kind) { receiver in
            let outcome = try await receiver.channel(variant).deliver(receiver.delivery("1"))
            for word in ["Edna", "Jessop", "Weir", "ramp"] { #expect(!"\(outcome)".contains(word)) }
        }
    }

    // MARK: The receivers

    private func withReceiver(_ kind: Kind, _ body: @escaping @Sendable (Receiver) async throws -> Void) async throws {
        switch kind {
        case .https: try await Self.withHousing(body)
        case .mesh: try await Self.withMailbox(body)
        case .mllp: try await Self.withEngine(body)
        }
    }

    private static func withHousing(_ body: @escaping @Sendable (Receiver) async throws -> Void) async throws {
        let journal = try TemporaryFolder()
        let path = "\(journal.path)/receipts"
        try await withHousingSimulator(journal: path) { _, port in
            try await Relay.run(to: port) { relay, relayed in
                let opened = Mutex<[any OutboundChannel]>([])
                let nobody = try FreePort.find()
                try await body(
                    Receiver(
                        relay: relay,
                        channel: { variant in
                            let port = variant == .nobodyThere ? nobody : relayed
                            let channel = try HTTPSChannel(
                                configuration: .init(
                                    url:
                                        "https://localhost:\(port)/\(variant == .wrongAddress ? "nothing" : "housing/v1")",
                                    tls: variant.tls, connectTimeout: .seconds(60), requestTimeout: .seconds(60)))
                            opened.withLock { $0.append(channel) }
                            return channel
                        },
                        copies: { id in
                            try Journal.read(path).filter { $0.key == id && $0.seen != "again" }.map(\.sha256)
                        }))
                for channel in opened.withLock({ $0 }) { await channel.shutdown() }
            }
        }
        withExtendedLifetime(journal) {}
    }

    private static func withMailbox(_ body: @escaping @Sendable (Receiver) async throws -> Void) async throws {
        let sandbox = try #require(SandboxTrait.current)
        let mailbox = sandbox.mailbox()
        let reader = try sandbox.client(mailbox)
        try await Relay.run(to: sandbox.port) { relay, relayed in
            let opened = Mutex<[MESHClient]>([])
            let nobody = try FreePort.find()
            try await body(
                Receiver(
                    relay: relay,
                    channel: { variant in
                        let client = try sandbox.client(
                            port: variant == .nobodyThere ? nobody : relayed, tls: variant.tls)
                        opened.withLock { $0.append(client) }
                        return MESHChannel(
                            client: client, mailbox: variant == .wrongAddress ? "NOBODY" : mailbox,
                            workflows: .one("LAC_REFERRAL"),
                            logger: Logger(label: "test"))
                    },
                    copies: { id in
                        // Local ids are ours and shared by all tests of the suite, so the mailbox tells them apart.
                        var copies: [String] = []
                        for message in try await reader.inbox().messageIDs {
                            let received = try await reader.download(message)
                            if received.metadata.localID == id {
                                copies.append(Hexadecimal.text(SHA256.hash(data: Data(received.bytes))))
                            }
                        }
                        return copies
                    }))
            for client in opened.withLock({ $0 }) { await client.shutdown() }
        }
        await reader.shutdown()
    }

    /// An integration engine, which recognises a repeat by MSH-10, and refuses what is sent as to another address.
    private static func withEngine(_ body: @escaping @Sendable (Receiver) async throws -> Void) async throws {
        let kept = Kept()
        try await RawPeer.run(
            tls: try TestCertificates.mutualServer(),
            behave: { _, _, inbound, outbound in
                var reader = MLLPReader(limit: 1 << 20)
                for try await buffer in inbound {
                    for case .message(let message) in reader.read(Array(buffer.readableBytesView)) {
                        let header = HL7Message.header(ofMessage: message)
                        let id = header?.first("MSH-10") ?? ""
                        let isOurs = header?.first("MSH-5") == "PAS"
                        if isOurs { kept.messages.withLock { $0[id] = message } }
                        let answer = HL7Sample.acknowledgement(isOurs ? "AA" : "AE", to: id)
                        try await outbound.write(ByteBuffer(bytes: MLLP.frame(answer)))
                    }
                }
            }
        ) { _, port in
            try await Relay.run(to: port) { relay, relayed in
                let opened = Mutex<[MLLPChannel]>([])
                let nobody = try FreePort.find()
                let addressed = Addressed()
                try await body(
                    Receiver(
                        relay: relay,
                        channel: { variant in
                            addressed.wrongly.withLock { $0 = variant == .wrongAddress }
                            var configuration = MLLPChannel.Configuration(
                                host: "localhost", port: variant == .nobodyThere ? nobody : relayed, tls: variant.tls)
                            configuration.connectTimeout = .seconds(60)
                            configuration.answerTimeout = .seconds(60)
                            let channel = try MLLPChannel(configuration: configuration)
                            opened.withLock { $0.append(channel) }
                            return channel
                        },
                        copies: { id in
                            kept.messages.withLock { messages in
                                messages[id].map { [Hexadecimal.text(SHA256.hash(data: Data($0)))] } ?? []
                            }
                        },
                        content: { id in
                            let message = String(decoding: HL7Sample.message(id), as: UTF8.self)
                            let isWrong = addressed.wrongly.withLock { $0 }
                            return Array((isWrong ? message.replacing("|PAS|", with: "|OTHER|") : message).utf8)
                        }))
                for channel in opened.withLock({ $0 }) { await channel.shutdown() }
            }
        }
    }

    /// What an engine has taken, by MSH-10.
    private final class Kept: Sendable {
        let messages = Mutex<[String: [UInt8]]>([:])
    }

    /// Whether messages name a receiver that is not there.
    private final class Addressed: Sendable {
        let wrongly = Mutex(false)
    }
}

extension OutboundChannelTests.Variant {
    fileprivate var tls: TLSFiles {
        switch self {
        case .mistrusting: TestCertificates.mistrusting
        case .nameless: TestCertificates.nameless
        default: TestCertificates.client()
        }
    }
}

extension DeliveryOutcome {
    /// Whether the receiver has it.
    fileprivate var arrived: Bool {
        switch self {
        case .delivered, .duplicate: true
        case .retryable, .rejected, .unknown: false
        }
    }

    fileprivate var reference: String? {
        switch self {
        case .delivered(let reference): reference
        case .duplicate(let reference): reference
        default: nil
        }
    }
}

/// Runs `body` with a housing provider's server behind mutual TLS.
func withHousingSimulator(
    journal: String? = nil, behaviour: DerbyHomesSimulator.Behaviour = .init(),
    _ body: @escaping @Sendable (DerbyHomesSimulator, Int) async throws -> Void
) async throws {
    let certificates = TestCertificates.folder
    let simulator = try DerbyHomesSimulator(
        configuration: .init(
            port: 0, certificate: "\(certificates)/server.pem", key: "\(certificates)/server.key",
            clientAuthority: "\(certificates)/ca.pem", journal: journal, behaviour: behaviour),
        logger: Logger(label: "test"), say: { _ in })
    let (ports, ready) = AsyncStream.makeStream(of: Int.self)
    try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await simulator.run { ready.yield($0) } }
        group.addTask {
            for await port in ports {
                try await body(simulator, port)
                break
            }
        }
        try await group.next()
        group.cancelAll()
    }
}
