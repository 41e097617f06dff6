import Crypto
import FoundationEssentials
import Glibc
import NIOPosix
import Synchronization
import Vault

/// The looks of control rooms, written on this node's own disk before an answer leaves, until they are in the ledger.
///
/// The file is made at its full length once, so that a full disk cannot keep a look from being written; looks that come at
/// the same moment share one sync. One thread alone touches the file once it is open. Each look is sealed. Two copies of the
/// header take turns, so that one survives a crash:
///
///     0, 4096   "HUBLOOK1" · wrapped key 65 · turn 8 · generation 8 · merged 8 · SHA-256 of these
///     8192 …    frames: "LOOK" · generation 8 · length 4 · sealed look
///
/// When everything is merged it begins anew, under the next generation and with a key of its own; what is left of an earlier
/// one counts for nothing and opens by no key.
final class LookJournal: Sendable {
    /// Why a look could not be written.
    enum Failure: Error, Sendable, CustomStringConvertible {
        case system(StaticString, Int32)
        /// Nothing was merged for so long that there is no room.
        case full
        case damaged(String)
        /// The disk does not answer.
        case late

        var description: String {
            switch self {
            case .system(let call, let code): "\(call): \(String(cString: strerror(code)))"
            case .full: "the journal of looks is full: they wait for the database"
            case .late: "the disk of the journal of looks does not answer"
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

    /// Where things stand in the file.
    private struct Places {
        var turn: UInt64
        var generation: UInt64
        /// Where the first look begins that is not in the ledger yet.
        var merged: Int64
        /// Where the next frame goes.
        var end: Int64
    }

    /// What the thread that writes is to do.
    private enum Job {
        case look([UInt8], Once)
        case merge(Int64, Once)
        case renewKey(Once)

        var once: Once {
            switch self {
            case .look(_, let once), .merge(_, let once), .renewKey(let once): once
            }
        }
    }

    /// Whoever waits for a job, told once: by the job, or by the end of its patience.
    private final class Once: Sendable {
        let deadline: ContinuousClock.Instant
        private let waiting: Mutex<CheckedContinuation<Void, any Error>?>

        init(_ continuation: CheckedContinuation<Void, any Error>, until deadline: ContinuousClock.Instant) {
            self.deadline = deadline
            waiting = Mutex(continuation)
        }

        var isTold: Bool { waiting.withLock { $0 == nil } }

        func resume(_ result: Result<Void, any Error>) {
            waiting.withLock { waiting in
                defer { waiting = nil }
                return waiting
            }?.resume(with: result)
        }
    }

    /// Tells those whose patience has ended: one timer for all of them, however many there are.
    private final class Watch: Sendable {
        /// How much longer than its patience somebody may wait.
        private static let interval = Duration.milliseconds(50)

        private struct State {
            /// Those who wait, and some who were told since it last looked.
            var waiting: [Once] = []
            var isLooking = false
        }

        private let state = Mutex(State())

        func add(_ once: Once) {
            let begins = state.withLock { state in
                state.waiting.append(once)
                defer { state.isLooking = true }
                return !state.isLooking
            }
            // Unstructured: the disk cannot be told to stop, and nobody is to wait for it.
            if begins { Task { await look() } }
        }

        private func look() async {
            var isOver = false
            while !isOver {
                try? await Task.sleep(for: Self.interval)
                let now = ContinuousClock.now
                let late: [Once]
                (late, isOver) = state.withLock { state in
                    state.waiting.removeAll(where: \.isTold)
                    let late = state.waiting.filter { $0.deadline <= now }
                    state.waiting.removeAll { $0.deadline <= now }
                    state.isLooking = !state.waiting.isEmpty
                    return (late, state.waiting.isEmpty)
                }
                for once in late { once.resume(.failure(Failure.late)) }
            }
        }
    }

    private struct State {
        /// As the last sync left them; only the writing thread changes them.
        var places: Places
        var jobs: [Job] = []
        var isWriting = false
        /// After an error of the disk nobody knows what stands there, even where a later sync succeeds: nothing is written
        /// any more until the journal is opened anew.
        var isBroken = false
    }

    private let descriptor: Int32
    private let capacity: Int64
    private struct Sealing {
        var key: DataKey
        var wrapped: [UInt8]
        var since = ContinuousClock.now

        init(_ key: DataKey, _ wrapped: [UInt8]) { (self.key, self.wrapped) = (key, wrapped) }
    }

    /// Changed by the writing thread only.
    private let sealing: Mutex<Sealing>
    private let vault: Vault
    private let state: Mutex<State>
    private let writer = NIOThreadPool(numberOfThreads: 1)
    private let watch = Watch()

    /// Opens the journal, or makes it at its full length.
    ///
    /// - Parameter capacity: Its length in bytes; one that is longer stays so.
    /// - Throws: ``Failure``, where it cannot be made, or is another installation's.
    init(_ path: String, capacity: Int, vault: Vault) throws {
        self.vault = vault
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Failure.system("open", errno) }
        var places: Places
        do {
            guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else { throw Failure.system("flock", errno) }
            try Self.lengthen(descriptor, to: capacity)
            let length = lseek(descriptor, 0, SEEK_END)
            guard length >= 0 else { throw Failure.system("lseek", errno) }
            self.capacity = Int64(length)
            if let header = Self.header(of: descriptor) {
                do {
                    sealing = Mutex(Sealing(try vault.unwrap(header.wrapped, isRemembered: false), header.wrapped))
                } catch { throw Failure.damaged("\(error)") }
                places = Places(
                    turn: header.turn, generation: header.generation, merged: header.merged, end: header.merged)
            } else {
                guard Self.isUntouched(descriptor) else { throw Failure.damaged("neither header can be read") }
                let (key, wrapped) = vault.newDataKey()
                sealing = Mutex(Sealing(key, wrapped))
                places = Places(turn: 0, generation: 1, merged: Self.start, end: Self.start)
            }
            self.descriptor = descriptor
            state = Mutex(State(places: places))
        } catch {
            close(descriptor)
            throw error
        }
        places.end = try scan(from: places.merged, places.generation).end
        // Of a new journal both copies.
        if places.turn == 0 { try writeHeader(&places) }
        try writeHeader(&places)
        state.withLock { $0.places = places }
        writer.start()
    }

    deinit { close(descriptor) }

    /// Takes the room that is missing, and writes to all of it: the first write to what was only promised would make the
    /// file system note that it is there, and a look would wait for the note.
    private static func lengthen(_ descriptor: Int32, to capacity: Int) throws {
        let length = lseek(descriptor, 0, SEEK_END)
        guard length >= 0 else { throw Failure.system("lseek", errno) }
        guard length < capacity else { return }
        let code = posix_fallocate(descriptor, length, off_t(capacity) - length)
        guard code == 0 else { throw Failure.system("posix_fallocate", code) }
        var place = Int64(length)
        let zeros = [UInt8](repeating: 0, count: 1 << 20)
        while place < capacity {
            let count = min(zeros.count, capacity - Int(place))
            try write(zeros[..<count], to: descriptor, at: place)
            place += Int64(count)
        }
        guard fdatasync(descriptor) == 0 else { throw Failure.system("fdatasync", errno) }
    }

    /// Writes a look, so that it survives whatever happens to the process and the machine.
    ///
    /// - Parameter patience: How long the disk may take.
    /// - Throws: ``Failure``; then it is not known whether it was written.
    func append(_ bytes: [UInt8], patience: Duration = .seconds(1)) async throws {
        try await submit(patience: patience) { .look(bytes, $0) }
    }

    /// Notes that the looks up to `end` are in the ledger. Where that is lost they are brought once more.
    func merge(upTo end: Int64) async throws {
        try await submit(patience: .seconds(30)) { .merge(end, $0) }
    }

    /// Has the journal sealed by a key that the installation's current one wraps: where all is merged by a new one, for a new
    /// generation. Also once in a while where there is something that is merged: then what stands there opens no more.
    func renewKey(after age: Duration = .seconds(3600)) async throws {
        let (mark, since) = sealing.withLock { (Vault.mark(of: $0.wrapped), $0.since) }
        let isOld =
            since.duration(to: .now) > age
            && state.withLock { state in
                state.places.merged == state.places.end && state.places.end > Self.start
            }
        guard mark != vault.keyMark || isOld else { return }
        try await submit(patience: .seconds(30)) { .renewKey($0) }
    }

    /// The mark of the key by which it is wrapped.
    var mark: [UInt8]? { Vault.mark(of: sealing.withLock { $0.wrapped }) }

    private var key: DataKey { sealing.withLock { $0.key } }

    private func submit(patience: Duration, _ job: (Once) -> Job) async throws {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            let once = Once(continuation, until: .now + patience)
            let begins = state.withLock { state in
                state.jobs.append(job(once))
                defer { state.isWriting = true }
                return !state.isWriting
            }
            if begins { writer.submit { [self] _ in work() } }
            watch.add(once)
        }
    }

