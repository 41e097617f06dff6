import Crypto
import FoundationEssentials

/// The private half of a key that signs notes: Ed25519 (RFC 8032), kept as text in the form that Go's `note` package uses.
///
///     PRIVATE+KEY+referral-hub/derby_lac+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz
///
/// Three words after the mark, joined by `+`: the name, the key id in hexadecimal, and in base64 the algorithm (1) with
/// the 32 bytes of the seed.
package struct NoteSigner: Sendable {
    package let verifier: NoteVerifier
    private let key: Curve25519.Signing.PrivateKey

    /// A fresh random key.
    ///
    /// - Parameter name: Who signs, as ``NoteVerifier/isName(_:)`` allows it.
    package init(name: String) {
        precondition(NoteVerifier.isName(name), "the name of a key is one word without +")
        self.init(name: name, key: Curve25519.Signing.PrivateKey())
    }

    /// Reads ``text`` back; nothing when it is no key of this form, or its id is not that of its name and bytes.
    package init?(text: some StringProtocol) {
        guard text.hasPrefix(Self.mark), let words = NoteVerifier.words(text.dropFirst(Self.mark.count)),
            let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: words.bytes)
        else { return nil }
        self.init(name: words.name, key: key)
        guard verifier.id == words.id else { return nil }
    }

    private init(name: String, key: Curve25519.Signing.PrivateKey) {
        self.key = key
        self.verifier = NoteVerifier(name: name, key: key.publicKey)
    }

    package var name: String { verifier.name }

    /// The key as it is kept: a secret.
    package var text: String {
        Self.mark + NoteVerifier.text(verifier.name, verifier.id, key.rawRepresentation)
    }

    /// Signs a text, which ends with a line feed.
    package func sign(_ text: String) -> SignedNote {
        // Signing fails only where no random numbers can be had; Ed25519 needs none.
        guard let signature = try? key.signature(for: Array(text.utf8)) else {
            preconditionFailure("Ed25519 signs every text")
        }
        return SignedNote(text: text, signatures: [.init(name: name, keyID: verifier.id, bytes: [UInt8](signature))])
    }

    private static let mark = "PRIVATE+KEY+"
}

/// The public half, by which anybody checks a note: the `vkey` of https://c2sp.org/signed-note.
///
///     referral-hub/derby_lac+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW
package struct NoteVerifier: Sendable, Hashable {
    package let name: String
    /// The first four bytes of SHA-256(name ‖ 0x0A ‖ 0x01 ‖ public key).
    package let id: [UInt8]
    private let bytes: [UInt8]

    /// Reads ``text`` back; nothing when it is no key of this form, or its id is not that of its name and bytes.
    package init?(text: some StringProtocol) {
        guard let words = Self.words(text),
            let key = try? Curve25519.Signing.PublicKey(rawRepresentation: words.bytes)
        else { return nil }
        self.init(name: words.name, key: key)
        guard id == words.id else { return nil }
    }

    init(name: String, key: Curve25519.Signing.PublicKey) {
        self.name = name
        self.bytes = [UInt8](key.rawRepresentation)
        self.id = Array(SHA256.hash(data: Array(name.utf8) + [0x0A, Self.algorithm] + bytes).prefix(4))
    }

    package var text: String { Self.text(name, id, bytes) }

    /// Whether this key signed the note.
    package func verifies(_ note: SignedNote) -> Bool {
        guard let key = try? Curve25519.Signing.PublicKey(rawRepresentation: bytes) else { return false }
        let text = Array(note.text.utf8)
        return note.signatures.contains { signature in
            signature.name == name && signature.keyID == id && key.isValidSignature(signature.bytes, for: text)
        }
    }

    /// Whether a key may be called so: not empty, no white space, no `+`.
    package static func isName(_ name: some StringProtocol) -> Bool {
        !name.isEmpty && !name.contains { $0.isWhitespace || $0 == "+" }
    }

    /// Ed25519, as the specification numbers the kinds of signatures.
    private static let algorithm: UInt8 = 0x01

    static func text(_ name: String, _ id: [UInt8], _ bytes: some Sequence<UInt8>) -> String {
        let digits = id.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        return "\(name)+\(digits)+\(Data([algorithm] + bytes).base64EncodedString())"
    }

    /// Takes `name+id+base64` apart; base64 may hold `+` itself.
    static func words(_ text: some StringProtocol) -> (name: String, id: [UInt8], bytes: [UInt8])? {
        let words = text.split(separator: "+", maxSplits: 2, omittingEmptySubsequences: false).map { String($0) }
        guard words.count == 3, isName(words[0]), words[1].utf8.count == 8, let id = UInt32(words[1], radix: 16),
            let data = Data(base64Encoded: words[2]), data.count == 33, data.first == algorithm
        else { return nil }
        return (words[0], withUnsafeBytes(of: id.bigEndian) { Array($0) }, [UInt8](data.dropFirst()))
    }
}
