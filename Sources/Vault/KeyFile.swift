import Glibc

/// A file that holds secrets as text: readable by its owner only, and never overwritten by ``create(_:text:)``.
package enum KeyFile {
    /// Enough for a ring that has not been tidied for years.
    private static let longest = 16 << 10

    /// The text of a key file, of at most 16 KiB.
    ///
    /// A credential that systemd keeps for this service (systemd.exec(5), `LoadCredential=`) belongs to root and may be
    /// readable by a group: its folder lets in this service alone.
    ///
    /// - Parameter credentials: systemd's folder of this service's credentials. Defaults to `$CREDENTIALS_DIRECTORY`.
    /// - Throws: ``VaultError/keyFile(_:)`` with the system's error number when it cannot be read,
    ///   ``VaultError/keyFileTooOpen`` when anybody but its owner may read it.
    package static func read(_ file: String, credentials: String? = credentialsFolder) throws(VaultError) -> String {
        let descriptor = open(file, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .keyFile(errno) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .keyFile(errno) }
        let isCredential = credentials.map { !$0.isEmpty && file.hasPrefix($0 + "/") } ?? false
        guard status.st_mode & (isCredential ? 0o037 : 0o077) == 0 else { throw .keyFileTooOpen }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: longest + 1)
        while bytes.count <= longest {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .keyFile(errno) }
            if count == 0 { return String(decoding: bytes, as: UTF8.self) }
            bytes += buffer[..<count]
        }
        throw .malformedKeyFile
    }

    /// `$CREDENTIALS_DIRECTORY`, which systemd sets for a service that has credentials.
    package static var credentialsFolder: String? {
        getenv("CREDENTIALS_DIRECTORY").map { String(cString: $0) }
    }

    /// Writes a key to a new file that only its owner may read (mode 0600), durably: whole beside its place first, and the
    /// folder's entry flushed with it, so that a power cut leaves the key or nothing.
    ///
    /// - Throws: ``VaultError/keyFile(_:)``, with `EEXIST` when the file is already there.
    package static func create(_ file: String, text: String) throws(VaultError) {
        let part = try writePart(of: file, text: text)
        defer { unlink(part) }
        // Unlike a rename, a link never replaces a key that is there.
        guard link(part, file) == 0 else { throw .keyFile(errno) }
        try flushFolder(of: file)
    }

    /// Writes a file that is there anew, whole or not at all, for the same owner.
    ///
    /// - Throws: ``VaultError/keyFile(_:)``.
    package static func replace(_ file: String, text: String) throws(VaultError) {
        var status = stat()
        guard stat(file, &status) == 0 else { throw .keyFile(errno) }
        let part = try writePart(of: file, text: text)
        // As root for the hub's own user, who has to read it.
        if geteuid() == 0, chown(part, status.st_uid, status.st_gid) != 0 {
            let code = errno
            unlink(part)
            throw .keyFile(code)
        }
        guard rename(part, file) == 0 else {
            let code = errno
            unlink(part)
            throw .keyFile(code)
        }
        try flushFolder(of: file)
    }

    /// What tells one state of a file from another without reading it; nil where it is not there.
    package static func state(of file: String) -> [Int]? {
        var status = stat()
        guard stat(file, &status) == 0 else { return nil }
        return [Int(status.st_ino), Int(status.st_size), status.st_mtim.tv_sec, status.st_mtim.tv_nsec]
    }

    private static func writePart(of file: String, text: String) throws(VaultError) -> String {
        let part = file + ".part"
        let descriptor = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .keyFile(errno) }
        defer { close(descriptor) }
        let bytes = [UInt8](text.utf8)
        guard write(descriptor, bytes, bytes.count) == bytes.count, fsync(descriptor) == 0 else {
            let code = errno
            unlink(part)
            throw .keyFile(code)
        }
        return part
    }

    private static func flushFolder(of file: String) throws(VaultError) {
        let folder = file.lastIndex(of: "/").map { String(file[..<$0]) } ?? "."
        let directory = open(folder.isEmpty ? "/" : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { throw .keyFile(errno) }
        defer { close(directory) }
        guard fsync(directory) == 0 else { throw .keyFile(errno) }
    }
}
