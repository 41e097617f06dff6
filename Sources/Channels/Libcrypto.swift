import CCrypto

/// OpenSSL's libcrypto, as far as encrypted e-mail needs it: certificates, keys, and the cryptographic message syntax
/// (RFC 5652).
///
/// The one file that knows the library's types: every call takes bytes and returns values, frees what it made, and leaves
/// the thread's queue of errors empty. Synchronous; a call on a large document computes for as long as a tenth of a second
/// per 20 MiB.
enum Libcrypto {
    /// What did not work, and nothing of what it was tried with.
    enum Failure: String, Error {
        /// The bytes hold no certificate, key or revocation list, or more besides.
        case unreadable
        /// The key is not the certificate's.
        case keyForeign
        case signing
        case enveloping
        /// There is no memory, or the library cannot do what it is asked for.
        case unusable
    }

    /// What a certificate says of itself.
    struct Facts: Sendable, Hashable {
        /// Seconds since 1970.
        var notBefore: Int64
        /// Seconds since 1970.
        var notAfter: Int64
        /// The mailboxes among the alternative names (rfc822Name). Bytes, because what stands there need not be text.
        var mailboxes: [[UInt8]]
        var key: Key
        /// Whether the certificate allows what its key is to be used for: `keyEncipherment` for RSA, `keyAgreement` for the
        /// others (RFC 5280, 4.2.1.3). False where the extension is missing.
        var allowsEncryption: Bool
        /// False where extended usages are listed and mail is not among them (RFC 8550, 4.4.4).
        var allowsMail: Bool
        /// SHA-256 of the whole certificate.
        var fingerprint: [UInt8]

