import Crypto
import FoundationEssentials

/// The folders of one partner on disk, and every step that is taken in them. Synchronous; each step survives being the last
/// one before a crash.
///
/// ```
/// <drop>/<partner>/in/NAME, NAME.sha256, NAME.done      the partner's
///   └─ claim ─▶ <state>/claimed/<partner>/<claim>/…     ours: the partner cannot reach it
///        │  begin ─▶ <claim>.try1, .try2, .try3: attempts that have not come to an end
///        ├─ answer ──▶ <drop>/<partner>/ack/NAME.ack.json ∣ NAME.nack.json, then the claim is removed
///        └─ set aside ─▶ <state>/refused/<partner>/<claim>/… with the nack, which the partner gets too
/// ```
struct DropBox: Sendable {
    let partner: String
    /// For the watcher.
    let incomingPath: String
    let limits: DropFolder.Configuration
    private let refusedPath: String
    private let incoming: Directory
    let answers: Directory
    let claimed: Directory
    private let refused: Directory

    init(partner: String, limits: DropFolder.Configuration) throws {
        self.partner = partner
        self.limits = limits
        let folder = "\(limits.root)/\(partner)"
        incomingPath = "\(folder)/in"
        refusedPath = "\(limits.state)/refused/\(partner)"
        incoming = try Directory(path: incomingPath, making: true)
        answers = try Directory(path: "\(folder)/ack", making: true)
        _ = try Directory(path: "\(folder)/out", making: true)
        claimed = try Directory(path: "\(limits.state)/claimed/\(partner)", making: true)
        refused = try Directory(path: refusedPath, making: true)
        guard incoming.itself.device == claimed.itself.device, claimed.itself.device == refused.itself.device else {
            throw ChannelConfigurationError(
                setting: "drop.state",
                problem: "must be on the same file system as the drop folder, so that files can be renamed")
        }
    }

    /// A set of files that the hub has taken; `name` is that of the file itself.
    ///
    /// Its folder is not held open: two groups of four partners would hold hundreds. Nobody else reaches it.
    struct ClaimedSet: Sendable {
        var claim: DropClaim
        var name: FileName
        /// Of the file when the set was opened, in bytes.
        var size = 0
        /// Whether this process's attempt is among those that are counted.
        var isCounted = false
    }

    // MARK: Taking

    /// One look at the incoming folder: claims every complete set, clears away what can no longer become one.
    ///
    /// A set that cannot be treated, such as one that the file system does not let go, disturbs none of the others.
    func survey(now: Int64) throws -> (reports: [DropReport], trouble: (any Error)?) {
        var reports: [DropReport] = []
        var trouble: (any Error)?
        var sets: [FileName: Set<String>] = [:]
        for name in try incoming.names() {
            let suffix = [".done", ".sha256", ".part"].first { name.dropping($0) != nil } ?? ""
            sets[name.dropping(suffix) ?? name, default: []].insert(suffix)
        }
        // After what is claimed already, so that claims stand in the order in which they were made.
        var number = try claims().compactMap { $0.number(at: now) }.max().map { $0 + 1 } ?? 0
        for (name, parts) in sets.sorted(by: { $0.key < $1.key }) {
            do {
                if parts.isSuperset(of: ["", ".done"]) {
                    try claim(name, now: now, number: &number)
                } else if let report = try clear(name, parts, now: now) {
                    reports.append(report)
                }
            } catch { trouble = error }
        }
        return (reports, trouble)
    }

    /// Takes a set out of the partner's reach. The marker goes first: whoever gets it owns the set, and after a crash the
    /// rest is found by it.
    private func claim(_ name: FileName, now: Int64, number: inout Int) throws {
        let id = try newFolder(in: claimed, now: now, from: &number)
        let directory = try Directory(id, in: claimed)
        guard try incoming.move(name.appending(".done"), to: directory) else {
            try claimed.remove(id, directory: true)
            return
        }
        try gather(name, into: directory)
        // It vanished between the look and the claim: the marker goes back and waits for its file like any other.
        if directory.entry(name) == nil {
            _ = try directory.move(name.appending(".done"), to: incoming)
            try claimed.removeAll(id)
        }
    }

