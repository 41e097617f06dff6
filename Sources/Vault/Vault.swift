import Crypto
import FoundationEssentials

/// Seals everything personal on its way into PostgreSQL, and makes the blind indexes by which it is found again.
///
/// One installation key, derived by HKDF-SHA-256 (RFC 5869) into a wrapping key and one key for each ``BlindDomain``.
/// Data keys are random, wrapped by AES-256-GCM (NIST SP 800-38D), and seal bytes by AES-256-GCM bound to the place
/// where they are kept, so that a row copied to another place does not open there.
///
/// Random 96-bit nonces are sound for fewer than 2³² seals under one key (SP 800-38D section 8.3). A data key seals a
/// handful of rows. The wrapping key wraps one data key for each submission and person; at 10 submissions each second
/// that bound is 13 years away.
package struct Vault: Sendable {
    private let wrapping: SymmetricKey
    private let keyID: [UInt8]
    private let apart: SymmetricKey
    /// A code of each domain's key that has taken nothing in yet: to copy it is quicker than to begin with the key.
    private let blindCodes: [BlindDomain: HMAC<SHA256>]
    private let cache = KeyCache(capacity: 512)

    /// Derives the working keys; costs a few microseconds and keeps no copy of the installation key.
    package init(key: InstallationKey) {
        func derived(_ purpose: String) -> SymmetricKey {
            HKDF<SHA256>.deriveKey(
                inputKeyMaterial: key.secret, info: Array("referral-hub/1/\(purpose)".utf8), outputByteCount: 32)
        }
        self.wrapping = derived("wrap")
        self.apart = derived("apart")
        self.keyID = derived("key-id").withUnsafeBytes { Array($0.prefix(4)) }
        self.blindCodes = Dictionary(
            uniqueKeysWithValues: BlindDomain.allCases.map { ($0, HMAC(key: derived("blind/\($0.rawValue)"))) })
    }

    /// Names the installation's key without telling it: 4 bytes, as they stand in what it wraps.
    package var keyMark: [UInt8] { keyID }

    /// A new random data key, and its wrapped form, which is what is stored: version 1, key id 4, nonce 12, key 32,
    /// tag 16 bytes.
    package func newDataKey() -> (key: DataKey, wrapped: [UInt8]) {
        let key = SymmetricKey(size: .bits256)
        let header = [Self.version] + keyID
        let box = key.withUnsafeBytes { Self.encrypt(Data($0), with: wrapping, authenticating: header) }
        return (DataKey(key: key), header + box)
    }

    /// The data key of a wrapped form.
    ///
    /// - Parameter isRemembered: Whether it is likely to be asked for again soon; left out, it is.
    /// - Throws: ``VaultError/malformedSeal``, ``VaultError/otherInstallation`` or ``VaultError/notAuthentic``.
    package func unwrap(_ wrapped: [UInt8], isRemembered: Bool = true) throws(VaultError) -> DataKey {
        if let key = cache[wrapped] { return key }
        guard wrapped.count == 65, wrapped[0] == Self.version else { throw .malformedSeal }
        guard Array(wrapped[1..<5]) == keyID else { throw .otherInstallation }
        let bytes = try Self.decrypt(wrapped[5...], with: wrapping, authenticating: wrapped[..<5])
        let key = DataKey(key: SymmetricKey(data: bytes))
        if isRemembered { cache.insert(key, for: wrapped) }
        return key
    }

    /// Drops the unwrapped key from memory, once its wrapped form is destroyed.
    package func forget(_ wrapped: [UInt8]) {
        cache.remove(wrapped)
    }

    /// Seals bytes for one place: version 1, nonce 12, ciphertext, tag 16 bytes.
    ///
    /// - Parameter context: The place, as `record.person/<id>`; the same is needed to open.
    package func seal(_ bytes: [UInt8], with key: DataKey, context: String) -> [UInt8] {
        [Self.version] + Self.encrypt(bytes, with: key.key, authenticating: Self.header(context))
    }

    /// Opens what ``seal(_:with:context:)`` made for the same place with the same key.
    ///
    /// - Throws: ``VaultError/malformedSeal`` or ``VaultError/notAuthentic``.
    package func open(_ sealed: [UInt8], with key: DataKey, context: String) throws(VaultError) -> [UInt8] {
        guard sealed.count >= 29, sealed[0] == Self.version else { throw .malformedSeal }
        return try Self.decrypt(sealed[1...], with: key.key, authenticating: Self.header(context))
    }

    /// Seals what leaves the hub and comes back, such as a session's cookie, under a key that is for nothing else: version 1,
    /// nonce 12, ciphertext, tag 16 bytes. One key for all of them is sound for some 2³² seals.
    ///
    /// - Parameter context: What it is; the same is needed to open.
    package func sealApart(_ bytes: [UInt8], context: String) -> [UInt8] {
        [Self.version] + Self.encrypt(bytes, with: apart, authenticating: Self.header(context))
    }

    /// Opens what ``sealApart(_:context:)`` made in this installation.
    ///
    /// - Throws: ``VaultError/malformedSeal`` or ``VaultError/notAuthentic``.
    package func openApart(_ sealed: [UInt8], context: String) throws(VaultError) -> [UInt8] {
        guard sealed.count >= 29, sealed[0] == Self.version else { throw .malformedSeal }
        return try Self.decrypt(sealed[1...], with: apart, authenticating: Self.header(context))
    }

    /// 16 bytes by which an equal value is found again without being readable: HMAC-SHA-256, cut to 128 bits.
    ///
    /// The value is taken as it is: bring it to its normal form first.
    package func blindIndex(_ domain: BlindDomain, _ value: String) -> [UInt8] {
        Array(code(domain, Array(value.utf8)).prefix(16))
    }

    /// 64 bits in place of ``blindIndex(_:_:)`` for a table of very many rows, where two values under one number cost a
    /// look at somebody who is not meant and nothing else.
    package func blindNumber(_ domain: BlindDomain, _ value: [UInt8]) -> Int64 {
        code(domain, value).prefix(8).reduce(0) { $0 << 8 | Int64($1) }
    }

    /// 32 bytes that stand for a sender's id or for the bytes of a document in the table that is kept for ever.
    ///
    /// Keyed, because a plain hash of a short id or of a guessable document can be tried out.
    package func keyedHash(_ domain: BlindDomain, _ bytes: [UInt8]) -> [UInt8] {
        Array(code(domain, bytes))
    }

    private static let version: UInt8 = 1

    private static func header(_ context: String) -> [UInt8] {
        [version] + Array(context.utf8)
    }

    private func code(_ domain: BlindDomain, _ bytes: [UInt8]) -> HMAC<SHA256>.MAC {
        guard var code = blindCodes[domain] else { preconditionFailure("every domain has a key") }
        code.update(data: bytes)
        return code.finalize()
    }

    private static func encrypt(
        _ plain: some DataProtocol, with key: SymmetricKey, authenticating header: [UInt8]
    ) -> [UInt8] {
        // AES-GCM refuses only keys of a wrong size and nonces of a wrong size; both are fixed here.
        guard let box = try? AES.GCM.seal(plain, using: key, authenticating: header), let combined = box.combined else {
            preconditionFailure("AES-GCM takes a 256-bit key and its own nonce")
        }
        return [UInt8](combined)
    }

    private static func decrypt(
        _ box: ArraySlice<UInt8>, with key: SymmetricKey, authenticating header: some DataProtocol
    ) throws(VaultError) -> [UInt8] {
        guard let plain = try? AES.GCM.open(AES.GCM.SealedBox(combined: box), using: key, authenticating: header) else {
            throw .notAuthentic
        }
        return [UInt8](plain)
    }
}
