/// Who answers what comes over MLLP: the hub behind the listeners.
package protocol MLLPReceiver: Sendable {
    /// Takes in what came together on one connection, in its order.
    ///
    /// Called again only after it has returned, so that a connection's messages keep their order. Returns once all that
    /// may be answered with an acceptance is stored durably.
    func receive(_ arrivals: [MLLPArrival]) async -> MLLPAnswers

    /// Sets memory aside for a message that is still coming in; false when there is none.
    func reserve(_ bytes: Int) -> Bool

    /// Gives back what was set aside.
    func release(_ bytes: Int)

    /// How long the sender must wait before more is taken from it; nil when it need not. Asked once for each message.
    func admit() -> Duration?

    /// Something happened that is no message.
    func note(_ fault: MLLPFault)
}

/// One message of a connection, or what there is of one that cannot be taken.
package enum MLLPArrival: Sendable, Equatable {
    /// A frame's content.
    case message([UInt8])
    /// Longer than the limit: its first bytes.
    case tooLong([UInt8])
    /// There was no memory for it at that moment: its first bytes.
    case crowdedOut([UInt8])
}

/// What the sender is told.
package struct MLLPAnswers: Sendable {
    /// Contents of frames, sent in this order before anything else is received.
    package var now: [[UInt8]]
    /// Answers that may take some seconds, sent in this order while more is received. Nil: there is none after all.
    package var later: [@Sendable () async -> [UInt8]?]

    package init(now: [[UInt8]] = [], later: [@Sendable () async -> [UInt8]?] = []) {
        self.now = now
        self.later = later
    }
}

/// What can go wrong on a connection beside its messages; the words are those of the metrics.
package enum MLLPFault: String, Sendable, CaseIterable {
    /// Bytes outside any frame.
    case noise
    /// A frame that was begun and not ended: its sender began anew, went away, fell silent or was too slow.
    case brokenOff = "broken_off"
    case tooManyConnections = "too_many_connections"
    /// Neither the address nor the certificate is one of the partner's, or no TLS was spoken.
    case notAdmitted = "not_admitted"
}
