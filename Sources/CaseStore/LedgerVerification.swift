import FoundationEssentials
package import Ledger
package import Postgres

/// What recomputing the whole ledger found.
package struct LedgerVerification: Sendable, Hashable {
    /// Entries that hold, from the first on.
    package fileprivate(set) var entries = 0
    /// Checkpoints that hold, those of the database and those of the file.
    package fileprivate(set) var checkpoints = 0
    /// Entries whose content was erased; their commitments hold, and a later entry says so of each.
    package fileprivate(set) var erased = 0
    /// Paragraphs of the file that are no whole checkpoint, as a crash leaves one.
    package fileprivate(set) var passedOver = 0
    /// The first thing that does not hold; nothing when all does.
    package fileprivate(set) var fault: LedgerFault?
}

/// Why a ledger does not hold, and from which entry on.
package enum LedgerFault: Error, Sendable, Hashable, CustomStringConvertible {
    /// No entry stands at this position.
    case missing(position: Int)
    /// The entry's bytes, ids, commitment and leaf do not belong together.
    case altered(position: Int, id: UUIDValue)
    /// The entry's content is gone and no entry says that it was erased.
    case erased(position: Int)
    /// The root of a checkpoint is not that of the entries: one of them, from this position on, is another.
    case otherRoot(from: Int, size: Int, isInFile: Bool)
    /// A checkpoint counts more entries than there are: the tail was cut.
    case cut(size: Int, expected: Int, isInFile: Bool)
    /// A checkpoint of the file is not signed by the ledger's key.
    case unsigned(size: Int)
    /// An entry was kept out of the tree.
    case unsequenced(id: UUIDValue)

    package var description: String {
        switch self {
        case .missing(let position): "entry \(position) is missing"
        case .altered(let position, let id): "entry \(position) (\(id)) does not hold: it was altered"
        case .erased(let position): "entry \(position) was emptied, and no entry says that it was erased"
        case .otherRoot(let from, let size, let isInFile):
            "entries \(from) to \(size - 1) are not those of the checkpoint of size \(size) in the "
                + (isInFile ? "file" : "database")
        case .cut(let size, let expected, let isInFile):
            "entry \(size) and those after it are missing: the \(isInFile ? "file's" : "database's") checkpoint counts "
                + "\(expected) entries"
        case .unsigned(let size): "the file's checkpoint of size \(size) is not signed by the ledger's key"
        case .unsequenced(let id): "entry \(id) has no place in the tree"
        }
    }
}

/// The checkpoints that the ledger is held against, and the keys that may have signed them.
package struct KeptCheckpoints: Sendable {
    package var file: CheckpointFile
    package var keys: [NoteVerifier]

    package init(file: CheckpointFile, keys: [NoteVerifier]) {
        self.file = file
        self.keys = keys
    }
}

extension LedgerVerification {
    /// Recomputes every commitment, every leaf and the tree, and compares the roots with the checkpoints of the database
    /// and of the file, which counts more: it is out of reach for whoever altered the database.
    ///
    /// Reads the ledger once, in pages, while it goes on growing, and the file twice.
    package static func run(database: Database, kept: KeptCheckpoints? = nil) async throws -> LedgerVerification {
        _ = try await database.query("SELECT ledger.sequence()", name: "ledger.sequence")
        var walk = Walk()
        try walk.begin(kept)
        while walk.result.fault == nil {
            let from = walk.frontier.size
            let page = try await database.transaction(isolation: .repeatableRead) { connection in
                Page(
                    lines: try lines(from: from, in: connection),
                    checkpoints: try storedCheckpoints(after: from, upTo: from + pageSize, in: connection))
            }
            walk.take(page)
            if page.lines.count < pageSize { break }
        }
        if walk.result.fault == nil {
            let last = try await database.query(
                "SELECT coalesce(max(size), 0) FROM ledger.checkpoint", name: "ledger.last_size")
            walk.end(lastStored: try last.first?.decode(Int.self) ?? 0)
        }
        if walk.result.fault == nil, let id = try await unsequenced(database) {
            walk.result.fault = .unsequenced(id: id)
        }
        return walk.result
    }

    private static let pageSize = 5000

    private struct Page: Sendable {
        let lines: [Line]
        /// Roots by size.
        let checkpoints: [Int: [UInt8]]
    }

    private struct Line: Sendable {
        let position: Int
        let id: UUIDValue?
        var holds = false
        var leaf: Digest32 = []
        var isErased = false
        /// The leaf of which this entry says that its content was erased.
        var erases: String?
    }

    private static func lines(from position: Int, in connection: Connection) throws -> [Line] {
        let rows = try connection.query(
            """
            SELECT
                position.sequence, entry.id, entry.at, entry.kind, entry.commitment, entry.leaf, entry.salt, entry.bytes,
                entry.submission, entry.referral, entry.person, entry.agreement, entry.share
            FROM ledger.position LEFT JOIN ledger.entry ON entry.id = position.entry
            WHERE position.sequence >= \(position)
            ORDER BY position.sequence
            LIMIT \(pageSize)
            """, name: "ledger.verify")
        return try rows.map(line)
    }

