import Crypto
import FoundationEssentials

/// Seals everything personal on its way into PostgreSQL, and makes the blind indexes by which it is found again.
///
/// Data keys are random, wrapped by AES-256-GCM (NIST SP 800-38D) with a key of the installation's ``KeyRing``, and seal bytes
/// by AES-256-GCM bound to the place where they are kept, so that a row copied to another place does not open there. One key of
/// the ring wraps, the others only open; blind indexes are made by keys that stay when it is changed.
///
/// Random 96-bit nonces are sound for fewer than 2³² seals under one key (SP 800-38D section 8.3). A data key seals a
/// handful of rows. The wrapping key wraps one data key for each submission and person; at 10 submissions each second
/// that bound is 13 years away.
package struct Vault: Sendable {
    private let keys: WrappingKeys
    /// A code of each domain's key that has taken nothing in yet: to copy it is quicker than to begin with the key.
    private let blindCodes: [BlindDomain: HMAC<SHA256>]
    private let cache = KeyCache(capacity: 512)

    /// A vault of one key, as an installation has that never changed it.
    package init(key: InstallationKey) {
        self.init(ring: KeyRing(key))
    }

    /// Derives the working keys; costs a few microseconds for each. The oldest of the ring wraps until ``use(_:)`` says
    /// otherwise: that one every node has.
    ///
    /// - Parameter file: Where the ring was read from; left out, it stays as it is.
    package init(ring: KeyRing, file: String? = nil) {
        keys = WrappingKeys(ring, file: file)
        blindCodes = Dictionary(
            uniqueKeysWithValues: BlindDomain.allCases.map { ($0, HMAC(key: ring.blindKey($0))) })
    }

    /// Names the key that wraps without telling it: 4 bytes, as they stand in what it wraps.
    package var keyMark: [UInt8] { keys.current.mark }

    /// The marks of all keys that can be unwrapped by, the oldest first.
    package var keyMarks: [[UInt8]] { keys.all.map(\.mark) }

    /// Wraps by this key of the ring from now on.
    ///
    /// - Returns: False where the ring does not have it; then nothing changes.
    @discardableResult
    package func use(_ mark: [UInt8]) -> Bool { keys.use(mark) }

    /// Takes over the key file's ring if the file has changed since. It must be of the same installation.
    ///
    /// - Throws: ``VaultError``; then the ring stays as it was.
    package func rereadKeys() throws(VaultError) { try keys.reread() }

    /// The mark of the key by which a data key is wrapped; nil of what is no wrapped key.
    package static func mark(of wrapped: [UInt8]) -> [UInt8]? {
        wrapped.count == 65 && wrapped[0] == version ? Array(wrapped[1..<5]) : nil
    }

    /// The same data key wrapped by the key that wraps now.
    ///
    /// - Throws: as ``unwrap(_:isRemembered:)``.
    package func rewrap(_ wrapped: [UInt8]) throws(VaultError) -> [UInt8] {
        wrap(try unwrap(wrapped, isRemembered: false))
    }

    /// A new random data key, and its wrapped form, which is what is stored: version 1, key id 4, nonce 12, key 32,
    /// tag 16 bytes.
    package func newDataKey() -> (key: DataKey, wrapped: [UInt8]) {
        let key = DataKey(key: SymmetricKey(size: .bits256))
        return (key, wrap(key))
    }

    private func wrap(_ key: DataKey) -> [UInt8] {
        let current = keys.current
        let header = [Self.version] + current.mark
        return header
            + key.key.withUnsafeBytes { Self.encrypt(Data($0), with: current.wrapping, authenticating: header) }
    }

    /// The data key of a wrapped form.
    ///
    /// - Parameter isRemembered: Whether it is likely to be asked for again soon; left out, it is.
    /// - Throws: ``VaultError/malformedSeal``, ``VaultError/otherInstallation`` or ``VaultError/notAuthentic``.
    package func unwrap(_ wrapped: [UInt8], isRemembered: Bool = true) throws(VaultError) -> DataKey {
        if let key = cache[wrapped] { return key }
        guard wrapped.count == 65, wrapped[0] == Self.version else { throw .malformedSeal }
        let bytes = try Self.decrypt(
            wrapped[5...], with: wrappingKey(wrapped[1..<5]).wrapping, authenticating: wrapped[..<5])
        let key = DataKey(key: SymmetricKey(data: bytes))
        if isRemembered { cache.insert(key, for: wrapped) }
        return key
    }

    /// A key of the ring. One that it does not have may have been put into the file since.
    private func wrappingKey(_ mark: ArraySlice<UInt8>) throws(VaultError) -> WrappingKeys.Key {
        if let key = keys[mark] { return key }
        try? keys.reread()
        guard let key = keys[mark] else { throw .otherInstallation }
        return key
    }

    /// Drops unwrapped keys from memory that nobody asked for since the last time. Called twice within a while, it leaves none
    /// that was not used in it.
    package func forgetUnused() {
        cache.age()
    }

    /// How many unwrapped keys are in memory.
    package var rememberedKeys: Int { cache.count }

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
    /// nonce 12, ciphertext, tag 16 bytes. One key for all of them is sound for some 2³² seals. It changes with the key that
    /// wraps: what was sealed before opens as long as that key is on the ring.
    ///
    /// - Parameter context: What it is; the same is needed to open.
    package func sealApart(_ bytes: [UInt8], context: String) -> [UInt8] {
        [Self.version] + Self.encrypt(bytes, with: keys.current.apart, authenticating: Self.header(context))
    }

    /// Opens what ``sealApart(_:context:)`` made in this installation.
    ///
    /// - Throws: ``VaultError/malformedSeal`` or ``VaultError/notAuthentic``.
    package func openApart(_ sealed: [UInt8], context: String) throws(VaultError) -> [UInt8] {
        guard sealed.count >= 29, sealed[0] == Self.version else { throw .malformedSeal }
        for key in keys.all.reversed() {
            if let plain = try? Self.decrypt(sealed[1...], with: key.apart, authenticating: Self.header(context)) {
                return plain
            }
        }
        throw .notAuthentic
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
