/// Where files lie until they are fetched: a folder of ours, or one on the receiver's own server. Every call waits.
protocol PickupPlace {
    /// Fails when there is no folder from which files are fetched. Without it a file that is not there would look fetched.
    func check() throws(PickupError)

    /// What lies under a name.
    /// - Parameter limit: a longer file is `.other`.
    func read(_ name: String, on shelf: PickupShelf, limit: Int) throws(PickupError) -> PickupContent

    /// Writes a file beside, then gives it its name, so that whoever sees the name sees it whole.
    func show(_ name: String, _ bytes: [UInt8]) throws(PickupError)

    /// Writes a file that nobody looks at before a later one.
    func add(_ name: String, _ bytes: [UInt8]) throws(PickupError)

    /// Removes a file; false when it was not there.
    func remove(_ name: String) throws(PickupError) -> Bool
}

/// The two folders of a place.
enum PickupShelf: Sendable {
    case files, receipts
}

/// What lies under a name.
enum PickupContent: Sendable, Hashable {
    case missing
    case bytes([UInt8])
    /// Something else than a plain file of at most the length that was asked for.
    case other
}

/// A step at a ``PickupPlace`` that was not done. Never holds what a server said.
struct PickupError: Error, Hashable, CustomStringConvertible {
    /// Stable and lower-case, such as `disk_full`.
    var code: String
    var text: String
    /// It would fail as often as it is tried: a person must act.
    var isPermanent = false
    /// The step may have been done all the same.
    var mayBeDone = false

    var description: String { "\(code): \(text)" }

    /// The outcome of a delivery of which nothing arrived.
    var outcome: DeliveryOutcome {
        isPermanent ? .rejected(code: code, text: text) : .retryable(code: code, text: text, after: nil)
    }
}

extension PickupError {
    static let diskFull = PickupError(code: "disk_full", text: "the disk on which the file is to lie is full")
    static let noSuchFolder = PickupError(
        code: "no_such_folder", text: "the folder in which the file is to lie is not there", isPermanent: true)
    static let accessDenied = PickupError(
        code: "access_denied", text: "reading, writing, renaming or removing is not permitted in the folder",
        isPermanent: true)
}
