/// The certificate that a mailbox's owner gave us to encrypt to, and what makes us believe that it is theirs.
///
/// It is checked before each use (partner interfaces, section 4.3), because what was right at start need not be right now.
package struct MailCertificate: Sendable {
    /// What a certificate is trusted for.
    package enum Trust: Sendable, Hashable {
        /// It comes from an authority of a PEM file. With a file of revocation lists (PEM or DER, read anew at each check),
        /// one of which must be the issuer's and in date, it must not be among the revoked.
        case authorities(String, revocationLists: String?)
        /// It is the one whose SHA-256 was agreed on, in 64 hexadecimal digits, with or without colons. It is trusted until
        /// the digits are taken out of the configuration.
        case pinned(String)
    }

    /// Why a certificate must not be used. The raw values are stable code words.
    package enum Problem: String, Error, Sendable, CaseIterable {
        case expired = "certificate_expired"
        case notYetValid = "certificate_not_yet_valid"
        case mailbox = "certificate_mailbox"
        case usage = "certificate_usage"
        case weak = "certificate_weak"
        case untrusted = "certificate_untrusted"
        case revoked = "certificate_revoked"
        case revocationUnknown = "certificate_revocation_unknown"

        /// What is wrong and what to do, in words that hold nothing of the certificate.
        package var text: String {
            switch self {
            case .expired: "the recipient's certificate has expired: ask the recipient for a new one"
            case .notYetValid: "the recipient's certificate is not valid yet: wait, or ask the recipient for another"
            case .mailbox:
                "the recipient's certificate is not for the configured mailbox: ask the recipient for one that is"
            case .usage:
                "the recipient's certificate does not allow to encrypt mail to it: ask the recipient for one that does"
            case .weak:
                "the recipient's key, or a signature on its certificate's way to an authority, is too weak or of an unknown "
                    + "kind: it takes RSA of 2048 bits or more, or P-256, P-384 or P-521"
            case .untrusted:
                "the recipient's certificate comes from no configured authority and is not the pinned one: ask the recipient"
            case .revoked: "the recipient's certificate was revoked: ask the recipient for a new one"
            case .revocationUnknown:
                "no revocation list that is in date and of the certificate's issuer can be read: renew the configured file"
            }
        }
    }

    /// When it ends, in seconds since 1970.
    package var expires: Int64 { facts.notAfter }

    let der: [UInt8]
    private let facts: Libcrypto.Facts
    private let intermediates: [[UInt8]]
    private let anchor: Anchor

    private enum Anchor: Sendable {
        case authorities([[UInt8]], revocationLists: String?)
        case pinned([UInt8])
    }

    /// Reads the files; judges nothing.
    ///
    /// - Parameter path: PEM of the certificate, with those between it and its authority after it.
    package init(path: String, trust: Trust) throws(ChannelConfigurationError) {
        let found = try MailFiles.certificates(path, "certificate")
        der = found[0]
        intermediates = Array(found.dropFirst())
        do throws(Libcrypto.Failure) {
            facts = try Libcrypto.facts(der)
        } catch {
            throw ChannelConfigurationError(
                setting: "certificate", problem: "the certificate in \(path) cannot be read")
        }
        switch trust {
        case .authorities(let path, let revocationLists):
            anchor = .authorities(try MailFiles.certificates(path, "authorities"), revocationLists: revocationLists)
        case .pinned(let digits):
            guard let fingerprint = Self.fingerprint(digits) else {
                throw ChannelConfigurationError(
                    setting: "pin",
                    problem: "is no SHA-256: write its 64 hexadecimal digits, as `openssl x509 "
                        + "-fingerprint -sha256` shows them")
            }
            anchor = .pinned(fingerprint)
        }
    }

    /// Judges the certificate; waits for the disk where there are revocation lists.
    ///
    /// - Parameters:
    ///   - mailbox: The address that is to be written to.
    ///   - now: Seconds since 1970.
    package func check(for mailbox: String, at now: Int64) throws(Problem) {
        if now < facts.notBefore { throw .notYetValid }
        // As libcrypto reckons along the way to the authority, the last second is over already.
        if now >= facts.notAfter { throw .expired }
        guard facts.isOf(mailbox) else { throw .mailbox }
        switch facts.key {
        case .rsa(let bits) where bits >= 2048: break
        case .ec(let curve) where ["prime256v1", "secp384r1", "secp521r1"].contains(curve): break
        default: throw .weak
        }
        guard facts.allowsEncryption, facts.allowsMail else { throw .usage }
        switch anchor {
        case .pinned(let fingerprint):
            guard facts.fingerprint == fingerprint else { throw .untrusted }
        case .authorities(let authorities, let revocationLists):
            var lists: [UInt8]?
            if let revocationLists {
                guard let bytes = MailFiles.bytes(revocationLists) else { throw .revocationUnknown }
                lists = bytes
            }
            let verdict: Libcrypto.Verdict
            do throws(Libcrypto.Failure) {
                verdict = try Libcrypto.verify(
                    der, intermediates: intermediates, authorities: authorities, revocationLists: lists, at: now)
            } catch {
                // The lists alone are read here for the first time.
                throw .revocationUnknown
            }
            switch verdict {
            case .trusted: break
            case .untrusted: throw .untrusted
            case .weak: throw .weak
            case .revoked: throw .revoked
            case .revocationUnknown: throw .revocationUnknown
            }
        }
    }

    private static func fingerprint(_ text: String) -> [UInt8]? {
        let digits = text.filter { $0 != ":" }
        guard digits.utf8.count == 64, digits.allSatisfy(\.isHexDigit) else { return nil }
        var rest = Substring(digits)
        var bytes: [UInt8] = []
        while let byte = UInt8(rest.prefix(2), radix: 16) {
            bytes.append(byte)
            rest = rest.dropFirst(2)
        }
        return bytes
    }
}
