package import Crypto

/// The key by which the pseudonyms of one recipient in one project are made, or those of one extract (disclosure policy,
/// section 9).
///
/// It is never sent. A plain hash would not do in its place: ids, and numbers of ten digits even more so, can be tried out
/// one by one.
package struct PseudonymKey: Sendable {
    /// Names the key in the release note and in what is kept of a release.
    package let id: String
    package let version: Int
    private let secret: SymmetricKey

    /// - Parameter secret: 256 random bits.
    package init(id: String, version: Int, secret: SymmetricKey) {
        precondition(secret.bitCount == 256, "a pseudonym key has 256 bits")
        self.id = id
        self.version = version
        self.secret = secret
    }

    /// The pseudonym of a person: the first 128 bits of HMAC-SHA-256 over `lac1|<recipient>|<project>|<person>`, in base32,
    /// 26 characters.
    ///
    /// - Parameter person: The id that the person keeps for ever inside the hub.
    package func pseudonym(of person: String, recipient: String, project: String) -> String {
        let text = Array("lac1|\(recipient)|\(project)|\(person)".utf8)
        return Base32.encode(HMAC<SHA256>.authenticationCode(for: text, using: secret).prefix(16))
    }
}
