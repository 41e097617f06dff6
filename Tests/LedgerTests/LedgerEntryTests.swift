import Foundation
import Ledger
import Testing

@Suite struct LedgerEntryTests {
    let entry = LedgerEntry(
        id: "01890a5d-ac96-774b-bcce-b302099a8057", at: 1_767_225_600_000_000, kind: .release,
        fields: [.share: "0189", .recipient: "derby_homes", .released: "ADDRESS NAME", .attempt: "1"])

    @Test func `the canonical bytes are sorted, tight JSON`() {
        #expect(
            String(decoding: entry.canonicalBytes, as: UTF8.self)
                == #"{"at":"1767225600000000","attempt":"1","id":"01890a5d-ac96-774b-bcce-b302099a8057","#
                + #""kind":"release","recipient":"derby_homes","released":"ADDRESS NAME","share":"0189"}"#)
    }

    @Test func `the order in which fields were given makes no difference`() {
        for _ in 0..<20 {
            var other = LedgerEntry(id: entry.id, at: entry.at, kind: entry.kind, fields: [:])
            for (field, value) in entry.fields.shuffled() { other.fields[field] = value }
            #expect(other.canonicalBytes == entry.canonicalBytes)
        }
    }

    @Test func `whatever a value holds, the bytes are JSON that says the same`() throws {
        var entry = entry
        let value = "a\"b\\c\n\u{1}\u{1f}\u{8}\u{c}\r\t é ✓ /"
        entry.fields[.reason] = value
        let object = try JSONDecoder().decode([String: String].self, from: Data(entry.canonicalBytes))
        #expect(object["reason"] == value)
    }

    @Test func `no field has the name of a fixed member`() {
        let names = Set(LedgerField.allCases.map(\.rawValue))
        #expect(names.isDisjoint(with: ["id", "at", "kind"]))
    }
}
