package import CaseStore
import Channels
package import Ledger
import Postgres
package import Referral

/// Proofs that leave the hub: of one entry, or that the ledger only grew.
package struct LedgerProofs: Sendable {
    package enum Claim: Sendable {
        /// The entry at this position, from 0, stands in the tree.
        case entry(Int)
        /// The tree of this size is the beginning of a larger one.
        case prefix(Int)
    }

    /// Why nothing is proved, in words.
    package struct Refusal: Error {
        package var text: String
    }

    private let installation: Installation

    package init(_ installation: Installation) { self.installation = installation.acting(as: .audit) }

    /// Proves something; that an entry was read is entered in the ledger.
    ///
    /// - Parameters:
    ///   - size: Of the tree; left out, that of the last signed checkpoint.
    ///   - actor: Who asks.
    /// - Returns: The proof, and the checkpoint that it leads to; none where no checkpoint has that size.
    /// - Throws: ``Refusal``; ``CheckpointFileError``.
    package func prove(
        _ claim: Claim, size wanted: Int? = nil, by actor: String
    ) async throws -> (LedgerProof, SignedCheckpoint?) {
        let checkpoint = try installation.keptCheckpoints().file.checkpoint(ofSize: wanted)
        guard let size = wanted ?? checkpoint?.checkpoint.size else {
            throw Refusal(text: "There is no signed checkpoint yet; a running hub writes one each second.")
        }
        let isInside =
            switch claim {
            case .entry(let position): (0..<size).contains(position)
            case .prefix(let old): (1...max(1, size)).contains(old)
            }
        guard isInside else {
            throw Refusal(text: "The last signed checkpoint counts \(size); a running hub writes the next.")
        }
        let proof = try await installation.database.transaction { [store = installation.store] connection in
            if case .entry = claim { try store.enterLook(at: .ledger, by: actor, in: connection) }
            guard try store.ledgerSize(in: connection) >= size else { return LedgerProof?.none }
            switch claim {
            case .entry(let position): return try store.proof(ofEntry: position, size: size, in: connection)
            case .prefix(let old): return try store.proof(from: old, to: size, in: connection)
            }
        }
        guard let proof else { throw Refusal(text: "The ledger has no \(size) entries, or lacks one of them.") }
        guard proof.holds, checkpoint.map({ $0.checkpoint.root == proof.root }) ?? true else {
            throw Refusal(text: "The ledger is not that of its checkpoint of \(size): see `hub ledger verify`.")
        }
        return (proof, checkpoint)
    }
}

extension LedgerProof {
    /// What `deploy/ledger-verify.py --proof` reads; hashes in hexadecimal.
    ///
    ///     {"proof":"inclusion","line":{…},"size":40,"root":"…","path":["…"],"checkpoint":"…"}
    ///     {"proof":"consistency","from":12,"from_root":"…","size":40,"root":"…","path":["…"],"checkpoint":"…"}
    package func value(with checkpoint: SignedCheckpoint?) -> Value {
        var object: Object = [:]
        switch claim {
        case .inclusion(let line):
            object["proof"] = "inclusion"
            object["line"] = line.value
        case .consistency(let old, let root):
            object["proof"] = "consistency"
            object["from"] = .number(String(old))
            object["from_root"] = .string(Hexadecimal.text(root))
        }
        object["size"] = .number(String(size))
        object["root"] = .string(Hexadecimal.text(root))
        object["path"] = .array(path.map { .string(Hexadecimal.text($0)) })
        object["checkpoint"] = checkpoint.map { .string($0.note.description) }
        return .object(object)
    }
}

extension LedgerLine {
    /// The line of an export. An erased entry has nothing that is not proved: position, id, commitment and leaf.
    package var value: Value {
        var object: Object = [
            "position": .number(String(position)), "id": .string(id.description),
            "commitment": .string(Hexadecimal.text(commitment)), "leaf": .string(Hexadecimal.text(leaf)),
        ]
        guard let salt, let bytes else { return .object(object) }
        object["at"] = .string(at.rfc3339)
        object["kind"] = .string(kind)
        for (field, id) in ids { object[field.rawValue] = .string(id.description) }
        object["salt"] = .string(Hexadecimal.text(salt))
        object["bytes"] = .string(String(decoding: bytes, as: UTF8.self))
        return .object(object)
    }
}
