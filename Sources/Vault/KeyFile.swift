import Glibc

/// A file that holds one secret as text: readable by its owner only, made once, never overwritten.
package enum KeyFile {
    /// The text of a key file, of at most 256 bytes.
    ///
    /// - Throws: ``VaultError/keyFile(_:)`` with the system's error number when it cannot be read,
    ///   ``VaultError/keyFileTooOpen`` when anybody but its owner may read it.
    package static func read(_ file: String) throws(VaultError) -> String {
        let descriptor = open(file, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .keyFile(errno) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .keyFile(errno) }
        guard status.st_mode & 0o077 == 0 else { throw .keyFileTooOpen }
        var buffer = [UInt8](repeating: 0, count: 256)
        let count = Glibc.read(descriptor, &buffer, buffer.count)
        guard count >= 0 else { throw .keyFile(errno) }
        return String(decoding: buffer[..<count], as: UTF8.self)
    }

    /// Writes a key to a new file that only its owner may read (mode 0600), durably: whole beside its place first, and the
    /// folder's entry flushed with it, so that a power cut leaves the key or nothing.
    ///
    /// - Throws: ``VaultError/keyFile(_:)``, with `EEXIST` when the file is already there.
    package static func create(_ file: String, text: String) throws(VaultError) {
        let part = file + ".part"
        let descriptor = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .keyFile(errno) }
        defer {
            close(descriptor)
            unlink(part)
        }
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
    }
}
