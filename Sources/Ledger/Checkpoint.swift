import FoundationEssentials

/// The ledger's size and root at a time, as the text of a note: https://c2sp.org/tlog-checkpoint.
///
///     referral-hub/derby_lac
///     1234
///     47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=
///
/// Three lines: origin (which ledger), number of entries, root in base64.
package struct Checkpoint: Sendable, Hashable {
    /// Names the ledger, as the key does that signs for it.
    package var origin: String
    package var size: Int
    package var root: Digest32

    package init(origin: String, size: Int, root: Digest32) {
        precondition(NoteVerifier.isName(origin), "an origin is the name of a key")
        self.origin = origin
        self.size = size
        self.root = root
    }

    /// Reads ``text`` back; nothing when it is no checkpoint. Lines that follow the three mean nothing to the hub.
    package init?(text: String) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.count >= 4, lines.last == "", NoteVerifier.isName(lines[0]), let size = Int(lines[1]), size >= 0,
            String(size) == lines[1], let root = Data(base64Encoded: String(lines[2])), root.count == 32
        else { return nil }
        self.init(origin: String(lines[0]), size: size, root: [UInt8](root))
    }

    package var text: String {
        "\(origin)\n\(size)\n\(Data(root).base64EncodedString())\n"
    }
}

/// A checkpoint with the signatures of those who vouch for it.
///
/// Somebody who keeps it can show later that the ledger was altered or its tail cut, and that it was the ledger's own
/// key that said otherwise before.
package struct SignedCheckpoint: Sendable, Hashable {
    package let checkpoint: Checkpoint
    package let note: SignedNote

    /// Signs a checkpoint.
    package init(_ checkpoint: Checkpoint, by signer: NoteSigner) {
        self.checkpoint = checkpoint
        self.note = signer.sign(checkpoint.text)
    }

    /// Reads a note; nothing when it is not a whole checkpoint, as after a crash in the middle of a write.
    package init?(_ text: String) {
        guard let note = SignedNote(text), let checkpoint = Checkpoint(text: note.text),
            // What a crash cuts from base64 may be base64 again, but no signature of 64 bytes.
            note.signatures.allSatisfy({ $0.bytes.count >= 64 })
        else { return nil }
        self.checkpoint = checkpoint
        self.note = note
    }

    /// Whether the ledger of one of these keys says so.
    package func isSigned(byOneOf verifiers: [NoteVerifier]) -> Bool {
        verifiers.contains { $0.name == checkpoint.origin && $0.verifies(note) }
    }
}
