import ArgumentParser
import CaseStore
import Channels
import Hub
import Ledger
import Postgres
import Referral

extension LedgerCommand {
    struct Prove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Prove that an entry is in the ledger, or an earlier ledger the beginning of a later one.",
            discussion: """
                Proofs are those of RFC 9162, sections 2.1.3 and 2.1.4. With the signed checkpoint that they lead to they \
                convince somebody who sees nothing else of the ledger: deploy/ledger-verify.py --proof. Exits 65 when the \
                ledger has no such entry or size. That an entry was read is entered in the ledger.
                """
        )
        @OptionGroup var installation: InstallationOption
        @Option(help: "Prove that the entry at this position, from 0, is in the tree.") var entry: Int?
        @Option(help: "The size of that tree. Defaults to that of the last signed checkpoint.") var size: Int?
        @Option(help: "Prove that the tree of this size is the beginning of a larger one.") var from: Int?
        @Option(help: "The size of the larger tree. Defaults to that of the last signed checkpoint.") var to: Int?
        @Flag(name: .customLong("json"), help: "Print one JSON object.") var isJSON = false

        func validate() throws {
            guard (entry == nil) != (from == nil) else { throw ValidationError("Give --entry or --from.") }
            if entry != nil, to != nil { throw ValidationError("--to goes with --from; give --size.") }
            if from != nil, size != nil { throw ValidationError("--size goes with --entry; give --to.") }
            if let entry, !(0..<(size ?? .max)).contains(entry) {
                throw ValidationError("--entry \(entry): not in a tree of that size.")
            }
            if let from, !(1...(to ?? .max)).contains(from) {
                throw ValidationError("--from \(from): at least 1, and not more than --to.")
            }
        }

        func run() async throws {
            try await installation.open(as: .audit) { hub in
                let kept = try hub.keptCheckpoints()
                let checkpoint = try await LedgerCommand.reading { try kept.file.checkpoint(ofSize: size ?? to) }
                guard let size = size ?? to ?? checkpoint?.checkpoint.size else {
                    throw Self.refusal("There is no signed checkpoint yet; a running hub writes one each second.")
                }
                guard (entry ?? 0) < size, (from ?? 1) <= size else {
                    throw Self.refusal("The last signed checkpoint counts \(size); a running hub writes the next.")
                }
                let proof = try await hub.database.transaction { [store = hub.store, entry, from] connection in
                    if entry != nil { try store.enterLook(at: .ledger, by: "command", in: connection) }
                    guard try store.ledgerSize(in: connection) >= size else { return LedgerProof?.none }
                    if let entry { return try store.proof(ofEntry: entry, size: size, in: connection) }
                    return try store.proof(from: from ?? size, to: size, in: connection)
                }
                guard let proof else { throw Self.refusal("The ledger has no \(size) entries, or lacks one of them.") }
                guard proof.holds, checkpoint.map({ $0.checkpoint.root == proof.root }) ?? true else {
                    throw Self.refusal("The ledger is not that of its checkpoint of \(size): see `hub ledger verify`.")
                }
                if isJSON {
                    Output.json(proof.value(with: checkpoint))
                } else {
                    Self.show(proof, checkpoint)
                }
            }
        }

        private static func refusal(_ text: String) -> ExitCode {
            Output.remark(text)
            return .badData
        }

        private static func show(_ proof: LedgerProof, _ checkpoint: SignedCheckpoint?) {
            switch proof.claim {
            case .inclusion(let line):
                Output.line("entry \(line.position) is in the ledger of \(proof.size) entries")
                Output.line("entry       \(line.bytes.map { String(decoding: $0, as: UTF8.self) } ?? "erased")")
                Output.line("leaf        \(Hexadecimal.text(line.leaf))")
            case .consistency(let old, let root):
                Output.line("the ledger of \(old) entries is the beginning of the one of \(proof.size)")
                Output.line("from root   \(Hexadecimal.text(root))")
            }
            for hash in proof.path { Output.line("path        \(Hexadecimal.text(hash))") }
            Output.line("root        \(Hexadecimal.text(proof.root))")
            guard let checkpoint else {
                return Output.remark("No signed checkpoint has this size: the root rests on the hub's word alone.")
            }
            Output.line("checkpoint")
            Output.bytes(Array(checkpoint.note.description.utf8), to: 1)
        }
    }
}

extension LedgerProof {
    /// What `deploy/ledger-verify.py --proof` reads; hashes in hexadecimal.
    ///
    ///     {"proof":"inclusion","line":{…},"size":40,"root":"…","path":["…"],"checkpoint":"…"}
    ///     {"proof":"consistency","from":12,"from_root":"…","size":40,"root":"…","path":["…"],"checkpoint":"…"}
    func value(with checkpoint: SignedCheckpoint?) -> Value {
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
    var value: Value {
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
