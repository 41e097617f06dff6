import Crypto
import FoundationEssentials
import Glibc
import NIOPosix
import Synchronization
import Vault

/// The looks of control rooms, written on this node's own disk before an answer leaves, until they are in the ledger.
///
/// The file is made at its full length once, so that a full disk cannot keep a look from being written; looks that come at
/// the same moment share one sync. Each is sealed. Two copies of the header take turns, so that one survives a crash:
///
///     0, 4096   "HUBLOOK1" · wrapped key 65 · turn 8 · generation 8 · merged 8 · SHA-256 of these
///     8192 …    frames: "LOOK" · generation 8 · length 4 · sealed look
///
/// When everything is merged it begins anew, under the next generation; what is left of an earlier one counts for nothing.
final class LookJournal: Sendable {
    /// Why a look could not be written.
    enum Failure: Error, Sendable, CustomStringConvertible {
        case system(StaticString, Int32)
        /// Nothing was merged for so long that there is no room.
        case full
        case damaged(String)

        var description: String {
            switch self {
            case .system(let call, let code): "\(call): \(String(cString: strerror(code)))"
            case .full: "the journal of looks is full: they wait for the database"
            case .damaged(let what): "the journal of looks is damaged: \(what)"
            }
        }
    }

    private static let magic = Array("HUBLOOK1".utf8)
    private static let frameMagic = Array("LOOK".utf8)
    private static let headerBlock = 4096
    private static let start: Int64 = 8192
    private static let frameHeader = 16
    private static let longest = 64 << 10
    /// From how many bytes on it begins anew once all is merged.
    private static let worthBeginning: Int64 = 1 << 20

    private struct Pending {
        var bytes: [UInt8]
        var written: CheckedContinuation<Void, any Error>
    }

    private struct State {
        var turn: UInt64
        var generation: UInt64
        /// Where the first look begins that is not in the ledger yet.
        var merged: Int64
        /// Where the next frame goes.
        var end: Int64
        var pending: [Pending] = []
        var isWriting = false
        /// After an error of the disk nobody knows what stands there, even where a later sync succeeds: nothing is written
        /// any more until the journal is opened anew.
        var isBroken = false
    }

    private let descriptor: Int32
    private let capacity: Int64
    private let wrapped: [UInt8]
    private let key: DataKey
    private let vault: Vault
    private let state: Mutex<State>
    private let writer = NIOThreadPool(numberOfThreads: 1)

