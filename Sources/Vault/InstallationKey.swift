import Crypto
import FoundationEssentials

/// A key by which data keys are wrapped: 256 random bits. The first of an installation is also what its blind indexes are
/// derived from.
///
/// It lives in a ``KeyRing`` file, outside PostgreSQL and outside the backups of the data. Whoever has the database without
/// that file has nothing readable; whoever loses it has lost every document, so it is backed up apart.
package struct InstallationKey: Sendable {
    let secret: SymmetricKey

    /// A key made of 32 bytes that the caller already has, as tests do.
    package init(bytes: [UInt8]) throws(VaultError) {
        guard bytes.count == 32 else { throw .malformedKeyFile }
        self.secret = SymmetricKey(data: bytes)
    }

    /// A fresh random key that is kept nowhere until a ring with it is.
    package init() {
        self.secret = SymmetricKey(size: .bits256)
    }

    init(base64 text: some StringProtocol) throws(VaultError) {
        guard let bytes = Data(base64Encoded: String(text)) else { throw .malformedKeyFile }
        try self.init(bytes: [UInt8](bytes))
    }

    var base64: String { secret.withUnsafeBytes { Data($0).base64EncodedString() } }

    /// Names the key without telling it: 4 bytes, as they stand in what it wraps.
    package var mark: [UInt8] { derived("key-id").withUnsafeBytes { Array($0.prefix(4)) } }

    /// A key for one purpose: HKDF-SHA-256 (RFC 5869).
    func derived(_ purpose: String) -> SymmetricKey {
        HKDF<SHA256>.deriveKey(
            inputKeyMaterial: secret, info: Array("referral-hub/1/\(purpose)".utf8), outputByteCount: 32)
    }

    /// Reads the key file made by ``create(file:)``, or of a ring the key that came first.
    ///
    /// - Throws: as ``KeyRing/load(file:)``; ``VaultError/malformedKeyFile`` where that key was retired.
    package static func load(file: String) throws(VaultError) -> InstallationKey {
        guard case .derived(let key) = try KeyRing.load(file: file).index else { throw .malformedKeyFile }
        return key
    }

    /// Makes a new random key and keeps it in a new file (``KeyFile/create(_:text:)``): a key is never overwritten.
    @discardableResult
    package static func create(file: String) throws(VaultError) -> InstallationKey {
        let key = InstallationKey()
        try KeyFile.create(file, text: KeyRing(key).text)
        return key
    }
}
