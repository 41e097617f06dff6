/// A safeguarding concern, and with whom it was raised.
package struct Safeguarding: Sendable, Hashable {
    package var concern: Bool?
    package var raisedWith: String?
    package var raisedAt: DateOrInstant?

    package init() {}
}