    /// Whether the bytes give the commitment and say what the columns say, and the commitment gives the leaf.
    private static func line(_ row: Row) throws -> Line {
        var line = Line(position: try row.value("sequence"), id: try row.value("id"))
        guard let id = line.id else { return line }
        line.leaf = try row.value("leaf")
        let commitment = try row.value("commitment", as: [UInt8].self)
        let isLeaf = MerkleTree.leafHash(commitment) == line.leaf
        guard let bytes = try row.value("bytes", as: [UInt8]?.self),
            let salt = try row.value("salt", as: [UInt8]?.self)
        else {
            line.isErased = true
            line.holds = isLeaf
            return line
        }
        guard isLeaf, Commitment(to: bytes, salt: salt).digest == commitment,
            let said = try? JSONDecoder().decode([String: String].self, from: Data(bytes))
        else { return line }
        let references = try LedgerLine.references.allSatisfy { field in
            try row.value(field.rawValue, as: UUIDValue?.self) == said[field.rawValue].flatMap(UUIDValue.init)
        }
        line.holds =
            try references && said["id"] == id.description
            && said["at"] == String(row.value("at", as: Timestamp.self).microseconds)
            && said["kind"] == row.value("kind", as: String.self)
        if said["kind"] == LedgerKind.entryErased.rawValue { line.erases = said[LedgerField.leaf.rawValue] }
        return line
    }

    private static func storedCheckpoints(
        after size: Int, upTo last: Int, in connection: Connection
    ) throws -> [Int: [UInt8]] {
        let rows = try connection.query(
            "SELECT size, root FROM ledger.checkpoint WHERE size > \(size) AND size <= \(last)",
            name: "ledger.checkpoints")
        return Dictionary(uniqueKeysWithValues: try rows.map { try $0.decode(Int.self, [UInt8].self) })
    }

    private static func unsequenced(_ database: Database) async throws -> UUIDValue? {
        let rows = try await database.query(
            """
            SELECT id
            FROM ledger.entry
            WHERE NOT EXISTS (SELECT FROM ledger.position WHERE position.entry = entry.id)
                AND NOT EXISTS (SELECT FROM ledger.pending WHERE pending.entry = entry.id)
            LIMIT 1
            """, name: "ledger.unsequenced")
        return try rows.first?.decode(UUIDValue.self)
    }

    /// The recomputation, fed page by page.
    private struct Walk {
        var result = LedgerVerification()
        var frontier = MerkleFrontier()
        private var file: CheckpointReader?
        private var next: Checkpoint?
        /// Roots of the file that stand behind a larger one, as where two nodes append to one file.
        private var late: [Int: [Digest32]] = [:]
        /// Where the last checkpoint that holds ends.
        private var proved = 0
        /// Where the erased entries stand of which no later entry has spoken yet, by their leaves.
        private var unexplained: [String: Int] = [:]

        /// Reads the file for signatures and for what is out of order, and starts again at its beginning.
        mutating func begin(_ kept: KeptCheckpoints?) throws {
            guard let kept else { return }
            let reader = try kept.file.reader()
            var largest = -1
            while let signed = reader.next() {
                let checkpoint = signed.checkpoint
                guard signed.isSigned(byOneOf: kept.keys) else {
                    result.fault = .unsigned(size: checkpoint.size)
                    return
                }
                if checkpoint.size <= largest { late[checkpoint.size, default: []].append(checkpoint.root) }
                largest = max(largest, checkpoint.size)
            }
            result.passedOver = reader.passedOver
            file = try kept.file.reader()
            next = file?.next()?.checkpoint
        }

        /// Goes on over a page, up to the first fault.
        mutating func take(_ page: Page) {
            for line in page.lines {
                guard line.position == frontier.size, let id = line.id else {
                    result.fault = .missing(position: frontier.size)
                    return
                }
                guard line.holds else {
                    result.fault = .altered(position: line.position, id: id)
                    return
                }
                frontier.append(line.leaf)
                result.entries += 1
                if line.isErased {
                    result.erased += 1
                    unexplained[hexadecimal(line.leaf)] = line.position
                }
                if let leaf = line.erases { unexplained[leaf] = nil }
                compareWithFile()
                if let root = page.checkpoints[frontier.size] { compare(root, isInFile: false) }
                if result.fault != nil { return }
            }
        }

        private mutating func compareWithFile() {
            for root in late[frontier.size] ?? [] { compare(root, isInFile: true) }
            while result.fault == nil, let checkpoint = next, checkpoint.size <= frontier.size {
                if checkpoint.size == frontier.size { compare(checkpoint.root, isInFile: true) }
                next = file?.next()?.checkpoint
            }
        }

        private mutating func compare(_ root: Digest32, isInFile: Bool) {
            guard frontier.root == root else {
                result.fault = result.fault ?? .otherRoot(from: proved, size: frontier.size, isInFile: isInFile)
                return
            }
            proved = frontier.size
            result.checkpoints += 1
        }

        /// What is left in the file, or stands in the database, must not count more entries than there are.
        mutating func end(lastStored: Int) {
            if let checkpoint = next {
                result.fault = .cut(size: frontier.size, expected: checkpoint.size, isInFile: true)
            } else if lastStored > frontier.size {
                result.fault = .cut(size: frontier.size, expected: lastStored, isInFile: false)
            } else if let position = unexplained.values.min() {
                result.fault = .erased(position: position)
            }
        }
    }
}
