/// Where the person lives.
package struct Address: Sendable, Hashable {
    /// Up to 5 lines above the town.
    package var lines: [String] = []
    package var town: String?
    /// Upper case with one space when it could be read, else as written.
    package var postcode: String?
    package var uprn: String?
    package var noFixedAbode: Bool?
    /// Nil when the sender does not say; nobody should take that for yes.
    package var safeToWrite: Bool?
    package var safeToVisit: Bool?

    package init() {}

    /// Whether it tells where somebody is.
    package var isLocated: Bool { !lines.isEmpty || town != nil || postcode != nil || uprn != nil }
}
