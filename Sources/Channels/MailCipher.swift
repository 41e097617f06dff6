/// How the content of an encrypted mail is encrypted. The raw values are what stands in the configuration.
package enum MailCipher: String, Sendable, CaseIterable {
    /// Enveloped-data (RFC 5652, 6): what every mail program reads.
    case aes256CBC = "aes-256-cbc"
    /// Authenticated-enveloped-data (RFC 5083, RFC 5084): a change on the way shows, which it does not with CBC. Older mail
    /// programs cannot read it.
    case aes256GCM = "aes-256-gcm"

    /// The parameter of the media type (RFC 8551, 3.2.2).
    var smimeType: String {
        switch self {
        case .aes256CBC: "enveloped-data"
        case .aes256GCM: "authEnveloped-data"
        }
    }
}
