@testable import MessageQueue

/// What a queue should do, told in the plainest way: an array of messages and no database. ``ModelTests`` compares.
struct QueueModel {
    /// A message as the model sees it.
    struct Message: Equatable {
        let id: MessageID
        let key: String?
        let priority: Priority
        /// `nil` when it is dead or gone.
        var shelf: Shelf?
        var isDead = false
        /// Its place among all, which only a replay changes.
        var position: Int
        /// Whether it waits for a time that has not come.
        var isDelayed = false
        var attempt = 0
        var lost = 0
        var fence = 0
        /// How often it was replayed: a lease from before says nothing about it.
        var life = 0
        var isLeased = false
        var isLeaseOver = false
    }

    /// What a claim gives.
    typealias Claimed = (id: MessageID, attempt: Int, fence: Int, life: Int)

    private(set) var messages: [Message] = []
    private var positions = 0
    var isPaused = false
    var maximumAttempts = 3
    static let maximumLost = 2

    /// The live ones by place.
    var live: [Message] { messages.filter { $0.shelf != nil }.sorted { $0.position < $1.position } }
    var dead: [Message] { messages.filter(\.isDead) }

    private func index(of id: MessageID) -> Int { messages.firstIndex { $0.id == id }! }

    private func hasLive(_ key: String?) -> Bool {
        key != nil && messages.contains { $0.key == key && $0.shelf != nil }
    }

    private func shelf(of message: Message) -> Shelf {
        message.isDelayed ? .waiting : Shelf(rawValue: message.priority.rawValue)!
    }

    mutating func enqueue(_ id: MessageID, key: String?, priority: Priority, isDelayed: Bool) {
        positions += 1
        var message = Message(id: id, key: key, priority: priority, position: positions)
        message.isDelayed = isDelayed
        message.shelf = hasLive(key) ? .behind : shelf(of: message)
        messages.append(message)
    }

    /// The messages that a claim gives, in order, each with its fence.
    mutating func claim(limit: Int, isReversed: Bool) -> [Claimed] {
        for index in messages.indices where messages[index].shelf == .waiting && !messages[index].isDelayed {
            messages[index].shelf = shelf(of: messages[index])
        }
        guard !isPaused else { return [] }
        let ready: [Shelf] = [.emergency, .urgent, .routine]
        var candidates = free(on: .suspect).prefix(1)
        for shelf in isReversed ? ready.reversed() : ready { candidates += free(on: shelf).prefix(limit) }
        var claimed: [Claimed] = []
        var killers: [Int] = []
        for index in candidates.prefix(limit) {
            if messages[index].isLeased {
                messages[index].shelf = .suspect
                messages[index].lost += 1
                free(index)
                continue
            }
            messages[index].fence += 1
            messages[index].isLeased = true
            if messages[index].lost >= Self.maximumLost {
                killers.append(index)
            } else {
                messages[index].attempt += 1
                let message = messages[index]
                claimed.append((message.id, message.attempt, message.fence, message.life))
            }
        }
        for index in killers { end(index, isDead: true) }
        return claimed
    }

    private func free(on shelf: Shelf) -> [Int] {
        messages.indices
            .filter { messages[$0].shelf == shelf && (!messages[$0].isLeased || messages[$0].isLeaseOver) }
            .sorted { messages[$0].position < messages[$1].position }
    }

    private mutating func free(_ index: Int) {
        messages[index].isLeased = false
        messages[index].isLeaseOver = false
    }

    private mutating func end(_ index: Int, isDead: Bool = false) {
        free(index)
        messages[index].shelf = nil
        messages[index].isDead = isDead
        guard let key = messages[index].key else { return }
        let next = messages.indices.filter { messages[$0].key == key && messages[$0].shelf != nil }
            .min { messages[$0].position < messages[$1].position }
        if let next, messages[next].shelf == .behind { messages[next].shelf = shelf(of: messages[next]) }
    }

    /// Whether a lease still holds, be it that its time is over.
    func holds(_ lease: Claimed) -> Bool {
        let message = messages[index(of: lease.id)]
        return message.shelf != nil && message.isLeased && message.fence == lease.fence && message.life == lease.life
    }

    mutating func renew(_ lease: Claimed) -> Bool {
        guard holds(lease) else { return false }
        messages[index(of: lease.id)].isLeaseOver = false
        return true
    }

    mutating func acknowledge(_ lease: Claimed) -> Bool {
        guard holds(lease) else { return false }
        end(index(of: lease.id))
        return true
    }

    mutating func deadLetter(_ lease: Claimed) -> Bool {
        guard holds(lease) else { return false }
        end(index(of: lease.id), isDead: true)
        return true
    }

    mutating func retry(_ lease: Claimed) -> Bool {
        guard lease.attempt < maximumAttempts else { return deadLetter(lease) }
        guard holds(lease) else { return false }
        let index = index(of: lease.id)
        free(index)
        messages[index].shelf = .waiting
        messages[index].isDelayed = true
        messages[index].lost = 0
        return true
    }

    mutating func release(_ lease: Claimed) -> Bool {
        guard holds(lease) else { return false }
        free(index(of: lease.id))
        messages[index(of: lease.id)].attempt -= 1
        return true
    }

    mutating func endLeases() {
        for index in messages.indices where messages[index].isLeased { messages[index].isLeaseOver = true }
    }

    mutating func endWaits() {
        for index in messages.indices { messages[index].isDelayed = false }
    }

    /// Brings back dead letters, the oldest first.
    mutating func replay(_ ids: [MessageID]) {
        for id in ids.sorted() {
            let index = index(of: id)
            positions += 1
            var message = Message(
                id: id, key: messages[index].key, priority: messages[index].priority, position: positions)
            message.life = messages[index].life + 1
            message.shelf = hasLive(message.key) ? .behind : shelf(of: message)
            messages[index] = message
        }
    }

    /// Ends what nobody works on and returns how many.
    mutating func cancel(_ ids: [MessageID]) -> Int {
        var count = 0
        for index in ids.map(index(of:)) {
            if messages[index].isDead {
                messages[index].isDead = false
            } else if messages[index].shelf != nil, !messages[index].isLeased || messages[index].isLeaseOver {
                end(index)
            } else {
                continue
            }
            count += 1
        }
        return count
    }
}
