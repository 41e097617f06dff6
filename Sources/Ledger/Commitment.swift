import Crypto

/// What stands in the tree for an entry: it binds to the entry's bytes and, without the salt, tells nothing of them.
///
///     commitment = SHA-256(salt ‖ canonical bytes)          salt: 32 random bytes, one for each entry
///     leaf       = SHA-256(0x00 ‖ commitment)               RFC 9162 section 2.1.1, the commitment as the leaf's data
///
/// When an entry must be erased, its bytes and its salt are destroyed. Commitment and leaf stay, so every proof and
/// checkpoint still holds, and because 256 random bits are gone nobody can try out what the bytes were.
package struct Commitment: Sendable, Hashable {
    package static let saltLength = 32

    package let salt: [UInt8]
    package let digest: [UInt8]

    /// Commits to an entry's bytes with a fresh random salt.
    package init(to bytes: [UInt8]) {
        let salt = SymmetricKey(size: .bits256).withUnsafeBytes { Array($0) }
        self.init(to: bytes, salt: salt)
    }

    /// Commits to an entry's bytes with a salt that is already known, to check a stored entry.
    package init(to bytes: [UInt8], salt: [UInt8]) {
        self.salt = salt
        self.digest = Array(SHA256.hash(data: salt + bytes))
    }

    /// The leaf of the tree for this entry.
    package var leaf: Digest32 {
        MerkleTree.leafHash(digest)
    }
}

/// 32 bytes of SHA-256.
package typealias Digest32 = [UInt8]
