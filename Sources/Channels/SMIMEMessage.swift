/// An entity that only its recipient can read, and that shows whose it is: signed, then enveloped (RFC 8551, 3.7).
struct SMIMEMessage: Sendable {
    /// The entity: its own header fields, an empty line and the body, lines ended by CR LF.
    let entity: [UInt8]

    /// Signs and envelopes an entity. Computes; waits for nothing.
    ///
    /// - Parameter certificate: Checked by the caller (``MailCertificate/check(for:at:)``).
    init(
        _ content: [UInt8], from signature: MailSignature, to certificate: MailCertificate, cipher: MailCipher
    ) throws(Libcrypto.Failure) {
        let signed = Self.entity("signed-data", try signature.sign(content))
        entity = Self.entity(
            cipher.smimeType, try Libcrypto.enveloped(signed, for: certificate.der, cipher: cipher))
    }

    private static func entity(_ type: String, _ der: [UInt8]) -> [UInt8] {
        let lines = [
            "Content-Type: application/pkcs7-mime; smime-type=\(type); name=\"smime.p7m\"",
            "Content-Transfer-Encoding: base64", "Content-Disposition: attachment; filename=\"smime.p7m\"", "", "",
        ]
        return Array(lines.joined(separator: "\r\n").utf8) + MailAttachment.base64(der)
    }
}
