/// Our own certificate and key, with which encrypted mail is signed.
package struct MailSignature: Sendable {
    /// When the certificate ends, in seconds since 1970.
    package var expires: Int64 { facts.notAfter }

    private let certificate: [UInt8]
    private let chain: [[UInt8]]
    private let key: [UInt8]
    private let facts: Libcrypto.Facts

    /// Reads the files, and that they belong together.
    ///
    /// - Parameters:
    ///   - certificate: PEM path, with the intermediate certificates after ours.
    ///   - key: PEM path of its private key, which no passphrase protects.
    package init(certificate path: String, key keyPath: String) throws(ChannelConfigurationError) {
        let found = try MailFiles.certificates(path, "sign.certificate")
        certificate = found[0]
        chain = Array(found.dropFirst())
        guard let key = MailFiles.bytes(keyPath) else {
            throw ChannelConfigurationError(setting: "sign.key", problem: "\(keyPath) cannot be read")
        }
        self.key = key
        do throws(Libcrypto.Failure) {
            facts = try Libcrypto.facts(certificate)
            try Libcrypto.check(key: key, of: certificate)
        } catch .keyForeign {
            throw ChannelConfigurationError(setting: "sign.key", problem: "\(keyPath) is not the key of \(path)")
        } catch {
            throw ChannelConfigurationError(
                setting: "sign.key", problem: "no PEM private key without a passphrase can be read from \(keyPath)")
        }
    }

    /// Whether the certificate is for an address: whoever reads the mail compares it with the sender (RFC 8550, 3).
    func isOf(_ mailbox: String) -> Bool { facts.isOf(mailbox) }

    /// Whether a signature made now counts: the certificate is within its dates.
    package func isValid(at now: Int64) -> Bool { now >= facts.notBefore && now < facts.notAfter }

    /// Signed-data that holds its content, as DER.
    func sign(_ content: [UInt8]) throws(Libcrypto.Failure) -> [UInt8] {
        try Libcrypto.signed(content, by: certificate, key: key, chain: chain)
    }
}
