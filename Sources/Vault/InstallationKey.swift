import Crypto
import FoundationEssentials
import Glibc

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
        let descriptor = open(file, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .keyFile(errno) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .keyFile(errno) }
        guard status.st_mode & 0o077 == 0 else { throw .keyFileTooOpen }
        var buffer = [UInt8](repeating: 0, count: 256)
        let count = read(descriptor, &buffer, buffer.count)
        guard count >= 0 else { throw .keyFile(errno) }
        let text = String(decoding: buffer[..<count], as: UTF8.self)
        guard text.hasPrefix(prefix), text.hasSuffix("\n"),
            let bytes = Data(base64Encoded: String(text.dropFirst(prefix.count).dropLast()))
        else { throw .malformedKeyFile }
        return try InstallationKey(bytes: [UInt8](bytes))
    }

    /// Makes a new random key and writes it to a file that only its owner may read (mode 0600), durably: whole beside its
    /// place first, and the folder's entry flushed with it, so that a power cut leaves the key or nothing.
    ///
    /// - Throws: ``VaultError/keyFile(_:)``, with `EEXIST` when the file is already there: a key is never overwritten.
    @discardableResult
    package static func create(file: String) throws(VaultError) -> InstallationKey {
        let key = InstallationKey()
        let part = file + ".part"
        let descriptor = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .keyFile(errno) }
        defer {
            close(descriptor)
            unlink(part)
        }
        let text = key.secret.withUnsafeBytes { prefix + Data($0).base64EncodedString() + "\n" }
        let bytes = [UInt8](text.utf8)
        guard write(descriptor, bytes, bytes.count) == bytes.count, fsync(descriptor) == 0 else {
            throw .keyFile(errno)
        }
        // Unlike a rename, a link never replaces a key that is there.
        guard link(part, file) == 0 else { throw .keyFile(errno) }
        let folder = file.lastIndex(of: "/").map { String(file[..<$0]) } ?? "."
        let directory = open(folder.isEmpty ? "/" : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { throw .keyFile(errno) }
        defer { close(directory) }
        guard fsync(directory) == 0 else { throw .keyFile(errno) }
        return key
    }

    private static let prefix = "hub-key-1:"
}
