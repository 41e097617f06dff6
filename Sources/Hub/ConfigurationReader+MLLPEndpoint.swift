import Channels
import Yams

extension ConfigurationReader {
    /// A partner's receiver of HL7 v2 messages.
    mutating func mllpEndpoint(_ node: Node, _ key: String) -> Configuration.MLLPEndpoint {
        let map = mapping(node, key)
        only(
            map, key,
            [
                "host", "port", "certificate", "key", "ca", "plain", "private_network", "answer", "timeout",
                "tls12_until",
            ])
        if map["port"] == nil { problem(node, "\(key).port", "is missing") }
        var channel = MLLPChannel.Configuration(
            host: required(map, "host", key, node), port: integer(map, "port", key, 1...65535) ?? 0)
        channel.privateNetworkAllowed = truth(map, "private_network", key)
        let isPlain = truth(map, "plain", key)
        if let certificate = path(map, "certificate"), let privateKey = path(map, "key"), !isPlain {
            channel.tls = TLSFiles(
                certificateAuthority: path(map, "ca"), certificate: certificate, key: privateKey,
                tls12Until: day(map, "tls12_until", key)?.endOfDay)
        } else if !isPlain || ["certificate", "key", "ca", "tls12_until"].contains(where: { map[$0] != nil }) {
            problem(
                node, key,
                "needs certificate and key, or plain: true where the network is encrypted itself, and not both")
        }
        if let word = string(map, "answer", key) {
            if let answer = MLLPChannel.Answer(rawValue: word) {
                channel.answer = answer
            } else {
                problem(map["answer"], "\(key).answer", "must be commit or application")
            }
        }
        if let seconds = integer(map, "timeout", key, 1...300) { channel.answerTimeout = .seconds(seconds) }
        return .init(channel: channel)
    }
}