        /// Whether a mailbox is among the names, byte for byte but for the case of ASCII's letters: an rfc822Name has no
        /// others (RFC 5280, 4.2.1.6).
        func isOf(_ mailbox: String) -> Bool {
            func folded(_ bytes: some Sequence<UInt8>) -> [UInt8] {
                bytes.map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 | 0x20 : $0 }
            }
            let wanted = folded(mailbox.utf8)
            return mailboxes.contains { folded($0) == wanted }
        }
    }

    /// The kind of a certificate's key.
    enum Key: Sendable, Hashable {
        case rsa(bits: Int)
        /// The name of the curve as the library has it; empty where its parameters are spelt out.
        case ec(curve: String)
        case other
    }

    /// What following a certificate to its authorities found.
    enum Verdict: Sendable, Hashable {
        case trusted
        case untrusted
        /// A key or a signature on the way is weaker than 112 bits.
        case weak
        case revoked
        /// A revocation list is out of date, or is not of the certificate's issuer.
        case revocationUnknown
    }

    // MARK: Reading

    /// The certificates of a PEM file, in their order, each as DER.
    static func certificates(pem: [UInt8]) throws(Failure) -> [[UInt8]] {
        try call { () throws(Failure) in
            let source = try source(pem)
            defer { BIO_free(source) }
            var found: [[UInt8]] = []
            while let certificate = PEM_read_bio_X509(source, nil, noPassphrase, nil) {
                defer { X509_free(certificate) }
                found.append(try der { i2d_X509(certificate, $0) })
            }
            // Reading ends where no further block begins; anything else is a block that cannot be read.
            guard ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE, !found.isEmpty else {
                throw .unreadable
            }
            return found
        }
    }

    /// What a certificate says of itself.
    static func facts(_ certificate: [UInt8]) throws(Failure) -> Facts {
        try withCertificate(certificate) { certificate throws(Failure) in
            let key = key(certificate)
            let usage = X509_get_key_usage(certificate)
            let needed = if case .rsa = key { UInt32(KU_KEY_ENCIPHERMENT) } else { UInt32(KU_KEY_AGREEMENT) }
            let extended = X509_get_extended_key_usage(certificate)
            var fingerprint = [UInt8](repeating: 0, count: 32)
            guard X509_digest(certificate, EVP_sha256(), &fingerprint, nil) == 1 else { throw .unusable }
            return Facts(
                notBefore: try seconds(X509_get0_notBefore(certificate)),
                notAfter: try seconds(X509_get0_notAfter(certificate)), mailboxes: mailboxes(certificate), key: key,
                allowsEncryption: usage != .max && usage & needed != 0,
                allowsMail: extended & UInt32(XKU_SMIME | XKU_ANYEKU) != 0, fingerprint: fingerprint)
        }
    }

    /// Whether a PEM file holds the private key of a certificate. A key that a passphrase protects cannot be read.
    static func check(key: [UInt8], of certificate: [UInt8]) throws(Failure) {
        try withCertificate(certificate) { certificate throws(Failure) in
            try withKey(key) { key throws(Failure) in
                guard X509_check_private_key(certificate, key) == 1 else { throw .keyForeign }
            }
        }
    }

    // MARK: Trust

    /// Follows a certificate to one of the authorities.
    ///
    /// - Parameters:
    ///   - intermediates: Certificates that may stand between; none of them is trusted.
    ///   - authorities: Where the way may end, whether they signed themselves or not.
    ///   - revocationLists: PEM or DER. Empty: revocation is not looked at. Otherwise there must be one of the issuer.
    ///   - at: Seconds since 1970.
    static func verify(
        _ certificate: [UInt8], intermediates: [[UInt8]], authorities: [[UInt8]], revocationLists: [UInt8]?, at: Int64
    ) throws(Failure) -> Verdict {
        try withCertificate(certificate) { certificate throws(Failure) in
            try withCertificates(intermediates) { intermediates throws(Failure) in
                guard let store = X509_STORE_new() else { throw .unusable }
                defer { X509_STORE_free(store) }
                for authority in authorities {
                    try withCertificate(authority) { authority throws(Failure) in
                        guard X509_STORE_add_cert(store, authority) == 1 else { throw .unusable }
                    }
                }
                if let revocationLists { try add(revocationLists, to: store) }
                guard let context = X509_STORE_CTX_new() else { throw .unusable }
                defer { X509_STORE_CTX_free(context) }
                guard X509_STORE_CTX_init(context, store, certificate, intermediates) == 1,
                    let parameters = X509_STORE_CTX_get0_param(context)
                else { throw .unusable }
                var flags = UInt(X509_V_FLAG_PARTIAL_CHAIN)
                if revocationLists != nil { flags |= UInt(X509_V_FLAG_CRL_CHECK) }
                X509_VERIFY_PARAM_set_flags(parameters, flags)
                X509_VERIFY_PARAM_set_time(parameters, time_t(at))
                // Level 2 is 112 bits: RSA of 2048 and SHA-256 (SSL_CTX_set_security_level(3)).
                X509_VERIFY_PARAM_set_auth_level(parameters, 2)
                if X509_verify_cert(context) == 1 { return .trusted }
                return switch X509_STORE_CTX_get_error(context) {
                case X509_V_ERR_CERT_REVOKED: .revoked
                case X509_V_ERR_UNABLE_TO_GET_CRL, X509_V_ERR_CRL_SIGNATURE_FAILURE, X509_V_ERR_CRL_NOT_YET_VALID,
                    X509_V_ERR_CRL_HAS_EXPIRED, X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER, X509_V_ERR_KEYUSAGE_NO_CRL_SIGN:
                    .revocationUnknown
                case X509_V_ERR_EE_KEY_TOO_SMALL, X509_V_ERR_CA_KEY_TOO_SMALL, X509_V_ERR_CA_MD_TOO_WEAK: .weak
                default: .untrusted
                }
            }
        }
    }

    /// Adds each revocation list of a file, which is PEM, or DER as authorities publish it.
    private static func add(_ lists: [UInt8], to store: OpaquePointer) throws(Failure) {
        let source = try source(lists)
        defer { BIO_free(source) }
        let isPEM = lists.starts(with: "-----BEGIN".utf8)
        var count = 0
        while let list = isPEM ? PEM_read_bio_X509_CRL(source, nil, noPassphrase, nil) : d2i_X509_CRL_bio(source, nil) {
            defer { X509_CRL_free(list) }
            guard X509_STORE_add_crl(store, list) == 1 else { throw .unusable }
            count += 1
            if !isPEM { break }
        }
        guard count > 0, !isPEM || ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE else {
            throw .unreadable
        }
    }

    // MARK: Messages

    /// Signed-data (RFC 5652, 5) as DER, with the content in it and SHA-256 as the digest.
    ///
    /// - Parameters:
    ///   - key: PEM.
    ///   - chain: Certificates that stand between the signer's and its authority, sent along.
    static func signed(
        _ content: [UInt8], by certificate: [UInt8], key: [UInt8], chain: [[UInt8]]
    ) throws(Failure) -> [UInt8] {
        try withCertificate(certificate) { certificate throws(Failure) in
            try withCertificates(chain) { chain throws(Failure) in
                try withKey(key) { key throws(Failure) in
                    let source = try source(content)
                    defer { BIO_free(source) }
                    let flags = UInt32(CMS_BINARY | CMS_PARTIAL)
                    guard let message = CMS_sign(nil, nil, chain, source, flags) else { throw .signing }
                    defer { CMS_ContentInfo_free(message) }
                    guard CMS_add1_signer(message, certificate, key, EVP_sha256(), flags) != nil,
                        CMS_final(message, source, nil, flags) == 1
                    else { throw .signing }
                    return try der(message)
                }
            }
        }
    }

    /// An envelope for one recipient, as DER. The content's key is wrapped by RSA-OAEP or agreed on by ECDH, with SHA-256
    /// where the library would take SHA-1 by itself.
    static func enveloped(
        _ content: [UInt8], for certificate: [UInt8], cipher: MailCipher
    ) throws(Failure) -> [UInt8] {
        try withCertificate(certificate) { certificate throws(Failure) in
            let source = try source(content)
            defer { BIO_free(source) }
            let flags = UInt32(CMS_BINARY | CMS_PARTIAL)
            let algorithm = cipher == .aes256CBC ? EVP_aes_256_cbc() : EVP_aes_256_gcm()
            guard let message = CMS_encrypt(nil, source, algorithm, flags) else { throw .enveloping }
            defer { CMS_ContentInfo_free(message) }
            // With CMS_KEY_PARAM the parameters of the key's use can still be set; the recipient is the message's.
            guard let recipient = CMS_add1_recipient_cert(message, certificate, flags | UInt32(CMS_KEY_PARAM)),
                let context = CMS_RecipientInfo_get0_pkey_ctx(recipient)
            else { throw .enveloping }
            let isSet =
                switch key(certificate) {
                case .rsa:
                    EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) > 0
                        && EVP_PKEY_CTX_set_rsa_oaep_md(context, EVP_sha256()) > 0
                        && EVP_PKEY_CTX_set_rsa_mgf1_md(context, EVP_sha256()) > 0
                case .ec: EVP_PKEY_CTX_set_ecdh_kdf_md(context, EVP_sha256()) > 0
                case .other: false
                }
            guard isSet, CMS_final(message, source, nil, flags) == 1 else { throw .enveloping }
            return try der(message)
        }
    }

    // MARK: Handles

    /// Runs calls between which nothing of an earlier one's errors is left.
    private static func call<T>(_ body: () throws(Failure) -> T) throws(Failure) -> T {
        ERR_clear_error()
        defer { ERR_clear_error() }
        return try body()
    }

    private static func withCertificate<T>(
        _ der: [UInt8], _ body: (OpaquePointer) throws(Failure) -> T
    ) throws(Failure) -> T {
        try call { () throws(Failure) in
            let source = try source(der)
            defer { BIO_free(source) }
            guard let certificate = d2i_X509_bio(source, nil) else { throw .unreadable }
            defer { X509_free(certificate) }
            return try body(certificate)
        }
    }

    private static func withCertificates<T>(
        _ certificates: [[UInt8]], _ body: (OpaquePointer) throws(Failure) -> T
    ) throws(Failure) -> T {
        guard let stack = hub_certificates_new() else { throw .unusable }
        defer { hub_certificates_free(stack) }
        for certificate in certificates {
            try withCertificate(certificate) { certificate throws(Failure) in
                guard hub_certificates_add(stack, certificate) == 1 else { throw .unusable }
            }
        }
        return try body(stack)
    }

    private static func withKey<T>(
        _ pem: [UInt8], _ body: (OpaquePointer) throws(Failure) -> T
    ) throws(Failure) -> T {
        let source = try source(pem)
        defer { BIO_free(source) }
        guard let key = PEM_read_bio_PrivateKey(source, nil, noPassphrase, nil) else { throw .unreadable }
        defer { EVP_PKEY_free(key) }
        return try body(key)
    }

    /// A copy of bytes to read from.
    private static func source(_ bytes: [UInt8]) throws(Failure) -> OpaquePointer {
        guard let source = BIO_new(BIO_s_mem()) else { throw .unusable }
        var written = 0
        guard bytes.isEmpty || (BIO_write_ex(source, bytes, bytes.count, &written) == 1 && written == bytes.count)
        else {
            BIO_free(source)
            throw .unusable
        }
        return source
    }

    private static func der(_ message: OpaquePointer) throws(Failure) -> [UInt8] {
        guard let sink = BIO_new(BIO_s_mem()) else { throw .unusable }
        defer { BIO_free(sink) }
        guard i2d_CMS_bio(sink, message) == 1 else { throw .unusable }
        var start: UnsafePointer<CChar>?
        let count = hub_bio_bytes(sink, &start)
        guard let start, count > 0 else { throw .unusable }
        return Array(UnsafeRawBufferPointer(start: start, count: count))
    }

    /// What a function of the `i2d` family writes: asked first for the length, then for the bytes.
    private static func der(
        _ write: (UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>?) -> Int32
    ) throws(Failure) -> [UInt8] {
        let count = Int(write(nil))
        guard count > 0 else { throw .unusable }
        return [UInt8](unsafeUninitializedCapacity: count) { buffer, written in
            var place = buffer.baseAddress
            written = max(0, Int(write(&place)))
        }
    }

    private static func key(_ certificate: OpaquePointer) -> Key {
        guard let key = X509_get0_pubkey(certificate) else { return .other }
        switch EVP_PKEY_get_base_id(key) {
        case EVP_PKEY_RSA: return .rsa(bits: Int(EVP_PKEY_get_bits(key)))
        case EVP_PKEY_EC:
            var name = [CChar](repeating: 0, count: 64)
            var count = 0
            guard EVP_PKEY_get_group_name(key, &name, name.count, &count) == 1 else { return .ec(curve: "") }
            return .ec(curve: String(decoding: name.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self))
        default: return .other
        }
    }

    private static func mailboxes(_ certificate: OpaquePointer) -> [[UInt8]] {
        guard let names = hub_alternative_names(certificate) else { return [] }
        defer { GENERAL_NAMES_free(names) }
        return (0..<hub_names_count(names)).compactMap { number in
            guard let mailbox = hub_names_mailbox(names, number), let start = ASN1_STRING_get0_data(mailbox) else {
                return nil
            }
            return Array(UnsafeBufferPointer(start: start, count: Int(ASN1_STRING_length(mailbox))))
        }
    }

    private static func seconds(_ time: UnsafePointer<ASN1_TIME>?) throws(Failure) -> Int64 {
        guard let time, let epoch = ASN1_TIME_set(nil, 0) else { throw .unreadable }
        defer { ASN1_TIME_free(epoch) }
        var days: Int32 = 0
        var rest: Int32 = 0
        guard ASN1_TIME_diff(&days, &rest, epoch, time) == 1 else { throw .unreadable }
        return Int64(days) * 86_400 + Int64(rest)
    }
}

/// Refuses a passphrase. The library's own way to ask for one is to wait at the terminal.
private func noPassphrase(
    _: UnsafeMutablePointer<CChar>?, _: Int32, _: Int32, _: UnsafeMutableRawPointer?
) -> Int32 { -1 }