    /// Brings the file and its digest to their marker.
    private func gather(_ name: FileName, into directory: Directory) throws {
        // A new set of the same name has begun to arrive: its parts are not ours to take.
        let hasFile = directory.entry(name) != nil
        guard incoming.entry(name.appending(".done")) == nil, !hasFile || incoming.entry(name) == nil else { return }
        for part in [name, name.appending(".sha256")] where directory.entry(part) == nil {
            _ = try incoming.move(part, to: directory)
        }
    }

    /// Everything taken and not answered yet, oldest first: also what a crash left behind.
    func claims() throws -> [DropClaim] { try claimed.names().map(DropClaim.init).sorted() }

    /// A set that was taken; `nil` when nothing in it is owed an answer.
    func open(_ claim: DropClaim) throws -> ClaimedSet? {
        let directory = try Directory(claim.folder, in: claimed)
        guard let name = try directory.names().compactMap({ $0.dropping(".done") }).first else {
            // Made or answered just when the hub stopped.
            try claimed.removeAll(claim.folder)
            return nil
        }
        // What cannot be brought is missing, and is answered as that.
        try? gather(name, into: directory)
        return ClaimedSet(claim: claim, name: name, size: directory.entry(name)?.size ?? 0)
    }

    // MARK: Clearing

    /// Sets aside what waited too long for the rest of its set, and removes uploads that were given up.
    private func clear(_ name: FileName, _ parts: Set<String>, now: Int64) throws -> DropReport? {
        let entries = parts.compactMap { incoming.entry(name.appending($0)) }
        guard let changedAt = entries.map(\.changedAt).max() else { return nil }
        let age = Duration.seconds(now - changedAt)
        guard !parts.contains(".part") else {
            guard age >= limits.partRemovedAfter else { return nil }
            let part = name.appending(".part")
            if incoming.entry(part)?.isDirectory == true {
                return try setAside(name, parts: [".part"], because: .stalePart, now: now)
            }
            try incoming.remove(part)
            return report(name, .stalePart, movedTo: nil)
        }
        guard age >= limits.incompleteAfter else { return nil }
        let complaint: Complaint = parts.contains(".done") ? .fileMissing : .markerMissing
        try nack(name, complaint, now: now)
        return try setAside(name, parts: parts.sorted(), because: complaint, now: now)
    }

    // MARK: Reading

    enum Reading: Sendable {
        case file(DroppedFile)
        case refused(Complaint)
    }

    /// The file of a claim, if it is what it says it is.
    func read(_ set: ClaimedSet) throws -> Reading {
        guard set.name.isTaken else { return .refused(.name) }
        let directory = try Directory(set.claim.folder, in: claimed)
        guard directory.entry(set.name.appending(".done"))?.isRegular == true else {
            return .refused(.notPlain)
        }
        let bytes: [UInt8]
        switch try directory.read(set.name, maximum: limits.maximumBytes) {
        case .bytes(let read): bytes = read
        case .missing: return .refused(.fileMissing)
        case .notPlain: return .refused(.notPlain)
        case .forbidden: return .refused(.forbidden)
        case .tooLarge: return .refused(.tooLarge)
        }
        let stated: [UInt8]
        switch try directory.read(set.name.appending(".sha256"), maximum: 1024) {
        case .bytes(let read): stated = read
        case .missing: return .refused(.digestMissing)
        case .notPlain: return .refused(.notPlain)
        case .forbidden: return .refused(.forbidden)
        case .tooLarge: return .refused(.digest)
        }
        let digest = Hexadecimal.text(SHA256.hash(data: bytes))
        guard Self.states(stated, digest, of: set.name) else { return .refused(.digest) }
        return .file(DroppedFile(partner: partner, name: set.name.shown, bytes: bytes, sha256: digest))
    }

