/// How many messages of a queue may be claimed in a time, by all nodes together: a bucket of tokens that fills evenly.
package struct MessageRate: Hashable, Sendable {
    /// Tokens that come in a second; each message takes one.
    package var perSecond: Double
    /// Tokens that the bucket holds: what may go at once after a quiet time. Defaults to one second's worth.
    package var burst: Int

    /// So many messages a second.
    package init(perSecond: Double, burst: Int? = nil) {
        self.perSecond = perSecond
        self.burst = burst ?? Int(min(max(perSecond, 1), 1e6).rounded(.up))
    }
}
