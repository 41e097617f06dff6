import Glibc

/// An open directory, in which every call names an entry and no call follows a link.
///
/// Partners write into some of these directories while the hub reads them. Working from a descriptor, and with
/// `O_NOFOLLOW`, leaves them no moment in which to put a link where a file was checked.
final class Directory: Sendable {
    /// An error of the system, with the call that it came from. Never a name.
    struct Failure: Error, CustomStringConvertible {
        var call: StaticString
        var number: Int32
        var description: String { "\(call): \(String(cString: strerror(number)))" }
    }

    /// What an entry is, without following it.
    struct Entry: Sendable {
        var isRegular: Bool
        var isDirectory: Bool
        var isLink: Bool
        var links: Int
        var size: Int
        /// When name, content or attributes last changed, in seconds since 1970. Unlike the time of modification, its
        /// owner cannot set it.
        var changedAt: Int64
        var device: UInt
        /// Who may do what, in the nine bits of the system.
        var permissions: UInt32
        var owner: UInt32

        init(_ status: stat) {
            let kind = status.st_mode & S_IFMT
            isRegular = kind == S_IFREG
            isDirectory = kind == S_IFDIR
            isLink = kind == S_IFLNK
            links = Int(status.st_nlink)
            size = Int(status.st_size)
            changedAt = Int64(status.st_ctim.tv_sec)
            device = UInt(status.st_dev)
            permissions = status.st_mode & 0o777
            owner = status.st_uid
        }
    }

    private let descriptor: Int32

    /// Opens a directory by its path, or makes it with those above it. The last part may not be a link.
    ///
    /// - Parameter mode: Of what is made.
    init(path: String, making: Bool = false, mode: mode_t = 0o770) throws(Failure) {
        if making {
            var made = path.hasPrefix("/") ? "" : "."
            for part in path.split(separator: "/") {
                made += "/" + part
                if mkdir(made, mode) != 0, errno != EEXIST { throw Failure(call: "mkdir", number: errno) }
            }
        }
        descriptor = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else { throw Failure(call: "open", number: errno) }
    }

    /// Opens a directory within another one.
    init(_ name: FileName, in parent: Directory, making: Bool = false) throws(Failure) {
        if making, name.withPath({ mkdirat(parent.descriptor, $0, 0o770) }) != 0, errno != EEXIST {
            throw Failure(call: "mkdirat", number: errno)
        }
        descriptor = name.withPath { openat(parent.descriptor, $0, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) }
        guard descriptor >= 0 else { throw Failure(call: "openat", number: errno) }
    }

    deinit { close(descriptor) }

