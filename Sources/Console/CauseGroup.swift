package import Referral

/// Messages of one queue that were set aside for the same cause.
package struct CauseGroup: Sendable {
    package var queue: String
    /// The queue in words.
    package var queueName: String
    package var fingerprint: Int64
    package var code: String
    /// What the latest of them says beside the code: ids and counts, nothing of a document.
    package var text: String
    package var count: Int
    package var firstDied: Instant
    package var lastDied: Instant
    /// Who looks after them.
    package var owner: String?
    package var hasNote: Bool

    package init(
        queue: String, queueName: String, fingerprint: Int64, code: String, text: String, count: Int,
        firstDied: Instant, lastDied: Instant, owner: String? = nil, hasNote: Bool = false
    ) {
        self.queue = queue
        self.queueName = queueName
        self.fingerprint = fingerprint
        self.code = code
        self.text = text
        self.count = count
        self.firstDied = firstDied
        self.lastDied = lastDied
        self.owner = owner
        self.hasNote = hasNote
    }

    /// What pages and commands call the group by.
    package static func id(_ fingerprint: Int64) -> String { String(UInt64(bitPattern: fingerprint), radix: 16) }

    /// The fingerprint of an id as ``id(_:)`` writes it; nil for anything else.
    package static func fingerprint(_ id: String) -> Int64? {
        guard let number = UInt64(id, radix: 16), String(number, radix: 16) == id else { return nil }
        return Int64(bitPattern: number)
    }

    package static func path(_ queue: String, _ fingerprint: Int64) -> String {
        "\(Console.Section.deadLetters.path)/\(queue)/\(id(fingerprint))"
    }

    var path: String { Self.path(queue, fingerprint) }

    /// Whether more were set aside within the last hour: what causes it has not ended.
    func isGrowing(at now: Instant) -> Bool { now.microseconds - lastDied.microseconds < 3_600_000_000 }

    /// Groups with the most pressing first: those that nobody looks after, of these those that grow, of these the largest.
    static func pressing(_ groups: [CauseGroup], at now: Instant) -> [CauseGroup] {
        func rank(_ group: CauseGroup) -> (Int, Int, Int, Int64) {
            (
                group.owner == nil ? 0 : 1, group.isGrowing(at: now) ? 0 : 1, -group.count,
                -group.lastDied.microseconds
            )
        }
        return groups.sorted { rank($0) < rank($1) }
    }
}
