import Channels
import Foundation
import Synchronization

/// What a simulated receiver has got, a line of JSON each, kept in a file so that a repeat is recognised after a restart.
/// Ids and digests only.
package final class Journal: Sendable {
    /// One thing received.
    package struct Line: Codable, Sendable, Hashable {
        /// RFC 3339, UTC.
        package var at: String
        /// What the sender promises to repeat on a retry.
        package var key: String
        package var sha256: String
        /// `first`, `again`, or `changed` where other bytes came under a known key.
        package var seen: String
    }

    private struct State {
        var known: [String: String] = [:]
        var file: FileHandle?
    }

    private let state: Mutex<State>

    /// - Parameter path: `nil` keeps the journal in memory only.
    package init(path: String?) throws {
        var state = State()
        if let path {
            let folder = URL(filePath: path).deletingLastPathComponent()
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            for line in try Self.read(path) where state.known[line.key] == nil { state.known[line.key] = line.sha256 }
            if !FileManager.default.fileExists(atPath: path) { try Data().write(to: URL(filePath: path)) }
            state.file = try FileHandle(forWritingTo: URL(filePath: path))
            try state.file?.seekToEnd()
        }
        self.state = Mutex(state)
    }

    /// Notes a receipt and says whether it is the first under its key.
    @discardableResult
    package func note(key: String, sha256: String) -> Line {
        state.withLock { state in
            let seen = state.known[key].map { $0 == sha256 ? "again" : "changed" } ?? "first"
            if seen == "first" { state.known[key] = sha256 }
            let line = Line(at: CivilTime.rfc3339(WallClock.now()), key: key, sha256: sha256, seen: seen)
            if let file = state.file, let data = try? JSONEncoder().encode(line) {
                try? file.write(contentsOf: data + [10])
            }
            return line
        }
    }

    /// How many different keys were received.
    package var count: Int { state.withLock { $0.known.count } }

    /// The lines of a journal; empty when there is none yet. A line cut short by a crash is passed over.
    package static func read(_ path: String) throws -> [Line] {
        guard let data = FileManager.default.contents(atPath: path) else { return [] }
        return data.split(separator: 10).compactMap { try? JSONDecoder().decode(Line.self, from: Data($0)) }
    }
}
