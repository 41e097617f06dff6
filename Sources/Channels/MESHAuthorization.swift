import Crypto
import FoundationEssentials

/// The `NHSMESH` authorization scheme of the MESH API: one token per request, proved by a keyed hash.
///
/// <https://digital.nhs.uk/developer/api-catalogue/message-exchange-for-social-care-and-health-api>, "Authorization".
enum MESHAuthorization {
    /// The value of the `Authorization` header.
    /// - Parameters:
    ///   - mailbox: our own mailbox id, upper case.
    ///   - nonce: a GUID that was not used before. Live, a repeated pair of nonce and count is refused with 403.
    ///   - timestamp: UTC `yyyyMMddHHmm`, within two hours of the server's time.
    static func header(
        mailbox: String, password: String, sharedKey: String, nonce: String, count: Int = 0, timestamp: String
    ) -> String {
        let proved = "\(mailbox):\(nonce):\(count):\(password):\(timestamp)"
        let code = HMAC<SHA256>.authenticationCode(
            for: Data(proved.utf8), using: SymmetricKey(data: Data(sharedKey.utf8)))
        return "NHSMESH \(mailbox):\(nonce):\(count):\(timestamp):\(Hexadecimal.text(code))"
    }
}