    /// Looks that are not in the ledger yet, the oldest first; how many among them cannot be read; and where they end.
    func unmerged(limit: Int) throws -> (looks: [[UInt8]], unreadable: Int, end: Int64)? {
        let places = state.withLock { $0.places }
        guard places.merged < places.end else { return nil }
        let found = try scan(from: places.merged, places.generation, until: places.end, limit: limit)
        return (found.looks.compactMap { $0 }, found.looks.count { $0 == nil } + found.gaps, found.end)
    }

    /// How many bytes of looks are not in the ledger yet, how many there is room for, and whether none can be written.
    var fill: (used: Int64, of: Int64, isBroken: Bool) {
        state.withLock { ($0.places.end - $0.places.merged, capacity - Self.start, $0.isBroken) }
    }

    /// What share of the file is written; it begins anew once all is in the ledger, and where it ends no look has room.
    var written: Double {
        state.withLock { Double($0.places.end - Self.start) / Double(capacity - Self.start) }
    }

    // MARK: Writing

    private func work() {
        while true {
            let (jobs, places, isBroken) = state.withLock { state in
                let jobs = state.jobs
                state.jobs = []
                if jobs.isEmpty { state.isWriting = false }
                return (jobs, state.places, state.isBroken)
            }
            guard !jobs.isEmpty else { return }
            guard !isBroken else {
                answer(jobs, .failure(Failure.damaged("an earlier look could not be written")))
                continue
            }
            do {
                let (done, refused, next) = try perform(jobs, places)
                state.withLock { $0.places = next }
                answer(done, .success(()))
                answer(refused, .failure(Failure.full))
            } catch {
                state.withLock { $0.isBroken = true }
                answer(jobs, .failure(error))
            }
        }
    }

