import Foundation
package import Glibc

/// The few file operations that the hub needs, by system call and with the error's number in words.
package enum LocalFile {
    /// A system call that failed, with the path it was for. Paths of the hub hold no personal data.
    package struct Failure: Error, Sendable, CustomStringConvertible {
        package var operation: StaticString
        package var path: String
        package var code: Int32

        package var description: String {
            "\(operation) \(path): \(String(cString: strerror(code)))"
        }
    }

    /// The whole of a file, at most `limit` bytes (16 MiB unless told).
    package static func read(_ path: String, limit: Int = 16 << 20) throws -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Failure(operation: "open", path: path, code: errno) }
        defer { close(descriptor) }
        return try drain(descriptor, path: path, limit: limit)
    }

    /// All of standard input, at most `limit` bytes.
    package static func readStandardInput(limit: Int = 100 << 20) throws -> [UInt8] {
        try drain(STDIN_FILENO, path: "standard input", limit: limit)
    }

    /// Writes a file whole or not at all: beside it first, flushed, then renamed.
    package static func write(_ bytes: [UInt8], to path: String, mode: mode_t = 0o644) throws {
        let part = path + ".part"
        let descriptor = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw Failure(operation: "open", path: part, code: errno) }
        defer { close(descriptor) }
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.write(descriptor, $0.baseAddress! + written, bytes.count - written)
            }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw Failure(operation: "write", path: part, code: errno) }
            written += count
        }
        guard fsync(descriptor) == 0 else { throw Failure(operation: "fsync", path: part, code: errno) }
        guard rename(part, path) == 0 else { throw Failure(operation: "rename", path: path, code: errno) }
        try flushFolder(of: path)
    }

    /// Has a file's name survive a power cut.
    static func flushFolder(of path: String) throws {
        let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        let directory = open(folder.isEmpty ? "/" : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { throw Failure(operation: "open", path: folder, code: errno) }
        defer { close(directory) }
        guard fsync(directory) == 0 else { throw Failure(operation: "fsync", path: folder, code: errno) }
    }

    /// Removes a file; one that is not there is no mistake.
    static func remove(_ path: String) throws {
        guard unlink(path) == 0 || errno == ENOENT else { throw Failure(operation: "unlink", path: path, code: errno) }
    }

    /// Makes a folder and those above it; one that is there already is left as it is.
    package static func makeFolder(_ path: String, mode: mode_t = 0o755) throws {
        var built = path.hasPrefix("/") ? "" : "."
        for part in path.split(separator: "/") {
            built += "/" + part
            if mkdir(built, mode) != 0 && errno != EEXIST {
                throw Failure(operation: "mkdir", path: built, code: errno)
            }
        }
    }

    package static func exists(_ path: String) -> Bool {
        access(path, F_OK) == 0
    }

    /// The user id of a file's or folder's owner; nil when it cannot be told.
    package static func owner(_ path: String) -> uid_t? {
        // Not by `stat`: in an optimised build its type may be another C module's, which nobody imports here.
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        return (attributes?[.ownerAccountID] as? NSNumber).map(\.uint32Value)
    }

    /// Who may do what with a file, as `chmod` has it, links followed; nil when it cannot be told.
    package static func mode(_ path: String) -> mode_t? {
        let attributes = try? FileManager.default.attributesOfItem(atPath: real(path))
        return (attributes?[.posixPermissions] as? NSNumber).map(\.uint32Value)
    }

    /// The process's working folder.
    package static func workingFolder() -> String {
        guard let path = getcwd(nil, 0) else { return "/" }
        defer { free(path) }
        return String(cString: path)
    }

    /// `path` as it stands when absolute, else inside `folder`.
    package static func resolve(_ path: String, in folder: String) -> String {
        path.hasPrefix("/") ? path : folder + "/" + path
    }

    /// Where an absolute path leads once links are followed; what is not there yet stays as it is written.
    static func real(_ path: String) -> String {
        if let found = realpath(path, nil) {
            defer { free(found) }
            return String(cString: found)
        }
        let parts = path.split(separator: "/")
        guard let last = parts.last else { return "/" }
        let parent = real("/" + parts.dropLast().joined(separator: "/"))
        return parent == "/" ? "/\(last)" : "\(parent)/\(last)"
    }

    private static func drain(_ descriptor: Int32, path: String, limit: Int) throws -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw Failure(operation: "read", path: path, code: errno) }
            if count == 0 { return bytes }
            bytes.append(contentsOf: buffer[..<count])
            guard bytes.count <= limit else { throw Failure(operation: "read", path: path, code: EFBIG) }
        }
    }
}

/// The process's environment, read once per call.
package enum EnvironmentVariables {
    package static func value(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }
    }
}
