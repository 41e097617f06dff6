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
                do {
                    let (proof, checkpoint) = try await LedgerProofs(hub).prove(
                        entry.map { .entry($0) } ?? .prefix(from ?? 1), size: size ?? to, by: "command")
                    if isJSON {
                        Output.json(proof.value(with: checkpoint))
                    } else {
                        Self.show(proof, checkpoint)
                    }
                } catch let error as CheckpointFileError {
                    Output.remark("\(error)")
                    throw ExitCode.badData
                } catch let refusal as LedgerProofs.Refusal {
                    Output.remark(refusal.text)
                    throw ExitCode.badData
                }
            }
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