    private func answer(_ jobs: [Job], _ result: Result<Void, any Error>) {
        for job in jobs { job.once.resume(result) }
    }

    /// Writes and syncs what jobs ask for.
    private func perform(_ jobs: [Job], _ places: Places) throws -> (done: [Job], refused: [Job], Places) {
        var places = places
        var (done, refused): ([Job], [Job]) = ([], [])
        for case .merge(let end, _) in jobs { places.merged = max(places.merged, min(end, places.end)) }
        let merges = jobs.filter { if case .merge = $0 { true } else { false } }
        if !merges.isEmpty { try writeHeader(&places) }
        done += merges
        let renewals = jobs.filter { if case .renewKey = $0 { true } else { false } }
        if renewals.isEmpty {
            let worth = min(Self.worthBeginning, (capacity - Self.start) / 2)
            if places.merged == places.end, places.end - Self.start >= worth { try beginAnew(&places) }
        } else {
            try renewKey(&places)
        }
        done += renewals
        let key = self.key
        var bytes: [UInt8] = []
        for job in jobs {
            guard case .look(let look, _) = job else { continue }
            let place = places.end + Int64(bytes.count)
            let sealed = vault.seal(look, with: key, context: Self.context(places.generation, place))
            guard sealed.count <= Self.longest, place + Int64(Self.frameHeader + sealed.count) <= capacity else {
                refused.append(job)
                continue
            }
            bytes += Self.frameMagic
            withUnsafeBytes(of: places.generation.bigEndian) { bytes.append(contentsOf: $0) }
            withUnsafeBytes(of: UInt32(sealed.count).bigEndian) { bytes.append(contentsOf: $0) }
            bytes += sealed
            done.append(job)
        }
        if !bytes.isEmpty {
            try write(bytes, at: places.end)
            guard fdatasync(descriptor) == 0 else { throw Failure.system("fdatasync", errno) }
            places.end += Int64(bytes.count)
        }
        return (done, refused, places)
    }

    /// Begins the next generation, where all is merged. The header says so before a frame does.
    private func beginAnew(_ places: inout Places) throws {
        let (key, wrapped) = vault.newDataKey()
        sealing.withLock { $0 = Sealing(key, wrapped) }
        places.generation += 1
        places.merged = Self.start
        places.end = Self.start
        try writeHeader(&places)
        // The copy before names the earlier key.
        try writeHeader(&places)
    }

