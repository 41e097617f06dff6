import Ledger
import Testing

/// The keys and the note of Go's reference implementation: https://pkg.go.dev/golang.org/x/mod/sumdb/note
@Suite struct SignedNoteTests {
    static let privateKey = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
    static let publicKey = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    static let text = """
        If you think cryptography is the answer to your problem,
        then you don't know what your problem is.

        """
    static let signature =
        "\u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"

    @Test func `the reference's keys are read, and one is the other's public half`() throws {
        let signer = try #require(NoteSigner(text: Self.privateKey))
        #expect(signer.verifier == NoteVerifier(text: Self.publicKey))
        #expect(signer.verifier.text == Self.publicKey)
        #expect(signer.text == Self.privateKey)
    }

    @Test func `the reference's note is verified, and signing makes the same`() throws {
        let note = try #require(SignedNote(Self.text + "\n" + Self.signature))
        #expect(note.text == Self.text)
        #expect(note.description == Self.text + "\n" + Self.signature)
        #expect(try #require(NoteVerifier(text: Self.publicKey)).verifies(note))
        #expect(try #require(NoteSigner(text: Self.privateKey)).sign(Self.text) == note)
    }

    @Test func `a note that was altered in any byte is not verified`() throws {
        let verifier = try #require(NoteVerifier(text: Self.publicKey))
        let bytes = Array((Self.text + "\n" + Self.signature).utf8)
        for index in bytes.indices {
            var altered = bytes
            altered[index] ^= 1
            guard let note = SignedNote(String(decoding: altered, as: UTF8.self)) else { continue }
            #expect(!verifier.verifies(note), "byte \(index)")
        }
    }

    @Test func `signatures of others beside it make no difference`() throws {
        let note = NoteSigner(name: "other").sign(Self.text)
        let both = try #require(SignedNote(note.description + Self.signature))
        #expect(both.signatures.count == 2)
        #expect(try #require(NoteVerifier(text: Self.publicKey)).verifies(both))
    }

    @Test(arguments: [
        "", "text\n", "text\n\n", "text\n\nno signature\n", "text\n\n\u{2014} name\n",
        "text\n\n\u{2014} name AAAA\n", "text\n\n\u{2014} a name x08go/ZJkuA=\n",
        "text\n\n\u{2014} name x08go/ZJkuA=", "\n\u{2014} name x08go/ZJkuA=\n",
    ])
    func `another text is no note`(text: String) {
        #expect(SignedNote(text) == nil)
    }

    @Test(arguments: [
        "", "PeterNeumann", "PeterNeumann+c74f20a3",
        "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "Peter+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", "PeterNeumann+c74f20a3+ARpc",
        "PeterNeumann+c74f20a3+Ahpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
    ])
    func `another text is no key`(text: String) {
        #expect(NoteVerifier(text: text) == nil)
        #expect(NoteSigner(text: "PRIVATE+KEY+" + text) == nil)
    }

    @Test func `a key that was made is read back and signs for itself only`() throws {
        let made = NoteSigner(name: "referral-hub/test")
        let read = try #require(NoteSigner(text: made.text))
        let note = read.sign("text\n")
        #expect(made.verifier.verifies(note))
        #expect(!NoteSigner(name: "referral-hub/test").verifier.verifies(note))
    }
}
