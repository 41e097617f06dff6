/// The folder of a claim as its name says it: which claim, and how many attempts at it have not come to an end.
///
/// `001795340000-000012` by the second and in the order in which they were claimed; at its second attempt
/// `001795340000-000012.try2`. Counting in the name makes it one step, and one sync of the folder above for many claims.
struct DropClaim: Sendable, Hashable, Comparable {
    /// The name without the count: what it is called among the refused, too.
    let id: FileName
    /// From 0 to 9. Until a process has it in hand, those of processes that ended in the middle of it.
    var attempts: Int

    /// Reads the name of a folder; whatever bears no count is at none.
    init(_ folder: FileName) {
        for attempts in 1...9 {
            guard let id = folder.dropping(Self.mark(attempts)) else { continue }
            self.id = id
            self.attempts = attempts
            return
        }
        id = folder
        attempts = 0
    }

    /// - Parameters:
    ///   - time: in seconds since 1970, when it is claimed.
    ///   - number: among those of that second.
    init(time: Int64, number: Int) {
        id = FileName(Self.prefix(time) + Self.padded(String(number), 6))
        attempts = 0
    }

    /// The folder's name.
    var folder: FileName { attempts == 0 ? id : id.appending(Self.mark(attempts)) }

    /// Its number among those of a second; `nil` for one of another second.
    func number(at time: Int64) -> Int? {
        let prefix = Array(Self.prefix(time).utf8)
        guard id.bytes.starts(with: prefix) else { return nil }
        return Int(String(decoding: id.bytes.dropFirst(prefix.count), as: UTF8.self))
    }

    static func < (a: DropClaim, b: DropClaim) -> Bool { a.id < b.id }

    private static func mark(_ attempts: Int) -> String { ".try\(attempts)" }

    private static func prefix(_ time: Int64) -> String { padded(String(time), 12) + "-" }

    private static func padded(_ text: String, _ length: Int) -> String {
        String(repeating: "0", count: max(0, length - text.count)) + text
    }
}
