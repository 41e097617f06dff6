import Foundation
import NIOCore
import NIOSSL
import Synchronization
import Testing
import Translation

@testable import Channels

/// The way out over MLLP, against receivers of all sorts.
@Suite(.timeLimit(.minutes(1))) struct MLLPChannelTests {
    /// A receiver that hands each message's id to `answer`, whose frames it sends. It goes away instead of an empty frame,
    /// and at once where there is nil.
    private func withReceiver(
        tls: TLSConfiguration? = nil,
        answer: @escaping @Sendable (_ connection: Int, _ id: String) async throws -> [[UInt8]]?,
        _ body: @escaping @Sendable (RawPeer, Int) async throws -> Void
    ) async throws {
        try await RawPeer.run(
            tls: tls,
            behave: { peer, connection, inbound, outbound in
                var reader = MLLPReader(limit: 1 << 20)
                for try await buffer in inbound {
                    peer.hear(buffer)
                    for case .message(let content) in reader.read(Array(buffer.readableBytesView)) {
                        let id = HL7Message.header(ofMessage: content)?.first("MSH-10") ?? ""
                        guard let frames = try await answer(connection, id) else { return }
                        for frame in frames where !frame.isEmpty {
                            try await outbound.write(ByteBuffer(bytes: MLLP.frame(frame)))
                        }
                        if frames.last?.isEmpty == true { return }
                    }
                }
            }, body)
    }

    private func with(
        _ port: Int, _ change: (inout MLLPChannel.Configuration) -> Void = { _ in },
        _ body: (MLLPChannel) async throws -> Void
    ) async throws {
        var configuration = MLLPChannel.Configuration(host: "localhost", port: port)
        configuration.answerTimeout = .seconds(20)
        configuration.connectTimeout = .seconds(20)
        change(&configuration)
        let channel = try MLLPChannel(configuration: configuration)
        do { try await body(channel) } catch {
            await channel.shutdown()
            throw error
        }
        await channel.shutdown()
    }

    private func delivery(_ id: String, ask: String = "|", attempt: Int = 1) -> Delivery {
        Delivery(
            id: id, attempt: attempt, recipient: "uhdb", bytes: HL7Sample.message(id, ask: ask),
            mediaType: "application/hl7-v2")
    }

    private func code(_ outcome: DeliveryOutcome) -> String {
        switch outcome {
        case .delivered(let reference): "delivered \(reference)"
        case .duplicate: "duplicate"
        case .retryable(let code, _, _): "retryable \(code)"
        case .rejected(let code, _): "rejected \(code)"
        case .unknown(let code, _): "unknown \(code)"
        }
    }

    // MARK: In order, one at a time

    @Test func `deliveries at once go over one connection, each after the answer to the last`() async throws {
        let ids = Mutex<[String]>([])
        let answered = Mutex(true)
        try await withReceiver(answer: { _, id in
            ids.withLock { $0.append(id) }
            #expect(answered.withLock { $0 }, "a message came before the last was answered")
            answered.withLock { $0 = false }
            await Task.yield()
            answered.withLock { $0 = true }
            return [HL7Sample.acknowledgement("AA", to: id)]
        }) { peer, port in
            try await with(port) { channel in
                await withTaskGroup(of: String.self) { group in
                    for number in 0..<20 { group.addTask { code(await channel.deliver(delivery("M\(number)"))) } }
                    var outcomes: Set<String> = []
                    for await outcome in group { outcomes.insert(outcome) }
                    #expect(outcomes == Set((0..<20).map { "delivered M\($0)" }))
                }
                #expect(peer.connections == 1 && Set(ids.withLock { $0 }).count == 20)
            }
        }
    }

    @Test func `those who wait are bounded, in number and in time`() async throws {
        let (gate, opening) = AsyncStream.makeStream(of: Void.self)
        let (arrivals, arrived) = AsyncStream.makeStream(of: Void.self)
        try await withReceiver(answer: { _, id in
            arrived.yield()
            for await _ in gate { break }
            return [HL7Sample.acknowledgement("AA", to: id)]
        }) { _, port in
            try await with(
                port,
                {
                    $0.waiting = 1
                    $0.turnTimeout = .milliseconds(200)
                }
            ) { channel in
                async let first = channel.deliver(delivery("M1"))
                for await _ in arrivals { break }
                // Of two that wait one is too many, and the other too late.
                async let second = channel.deliver(delivery("M2"))
                async let third = channel.deliver(delivery("M3"))
                #expect(await [code(second), code(third)] == ["retryable busy", "retryable busy"])
                opening.yield()
                #expect(await code(first) == "delivered M1")
            }
        }
    }

    // MARK: Answers

    @Test(arguments: [
        ("AA", "delivered M1"), ("AE", "rejected hl7_ae"), ("AR", "retryable hl7_ar"), ("CE", "rejected hl7_ce"),
        ("CR", "retryable hl7_cr"),
    ])
    func `each code has its outcome`(answer: String, outcome: String) async throws {
        try await withReceiver(answer: { _, id in [HL7Sample.acknowledgement(answer, to: id)] }) { _, port in
            try await with(port) { #expect(code(await $0.deliver(delivery("M1"))) == outcome) }
        }
    }

    @Test func `the application's answer is waited for after the commit answer`() async throws {
        try await withReceiver(answer: { _, id in
            ["CA", "AE"].map { HL7Sample.acknowledgement($0, to: id) }
        }) { _, port in
            try await with(port) { channel in
                #expect(code(await channel.deliver(delivery("M1", ask: "AL|AL"))) == "rejected hl7_ae")
            }
        }
    }

    @Test(arguments: [(MLLPChannel.Answer.application, "unknown connection_lost"), (.commit, "delivered M1")])
    func `a commit answer alone counts where that is agreed`(answer: MLLPChannel.Answer, outcome: String) async throws {
        try await withReceiver(answer: { _, id in [HL7Sample.acknowledgement("CA", to: id), []] }) { _, port in
            try await with(port, { $0.answer = answer }) { channel in
                #expect(code(await channel.deliver(delivery("M1", ask: "AL|AL"))) == outcome)
            }
        }
    }

    @Test func `where a commit answer counts, the application is not waited for long`() async throws {
        try await withReceiver(answer: { _, id in [HL7Sample.acknowledgement("CA", to: id)] }) { _, port in
            try await with(
                port,
                {
                    $0.answer = .commit
                    $0.applicationPatience = .milliseconds(100)
                }
            ) { channel in
                #expect(code(await channel.deliver(delivery("M1", ask: "AL|AL"))) == "delivered M1")
            }
        }
    }

    @Test func `an ACK that comes late, or twice, is never taken for another message's`() async throws {
        try await withReceiver(answer: { _, id in
            switch id {
            case "M1": ["AA", "AA", "AA"].map { HL7Sample.acknowledgement($0, to: id) }
            default: [HL7Sample.acknowledgement("AA", to: "M1"), HL7Sample.acknowledgement("AE", to: id)]
            }
        }) { peer, port in
            try await with(port) { channel in
                #expect(code(await channel.deliver(delivery("M1"))) == "delivered M1")
                #expect(code(await channel.deliver(delivery("M2"))) == "rejected hl7_ae")
                #expect(peer.connections == 1)
            }
        }
    }

    @Test func `after a refusal that is followed by a repeat, the refusal's echo is not the repeat's answer`()
        async throws
    {
        try await withReceiver(answer: { connection, id in
            connection == 1
                ? ["AR", "AR", "AR"].map { HL7Sample.acknowledgement($0, to: id) }
                : [HL7Sample.acknowledgement("AA", to: id)]
        }) { peer, port in
            try await with(port) { channel in
                #expect(code(await channel.deliver(delivery("M1"))) == "retryable hl7_ar")
                #expect(code(await channel.deliver(delivery("M1", attempt: 2))) == "delivered M1")
                #expect(peer.connections == 2)
                let frame = MLLP.frame(HL7Sample.message("M1"))
                #expect(peer.received == frame + frame, "a repeat is the same bytes")
            }
        }
    }

    @Test func `an ACK for another message is not an answer`() async throws {
        try await withReceiver(answer: { connection, id in
            connection == 1
                ? [HL7Sample.acknowledgement("AA", to: "M0"), []] : [HL7Sample.acknowledgement("AA", to: id)]
        }) { _, port in
            try await with(port) { channel in
                #expect(code(await channel.deliver(delivery("M1"))) == "unknown connection_lost")
                #expect(code(await channel.deliver(delivery("M1", attempt: 2))) == "delivered M1")
            }
        }
    }

    // MARK: Receivers that misbehave

    @Test func `silence leaves the outcome unknown, and the next goes over a new connection`() async throws {
        try await withReceiver(answer: { connection, id in
            connection == 1 ? [] : [HL7Sample.acknowledgement("AA", to: id)]
        }) { peer, port in
            // Long enough for the second answer on a machine that does much else.
            try await with(port, { $0.answerTimeout = .seconds(8) }) { channel in
                #expect(code(await channel.deliver(delivery("M1"))) == "unknown answer_timeout")
                #expect(code(await channel.deliver(delivery("M1", attempt: 2))) == "delivered M1")
                #expect(peer.connections == 2)
            }
        }
    }

    /// Sends, again and again, until the other side goes.
    private func withSender(
        _ bytes: [UInt8], start: [UInt8] = [], every pause: Duration = .zero,
        _ body: @escaping @Sendable (Int) async throws -> Void
    ) async throws {
        try await RawPeer.run(
            behave: { _, _, inbound, outbound in
                for try await _ in inbound { break }
                try await outbound.write(ByteBuffer(bytes: start))
                while !Task.isCancelled {
                    try await outbound.write(ByteBuffer(bytes: bytes))
                    if pause > .zero { try await Task.sleep(for: pause) } else { await Task.yield() }
                }
            }
        ) { _, port in try await body(port) }
    }

    @Test func `an answer that drips is not waited for beyond its time`() async throws {
        try await withSender([UInt8(ascii: "M")], start: [MLLP.start], every: .milliseconds(20)) { port in
            try await with(port, { $0.answerTimeout = .milliseconds(400) }) { channel in
                #expect(code(await channel.deliver(delivery("M1"))) == "unknown answer_timeout")
            }
        }
    }

    @Test(arguments: [true, false]) func `an answer without end is cut off`(inFrame: Bool) async throws {
        try await withSender([UInt8](repeating: 120, count: 1 << 16), start: inFrame ? [MLLP.start] : []) { port in
            try await with(port) { channel in
                #expect(code(await channel.deliver(delivery("M1"))) == "unknown answer_unreadable")
            }
        }
    }

    @Test func `answers without number are cut off`() async throws {
        try await withSender(MLLP.frame(HL7Sample.acknowledgement("AA", to: "M0"))) { port in
            try await with(port) { channel in
                #expect(code(await channel.deliver(delivery("M1"))) == "unknown answer_mismatch")
            }
        }
    }

    @Test func `a connection that is cut leaves the outcome unknown and is made anew`() async throws {
        try await withReceiver(answer: { connection, id in
            connection == 1 ? nil : [HL7Sample.acknowledgement("AA", to: id)]
        }) { peer, port in
            try await with(port) { channel in
                #expect(code(await channel.deliver(delivery("M1"))) == "unknown connection_lost")
                #expect(code(await channel.deliver(delivery("M1", attempt: 2))) == "delivered M1")
                #expect(peer.connections == 2)
            }
        }
    }

    @Test func `nobody there is tried again`() async throws {
        try await with(try FreePort.find()) { channel in
            #expect(code(await channel.deliver(delivery("M1"))) == "retryable connection_refused")
        }
    }

    @Test func `what is no HL7 v2 message is not sent`() async throws {
        try await withReceiver(answer: { _, _ in [] }) { peer, port in
            try await with(port) { channel in
                let json = Delivery(id: "M1", recipient: "uhdb", bytes: [123, 125], mediaType: "application/json")
                #expect(code(await channel.deliver(json)) == "rejected not_hl7")
                #expect(peer.connections == 0)
            }
        }
    }

    @Test func `after its end nothing is sent`() async throws {
        try await withReceiver(answer: { _, id in [HL7Sample.acknowledgement("AA", to: id)] }) { peer, port in
            try await with(port) { channel in
                await channel.shutdown()
                #expect(code(await channel.deliver(delivery("M1"))) == "retryable closed")
                #expect(peer.connections == 0)
            }
        }
    }

    @Test func `whoever stops waiting does not know, and holds nobody up`() async throws {
        let (arrivals, arrived) = AsyncStream.makeStream(of: Void.self)
        try await withReceiver(answer: { connection, id in
            arrived.yield()
            return connection == 1 ? [] : [HL7Sample.acknowledgement("AA", to: id)]
        }) { _, port in
            try await with(port) { channel in
                let waiting = Task { await channel.deliver(delivery("M1")) }
                for await _ in arrivals { break }
                waiting.cancel()
                #expect(code(await waiting.value) == "unknown cancelled")
                #expect(code(await channel.deliver(delivery("M2"))) == "delivered M2")
            }
        }
    }

    // MARK: Whom it is sent to

    @Test func `under mutual TLS it is delivered`() async throws {
        try await withReceiver(
            tls: try TestCertificates.mutualServer(),
            answer: { _, id in
                [HL7Sample.acknowledgement("AA", to: id)]
            }
        ) { _, port in
            try await with(port, { $0.tls = TestCertificates.client() }) { channel in
                #expect(code(await channel.deliver(delivery("M1"))) == "delivered M1")
            }
        }
    }

    @Test func `under TLS a repeat goes over a new connection, though the last has not ended yet`() async throws {
        try await withReceiver(
            tls: try TestCertificates.mutualServer(),
            answer: { connection, id in
                [HL7Sample.acknowledgement(connection == 1 ? "AR" : "AA", to: id)]
            }
        ) { peer, port in
            try await with(port, { $0.tls = TestCertificates.client() }) { channel in
                #expect(code(await channel.deliver(delivery("M1"))) == "retryable hl7_ar")
                #expect(code(await channel.deliver(delivery("M1", attempt: 2))) == "delivered M1")
                #expect(peer.connections == 2)
            }
        }
    }

    @Test func `a connection ends with the day until which TLS 1.2 was spoken`() async throws {
        let now = Atomic<Int64>(0)
        try await withReceiver(
            tls: try TestCertificates.mutualServer(),
            answer: { _, id in
                [HL7Sample.acknowledgement("AA", to: id)]
            }
        ) { peer, port in
            try await with(
                port,
                {
                    $0.tls = TestCertificates.client()
                    $0.tls?.tls12Until = 100
                    $0.now = { now.load(ordering: .relaxed) }
                }
            ) { channel in
                for (time, connections) in [(98, 1), (99, 1), (100, 2), (101, 2)] as [(Int64, Int)] {
                    now.store(time, ordering: .relaxed)
                    #expect(code(await channel.deliver(delivery("M\(time)"))) == "delivered M\(time)")
                    #expect(peer.connections == connections)
                }
            }
        }
    }

    @Test(arguments: FaultyCertificates.Fault.allCases)
    func `nothing is sent to a server whose certificate is not to be relied on`(
        fault: FaultyCertificates.Fault
    )
        async throws
    {
        try await withReceiver(tls: try FaultyCertificates.server(fault), answer: { _, _ in [] }) { peer, port in
            try await with(port, { $0.tls = TestCertificates.client() }) { channel in
                #expect(code(await channel.deliver(delivery("M1"))) == "retryable tls_failed")
                #expect(peer.received.isEmpty)
            }
        }
    }

    @Test func `a server that says nothing in the handshake is let go`() async throws {
        try await RawPeer.run(behave: { peer, _, inbound, _ in try await peer.listen(inbound) }) { peer, port in
            try await with(
                port,
                {
                    $0.tls = TestCertificates.client()
                    $0.host = "127.0.0.1"
                    $0.connectTimeout = .seconds(2)
                }
            ) { channel in
                #expect(code(await channel.deliver(delivery("M1"))) == "retryable tls_timeout")
                #expect(
                    !peer.received.contains(MLLP.start)
                        || !String(decoding: peer.received, as: UTF8.self).contains("TESTER"))
            }
        }
    }

    @Test(arguments: [false, true])
    func `without TLS nothing goes over the internet`(privateNetworkAllowed: Bool) async throws {
        var configuration = MLLPChannel.Configuration(host: "engine.example.org", port: 2575)
        configuration.privateNetworkAllowed = privateNetworkAllowed
        configuration.resolver = { _, port in [try SocketAddress(ipAddress: "8.8.8.8", port: port)] }
        let channel = try MLLPChannel(configuration: configuration)
        #expect(code(await channel.deliver(delivery("M1"))) == "retryable address_refused")
        await channel.shutdown()
    }

    @Test func `TLS without our own certificate is no configuration`() {
        let error = #expect(throws: ChannelConfigurationError.self) {
            try MLLPChannel(
                configuration: .init(host: "engine.example.org", port: 2575, tls: TestCertificates.nameless))
        }
        #expect(error?.setting == "tls.certificate")
    }
}
