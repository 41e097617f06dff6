import CaseStore
import Crypto
package import Disclosure
import Foundation
package import Postgres
import Referral
package import Translation

/// The keys of an extract's pseudonyms.
struct PseudonymKeys: Sendable {
    /// Of the project.
    var project: PseudonymKey?
    /// Of this extract alone.
    var own: PseudonymKey?

    var all: [PseudonymKey] { [project, own].compactMap { $0 } }

    /// The pseudonym of a member.
    func pseudonym(of member: CohortRecord, in project: ExtractProject) -> String {
        guard let key = member.isLinkable ? self.project : own else {
            preconditionFailure("there is a key for everybody who has a row")
        }
        return key.pseudonym(of: member.person, recipient: project.recipient, project: project.id)
    }
}

/// An extract that may leave: its entry is on the ledger once the transaction has committed.
package struct ExtractRelease: Sendable {
    package let id: UUIDValue
    package let decision: Decision
    /// The smallest group of rows; nil for counts.
    package let k: Int?
    package let table: ExtractTable
    /// The table, `datapackage.json` and `release-note.json`.
    package let files: [ExtractPackage.File]
    /// SHA-256 of the table's file.
    let bytesHash: [UInt8]

    init(_ computed: ComputedExtract, _ new: NewExtract, _ keys: PseudonymKeys) {
        let table =
            computed.counts?.table
            ?? computed.rows?.table { keys.pseudonym(of: $0, in: new.project) }
        guard let table, let level = new.decision.level else { preconditionFailure("an extract is counts or rows") }
        let bytes = CSVWriter.write(header: table.columns.map(\.name), rows: table.rows)
        let hash = Array(SHA256.hash(data: bytes))
        let description = DataPackage.description(
            of: table, name: new.id.description, created: new.decision.at, size: bytes.count,
            digest: hash.map { String(format: "%02x", $0) }.joined())
        let note = ReleaseNote(
            extract: new.id.description, project: new.project.id, recipient: new.project.recipient,
            purpose: new.project.purpose.rawValue, level: level, madeAt: new.decision.at, keys: keys.all,
            rowCount: table.rows.count, k: computed.k, suppression: computed.suppression,
            obligations: new.decision.obligations.map(\.rawValue).sorted(), undertakings: new.project.undertakings,
            destroyBy: new.project.destroyBy.iso, policyVersion: new.decision.policyVersion)
        self.table = table
        id = new.id
        decision = new.decision
        k = computed.k
        bytesHash = hash
        files = [
            .init(name: table.fileName, bytes: bytes),
            .init(name: "datapackage.json", bytes: StrictJSON.write(description, pretty: true) + [0x0A]),
            .init(name: "release-note.json", bytes: StrictJSON.write(note.value, pretty: true) + [0x0A]),
        ]
    }

    /// The names of every file that any package may have.
    package static let fileNames = ["counts.csv", "rows.csv", "datapackage.json", "release-note.json"]
}
