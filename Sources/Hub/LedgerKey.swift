package import Ledger
import Vault

/// Where the key that signs the ledger's checkpoints is kept: the secret half beside the installation's key, the public
/// half in `ledger.pub` in the data folder, to be read and copied by anybody.
package enum LedgerKey {
    /// Reads the secret half.
    static func load(file: String) throws(InstallationError) -> NoteSigner {
        let text: String
        do {
            text = try KeyFile.read(file)
        } catch {
            throw .ledgerKey(file: file, problem: "cannot be used: \(error)")
        }
        guard text.hasSuffix("\n"), let signer = NoteSigner(text: text.dropLast()) else {
            throw .ledgerKey(file: file, problem: "is not one made by this hub")
        }
        return signer
    }

    /// Makes a key named for the organisation, where there is none, and keeps both halves.
    ///
    /// A secret half that is there already is taken, as where several nodes share it.
    package static func make(_ configuration: Configuration) throws {
        let file = configuration.ledgerKeyFile
        if !LocalFile.exists(file) {
            let name = configuration.organisation.id.filter { NoteVerifier.isName(String($0)) }
            try KeyFile.create(file, text: NoteSigner(name: "referral-hub/" + name).text + "\n")
        }
        let line = try load(file: file).verifier.text + "\n"
        try LocalFile.write(Array(line.utf8), to: configuration.ledgerPublicKeyPath, mode: 0o644)
    }

    /// Reads public halves, one a line, as `hub ledger key` prints them.
    package static func verifiers(file: String) throws -> [NoteVerifier] {
        let bytes: [UInt8]
        do {
            bytes = try LocalFile.read(file, limit: 1 << 20)
        } catch {
            throw InstallationError.ledgerKey(file: file, problem: "cannot be read: \(error)")
        }
        return try String(decoding: bytes, as: UTF8.self).split(separator: "\n").map { line in
            guard let verifier = NoteVerifier(text: line) else {
                throw InstallationError.ledgerKey(file: file, problem: "holds a line that is no public key")
            }
            return verifier
        }
    }
}
