import Foundation
import Simulators
import Testing

@Suite struct SimulatedDocumentTests {
    private func document(_ kind: SimulatedDocument.Kind, number: Int = 3) -> SimulatedDocument {
        SimulatedDocument(
            kind: kind, partner: kind.partner, person: InventedPerson(seed: 1, number: number), id: "T0000\(number)",
            at: 1_795_340_096)
    }

    @Test(arguments: SimulatedDocument.Kind.allCases)
    func `the same message is the same bytes, and another one is not`(kind: SimulatedDocument.Kind) {
        #expect(document(kind).bytes == document(kind).bytes)
        #expect(document(kind).bytes != document(kind, number: 4).bytes)
        #expect(!document(kind).bytes.isEmpty)
    }

    @Test(arguments: SimulatedDocument.Kind.allCases)
    func `a file's name has the agreed form`(kind: SimulatedDocument.Kind) {
        #expect(document(kind).fileName.wholeMatch(of: /[A-Z0-9_]+_20261122T093456Z_[A-Z0-9]+\.[a-z0-9]+/) != nil)
    }

    @Test func `the trust's reader takes the hospital's message`() {
        #expect(TrustSimulator.controlID(document(.hospital).bytes) == "T00003")
        #expect(TrustSimulator.controlID(document(.police).bytes) == nil)
        #expect(TrustSimulator.controlID([]) == nil)
    }

    @Test func `the spreadsheet is Windows-1252`() throws {
        // Number 0 to 400 hold somebody with a letter beyond ASCII.
        let all = (0..<400).map { document(.voluntary, number: $0).bytes }
        #expect(all.contains { String(validating: $0, as: UTF8.self) == nil })
        #expect(all.allSatisfy { String(data: Data($0), encoding: .windowsCP1252) != nil })
    }
}
