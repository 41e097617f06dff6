package import Postgres

/// A message on its way into a queue.
package struct NewMessage: Sendable {
    /// The queue it goes to: a letter or digit, then up to 99 letters, digits, `_`, `.`, `:` or `-`.
    package var queue: String
    /// What it is about, 1–200 bytes of UTF-8. Messages of one queue with equal keys are delivered one at a time in the
    /// order of their commits. `nil` asks for no order. Never personal data: a blind index or an identifier of the
    /// hub's own.
    package var key: String?
    /// The document, sealed by the caller; up to ``maximumPayloadBytes``.
    package var payload: [UInt8]
    /// How soon it goes, among other keys.
    package var priority: Priority
    /// The earliest time of delivery; `nil` is at once. A message that waits holds back the later ones of its key.
    package var notBefore: Timestamp?
    /// Ties together the messages of one submission or share, for ``MessageQueue/history(of:)-swift.method``.
    package var correlation: UUIDValue?
    /// What the payload is, for its consumer; the queue does not read it.
    package var contentType: String?

    /// A routine message for delivery at once, unless said otherwise.
    package init(
        queue: String, key: String? = nil, payload: [UInt8], priority: Priority = .routine, notBefore: Timestamp? = nil,
        correlation: UUIDValue? = nil, contentType: String? = nil
    ) {
        self.queue = queue
        self.key = key
        self.payload = payload
        self.priority = priority
        self.notBefore = notBefore
        self.correlation = correlation
        self.contentType = contentType
    }

    /// The largest payload, in bytes: 16 MiB. Larger documents travel as a claim check: stored elsewhere, referred to
    /// here.
    package static let maximumPayloadBytes = 16 << 20

    /// Refuses a message outside its form, naming the rule and never the value of a key.
    func validate() throws(QueueError) {
        try QueueName.validate(queue)
        if let key, !(1...200).contains(key.utf8.count) { throw .keyLength(bytes: key.utf8.count) }
        if key?.utf8.contains(0) == true { throw .keyHoldsZeroByte }
        if payload.count > Self.maximumPayloadBytes { throw .payloadTooLarge(bytes: payload.count) }
    }
}

/// The form of a queue's name.
enum QueueName {
    /// Refuses a name outside the form that ``NewMessage/queue`` states.
    static func validate(_ name: String) throws(QueueError) {
        guard let first = name.utf8.first, isAlphanumeric(first), name.utf8.count <= 100,
            name.utf8.allSatisfy({ isAlphanumeric($0) || "_.:-".utf8.contains($0) })
        else { throw .queueName(name) }
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "a")...UInt8(ascii: "z"):
            true
        default: false
        }
    }
}