    /// What is in it now, in the order of names.
    func names() throws(Failure) -> [FileName] {
        // A descriptor of its own: a directory stream keeps its place in the descriptor that it was made from.
        let copy = openat(descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard copy >= 0, let stream = fdopendir(copy) else { throw Failure(call: "fdopendir", number: errno) }
        defer { closedir(stream) }
        var names: [FileName] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: UInt8.self, capacity: 256) {
                    Array(UnsafeBufferPointer(start: $0, count: strlen($0)))
                }
            }
            if name != Array(".".utf8), name != Array("..".utf8) { names.append(FileName(name)) }
        }
        return names.sorted()
    }

    /// `nil` when there is no such entry.
    func entry(_ name: FileName) -> Entry? {
        var status = stat()
        return name.withPath { fstatat(descriptor, $0, &status, AT_SYMLINK_NOFOLLOW) } == 0 ? Entry(status) : nil
    }

    /// What the directory itself is.
    var itself: Entry {
        var status = stat()
        _ = fstat(descriptor, &status)
        return Entry(status)
    }

    /// Moves an entry of any kind. False when it is not there (any more).
    func move(_ name: FileName, to other: Directory, as newName: FileName? = nil) throws(Failure) -> Bool {
        let result = name.withPath { from in
            (newName ?? name).withPath { to in renameat(descriptor, from, other.descriptor, to) }
        }
        if result == 0 { return true }
        if errno == ENOENT { return false }
        throw Failure(call: "renameat", number: errno)
    }

    /// Makes a directory; false when the name is taken.
    func make(_ name: FileName) throws(Failure) -> Bool {
        if name.withPath({ mkdirat(descriptor, $0, 0o700) }) == 0 { return true }
        if errno == EEXIST { return false }
        throw Failure(call: "mkdirat", number: errno)
    }

    /// Has the names that are in it now on disk.
    func sync() throws(Failure) {
        guard fsync(descriptor) == 0 else { throw Failure(call: "fsync", number: errno) }
    }

    /// Removes a file, or an empty directory; what is not there needs no removal. False when it was not there.
    @discardableResult
    func remove(_ name: FileName, directory: Bool = false) throws(Failure) -> Bool {
        if name.withPath({ unlinkat(descriptor, $0, directory ? AT_REMOVEDIR : 0) }) == 0 { return true }
        if errno == ENOENT { return false }
        throw Failure(call: "unlinkat", number: errno)
    }

    /// Removes an entry with everything below it, following no link.
    /// - Parameter depth: of folders within folders; more is nobody's honest upload and is left where it is.
    func removeAll(_ name: FileName, depth: Int = 32) throws(Failure) {
        guard let entry = entry(name) else { return }
        if entry.isDirectory {
            guard depth > 0 else { throw Failure(call: "removeAll", number: ELOOP) }
            let inner = try Directory(name, in: self)
            for below in try inner.names() { try inner.removeAll(below, depth: depth - 1) }
        }
        try remove(name, directory: entry.isDirectory)
    }

    /// What was found where a plain file was looked for.
    enum Content: Sendable {
        case bytes([UInt8])
        case missing
        /// A link, a directory, a pipe, a device, or a file that has a second name.
        case notPlain
        /// Its permissions forbid it.
        case forbidden
        case tooLarge
    }

    /// Reads a regular file that has one name only, whole.
    ///
    /// The bytes are read once and everything after judges these bytes: the partner may still hold the file open.
    func read(_ name: FileName, maximum: Int) throws(Failure) -> Content {
        // O_NONBLOCK: opening a pipe that nobody writes to would wait for ever.
        let file = name.withPath { openat(descriptor, $0, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC) }
        guard file >= 0 else {
            switch errno {
            case ENOENT: return .missing
            case ELOOP, ENXIO, EISDIR: return .notPlain
            case EACCES, EPERM: return .forbidden
            default: throw Failure(call: "openat", number: errno)
            }
        }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0 else { throw Failure(call: "fstat", number: errno) }
        let entry = Entry(status)
        guard entry.isRegular, entry.links == 1 else { return .notPlain }
        guard entry.size <= maximum else { return .tooLarge }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(entry.size)
        let piece = min(max(entry.size + 1, 4096), 1 << 20)
        while true {
            var failed: Int32 = 0
            let part = [UInt8](unsafeUninitializedCapacity: piece) { buffer, count in
                let got = Glibc.read(file, buffer.baseAddress, buffer.count)
                if got < 0 { failed = errno }
                count = max(got, 0)
            }
            if failed == EINTR { continue }
            if failed != 0 { throw Failure(call: "read", number: failed) }
            if part.isEmpty { return .bytes(bytes) }
            bytes += part
            // It grew while it was read.
            if bytes.count > maximum { return .tooLarge }
        }
    }

    /// Writes a file so that whoever sees its name sees it whole, and so that it outlives a power cut: `name.part`, then
    /// synced, then renamed. An entry of the same name is replaced.
    func write(_ name: FileName, _ bytes: [UInt8], mode: mode_t = 0o640) throws(Failure) {
        try stage(name, bytes, mode: mode)
        try show(name)
        try sync()
    }

    /// The first half of ``write(_:_:mode:)``: the content is on disk as `name.part`.
    func stage(_ name: FileName, _ bytes: [UInt8], mode: mode_t = 0o640) throws(Failure) {
        let part = name.appending(".part")
        // A leftover, or whatever else somebody put there: O_EXCL refuses to write through it.
        try removeAll(part)
        let file = part.withPath { openat(descriptor, $0, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode) }
        guard file >= 0 else { throw Failure(call: "openat", number: errno) }
        try Self.fill(file, bytes)
    }

    /// The second half: what was staged bears its name. It outlives a power cut once the directory is synced (``sync()``).
    ///
    /// Fails when what was staged is not there any more: a partner may clear its own directory at any moment.
    func show(_ name: FileName) throws(Failure) {
        // A file does not take the place of a folder by itself.
        if entry(name)?.isDirectory == true { try removeAll(name) }
        guard try move(name.appending(".part"), to: self, as: name) else {
            throw Failure(call: "renameat", number: ENOENT)
        }
    }

    /// Writes everything, syncs and closes.
    private static func fill(_ file: Int32, _ bytes: [UInt8]) throws(Failure) {
        defer { close(file) }
        var rest = bytes[...]
        while !rest.isEmpty {
            let done = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            if done < 0, errno == EINTR { continue }
            guard done >= 0 else { throw Failure(call: "write", number: errno) }
            rest = rest.dropFirst(done)
        }
        guard fsync(file) == 0 else { throw Failure(call: "fsync", number: errno) }
    }
}
