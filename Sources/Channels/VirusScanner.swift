import NIOCore
import NIOPosix

/// A ClamAV daemon: it is given bytes and says whether they carry something that it knows (clamd(8), `INSTREAM`).
///
/// The bytes are never written to a disk by us, and go in clear: the daemon is asked over a socket of this machine.
package struct VirusScanner: Sendable {
    package enum Address: Sendable, Hashable {
        /// A UNIX socket.
        case socket(path: String)
        /// A port of this machine.
        case port(Int)
    }

    package enum Verdict: Sendable, Hashable {
        case clean
        case infected
    }

    /// The daemon gave no verdict, so that nothing is known of the bytes.
    package struct Unavailable: Error, Hashable, CustomStringConvertible {
        /// Stable and lower-case.
        package var code: String
        /// In plain words; never anything that the daemon said.
        package var text: String
        package var description: String { "\(code): \(text)" }
    }

    private let address: Address
    private let timeout: Duration

    /// - Parameter timeout: For the connection and the verdict together. Defaults to 60 s.
    package init(_ address: Address, timeout: Duration = .seconds(60)) {
        self.address = address
        self.timeout = timeout
    }

    /// Asks about one content.
    package func scan(_ bytes: [UInt8]) async throws(Unavailable) -> Verdict {
        let answer = try await ask { channel in
            try await channel.write(ByteBuffer(string: "zINSTREAM\0"))
            var rest = bytes[...]
            while !rest.isEmpty {
                let chunk = rest.prefix(Self.chunk)
                rest = rest.dropFirst(chunk.count)
                var buffer = ByteBuffer()
                buffer.writeInteger(UInt32(chunk.count))
                buffer.writeBytes(chunk)
                try await channel.write(buffer)
            }
            try await channel.write(ByteBuffer(integer: UInt32(0)))
        }
        if answer.hasSuffix(" FOUND") { return .infected }
        if answer == "stream: OK" { return .clean }
        throw Unavailable(
            code: "scanner_refused", text: "the virus scanner gave no verdict: its limit on streams may be too small")
    }

    /// Whether it is there.
    package func ping() async throws(Unavailable) {
        let answer = try await ask { try await $0.write(ByteBuffer(string: "zPING\0")) }
        guard answer == "PONG" else {
            throw Unavailable(code: "scanner_refused", text: "what answers there is no ClamAV daemon")
        }
    }

    private static let chunk = 64 << 10
    private static let silent = Unavailable(
        code: "scanner_unavailable", text: "the virus scanner cannot be reached, or did not answer in time")

    /// One connection, one command, one answer without its end.
    private func ask(
        _ command: @escaping @Sendable (NIOAsyncChannelOutboundWriter<ByteBuffer>) async throws -> Void
    ) async throws(Unavailable) -> String {
        let answer = await withTaskGroup(of: String?.self) { group in
            group.addTask { try? await self.exchange(command) }
            group.addTask { [timeout] in
                try? await Task.sleep(for: timeout)
                return nil
            }
            defer { group.cancelAll() }
            return await group.next() ?? nil
        }
        guard let answer else { throw Self.silent }
        return answer
    }

    private func exchange(
        _ command: @escaping @Sendable (NIOAsyncChannelOutboundWriter<ByteBuffer>) async throws -> Void
    ) async throws -> String {
        let bootstrap = ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .connectTimeout(TimeAmount(timeout))
        let initializer: @Sendable (any Channel) -> EventLoopFuture<NIOAsyncChannel<ByteBuffer, ByteBuffer>> = {
            channel in
            channel.eventLoop.makeCompletedFuture {
                try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
            }
        }
        let channel =
            switch address {
            case .socket(let path):
                try await bootstrap.connect(unixDomainSocketPath: path, channelInitializer: initializer)
            case .port(let port):
                try await bootstrap.connect(host: "127.0.0.1", port: port, channelInitializer: initializer)
            }
        return try await channel.executeThenClose { inbound, outbound in
            try await command(outbound)
            var answer = ByteBuffer()
            for try await var part in inbound {
                answer.writeBuffer(&part)
                // A verdict is a line; more than this is none.
                if answer.readableBytes > 4096 { break }
                if answer.readableBytesView.last == 0 { break }
            }
            return String(decoding: answer.readableBytesView.prefix { $0 != 0 }, as: UTF8.self)
        }
    }
}
