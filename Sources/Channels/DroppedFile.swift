/// A file that a partner dropped, checked: its bytes are those of its digest.
package struct DroppedFile: Sendable {
    package var partner: String
    /// The sender's id of the submission (design: a dropped file is known by its name).
    package var name: String
    package var bytes: [UInt8]
    /// SHA-256 of `bytes`, lower-case hexadecimal.
    package var sha256: String
}

/// What the hub answers to a dropped file.
package enum FileAnswer: Sendable {
    /// It is kept durably (or was before): `ack/<name>.ack.json` gets this receipt.
    case accepted(receipt: [UInt8])
    /// It is refused, and the hub keeps whatever staff must see of it: `ack/<name>.nack.json` gets this receipt.
    case refused(receipt: [UInt8])
    /// It is refused, and the hub keeps nothing of it: as `refused`, and the file is set aside for staff.
    case setAside(receipt: [UInt8])
    /// No answer can be given now. The file stays claimed and is offered again at a later scan.
    case unavailable
}

/// Something wrong in a drop folder that never became a submission: for staff.
package struct DropReport: Sendable, Hashable {
    package var partner: String
    /// The file's name; what is not harmless in it shows as `_`.
    package var name: String
    /// A code of partner interfaces, section 1.
    package var code: String
    /// What is wrong, in plain words.
    package var text: String
    /// Where it was moved to, for staff to look at; `nil` when there was nothing to keep.
    package var movedTo: String?
}