    /// Whether a `.sha256` file, `<64 hex>  name` as sha256sum writes it, states this digest of this file. The name may be
    /// left out or carry a folder.
    private static func states(_ content: [UInt8], _ digest: String, of name: FileName) -> Bool {
        let text = String(decoding: content, as: UTF8.self).drop { $0 == "\u{FEFF}" || $0.isWhitespace }
        guard text.prefix(64).lowercased() == digest else { return false }
        let rest = text.dropFirst(64)
        guard let first = rest.first else { return true }
        let named = rest.drop { $0 == " " || $0 == "\t" || $0 == "*" }.split(whereSeparator: \.isNewline).first ?? ""
        let last = named.split(whereSeparator: { $0 == "/" || $0 == "\\" }).last ?? ""
        return first.isWhitespace && (last.isEmpty || last == name.shown)
    }

    // MARK: Answering

    /// The first half of an answer: it is on disk, and nobody sees it yet.
    func stage(_ receipt: [UInt8], accepted: Bool, for set: ClaimedSet) throws {
        try answers.stage(set.answer(accepted: accepted), receipt)
    }

    /// The second half, of a group: gives the partner the answers that were staged, and only then lets go of the files.
    ///
    /// - Returns: what could not be answered after all, and why.
    func answer(_ staged: [(set: ClaimedSet, accepted: Bool)]) throws -> [(set: ClaimedSet, trouble: any Error)] {
        var troubles: [(set: ClaimedSet, trouble: any Error)] = []
        var shown: [ClaimedSet] = []
        for (set, accepted) in staged {
            do {
                try answers.show(set.answer(accepted: accepted))
                shown.append(set)
            } catch { troubles.append((set, error)) }
        }
        try answers.sync()
        for set in shown {
            do { try claimed.removeAll(set.claim.folder) } catch { troubles.append((set, error)) }
        }
        return troubles
    }

    /// What staff are told of a claimed set that the hub is not asked about.
    func report(_ set: ClaimedSet, _ complaint: Complaint) -> DropReport {
        report(set.name, complaint, movedTo: set.claim.id)
    }

    /// Refuses a claimed set without asking the hub: there is nothing in it that could be taken.
    func refuse(_ set: ClaimedSet, _ complaint: Complaint, now: Int64) throws {
        let receipt = Self.nack(name: set.name.shown, complaint, receivedAt: CivilTime.rfc3339(now))
        _ = try setAside(set, receipt: receipt)
    }

    /// Gives the partner its refusal, and keeps the whole set with that answer for staff to look at.
    ///
    /// - Returns: Where it is kept.
    func setAside(_ set: ClaimedSet, receipt: [UInt8]) throws -> String {
        let name = set.answer(accepted: false)
        // Before anything is moved: a crash after it repeats the answer, the other order would lose it.
        try answers.write(name, receipt)
        try Directory(set.claim.folder, in: claimed).write(name, receipt)
        // The whole folder in one step, so that the claim is here or there and never in halves; under the claim's own
        // name, which is free there (``newFolder(in:now:from:)``).
        _ = try claimed.move(set.claim.folder, to: refused, as: set.claim.id)
        try refused.sync()
        try claimed.sync()
        return path(set.claim.id)
    }

    /// Clears parts of a set that never became complete out of the incoming folder.
    private func setAside(
        _ name: FileName, parts: [String], because complaint: Complaint, now: Int64
    ) throws -> DropReport {
        var number = 0
        let id = try newFolder(in: refused, now: now, from: &number)
        let folder = try Directory(id, in: refused)
        for part in parts { _ = try incoming.move(name.appending(part), to: folder) }
        return report(name, complaint, movedTo: id)
    }

