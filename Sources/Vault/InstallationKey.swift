import Crypto
import FoundationEssentials

/// The one secret of an installation: 256 random bits from which every other key is derived or by which it is wrapped.
///
/// It lives in a file of its own, outside PostgreSQL and outside the backups of the data. Whoever has the database
/// without this file has nothing readable; whoever loses this file has lost every document, so it is backed up apart.
package struct InstallationKey: Sendable {
    let secret: SymmetricKey

    /// A key made of 32 bytes that the caller already has, as tests do.
    package init(bytes: [UInt8]) throws(VaultError) {
        guard bytes.count == 32 else { throw .malformedKeyFile }
        self.secret = SymmetricKey(data: bytes)
    }

    /// A fresh random key that is kept nowhere: for tests, and for commands that store nothing.
    package init() {
        self.secret = SymmetricKey(size: .bits256)
    }

    /// Reads the key file made by ``create(file:)``.
    ///
    /// - Throws: ``VaultError/keyFile(_:)`` with the system's error number when it cannot be read,
    ///   ``VaultError/keyFileTooOpen`` when anybody but its owner may read it, ``VaultError/malformedKeyFile``
    ///   when it is not a key file.
    package static func load(file: String) throws(VaultError) -> InstallationKey {
        let text = try KeyFile.read(file)
        guard text.hasPrefix(prefix), text.hasSuffix("\n"),
            let bytes = Data(base64Encoded: String(text.dropFirst(prefix.count).dropLast()))
        else { throw .malformedKeyFile }
        return try InstallationKey(bytes: [UInt8](bytes))
    }

    /// Makes a new random key and keeps it in a new file (``KeyFile/create(_:text:)``): a key is never overwritten.
    @discardableResult
    package static func create(file: String) throws(VaultError) -> InstallationKey {
        let key = InstallationKey()
        try KeyFile.create(file, text: key.secret.withUnsafeBytes { prefix + Data($0).base64EncodedString() + "\n" })
        return key
    }

    private static let prefix = "hub-key-1:"
}
