import NIOCore
import NIOPosix
import Translation

/// A hospital's integration engine as MLLP knows it: one message, one answer.
struct MLLPSender: Sendable {
    let host: String
    let port: Int

    /// The connection ended before there was an answer.
    struct Unanswered: Error {}

    /// Sends a message on a connection of its own, and gives MSA-1 and MSA-3 of the first answer.
    func send(_ message: [UInt8]) async throws -> (code: String, text: String) {
        let channel = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .connectTimeout(.seconds(5))
            .connect(host: host, port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        // However long the hub takes, a demonstration goes on.
        let late = channel.channel.eventLoop.scheduleTask(in: .seconds(15)) { channel.channel.close(promise: nil) }
        defer { late.cancel() }
        return try await channel.executeThenClose { inbound, outbound in
            try await outbound.write(ByteBuffer(bytes: MLLP.frame(message)))
            var reader = MLLPReader(limit: 1 << 16)
            for try await buffer in inbound {
                for case .message(let answer) in reader.read(Array(buffer.readableBytesView)) {
                    let answer = try HL7Message.parse(answer)
                    return (answer.first("MSA-1") ?? "", answer.first("MSA-3") ?? "")
                }
            }
            throw Unanswered()
        }
    }
}
