package import Postgres

/// A dropped file that is no document of its own: an attachment, once a referral of the same sender names it.
package struct DroppedAttachment: Sendable {
    /// Of its submission.
    package var receipt: UUIDValue
    package var sender: String
    package var name: String
    /// SHA-256 of its bytes, 64 lower-case hexadecimal digits.
    package var sha256: String
    /// Bytes.
    package var size: Int
    /// What a sender may call a file of its kind.
    package var mediaTypes: [String]
    /// Until when a referral may name it; then staff are shown it.
    package var waitsUntil: Timestamp

    package init(
        receipt: UUIDValue, sender: String, name: String, sha256: String, size: Int, mediaTypes: [String],
        waitsUntil: Timestamp
    ) {
        self.receipt = receipt
        self.sender = sender
        self.name = name
        self.sha256 = sha256
        self.size = size
        self.mediaTypes = mediaTypes
        self.waitsUntil = waitsUntil
    }
}

/// What tells a dropped file to those who name it.
package struct FileIdentity: Sendable {
    package var sender: String
    package var name: String
    /// SHA-256 of its bytes, 64 lower-case hexadecimal digits.
    package var sha256: String

    package init(sender: String, name: String, sha256: String) {
        self.sender = sender
        self.name = name
        self.sha256 = sha256
    }
}

/// An attachment that a referral names as a file, as staff see it.
package struct NamedFile: Sendable, Hashable {
    package var referral: UUIDValue
    /// Its place among the referral's attachments, from 0.
    package var number: Int
    /// The receipt of the file, by which it is read; nothing while it has not come.
    package var file: UUIDValue?

    package init(referral: UUIDValue, number: Int, file: UUIDValue?) {
        self.referral = referral
        self.number = number
        self.file = file
    }
}

/// What a look at the dropped files and those that are named has changed.
package struct AttachedFiles: Sendable, Hashable {
    /// Files that became attachments.
    package var attached: Int
    /// Named files that are not those that came, or did not come in time.
    package var missing: Int
    /// Files that nobody named in time.
    package var unclaimed: Int

    package init(attached: Int = 0, missing: Int = 0, unclaimed: Int = 0) {
        self.attached = attached
        self.missing = missing
        self.unclaimed = unclaimed
    }
}