    private func renewKey(_ places: inout Places) throws {
        if places.merged == places.end { return try beginAnew(&places) }
        let (key, wrapped) = sealing.withLock { ($0.key, $0.wrapped) }
        let rewrapped = try vault.rewrap(wrapped)
        sealing.withLock { $0 = Sealing(key, rewrapped) }
        try writeHeader(&places)
        try writeHeader(&places)
    }

    private func write(_ bytes: [UInt8], at place: Int64) throws {
        try Self.write(bytes[...], to: descriptor, at: place)
    }

    private static func write(_ bytes: ArraySlice<UInt8>, to descriptor: Int32, at place: Int64) throws {
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

    private func writeHeader(_ places: inout Places) throws {
        places.turn += 1
        var header = Self.magic + sealing.withLock { $0.wrapped }
        for number in [places.turn, places.generation, UInt64(places.merged)] {
            withUnsafeBytes(of: number.bigEndian) { header.append(contentsOf: $0) }
        }
        header += SHA256.hash(data: header)
        try write(header, at: places.turn % 2 == 0 ? 0 : Int64(Self.headerBlock))
        guard fdatasync(descriptor) == 0 else { throw Failure.system("fdatasync", errno) }
    }

    // MARK: Reading

    private static func context(_ generation: UInt64, _ place: Int64) -> String {
        "emergency journal/\(generation)/\(place)"
    }

    /// The frames of a generation, from a place on: nil for one that cannot be opened, and in how many places something
    /// stands between them that is no frame. What is last and cannot be opened was being written as the machine stopped, and
    /// nobody was answered by it.
    private func scan(
        from first: Int64, _ generation: UInt64, until end: Int64 = .max, limit: Int = .max
    ) throws -> (looks: [[UInt8]?], gaps: Int, end: Int64) {
        var (looks, gaps): ([[UInt8]?], Int) = ([], 0)
        var (place, whole) = (first, first)
        var (kept, keptGaps) = (0, 0)
        while place < min(end, capacity), looks.count < limit {
            guard let (look, next) = try frame(at: place, generation) else {
                guard let found = try search(from: place + 1, until: min(end, capacity), generation) else { break }
                gaps += 1
                place = found
                continue
            }
            looks.append(look)
            place = next
            if look != nil || end != .max { (whole, kept, keptGaps) = (place, looks.count, gaps) }
        }
        // Of those known to be written none is left out.
        if end != .max, looks.count < limit { return (looks, gaps + (place < end ? 1 : 0), end) }
        return (Array(looks.prefix(kept)), keptGaps, whole)
    }

    /// The frame at a place, with where it ends; nil where none of the generation begins there.
    private func frame(at place: Int64, _ generation: UInt64) throws -> (look: [UInt8]?, end: Int64)? {
        let header = try read(Self.frameHeader, at: place)
        guard header.count == Self.frameHeader, Array(header[..<4]) == Self.frameMagic,
            Self.number(header[4..<12]) == generation
        else { return nil }
        let length = Int(Self.number(header[12..<16]))
        guard (1...Self.longest).contains(length) else { return nil }
        let sealed = try read(length, at: place + Int64(Self.frameHeader))
        guard sealed.count == length else { return nil }
        let look = try? vault.open(sealed, with: key, context: Self.context(generation, place))
        return (look, place + Int64(Self.frameHeader + length))
    }

    /// Where the next frame begins that can be opened, behind something that is none.
    private func search(from first: Int64, until end: Int64, _ generation: UInt64) throws -> Int64? {
        let pattern = Self.frameMagic + withUnsafeBytes(of: generation.bigEndian) { Array($0) }
        var place = first
        while place < end {
            let chunk = try read(Int(min(1 << 20, end - place)), at: place)
            guard chunk.count > pattern.count else { return nil }
            for offset in 0...(chunk.count - pattern.count) where chunk[offset] == pattern[0] {
                guard chunk[offset..<offset + pattern.count].elementsEqual(pattern) else { continue }
                if try frame(at: place + Int64(offset), generation)?.look != nil { return place + Int64(offset) }
            }
            place += Int64(chunk.count - pattern.count + 1)
        }
        return nil
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
