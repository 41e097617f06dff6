import Glibc
import Referral
import Vault

/// What this node must know to answer control rooms, on its own disk and sealed, for a start without the database.
///
/// Changes are added at its end. Whenever something is taken away it is written anew, so that nothing stays in it that was
/// removed; also when it has grown to twice what it need be.
///
///     "HUBSNAP1" · wrapped key 65 · frames: length 4 · sealed JSON
struct SnapshotFile {
    private static let magic = Array("HUBSNAP1".utf8)
    private static let longest = 1 << 20

    private let path: String
    private let vault: Vault
    private var key: DataKey
    private var wrapped: [UInt8]
    private var frames = 0
    private var size = 0
    /// Its size when it was last written anew.
    private var leastSize = 0

    /// - Parameter path: Of the file, which need not be there.
    init(_ path: String, vault: Vault) {
        self.path = path
        self.vault = vault
        (key, wrapped) = vault.newDataKey()
    }

    /// Everything in it, in the order in which it was added; nothing where there is no file, or none of this installation.
    /// What was being added as the machine stopped is not among it.
    mutating func read() -> [Value] {
        guard let bytes = try? LocalFile.read(path, limit: 1 << 30), bytes.starts(with: Self.magic),
            bytes.count >= 73, let key = try? vault.unwrap(Array(bytes[8..<73]), isRemembered: false)
        else { return [] }
        (self.key, wrapped) = (key, Array(bytes[8..<73]))
        var values: [Value] = []
        var place = 73
        while place + 4 <= bytes.count {
            let length = bytes[place..<place + 4].reduce(0) { $0 << 8 | Int($1) }
            guard (1...Self.longest).contains(length), place + 4 + length <= bytes.count,
                let plain = try? vault.open(
                    Array(bytes[place + 4..<place + 4 + length]), with: key, context: Self.context(values.count)),
                let value = try? StrictJSON.parse(plain)
            else { break }
            values.append(value)
            place += 4 + length
        }
        // What could not be read would part what is added from what is read.
        frames = place == bytes.count ? values.count : -1
        (size, leastSize) = (place, place)
        return values
    }

    /// Whether it should be written anew instead of being added to: also once its key is wrapped by one that wraps no more.
    var isWorn: Bool { frames <= 0 || size > max(1 << 20, 2 * leastSize) || mark != vault.keyMark }

    /// The mark of the key by which it is wrapped.
    var mark: [UInt8]? { Vault.mark(of: wrapped) }

    /// Adds to it.
    mutating func append(_ values: [Value]) throws {
        var bytes: [UInt8] = []
        for value in values { bytes += frame(value) }
        let descriptor = open(path, O_WRONLY | O_APPEND | O_CLOEXEC)
        guard descriptor >= 0 else {
            frames = -1
            throw LocalFile.Failure(operation: "open", path: path, code: errno)
        }
        defer { close(descriptor) }
        let written = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress!, $0.count) }
        guard written == bytes.count, fdatasync(descriptor) == 0 else {
            frames = -1
            throw LocalFile.Failure(operation: "write", path: path, code: errno)
        }
        size += bytes.count
    }

    /// Writes it anew, under a key of its own.
    mutating func write(_ values: [Value]) throws {
        (key, wrapped) = vault.newDataKey()
        frames = 0
        var bytes = Self.magic + wrapped
        for value in values { bytes += frame(value) }
        do {
            try LocalFile.write(bytes, to: path, mode: 0o600)
        } catch {
            frames = -1
            throw error
        }
        (size, leastSize) = (bytes.count, bytes.count)
    }

    private mutating func frame(_ value: Value) -> [UInt8] {
        let sealed = vault.seal(StrictJSON.write(value), with: key, context: Self.context(frames))
        frames += 1
        return withUnsafeBytes(of: UInt32(sealed.count).bigEndian) { Array($0) } + sealed
    }

    private static func context(_ frame: Int) -> String { "emergency snapshot/\(frame)" }
}
