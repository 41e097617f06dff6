import Crypto
import FoundationEssentials

/// Signs what is sent so that its receiver knows that it came from us, whole and lately: Standard Webhooks.
///
/// <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>, "Signature scheme":
/// HMAC-SHA256 over `id.timestamp.body`.
package struct WebhookSignature: Sendable {
    private let key: SymmetricKey

    /// - Parameter secret: `whsec_` and 24 to 64 bytes in base64.
    /// - Throws: ``ChannelConfigurationError``, which never repeats the secret.
    package init(secret: String) throws(ChannelConfigurationError) {
        let prefix = "whsec_"
        guard secret.hasPrefix(prefix), let bytes = Data(base64Encoded: String(secret.dropFirst(prefix.count))),
            (24...64).contains(bytes.count)
        else {
            throw ChannelConfigurationError(
                setting: "signing_secret", problem: "must be whsec_ and 24 to 64 bytes in base64")
        }
        key = SymmetricKey(data: bytes)
    }

    /// The headers of one attempt.
    /// - Parameters:
    ///   - id: the same on every attempt, so that the receiver can recognise a repeat.
    ///   - timestamp: of the attempt, in seconds since 1970; receivers refuse one that is minutes off.
    func headers(id: String, timestamp: Int64, body: [UInt8]) -> [(name: String, value: String)] {
        var code = HMAC<SHA256>(key: key)
        code.update(data: Data("\(id).\(timestamp).".utf8))
        code.update(data: body)
        return [
            ("webhook-id", id), ("webhook-timestamp", String(timestamp)),
            ("webhook-signature", "v1,\(Data(code.finalize()).base64EncodedString())"),
        ]
    }
}
