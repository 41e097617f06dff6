import Crypto
import CryptoExtras
import Foundation
import NIOPosix
import Synchronization

/// A password as it is kept: scrypt (RFC 7914) with 64 MiB of memory, `$scrypt$ln=16,r=8,p=2$salt$hash` in base64url.
///
/// One is worked out at a time, on a thread of its own: so that a crowd of wrong passwords takes no memory and no thread
/// from anybody else.
enum PasswordHash {
    /// More wait already than are let wait.
    struct Crowded: Error {}

    private static let logarithm = 16
    private static let blockSize = 8
    private static let parallelism = 2
    private static let mostWaiting = 32
    private static let waiting = Mutex(0)
    private static let thread: NIOThreadPool = {
        let pool = NIOThreadPool(numberOfThreads: 1)
        pool.start()
        return pool
    }()

    /// A new hash, with a salt of its own.
    static func hash(_ password: String) async throws -> String {
        let salt = SymmetricKey(size: .bits128).withUnsafeBytes { Array($0) }
        let key = try await derive(password, salt: salt, logarithm, blockSize, parallelism)
        return "$scrypt$ln=\(logarithm),r=\(blockSize),p=\(parallelism)$\(Base64URL.text(salt))$\(Base64URL.text(key))"
    }

    /// Whether a hash is the password's. Without a hash it takes as long, and is not.
    static func isRight(_ password: String, _ hash: String?) async throws -> Bool {
        guard let hash, let kept = Kept(hash) else {
            _ = try await derive(password, salt: [UInt8](repeating: 0, count: 16), logarithm, blockSize, parallelism)
            return false
        }
        let key = try await derive(password, salt: kept.salt, kept.logarithm, kept.blockSize, kept.parallelism)
        return SymmetricKey(data: key) == SymmetricKey(data: kept.key)
    }

    /// What a hash was made with, which may be other figures than are used today.
    private struct Kept {
        var logarithm: Int
        var blockSize: Int
        var parallelism: Int
        var salt: [UInt8]
        var key: [UInt8]

        init?(_ text: String) {
            let parts = text.split(separator: "$")
            guard parts.count == 4, parts[0] == "scrypt" else { return nil }
            var figures: [String: Int] = [:]
            for part in parts[1].split(separator: ",") {
                let pair = part.split(separator: "=")
                guard pair.count == 2, let figure = Int(pair[1]) else { return nil }
                figures[String(pair[0])] = figure
            }
            guard let logarithm = figures["ln"], (10...20).contains(logarithm), let blockSize = figures["r"],
                (1...16).contains(blockSize), let parallelism = figures["p"], (1...16).contains(parallelism),
                let salt = Base64URL.bytes(parts[2]), let key = Base64URL.bytes(parts[3]), key.count == 32
            else { return nil }
            self.logarithm = logarithm
            self.blockSize = blockSize
            self.parallelism = parallelism
            self.salt = salt
            self.key = key
        }
    }

    private static func derive(
        _ password: String, salt: [UInt8], _ logarithm: Int, _ blockSize: Int, _ parallelism: Int
    ) async throws -> [UInt8] {
        let isLetIn = waiting.withLock { count in
            guard count < mostWaiting else { return false }
            count += 1
            return true
        }
        guard isLetIn else { throw Crowded() }
        defer { waiting.withLock { $0 -= 1 } }
        // Written in several ways, a letter with an accent is the same letter: NFC (RFC 8265 section 4.1).
        let bytes = Array(password.precomposedStringWithCanonicalMapping.utf8)
        return try await thread.runIfActive {
            try KDF.Scrypt.deriveKey(
                from: bytes, salt: salt, outputByteCount: 32, rounds: 1 << logarithm, blockSize: blockSize,
                parallelism: parallelism
            ).withUnsafeBytes { Array($0) }
        }
    }
}

/// What a new password must be (NIST SP 800-63B-4 section 3.1.1.2): long, of any characters, and not what everybody tries.
enum PasswordRule {
    static let shortest = 15
    static let longest = 128

    /// What is wrong with a password, to be shown to whoever chose it; nil where it is good.
    ///
    /// - Parameter names: What stands for the person and the place: their account, the council.
    static func fault(of password: String, names: [String]) -> String? {
        guard password.count >= shortest else {
            return "Use \(shortest) characters or more: four or five words that do not belong together are good"
        }
        guard password.count <= longest else { return "Use \(longest) characters or fewer" }
        let folded = password.lowercased().filter { !$0.isWhitespace }
        if Set(folded).count < 6 { return "Use more different letters: this is easily guessed" }
        if isSequence(folded) { return "Do not use a row of the keyboard or the alphabet: this is easily guessed" }
        // What is left without what everybody knows must be long enough still.
        var rest = folded
        for word in names.map({ $0.lowercased().filter { $0.isLetter || $0.isNumber } }) + common where word.count > 3 {
            rest = rest.replacing(word, with: "")
        }
        return rest.count < 8 ? "Do not use your name, the council's, or words that everybody tries" : nil
    }

    /// Rows that are typed without thought, in either direction, repeated or not.
    private static func isSequence(_ text: String) -> Bool {
        let rows = [
            "abcdefghijklmnopqrstuvwxyz", "01234567890", "qwertyuiopasdfghjklzxcvbnm", "1qaz2wsx3edc4rfv5tgb6yhn",
        ]
        let long = (rows + rows.map { String($0.reversed()) }).map { $0 + $0 }
        let letters = Array(text)
        guard letters.count >= 8 else { return false }
        // How much of it stands in some row, by pieces of four.
        let pieces = letters.indices.dropLast(3).map { String(letters[$0...($0 + 3)]) }
        let known = pieces.count { piece in long.contains { $0.contains(piece) } }
        return known * 2 > pieces.count
    }

    /// Words of the passwords that are tried first (SecLists, the most common 10,000), longest first where one holds another.
    private static let common = [
        "password", "passwort", "passw0rd", "p4ssword", "iloveyou", "letmein", "welcome", "sunshine", "football",
        "princess",
        "superman", "baseball", "dragon", "monkey", "shadow", "master", "qwerty", "trustno1", "liverpool", "arsenal",
        "chelsea", "manchester", "england", "summer", "winter", "spring", "autumn", "monday", "january", "december",
        "referral", "secret", "admin", "login", "changeme", "default", "council", "derby",
    ]
}
