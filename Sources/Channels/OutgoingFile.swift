import Crypto

/// A rendered file and those that go with it (partner interfaces, section 4.1).
///
/// `NAME` comes into being by renaming `NAME.part`, `NAME.sha256` states its digest, and the empty `NAME.done` says that it
/// may be fetched. Whoever fetched it writes `NAME.rcv` among the receipts, or deletes it.
struct OutgoingFile: Sendable {
    /// The same on every attempt, since it follows from the share: by it a repeat is recognised.
    let name: String
    let bytes: [UInt8]

    /// Nil when the delivery's name is none that every file system and server takes as it is.
    init?(_ delivery: Delivery) {
        name = delivery.fileName ?? delivery.id
        bytes = delivery.bytes
        guard Self.isName(name) else { return nil }
    }

    /// What becomes of a delivery that has no such name.
    static var unusableName: DeliveryOutcome {
        .rejected(code: "file_name", text: "the file's name has characters that are not sent, or is too long")
    }

    /// What `NAME.sha256` holds, as sha256sum writes it.
    var digest: [UInt8] { Array("\(Hexadecimal.text(SHA256.hash(data: bytes)))  \(name)\n".utf8) }

    /// Letters, digits, `_`, `-` and `.`, no dot in front, and not the name of a companion of another file.
    static func isName(_ name: String) -> Bool {
        (1...200).contains(name.utf8.count) && !name.hasPrefix(".") && isPlain(name)
            && ![part(""), digest(""), marker(""), receipt("")].contains(where: name.hasSuffix)
    }

    /// Whether a text needs no quoting anywhere, in commands and in addresses.
    static func isPlain(_ text: String) -> Bool {
        text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "_-.".contains($0)) }
    }

    static func part(_ name: String) -> String { "\(name).part" }
    static func digest(_ name: String) -> String { "\(name).sha256" }
    static func marker(_ name: String) -> String { "\(name).done" }
    static func receipt(_ name: String) -> String { "\(name).rcv" }
}
