package import Glibc

extension LocalFile {
    /// Writes a new file, flushed; one that is there already is never touched.
    ///
    /// - Throws: ``Failure``, with `EEXIST` where there is one. A file that could not be written whole is taken away.
    package static func create(_ bytes: [UInt8], at path: String, mode: mode_t) throws {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw Failure(operation: "create", path: path, code: errno) }
        defer { close(descriptor) }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else {
                let code = errno
                unlink(path)
                throw Failure(operation: "write", path: path, code: code)
            }
            rest = rest.dropFirst(count)
        }
        guard fsync(descriptor) == 0 else { throw Failure(operation: "fsync", path: path, code: errno) }
    }
}

extension LocalFile {
    /// Writes new files of a folder so that none has its name before all are whole: beside them first, then renamed.
    ///
    /// One that is there already is never touched. Where it fails, whatever was written is taken away again.
    ///
    /// - Throws: ``Unfinished``.
    package static func create(_ files: [(name: String, bytes: [UInt8])], in folder: String, mode: mode_t) throws {
        var made: [String] = []
        do {
            for file in files {
                let part = "\(folder)/\(file.name).part"
                try create(file.bytes, at: part, mode: mode)
                made.append(part)
            }
            for file in files {
                let path = "\(folder)/\(file.name)"
                // Not rename, which would take the place of a file that somebody made meanwhile.
                guard link(path + ".part", path) == 0 else {
                    throw Failure(operation: "link", path: path, code: errno)
                }
                made.append(path)
            }
            for file in files {
                let part = "\(folder)/\(file.name).part"
                guard unlink(part) == 0 else { throw Failure(operation: "unlink", path: part, code: errno) }
            }
            let directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            guard directory >= 0 else { throw Failure(operation: "open", path: folder, code: errno) }
            defer { close(directory) }
            guard fsync(directory) == 0 else { throw Failure(operation: "fsync", path: folder, code: errno) }
        } catch {
            var isClean = true
            for path in made.reversed() where unlink(path) != 0 && errno != ENOENT { isClean = false }
            throw Unfinished(cause: error, isClean: isClean)
        }
    }

    /// Files that could not all be written.
    package struct Unfinished: Error, CustomStringConvertible {
        package let cause: any Error
        /// Whether nothing is left of them.
        package let isClean: Bool

        package var description: String { "\(cause)" }
    }
}