    /// Tells the partner. Before anything is moved: a crash after it repeats the answer, the other order would lose it.
    private func nack(_ name: FileName, _ complaint: Complaint, now: Int64) throws {
        try answers.write(
            FileName(name.shown + ".nack.json"),
            Self.nack(name: name.shown, complaint, receivedAt: CivilTime.rfc3339(now)))
    }

    private func report(_ name: FileName, _ complaint: Complaint, movedTo id: FileName?) -> DropReport {
        DropReport(
            partner: partner, name: name.shown, code: complaint.code, text: complaint.text,
            movedTo: id.map(path))
    }

    private func path(_ id: FileName) -> String { "\(refusedPath)/\(id.shown)" }

    /// Removes what was set aside long ago. What does not go waits for a person.
    func tidy(now: Int64) throws {
        for id in try refused.names() {
            guard let entry = refused.entry(id), .seconds(now - entry.changedAt) >= limits.refusedKeptFor else {
                continue
            }
            try? refused.removeAll(id)
        }
    }

    /// A folder whose name sorts by time, and which neither of our folders has: `001795340000-000012`.
    ///
    /// - Parameter number: the first to be tried; then the one after that which was free.
    private func newFolder(in directory: Directory, now: Int64, from number: inout Int) throws -> FileName {
        while number < 1_000_000 {
            let id = DropClaim(time: now, number: number).id
            number += 1
            if claimed.entry(id) == nil, refused.entry(id) == nil, try directory.make(id) { return id }
        }
        throw Directory.Failure(call: "mkdirat", number: 17)
    }
}

extension DropBox.ClaimedSet {
    /// The name of its answer.
    func answer(accepted: Bool) -> FileName { FileName(name.shown + (accepted ? ".ack.json" : ".nack.json")) }
}

extension DropBox {
    /// Why a set of files is refused before anybody looks into it.
    enum Complaint: Sendable {
        case name, notPlain, forbidden, tooLarge, digest, digestMissing, fileMissing, markerMissing, stalePart, attempts

        /// A code of partner interfaces, section 1.
        var code: String {
            switch self {
            case .name: "schema"
            case .notPlain, .forbidden: "not_parseable"
            case .tooLarge: "too_large"
            case .digest: "checksum"
            case .digestMissing, .fileMissing, .markerMissing: "incomplete_set"
            case .stalePart: "stale"
            case .attempts: "internal"
            }
        }

        var text: String {
            switch self {
            case .name: "the file's name has characters that are not taken; use letters, digits, _ - and ."
            case .notPlain: "not a plain file: links, folders, pipes and files with a second name are not taken"
            case .forbidden: "the file's permissions do not let the hub read it"
            case .tooLarge: "the file is larger than is taken"
            case .digest: "the file is not the one that its .sha256 states; send all three again"
            case .digestMissing: "the .sha256 is missing; send the file, its .sha256 and then its .done again"
            case .fileMissing: "the .done stands without its file; send the file, its .sha256 and then its .done again"
            case .markerMissing: "the .done never came; send the file, its .sha256 and then its .done again"
            case .stalePart: "the upload was not finished within a day and was removed"
            case .attempts: "the hub came to no end with this file, as often as it tried; its staff have it"
            }
        }
    }

    /// An acknowledgement in the form of partner interfaces, section 1, for a file that never became a submission.
    static func nack(name: String, _ complaint: Complaint, receivedAt: String) -> [UInt8] {
        struct Acknowledgement: Encodable {
            struct Item: Encodable { var code: String, path: String, text: String }
            var message_id: String, received_at: String, status = "rejected", errors: [Item]
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let acknowledgement = Acknowledgement(
            message_id: name, received_at: receivedAt,
            errors: [.init(code: complaint.code, path: "", text: complaint.text)])
        // Encoding four strings cannot fail.
        return Array((try? encoder.encode(acknowledgement)) ?? Data())
    }
}
