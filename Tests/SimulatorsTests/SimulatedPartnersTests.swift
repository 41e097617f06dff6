import Foundation
import Referral
import Simulators
import Testing
import Translation

/// What the simulated partners write is what the adapters of the same names read.
@Suite struct SimulatedPartnersTests {
    private static let catalogue = AdapterCatalogue.load(
        URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../adapters").standardizedFileURL.path
    ).0

    @Test(arguments: SimulatedDocument.Kind.allCases, [0, 1, 2, 3, 4, 5, 6, 7])
    func `every document gives a complete referral of that person`(kind: SimulatedDocument.Kind, number: Int) throws {
        let formats: [SimulatedDocument.Kind: DocumentFormat] = [
            .hospital: .hl7v2, .bars: .fhir, .police: .xml, .voluntary: .csv, .school: .json,
        ]
        let person = InventedPerson(seed: 1, number: number)
        let document = SimulatedDocument(
            kind: kind, partner: kind.partner, person: person, id: "T0000000\(number)", at: 1_795_340_096)
        let format = try #require(formats[kind])
        let adapter = try #require(Self.catalogue[kind.partner])
        let peek = try Peek.look(document.bytes, format: format)
        let inbound = try #require(adapter.inbound(for: peek.format, type: peek.type))
        let now = try #require(Instant(rfc3339: "2026-11-22T10:00:00Z"))
        let translated = Translator(adapter: adapter, inbound: inbound, environment: .test, now: now)
            .translate(document.bytes)
        #expect(translated.count == 1)
        let first = try #require(translated.first)
        #expect(first.status == .accepted, "\(first.errors) \(first.warnings)")
        #expect(first.warnings.isEmpty, "\(first.warnings)")
        let read = try #require(first.referral?.value)
        #expect(read["person"]?["family"]?.stringValue?.uppercased() == person.family.uppercased())
        #expect(read["person"]?["given"]?.stringValue == person.given)
        #expect(read["person"]?["dob"]?.stringValue == person.born)
        #expect(read["address"]?["postcode"]?.stringValue == person.postcode)
        #expect(read["reason"]?.stringValue == person.reason)
    }
}