    /// Opens the journal, or makes it at its full length.
    ///
    /// - Throws: ``Failure``, where it cannot be made, or is another installation's.
    init(_ path: String, capacity: Int, vault: Vault) throws {
        self.vault = vault
        self.capacity = Int64(capacity)
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Failure.system("open", errno) }
        do {
            guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else { throw Failure.system("flock", errno) }
            let code = posix_fallocate(descriptor, 0, off_t(capacity))
            guard code == 0 else { throw Failure.system("posix_fallocate", code) }
            if let header = Self.header(of: descriptor) {
                wrapped = header.wrapped
                do { key = try vault.unwrap(header.wrapped) } catch { throw Failure.damaged("\(error)") }
                state = Mutex(
                    State(turn: header.turn, generation: header.generation, merged: header.merged, end: header.merged))
            } else {
                guard Self.isUntouched(descriptor) else { throw Failure.damaged("neither header can be read") }
                (key, wrapped) = vault.newDataKey()
                state = Mutex(State(turn: 0, generation: 1, merged: Self.start, end: Self.start))
            }
        } catch {
            close(descriptor)
            throw error
        }
        self.descriptor = descriptor
        try state.withLock { state in
            state.end = try scan(from: state.merged, state.generation).last?.end ?? state.merged
            // Of a new journal both copies.
            if state.turn == 0 { try writeHeader(&state) }
            try writeHeader(&state)
        }
        writer.start()
    }

    deinit { close(descriptor) }

    /// Writes a look, so that it survives whatever happens to the process and the machine.
    ///
    /// - Throws: ``Failure``; then it is not known whether it was written.
    func append(_ bytes: [UInt8]) async throws {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            let begins = state.withLock { state in
                state.pending.append(Pending(bytes: bytes, written: continuation))
                defer { state.isWriting = true }
                return !state.isWriting
            }
            if begins { writer.submit { [self] _ in drain() } }
        }
    }

    /// Looks that are not in the ledger yet, the oldest first, and where they end.
    func unmerged(limit: Int) throws -> (looks: [[UInt8]], end: Int64)? {
        let (merged, end, generation) = state.withLock { ($0.merged, $0.end, $0.generation) }
        guard merged < end else { return nil }
        let frames = try scan(from: merged, generation, until: end, limit: limit)
        guard let last = frames.last else { throw Failure.damaged("a look that was written cannot be read") }
        return (frames.compactMap(\.look), last.end)
    }

    /// How many bytes of looks are not in the ledger yet, and how many there is room for.
    var fill: (used: Int64, of: Int64) { state.withLock { ($0.end - $0.merged, capacity - Self.start) } }

    /// Notes that the looks up to `end` are in the ledger. Where it is lost they are brought once more.
    func merge(upTo end: Int64) throws {
        try state.withLock { state in
            state.merged = end
            try writeHeader(&state)
        }
    }

    // MARK: Writing

    private func drain() {
        while true {
            let (batch, end, generation, isBroken) = state.withLock { state in
                let batch = state.pending
                state.pending = []
                if batch.isEmpty { state.isWriting = false } else { beginAnew(&state) }
                return (batch, state.end, state.generation, state.isBroken)
            }
            guard !batch.isEmpty else { return }
            var bytes: [UInt8] = []
            var taken: [Pending] = []
            for pending in batch {
                let place = end + Int64(bytes.count)
                guard !isBroken else {
                    pending.written.resume(throwing: Failure.damaged("an earlier look could not be written"))
                    continue
                }
                let sealed = vault.seal(pending.bytes, with: key, context: Self.context(generation, place))
                guard sealed.count <= Self.longest, place + Int64(Self.frameHeader + sealed.count) <= capacity else {
                    pending.written.resume(throwing: Failure.full)
                    continue
                }
                bytes += Self.frameMagic
                withUnsafeBytes(of: generation.bigEndian) { bytes.append(contentsOf: $0) }
                withUnsafeBytes(of: UInt32(sealed.count).bigEndian) { bytes.append(contentsOf: $0) }
                bytes += sealed
                taken.append(pending)
            }
            do {
                try write(bytes, at: end)
                guard fdatasync(descriptor) == 0 else { throw Failure.system("fdatasync", errno) }
                state.withLock { $0.end = end + Int64(bytes.count) }
                for pending in taken { pending.written.resume() }
            } catch {
                state.withLock { $0.isBroken = true }
                for pending in taken { pending.written.resume(throwing: error) }
            }
        }
    }

    /// Begins the next generation once all is merged and much has been written. The header says so before a frame does.
    private func beginAnew(_ state: inout State) {
        let worth = min(Self.worthBeginning, (capacity - Self.start) / 2)
        guard !state.isBroken, state.merged == state.end, state.end - Self.start >= worth else { return }
        var next = state
        next.generation += 1
        next.merged = Self.start
        next.end = Self.start
        do {
            try writeHeader(&next)
            state = next
        } catch {
            // It may say so or not: neither generation can be relied on.
            state.isBroken = true
        }
    }

    private func write(_ bytes: [UInt8], at place: Int64) throws {
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes {
                pwrite(descriptor, $0.baseAddress! + done, bytes.count - done, off_t(place) + off_t(done))
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw Failure.system("pwrite", errno) }
            done += count
        }
    }

    private func writeHeader(_ state: inout State) throws {
        state.turn += 1
        var header = Self.magic + wrapped
        for number in [state.turn, state.generation, UInt64(state.merged)] {
            withUnsafeBytes(of: number.bigEndian) { header.append(contentsOf: $0) }
        }
        header += SHA256.hash(data: header)
        try write(header, at: state.turn % 2 == 0 ? 0 : Int64(Self.headerBlock))
        guard fdatasync(descriptor) == 0 else { throw Failure.system("fdatasync", errno) }
    }

    // MARK: Reading

    private struct Frame {
        /// Nil for one that cannot be opened.
        var look: [UInt8]?
        var end: Int64
    }

    private static func context(_ generation: UInt64, _ place: Int64) -> String {
        "emergency journal/\(generation)/\(place)"
    }

    /// The frames of a generation, from a place on. The first that is not whole ends them: it was being written as the
    /// machine stopped, and nobody was answered by it.
    private func scan(
        from first: Int64, _ generation: UInt64, until end: Int64 = .max, limit: Int = .max
    ) throws -> [Frame] {
        var frames: [Frame] = []
        var place = first
        while place < min(end, capacity), frames.count < limit {
            let header = try read(Self.frameHeader, at: place)
            guard header.count == Self.frameHeader, Array(header[..<4]) == Self.frameMagic,
                Self.number(header[4..<12]) == generation
            else { break }
            let length = Int(Self.number(header[12..<16]))
            guard (1...Self.longest).contains(length) else { break }
            let sealed = try read(length, at: place + Int64(Self.frameHeader))
            guard sealed.count == length else { break }
            let look = try? vault.open(sealed, with: key, context: Self.context(generation, place))
            place += Int64(Self.frameHeader + length)
            frames.append(Frame(look: look, end: place))
        }
        while frames.last.map({ $0.look == nil }) == true, end == .max { frames.removeLast() }
        return frames
    }

    private func read(_ count: Int, at place: Int64) throws -> [UInt8] { try Self.read(descriptor, count, at: place) }

    private static func read(_ descriptor: Int32, _ count: Int, at place: Int64) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var done = 0
        while done < count {
            let got = bytes.withUnsafeMutableBytes {
                pread(descriptor, $0.baseAddress! + done, count - done, off_t(place) + off_t(done))
            }
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else { throw Failure.system("pread", errno) }
            if got == 0 { break }
            done += got
        }
        return Array(bytes.prefix(done))
    }

    private static func number(_ bytes: some Sequence<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }

    private static func header(
        of descriptor: Int32
    ) -> (wrapped: [UInt8], turn: UInt64, generation: UInt64, merged: Int64)? {
        let length = magic.count + 65 + 24
        let headers = [0, Int64(headerBlock)].compactMap {
            place -> (wrapped: [UInt8], turn: UInt64, generation: UInt64, merged: Int64)? in
            guard let bytes = try? read(descriptor, length + 32, at: place), bytes.count == length + 32,
                Array(bytes[..<8]) == magic, Array(SHA256.hash(data: bytes[..<length])) == Array(bytes[length...])
            else { return nil }
            let numbers = [73, 81, 89].map { number(bytes[$0..<$0 + 8]) }
            return (Array(bytes[8..<73]), numbers[0], numbers[1], Int64(numbers[2]))
        }
        return headers.max { $0.turn < $1.turn }
    }

    /// Whether nothing was ever written to it.
    private static func isUntouched(_ descriptor: Int32) -> Bool {
        (try? read(descriptor, Int(start) + frameHeader, at: 0).allSatisfy { $0 == 0 }) ?? false
    }
}
